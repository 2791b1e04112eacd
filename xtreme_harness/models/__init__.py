"""Checkpoints and encoders: which one is meant, its fingerprint, loading, heads, forward passes."""
