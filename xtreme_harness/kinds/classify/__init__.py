"""Kind `classify`: one label for a text or a pair of texts."""
