"""Runs and packs computed again without a model; what a run publishes."""
