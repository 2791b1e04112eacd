"""Kind `mask`: text whose masked pieces are found (masked language modelling). To train on, not to be evaluated."""
