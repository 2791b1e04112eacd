"""Kind `mine`: which sentences of two corpora translate each other (BUCC 2018)."""

MARGINS = ("ratio", "distance", "absolute")
RETRIEVALS = ("max", "forward", "backward", "intersect")
