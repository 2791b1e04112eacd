"""Measurements of speed, run by hand or by slow tests; no part of the installed package."""
