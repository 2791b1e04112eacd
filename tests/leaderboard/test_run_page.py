"""The page of a run: every cell says something, what is not comparable is said, and nothing breaks the table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xtreme_harness.definitions import Suite
from xtreme_harness.leaderboard.averages import table_rows
from xtreme_harness.leaderboard.run_page import aggregates, by_language, overview, run_page
from xtreme_harness.records import STATES, Record, signature

RecordOf = Callable[..., Record]
SUITE = Suite(name="s", version="2", groups={"classification": ("xnli",), "retrieval": ("tatoeba",)})


@pytest.fixture
def records(record_of: RecordOf) -> list[Record]:
    return [
        record_of(task=task, language=language, metrics={"accuracy": value})
        for task, language, value in [("xnli", "en", 80.04), ("xnli", "sw", 60.0), ("tatoeba", "sw", 20.0)]
    ]


def cells(table: str) -> list[list[str]]:
    """The rows of a markdown table, the title first, without the line below it."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [rows[0], *rows[2:]]


def test_the_overview_has_one_line_a_row(records: list[Record]) -> None:
    assert cells(overview(table_rows(records, SUITE), SUITE)) == [
        ["row", "xnli", "tatoeba", "average"],
        ["mnli.plain.s1", "70.0", "20.0", "45.0"],
    ]


def test_aggregates_are_groups_the_mean_without_english_and_the_gap(records: list[Record]) -> None:
    """Retrieval has no English, so its mean counts whole and it has no gap."""
    assert cells(aggregates(table_rows(records, SUITE), SUITE)) == [
        ["row", "classification", "retrieval", "without en", "gap"],
        ["mnli.plain.s1", "70.0", "20.0", "40.0", "20.0"],
    ]


def test_aggregates_over_a_cell_without_a_figure_show_its_state(records: list[Record]) -> None:
    records[1] = {**records[1], "state": "failed", "metrics": {}, "why": "because"}
    line = cells(aggregates(table_rows(records, SUITE), SUITE))[1]
    assert line == ["mnli.plain.s1", "failed", "20.0", "failed", "failed"]


def test_languages_have_a_table_for_each_task(records: list[Record]) -> None:
    first, second = by_language(table_rows(records, SUITE), SUITE).split("\n\n### ")
    assert first.startswith("### xnli (accuracy)") and second.startswith("tatoeba (accuracy)")
    assert cells(first) == [
        ["row", "en", "sw", "mean", "without en", "gap"],
        ["mnli.plain.s1", "80.0", "60.0", "70.0", "60.0", "20.0"],
    ]
    assert cells(second) == [["row", "sw", "mean"], ["mnli.plain.s1", "20.0", "20.0"]]


@pytest.mark.parametrize("state", [state for state in STATES if state != "ok"])
def test_the_state_is_shown_where_there_is_no_figure(state: str, records: list[Record]) -> None:
    records[1] = {**records[1], "state": state, "metrics": {}, "why": "because"}
    page = run_page(records, SUITE, ())
    assert cells(overview(table_rows(records, SUITE), SUITE))[1] == ["mnli.plain.s1", state, "20.0", state]
    assert cells(by_language(table_rows(records, SUITE), SUITE).split("\n\n### ")[0])[1] == [
        "mnli.plain.s1",
        "80.0",
        *[state] * 4,
    ]
    assert f"- {state}: xnli sw: because" in page.splitlines()


def test_rows_with_other_languages_show_that_a_cell_was_left_out(records: list[Record]) -> None:
    """A row that was run on fewer languages has no average over those it has not."""
    narrower = [{**record, "row": "none.plain.s1"} for record in records if record["language"] != "en"]
    rows = table_rows([*records, *narrower], SUITE)
    table = cells(by_language(rows, SUITE).split("\n\n### ")[0])
    assert table[0] == ["row", "en", "sw", "mean", "without en", "gap"]
    assert table[1:] == [
        ["mnli.plain.s1", "80.0", "60.0", "70.0", "60.0", "20.0"],
        ["none.plain.s1", "skipped", "60.0", "skipped", "60.0", "skipped"],
    ]
    assert [row.average.text() for row in rows] == ["45.0", "skipped"]


def test_a_task_that_nobody_ran_is_said_to_be_skipped(records: list[Record]) -> None:
    table = overview(table_rows(records[:2], SUITE), SUITE)
    assert cells(table)[1] == ["mnli.plain.s1", "70.0", "skipped", "skipped"]


def test_remarks_stand_below_the_title(records: list[Record]) -> None:
    told = [{**record, "comparable": False, "not_comparable_because": "bundled data"} for record in records]
    assert run_page(told, SUITE, ()).splitlines()[2] == "- not comparable: xnli, tatoeba (bundled data)"
    assert "not comparable" not in run_page(records, SUITE, ())


def test_the_title_says_when_some_languages_were_asked_for(records: list[Record]) -> None:
    assert run_page(records, SUITE, ("sw", "te")).startswith("# tiny: xnli, tatoeba (only sw, te)\n")


def test_the_page_holds_title_tables_and_signatures(records: list[Record]) -> None:
    page = run_page(records, SUITE, ())
    assert page.startswith("# tiny: xnli, tatoeba\n\n") and page.endswith("`\n")
    assert overview(table_rows(records, SUITE), SUITE) in page and aggregates(table_rows(records, SUITE), SUITE) in page
    assert f"- `mnli.plain.s1`: `{signature(records, 's.2')}`" in page.splitlines()
    assert page == run_page(records, SUITE, ())


def test_a_bar_in_a_name_does_not_break_the_table(records: list[Record]) -> None:
    piped = [{**record, "row": "a|b"} for record in records]
    line = overview(table_rows(piped, SUITE), SUITE).splitlines()[2]
    assert "a\\|b" in line and len(line.replace("\\|", "").strip("|").split("|")) == 4
