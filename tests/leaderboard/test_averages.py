"""Averages exist only when every cell under them is ok; elsewhere the state stands in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.definitions import Suite
from xtreme_harness.leaderboard.averages import (
    MIXED,
    SEVERITY,
    Figure,
    cell_figure,
    mean,
    table_rows,
    transfer_gap,
    without_english,
)
from xtreme_harness.records import STATES, Record

RecordOf = Callable[..., Record]
SUITE = Suite(name="s", groups={"classification": ("xnli", "pawsx"), "retrieval": ("tatoeba",)})


def cell(record_of: RecordOf, task: str, language: str, value: float, **fields: Any) -> Record:
    return record_of(task=task, language=language, metrics={"accuracy": value}, **fields)


@pytest.fixture
def complete(record_of: RecordOf) -> list[Record]:
    return [
        cell(record_of, "xnli", "en", 80.0),
        cell(record_of, "xnli", "sw", 60.0),
        cell(record_of, "pawsx", "de", 90.0),
        cell(record_of, "tatoeba", "sw", 20.0),
    ]


def test_means_of_means(complete: list[Record]) -> None:
    """A task's number is the mean over its languages, the suite's the mean over its tasks, not over groups."""
    (row,) = table_rows(complete, SUITE)
    assert {task: figure.value for task, figure in row.tasks.items()} == {"xnli": 70.0, "pawsx": 90.0, "tatoeba": 20.0}
    assert {group: figure.value for group, figure in row.groups.items()} == {"classification": 80.0, "retrieval": 20.0}
    assert row.average == Figure(60.0, "ok")
    assert row.label == "mnli.plain.s1" and row.records == complete


@pytest.mark.parametrize("state", [state for state in STATES if state != "ok"])
def test_one_cell_without_a_figure_leaves_no_average_above_it(state: str, complete: list[Record]) -> None:
    complete[1] = {**complete[1], "state": state, "metrics": {}}
    (row,) = table_rows(complete, SUITE)
    assert row.tasks["xnli"] == row.groups["classification"] == row.average == Figure(None, state)
    assert row.tasks["pawsx"] == Figure(90.0, "ok") and row.groups["retrieval"] == Figure(20.0, "ok")


def test_a_figure_beside_a_state_that_is_not_ok_does_not_count(complete: list[Record]) -> None:
    complete[1] = {**complete[1], "state": "failed"}
    (row,) = table_rows(complete, SUITE)
    assert row.average.value is None


def test_a_task_without_any_record_is_skipped(complete: list[Record]) -> None:
    (row,) = table_rows(complete[:3], SUITE)
    assert row.tasks["tatoeba"] == row.groups["retrieval"] == row.average == Figure(None, "skipped")


def test_the_worst_state_is_shown(complete: list[Record]) -> None:
    for place, state in enumerate(("unlabelled", "failed", "missing-data")):
        complete[place] = {**complete[place], "state": state, "metrics": {}}
    (row,) = table_rows(complete, SUITE)
    assert row.tasks["xnli"].state == row.average.state == "failed"


FIGURES = st.lists(
    st.floats(0, 100).map(lambda value: Figure(value, "ok")) | st.sampled_from(SEVERITY).map(lambda s: Figure(None, s)),
    min_size=1,
    max_size=8,
)


@given(FIGURES)
def test_a_mean_has_a_number_exactly_when_all_have_one(figures: list[Figure]) -> None:
    result = mean(figures)
    states = [figure.state for figure in figures if figure.value is None]
    if states:
        assert result == Figure(None, min(states, key=SEVERITY.index))
    else:
        values = [figure.value for figure in figures if figure.value is not None]
        assert result.state == "ok" and result.value == pytest.approx(sum(values) / len(values))


@given(FIGURES)
def test_what_is_shown_is_never_blank_nor_a_zero_that_nobody_measured(figures: list[Figure]) -> None:
    result = mean(figures)
    if result.value is None:
        assert result.text() in SEVERITY
    else:
        assert float(result.text()) == pytest.approx(result.value, abs=0.051)


def test_every_state_has_its_severity() -> None:
    assert set(SEVERITY) == {*STATES, MIXED} - {"ok"}
    assert mean([]) == Figure(None, "skipped")


def test_zero_is_a_figure(record_of: RecordOf) -> None:
    assert cell_figure(cell(record_of, "xnli", "sw", 0.0)) == Figure(0.0, "ok")
    assert mean([Figure(0.0, "ok")]).text() == "0.0"


def test_rows_stay_in_the_order_they_come_in(complete: list[Record]) -> None:
    others = [{**record, "row": "none.plain.s1", "metrics": {"accuracy": 50.0}} for record in complete]
    rows = table_rows([*others, *complete], SUITE)
    assert [row.label for row in rows] == ["none.plain.s1", "mnli.plain.s1"]
    assert [row.average.value for row in rows] == [50.0, 60.0]


CELLS = {"en": Figure(90.0, "ok"), "de": Figure(80.0, "ok"), "sw": Figure(60.0, "ok")}
FAILED = Figure(None, "failed")
UNLABELLED = Figure(None, "unlabelled")


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
