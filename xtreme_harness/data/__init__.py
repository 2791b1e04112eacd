"""Data in normal form: reading it, keeping gold closed, storing encoded texts, cutting batches."""
