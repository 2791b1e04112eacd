"""Ranks and best figures of the rows of one track.

Going down the rows by their averages, each is compared with the first row of the rank above it, and begins a new rank
where it is significantly worse. A rank is the place of its first row: 1, 1, 3. In a column of a task or group all rows
are compared with the highest; those that are not significantly worse are best.

The level is divided by the number of pairs of rows, compared or not: which pairs are compared depends on the results,
and the highest of ten equal systems differs from the lowest more than any two named before. (Holm's correction over the
comparisons made finds a difference among ten equal systems on every twelfth board.)

Rows that cannot be paired by example do not share a rank, unless their figures are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xtreme_harness import stats

ALPHA = 1 - stats.LEVEL
Test = Callable[[str, str], float | None]  # p value of two rows; None: not to be paired


def ranks(averages: Mapping[str, float], test: Test) -> dict[str, int]:
    """The rank of every row; `averages` in any order, `test` is of the averages."""
    order = by_figure(averages)
    found: dict[str, int] = {}
    leader = order[0] if order else ""
    for place, name in enumerate(order, start=1):
        if not _is_level(name, leader, averages, test):
            leader = name
        found[name] = place if name == leader else found[leader]
    return found


def best(figures: Mapping[str, float], test: Test) -> set[str]:
    """The rows of a column that are not significantly worse than the highest."""
    order = by_figure(figures)
    return {name for name in order if _is_level(name, order[0], figures, test)}


def by_figure(figures: Mapping[str, float]) -> list[str]:
    """The highest first; equal ones by name."""
    return sorted(figures, key=lambda name: (-figures[name], name))


def _is_level(name: str, leader: str, figures: Mapping[str, float], test: Test) -> bool:
    if figures[name] == figures[leader]:
        return True
    p_value, pairs = test(name, leader), len(figures) * (len(figures) - 1) // 2
    return p_value is not None and p_value * pairs > ALPHA
