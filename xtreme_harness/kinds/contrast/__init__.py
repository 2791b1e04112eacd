"""Kind `contrast`: for every query its own text among those of other pairs. To train on, not to be evaluated."""
