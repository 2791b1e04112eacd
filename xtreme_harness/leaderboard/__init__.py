"""Leaderboards from records: averages, tables, one module an output format. Imports neither plan, work nor torch."""
