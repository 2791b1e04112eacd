"""Ranks and best figures from figures and p values alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.leaderboard.board.ranking import best, ranks

Pairs = dict[tuple[str, str], float | None]


def test_of(p_values: Pairs, default: float | None = 1.0):  # type: ignore[no-untyped-def]
    """A test that knows the p values of some pairs."""
    return lambda ours, theirs: p_values.get((ours, theirs), p_values.get((theirs, ours), default))


test_of.__test__ = False  # type: ignore[attr-defined]


def test_a_rank_goes_to_the_first_row_that_is_worse_than_its_first() -> None:
    """B does not differ from A, nor C from B; but C is worse than A."""
    figures = {"a": 70.0, "b": 69.0, "c": 68.0, "d": 67.0, "e": 60.0}
    known: Pairs = {("a", "c"): 0.001, ("c", "d"): 0.5, ("c", "e"): 0.001}
    assert ranks(figures, test_of(known)) == {"a": 1, "b": 1, "c": 3, "d": 3, "e": 5}


def test_the_level_is_shared_by_all_pairs() -> None:
    """0.02 would do for one pair, not for ten."""
    figures = {name: 70.0 - place for place, name in enumerate("abcde")}
    assert set(ranks(figures, test_of({}, 0.02)).values()) == {1}
    assert best(figures, test_of({}, 0.02)) == set(figures)
    assert ranks({"a": 2.0, "b": 1.0}, test_of({}, 0.02)) == {"a": 1, "b": 2}


def test_rows_that_cannot_be_paired_share_no_rank() -> None:
    assert ranks({"a": 2.0, "b": 1.9, "c": 1.9}, test_of({}, None)) == {"a": 1, "b": 2, "c": 2}


def test_nothing_to_rank() -> None:
    assert ranks({}, test_of({})) == {} and best({}, test_of({})) == set()
    assert ranks({"a": 1.0}, test_of({})) == {"a": 1} and best({"a": 1.0}, test_of({})) == {"a"}


def test_best_are_those_that_are_not_significantly_worse_than_the_highest() -> None:
    figures = {"a": 70.0, "b": 69.0, "c": 69.0, "d": 68.0, "e": 70.0}
    known: Pairs = {("a", "b"): 0.004, ("a", "c"): 0.006, ("a", "d"): None}
    assert best(figures, test_of(known)) == {"a", "c", "e"}


@given(st.dictionaries(st.text("abcdef", min_size=1), st.floats(0, 100), max_size=8), st.floats(0, 1))
def test_ranks_follow_the_figures(figures: dict[str, float], p_value: float) -> None:
    found = ranks(figures, test_of({}, p_value))
    assert found.keys() == figures.keys()
    order = sorted(figures, key=lambda name: -figures[name])
    assert [found[name] for name in order] == sorted(found.values())
    assert all(found[name] == 1 for name in figures if figures[name] == max(figures.values()))


def test_equal_systems_seldom_get_different_ranks() -> None:
    """Ten systems without any difference: a rank or a best figure too many on no more than one board of twenty."""
    generator, boards, wrong = np.random.default_rng(5), 300, 0
    for _ in range(boards):
        items = (generator.random((10, 150)) < 0.7).astype(float)
        signs = generator.choice([-1.0, 1.0], size=(4000, 150))
        figures = {str(place): float(row.mean()) for place, row in enumerate(items)}

        def test(ours: str, theirs: str, items: Any = items, signs: Any = signs) -> float:
            apart = items[int(ours)] - items[int(theirs)]
            return float((1 + (np.abs(signs @ apart) >= abs(apart.sum()) - 1e-9).sum()) / (1 + len(signs)))

        wrong += len(set(ranks(figures, test).values())) > 1 or len(best(figures, test)) < 10
    assert wrong / boards <= 0.05
