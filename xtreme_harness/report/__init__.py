"""Reports a researcher wants beside the tables: figures of runs, tokenizer fertility, learning curves, layers."""
