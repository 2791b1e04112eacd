"""Batches: every row once, the token budget kept, longest first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.data.batches import fill_budget, longest_first, prediction_batches

LENGTHS = st.lists(st.integers(1, 300), max_size=60)
BUDGETS = st.integers(1, 1000)


@given(LENGTHS, BUDGETS)
def test_every_row_is_in_exactly_one_batch(lengths: list[int], budget: int) -> None:
    batches = prediction_batches(lengths, budget)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(batches)


@given(LENGTHS, BUDGETS)
def test_the_budget_is_kept_with_padding_but_for_single_rows(lengths: list[int], budget: int) -> None:
    for batch in prediction_batches(lengths, budget):
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


@given(LENGTHS, BUDGETS)
def test_no_batch_has_room_for_the_next_row(lengths: list[int], budget: int) -> None:
    batches = prediction_batches(lengths, budget)
    for batch in batches[:-1]:
        assert (len(batch) + 1) * max(lengths[row] for row in batch) > budget


@given(LENGTHS)
def test_longest_first_keeps_the_order_of_equal_lengths(lengths: list[int]) -> None:
    order = longest_first(range(len(lengths)), lengths)
    assert order == sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))


def test_batches_by_hand() -> None:
    assert prediction_batches([3, 5, 5, 1, 2], budget=10) == [[1, 2], [0, 4, 3]]
    assert prediction_batches([20, 5], budget=10) == [[0], [1]]
    assert prediction_batches([], budget=10) == []
    assert fill_budget([[7], [3]], [0, 0, 0, 2, 0, 0, 0, 4], budget=8) == [[7, 3]]
