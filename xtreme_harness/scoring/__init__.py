"""Pure scorers, one module a metric family: functions of predictions and gold, no torch, no files."""
