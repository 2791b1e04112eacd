"""Cuts windows into batches that fill a token budget, padding counted. Pure functions of lengths."""

from __future__ import annotations

from collections.abc import Sequence


def fill_budget(order: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Cuts `order` (rows of falling length) into batches of at most `budget` tokens each, padding included.

    A row longer than the budget makes a batch of its own.
    """
    batches: list[list[int]] = []
    for row in order:
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def longest_first(rows: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """`rows` by falling length; equal lengths stay in their order."""
    return sorted(rows, key=lambda row: -lengths[row])


def prediction_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Batches over all rows, longest first, so that padding is small and running out of memory shows at once."""
    return fill_budget(longest_first(range(len(lengths)), lengths), lengths, budget)
