"""Kind `nearest`: for every query the nearest candidate, exactly (Tatoeba)."""
