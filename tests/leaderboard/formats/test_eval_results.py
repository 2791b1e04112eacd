"""`.eval_results` files: huggingface_hub's own parser reads them, and what qualifies a figure stands in its notes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries

from xtreme_harness.leaderboard.formats.eval_results import render
from xtreme_harness.leaderboard.standings import Shown, Standings

FIRST = "two/mini.none_plain.eval_results.yaml"


def parsed(text: str) -> list[EvalResultEntry]:
    return parse_eval_result_entries(yaml.safe_load(text))


def test_each_row_that_was_run_here_has_a_file(standings: Standings) -> None:
    rows = ("mini.none_plain", "mini.mini-nli_plain", "broken", "translated")
    assert list(render(standings)) == [f"two/{row}.eval_results.yaml" for row in rows]


def test_the_hub_reads_every_figure_back(standings: Standings) -> None:
    entries = parsed(render(standings)[FIRST])
    assert {one.task_id: one.value for one in entries} == {
        "average": 65.8,
        "nli": 61.2,
        "nli.en": 66.2,
        "nli.sw": 56.2,
        "pos": 70.4,
        "pos.en": 90.0,
        "pos.eu": 70.4,
    }
    assert {one.dataset_id for one in entries} == {"two"}


def test_the_board_may_live_on_the_hub(standings: Standings) -> None:
    entries = parsed(render(replace(standings, hub="ours/two-tasks"))[FIRST])
    assert {one.dataset_id for one in entries} == {"ours/two-tasks"}


def test_cells_without_a_figure_are_left_out(standings: Standings) -> None:
    entries = parsed(render(standings)["two/broken.eval_results.yaml"])
    assert [one.task_id for one in entries] == ["nli", "nli.en", "nli.sw", "pos.en"]


def test_one_figure_stands_for_a_cell_with_several_metrics(standings: Standings) -> None:
    answers = Shown(value=60.0, metrics={"exact_match": 50.0, "f1": 70.0})
    row = replace(standings.rows[0], languages={"nli": {"en": answers}, "pos": {}})
    entries = parsed(render(replace(standings, rows=(row,)))[FIRST])
    assert [(one.task_id, one.value) for one in entries if one.task_id == "nli.en"] == [("nli.en", 60.0)]


def test_notes_hold_track_signature_run_and_what_is_not_comparable(standings: Standings) -> None:
    row = standings.rows[0]
    board = replace(standings, remarks=("not comparable: nli (bundled miniature data)",))
    notes = {one.task_id: one.notes for one in parsed(render(board)[FIRST])}
    plain = f"zero-shot; {row.signature}; run 3f3f3f3f3f3f"
    assert notes["pos.eu"] == plain
    assert notes["nli.en"] == notes["average"] == f"{plain}; not comparable: nli (bundled miniature data)"


@pytest.mark.parametrize(("created", "expected"), [("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"), ("", None)])
def test_the_date_is_that_of_the_records(standings: Standings, created: str, expected: str | None) -> None:
    row = replace(standings.rows[0], created=created)
    assert {one.date for one in parsed(render(replace(standings, rows=(row,)))[FIRST])} == {expected}
