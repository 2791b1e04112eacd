"""Samplers: the chances of each task, and an order of draws that is the same for the same seed."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.errors import DefinitionError
from xtreme_harness.training.samplers import CAP, Sampler, draw_order, shares

SIZES = {"a": 400_000, "b": 100_000, "c": 10_000}
CHANCES = st.lists(st.integers(1, 10**6), min_size=1, max_size=9).map(lambda raw: [one / sum(raw) for one in raw])


@pytest.mark.parametrize(
    ("sampler", "weights"),
    [
        (Sampler(kind="uniform"), (1, 1, 1)),
        (Sampler(kind="proportional"), (40, 10, 1)),
        (Sampler(), (40, 10, 1)),  # jiant's default
        (Sampler(kind="temperature", temperature=2.0), (CAP**0.5, 100_000**0.5, 100)),
        (Sampler(kind="temperature", temperature=1.0, cap=50_000), (5, 5, 1)),
        (Sampler(kind="temperature", temperature=1.0, cap=10**9), (40, 10, 1)),
        (Sampler(kind="weights", weights={"c": 3, "a": 1, "b": 0.5, "another": 9}), (1, 0.5, 3)),
    ],
)
def test_chances(sampler: Sampler, weights: tuple[float, ...]) -> None:
    assert shares(sampler, SIZES) == pytest.approx([weight / sum(weights) for weight in weights])


def test_a_high_temperature_comes_close_to_uniform() -> None:
    assert shares(Sampler(kind="temperature", temperature=1e6), SIZES) == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_the_cap_is_two_to_the_seventeenth() -> None:
    assert Sampler(kind="temperature").cap == 131_072


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "random"}, "there is no 'random'; it is one of uniform, proportional, temperature, weights"),
        ({"kind": "temperature", "temperature": 0}, "temperature must be above 0, not 0"),
        ({"kind": "temperature", "temperature": math.inf}, "temperature must be above 0, not inf"),
        ({"kind": "temperature", "temperature": "2"}, "temperature must be above 0, not '2'"),
        ({"kind": "temperature", "cap": 0}, "cap must be a whole number from 1, not 0"),
        ({"kind": "temperature", "cap": 1.5}, "cap must be a whole number from 1, not 1.5"),
        ({"kind": "weights", "weights": {"a": 0, "b": -1}}, "the weight of a must be above 0, not 0; the weight of b"),
        ({"kind": "weights", "weights": {"a": True}}, "the weight of a must be above 0, not True"),
    ],
)
def test_values_that_give_no_chances_are_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Sampler(**fields)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("sampler", "about"),
    [
        (Sampler(kind="uniform", temperature=3.0, weights={"a": 2}), {"kind": "uniform"}),
        (Sampler(temperature=3.0), {"kind": "proportional"}),
        (
            Sampler(kind="temperature", temperature=3.0, weights={"a": 2}),
            {"kind": "temperature", "temperature": 3.0, "cap": CAP},
        ),
        (
            Sampler(kind="weights", weights={"c": 9, "b": 1, "a": 2}),
            {"kind": "weights", "weights": {"a": 2, "b": 1}},
        ),
    ],
)
def test_only_what_decides_the_chances_is_told(sampler: Sampler, about: dict[str, Any]) -> None:
    assert sampler.about(["a", "b"]) == about
    again, sizes = Sampler(**about), {"a": 10, "b": 30}
    assert shares(again, sizes) == shares(sampler, sizes)


def test_a_task_without_a_weight_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"a\+b\+c needs a weight of b, c"):
        Sampler(kind="weights", weights={"a": 1}).about(["a", "b", "c"])


@given(CHANCES, st.integers(0, 400), st.integers(0, 2**32 - 1))
def test_draws_depend_on_what_they_are_given_alone(chances: list[float], updates: int, seed: int) -> None:
    order = draw_order(chances, updates, seed).tolist()
    assert order == draw_order(list(chances), updates, seed).tolist()
    assert len(order) == updates and set(order) <= set(range(len(chances)))
    assert order[: updates // 2] == draw_order(chances, updates // 2, seed).tolist()  # however long the training is


def test_seeds_draw_differently() -> None:
    assert draw_order([0.5, 0.5], 100, 1).tolist() != draw_order([0.5, 0.5], 100, 2).tolist()


def test_draws_have_their_chances() -> None:
    """Within four standard deviations."""
    chances, updates = shares(Sampler(), SIZES), 20_000
    drawn = Counter(draw_order(chances, updates, seed=3).tolist())
    for place, chance in enumerate(chances):
        assert abs(drawn[place] - chance * updates) < 4 * math.sqrt(updates * chance * (1 - chance))


def test_one_task_is_always_drawn() -> None:
    assert draw_order(shares(Sampler(), {"a": 7}), 50, seed=9).tolist() == [0] * 50
