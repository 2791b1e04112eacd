"""Which examples make an update, and how an update is cut into micro-batches. Pure functions of lengths and seed.

An example is one row, or several that stay together (`Encoded.bounds`); the length of its longest row stands for it.

An epoch is shuffled, cut into pools, each pool sorted by length and cut into updates, and the updates shuffled: windows
of like length meet, so that little is padding. The last, smaller update of an epoch is stepped too (the original lets
it flow into the next epoch). All of this depends on (lengths, batch size, seed, epoch) alone, so a
resumed training finds its place by counting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from xtreme_harness.data.batches import fill_budget, longest_first

POOL_UPDATES = 8


def updates_per_epoch(examples: int, batch_size: int) -> int:
    return math.ceil(examples / batch_size)


def epoch_updates(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The updates of one epoch, each a list of examples; every example is in exactly one."""
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = random.permutation(len(lengths)).tolist()
    pool = batch_size * POOL_UPDATES
    updates = []
    for start in range(0, len(order), pool):
        examples = longest_first(order[start : start + pool], lengths)
        updates += [examples[first : first + batch_size] for first in range(0, len(examples), batch_size)]
    return [updates[place] for place in random.permutation(len(updates)).tolist()]


def longest_rows(bounds: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """[examples] tokens of each example's longest row."""
    return np.maximum.reduceat(lengths, bounds[:-1]).tolist()  # type: ignore[no-any-return]


def micro_batches(update: Sequence[int], bounds: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Cuts an update into batches of rows, at most `budget` tokens with padding; an example's rows stay together."""
    examples = [range(bounds[example], bounds[example + 1]) for example in update]
    examples.sort(key=lambda rows: -max(lengths[row] for row in rows))
    return fill_budget(examples, lengths, budget)
