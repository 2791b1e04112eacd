"""Which examples make an update, and how an update is cut into micro-batches. Pure functions of lengths and seed.

An epoch is shuffled, cut into pools, each pool sorted by length and cut into updates, and the updates shuffled: windows
of like length meet, so that little is padding. The last, smaller update of an epoch is stepped too (the original lets
it flow into the next epoch; spec section 6). All of this depends on (lengths, batch size, seed, epoch) alone, so a
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
    """The updates of one epoch, each a list of rows; every row is in exactly one."""
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = random.permutation(len(lengths)).tolist()
    pool = batch_size * POOL_UPDATES
    updates = []
    for start in range(0, len(order), pool):
        rows = longest_first(order[start : start + pool], lengths)
        updates += [rows[first : first + batch_size] for first in range(0, len(rows), batch_size)]
    return [updates[place] for place in random.permutation(len(updates)).tolist()]


def micro_batches(update: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Cuts an update into batches of at most `budget` tokens, padding included."""
    return fill_budget(longest_first(update, lengths), lengths, budget)
