"""Scores two folders in a benchmark's submission layout, predictions and labels, as its official scorer does.

`layout` describes a benchmark's tasks, `score` walks the folders and averages, one module a format reads and compares
files. What the official scorer lets pass is a warning, or a refusal with `strict`; where it crashes, we refuse.
"""
