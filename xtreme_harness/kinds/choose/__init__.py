"""Kind `choose`: the right one of several choices for a question."""
