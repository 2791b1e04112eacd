"""Averages: only complete ones exist; the mean of tasks is not the mean of groups; without English; the gap."""

from __future__ import annotations

import pytest

from xtreme_harness.leaderboard.averages import Figure, mean, transfer_gap, without_english

CELLS = {"en": Figure(90.0, "ok"), "de": Figure(80.0, "ok"), "sw": Figure(60.0, "ok")}
FAILED = Figure(None, "failed")
UNLABELLED = Figure(None, "unlabelled")


def test_mean_needs_every_figure() -> None:
    assert mean(CELLS.values()).value == pytest.approx(230 / 3)
    assert mean([*CELLS.values(), UNLABELLED, FAILED]) == FAILED
    assert mean([]) == Figure(None, "skipped")


def test_without_english_leaves_the_source_language_out() -> None:
    assert without_english(CELLS) == Figure(70.0, "ok")
    assert without_english({"de": Figure(80.0, "ok"), "fr": Figure(70.0, "ok")}) == Figure(75.0, "ok")
    assert without_english({"en": Figure(90.0, "ok")}).value is None


def test_transfer_gap_is_english_minus_the_mean_of_the_others() -> None:
    assert transfer_gap(CELLS) == Figure(20.0, "ok")


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({**CELLS, "sw": FAILED}, "failed"),
        ({**CELLS, "en": UNLABELLED}, "unlabelled"),
        ({"de": Figure(80.0, "ok")}, "skipped"),
        ({"en": Figure(90.0, "ok")}, "skipped"),
    ],
)
def test_a_gap_needs_all_its_figures(cells: dict[str, Figure], state: str) -> None:
    assert transfer_gap(cells) == Figure(None, state)
