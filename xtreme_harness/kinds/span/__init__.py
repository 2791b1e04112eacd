"""Kind `span`: the part of a context that answers a question."""
