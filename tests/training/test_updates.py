"""Updates and micro-batches: every row exactly once an epoch, the same for the same seed."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.training.updates import POOL_UPDATES, epoch_updates, longest_rows, micro_batches, updates_per_epoch

LENGTHS = st.lists(st.integers(1, 128), min_size=1, max_size=150)
SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32 - 1)


@given(LENGTHS, SIZES, SEEDS, st.integers(0, 9))
def test_every_row_is_in_exactly_one_update_of_an_epoch(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    updates = epoch_updates(lengths, size, seed, epoch)
    assert sorted(row for update in updates for row in update) == list(range(len(lengths)))
    assert len(updates) == updates_per_epoch(len(lengths), size) == math.ceil(len(lengths) / size)
    assert sorted(len(update) for update in updates)[1:] == [size] * (len(updates) - 1)  # at most one is smaller


@given(LENGTHS, SIZES, SEEDS, st.integers(0, 9))
def test_updates_depend_on_what_they_are_given_alone(lengths: list[int], size: int, seed: int, epoch: int) -> None:
    assert epoch_updates(lengths, size, seed, epoch) == epoch_updates(list(lengths), size, seed, epoch)


def test_epochs_and_seeds_are_shuffled_differently() -> None:
    lengths = [10] * 100
    orders = [epoch_updates(lengths, 10, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert all(orders[a] != orders[b] for a in range(4) for b in range(a))


def test_windows_of_like_length_meet() -> None:
    """Little is padding: sorted pools waste far less than updates of shuffled rows."""
    lengths = random.Random(0).choices(range(5, 125), k=800)
    updates = epoch_updates(lengths, 16, seed=1, epoch=0)
    padded = sum(len(update) * max(lengths[row] for row in update) for update in updates)
    assert padded < 1.2 * sum(lengths)
    by_chance = sum(16 * max(lengths[start : start + 16]) for start in range(0, 800, 16))
    assert by_chance > 1.6 * sum(lengths)


def test_long_and_short_updates_are_mixed() -> None:
    """Within a pool the order of the updates is shuffled: a model does not see texts of rising length."""
    lengths = list(range(1, 8 * POOL_UPDATES + 1))
    longest = [max(lengths[row] for row in update) for update in epoch_updates(lengths, 8, seed=3, epoch=0)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@given(LENGTHS, st.integers(1, 2000))
def test_micro_batches_cut_an_update_by_the_budget(lengths: list[int], budget: int) -> None:
    update = list(range(0, len(lengths), 2))
    batches = micro_batches(update, range(len(lengths) + 1), lengths, budget)
    assert sorted(row for batch in batches for row in batch) == update
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


@given(LENGTHS, st.lists(st.integers(1, 5), min_size=1, max_size=60), st.integers(1, 2000))
def test_the_rows_of_an_example_stay_in_one_micro_batch(lengths: list[int], sizes: list[int], budget: int) -> None:
    bounds = [0]
    while bounds[-1] < len(lengths):
        bounds.append(min(bounds[-1] + sizes[len(bounds) % len(sizes)], len(lengths)))
    update = list(range(0, len(bounds) - 1, 2))
    batches = micro_batches(update, bounds, lengths, budget)
    examples = [list(range(bounds[one], bounds[one + 1])) for one in update]
    assert sorted(row for batch in batches for row in batch) == [row for rows in examples for row in rows]
    for batch in batches:
        inside = [rows for rows in examples if set(rows) & set(batch)]
        assert all(set(rows) <= set(batch) for rows in inside)
        assert len(inside) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget
    longest = longest_rows(bounds, lengths)
    assert [longest[one] for one in update] == [max(lengths[row] for row in rows) for rows in examples]
