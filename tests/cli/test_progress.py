"""How long a run says that the rest will take."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.cli.progress import Clock, words
from xtreme_harness.estimate import FIXED_SECONDS
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit


def units(type: str, number: int) -> list[Unit]:
    return [Unit(type=type, label=f"{type} {one}", modules=(), parameters={"number": one}) for one in range(number)]


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(Store(tmp_path), on_gpu=False)


def test_what_is_left_is_corrected_by_how_long_units_of_its_type_took(clock: Clock) -> None:
    checkpoints, scores = units("checkpoint", 6), units("score", 40)
    clock.start([*checkpoints, *scores])
    first, later = FIXED_SECONDS["checkpoint"], FIXED_SECONDS["score"]
    assert clock.seconds_left() == pytest.approx(6 * first + 40 * later)
    for unit in checkpoints[:5]:
        clock.done(unit, first / 10)
    assert clock.seconds_left() == pytest.approx(first / 10 + 40 * later)
    assert clock.seconds_left(checkpoints[5], 0.5) == pytest.approx(first / 20 + 40 * later)


def test_a_few_seconds_correct_little(clock: Clock) -> None:
    one, other = units("checkpoint", 2)
    clock.start([one, other])
    guess = FIXED_SECONDS["checkpoint"]
    clock.done(one, guess * 3)
    assert guess < clock.seconds_left() < 2 * guess


def test_a_unit_that_was_not_expected_changes_nothing_of_what_is_left(clock: Clock) -> None:
    one, other = units("checkpoint", 2)
    clock.start([one])
    clock.done(other, 100.0)
    assert clock.seconds_left() == FIXED_SECONDS["checkpoint"]
    clock.done(one, 1.0)
    assert clock.seconds_left() == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")]
)
def test_times_in_words(seconds: float, text: str) -> None:
    assert words(seconds) == text
