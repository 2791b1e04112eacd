"""One module an output format: each renders standings to files."""
