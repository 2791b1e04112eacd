"""Cuts windows into batches that fill a token budget, padding counted. Pure functions of lengths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def fill_budget(groups: Iterable[Sequence[int]], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Puts groups of rows into batches of at most `budget` tokens each, padding included.

    A group is never parted: one beyond the budget makes a batch of its own. Groups come by falling length of their
    longest rows.
    """
    batches: list[list[int]] = []
    width = 0  # of the last batch: the longest row of its first group
    for rows in groups:
        if batches and (len(batches[-1]) + len(rows)) * width <= budget:
            batches[-1] += rows
        else:
            batches.append([*rows])
            width = max(lengths[row] for row in rows)
    return batches


def longest_first(rows: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """`rows` by falling length; equal lengths stay in their order."""
    return sorted(rows, key=lambda row: -lengths[row])


def prediction_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Batches over all rows, longest first, so that padding is small and running out of memory shows at once."""
    return fill_budget(([row] for row in longest_first(range(len(lengths)), lengths)), lengths, budget)
