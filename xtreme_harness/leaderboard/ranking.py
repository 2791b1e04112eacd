"""Ranks and best figures of the rows of one track.

Going down the rows by their averages, each is compared with the first row of the rank above it, and begins a new rank
where it is significantly worse. A rank is the place of its first row: 1, 1, 3. Every row but the first is compared
once, with a row that the comparisons before it chose, so the level is divided by their number (Bonferroni: the order of
p values that Holm's correction needs is not known before). In a column of a task or group all rows are compared with
the highest, and Holm's correction is over these comparisons; those that are not significantly worse are best.

Rows that cannot be compared by example do not share a rank, unless their figures are equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from xtreme_harness import stats

ALPHA = 1 - stats.LEVEL
Test = Callable[[str, str, int], float | None]  # p value of two rows by so many swaps; None: not to be paired


def ranks(averages: Mapping[str, float], test: Test) -> dict[str, int]:
    """The rank of every row; `averages` in any order, `test` is of the averages."""
    order = by_figure(averages)
    swaps = swaps_for(len(order) - 1)
    found: dict[str, int] = {}
    leader = order[0] if order else ""
    for place, name in enumerate(order, start=1):
        if name != leader and _is_worse(name, leader, averages, test, swaps, len(order) - 1):
            leader = name
        found[name] = place if name == leader else found[leader]
    return found


def by_figure(figures: Mapping[str, float]) -> list[str]:
    """The highest first; equal ones by name."""
    return sorted(figures, key=lambda name: (-figures[name], name))


def swaps_for(comparisons: int) -> int:
    """As many that a p value can pass the level divided by the number of comparisons."""
    return max(stats.SWAPS, math.ceil(2 * comparisons / ALPHA))


def _is_worse(name: str, leader: str, averages: Mapping[str, float], test: Test, swaps: int, comparisons: int) -> bool:
    if averages[name] == averages[leader]:
        return False
    p_value = test(name, leader, swaps)
    return p_value is None or p_value * comparisons <= ALPHA


def best(figures: Mapping[str, float], test: Test) -> set[str]:
    """The rows of a column that are not significantly worse than the highest."""
    order = by_figure(figures)
    if not order:
        return set()
    swaps = swaps_for(len(order) - 1)
    found = {name for name in order if figures[name] == figures[order[0]]}
    tested = {name: test(name, order[0], swaps) for name in order if name not in found}
    known = {name: p_value for name, p_value in tested.items() if p_value is not None}
    corrected = zip(known, stats.holm(list(known.values())), strict=True)
    return found | {name for name, p_value in corrected if p_value > ALPHA}
