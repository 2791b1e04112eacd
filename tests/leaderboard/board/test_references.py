"""Published rows: verified ones only, under their track, apart and unranked, with nothing made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from board_runs import records_of, write_run

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.board.placing import standings_of
from xtreme_harness.leaderboard.standings import Standings

ROOT = Path(__file__).resolve().parents[3]
SUITE = Suite(name="two", groups={"pair": ("xnli",), "qa": ("xquad",)})
BOARD = Board(
    name="b", title="B", suite="two", runs=("runs/*",), references="p.json", tracks=("zero-shot", "translate-train")
)
ROW: dict[str, Any] = {
    "id": "paper-a",
    "system": "A",
    "protocol": "zero-shot",
    "split": "test",
    "values": {"xnli": 70.0, "xquad_f1": 80.0, "xquad_em": 60.0},
    "average": None,
    "per_language": None,
    "source": "A paper",
    "verified": True,
    "notes": None,
}


def standings(folder: Path, *rows: Any, **more: Any) -> Standings:
    metrics = {"xnli": ["accuracy"], "xquad": ["exact_match", "f1"]}
    (folder / "p.json").write_text(json.dumps({"metrics": metrics, "rows": rows, **more}), encoding="utf-8")
    return standings_of(BOARD, SUITE, folder)


def test_a_published_row_needs_no_run(tmp_path: Path) -> None:
    found = standings(tmp_path, ROW)
    (row,) = found.rows
    assert row.is_published and row.source == "A paper" and row.rank is None and row.id == "published.paper-a"
    assert row.tasks["xnli"].value == 70.0 and row.tasks["xnli"].metrics == {"accuracy": 70.0}
    assert row.tasks["xquad"].value == 70.0 and row.tasks["xquad"].metrics == {"f1": 80.0, "exact_match": 60.0}
    assert row.average.value == 70.0 and row.groups["qa"].value == 70.0
    assert row.gap.text() == row.without_english.text() == "not-published"
    assert found.metrics == {"xnli": ("accuracy",), "xquad": ("exact_match", "f1")}
    assert found.languages == {"xnli": (), "xquad": ()}


def test_half_of_a_question_answering_figure_is_no_figure(tmp_path: Path) -> None:
    (row,) = standings(tmp_path, {**ROW, "values": {"xnli": 70.0, "xquad_f1": 80.0, "xquad_em": None}}).rows
    assert row.tasks["xquad"].text() == row.average.text() == row.groups["qa"].text() == "not-published"
    assert row.tasks["xquad"].metrics == {"f1": 80.0}


def test_an_average_may_be_published_without_its_tasks(tmp_path: Path) -> None:
    (row,) = standings(tmp_path, {**ROW, "values": {"xnli": 70.0}, "average": 68.1}).rows
    assert row.average.value == 68.1


def test_languages_are_those_printed(tmp_path: Path) -> None:
    cells = {"xnli": {"en": 80.0, "sw": 60.0}, "xquad_f1": {"en": 80.0}, "xquad_em": {"en": 70.0, "el": 1.0}}
    found = standings(tmp_path, {**ROW, "per_language": cells}, {**ROW, "id": "paper-b"})
    assert found.languages == {"xnli": ("en", "sw"), "xquad": ("en", "el")}
    first, second = found.rows
    assert first.languages["xnli"]["sw"].value == 60.0 and first.languages["xquad"]["en"].value == 75.0
    assert first.languages["xquad"]["el"].text() == "not-published"
    assert second.languages["xnli"]["en"].text() == "not-published"


def test_printed_languages_ask_nothing_of_rows_that_were_run(tmp_path: Path) -> None:
    right = {("xnli", "en"): [100.0, 0.0], ("xquad", "en"): [100.0, 0.0]}
    write_run(tmp_path / "runs" / "a", (records_of(right), right))
    found = standings(tmp_path, {**ROW, "per_language": {"xnli": {"en": 80.0, "th": 60.0}}})
    ours, published = found.rows
    assert ours.average.value == 50.0 and ours.rank == 1 and not ours.is_published
    assert found.languages["xnli"] == ("en",) and list(published.languages["xnli"]) == ["en"]
    assert not published.tasks["xnli"].is_best and ours.tasks["xnli"].is_best


def test_protocols_become_tracks_and_others_are_named(tmp_path: Path) -> None:
    rows = [
        {**ROW, "id": "tta", "protocol": "translate-train-all"},
        {**ROW, "id": "dev", "system": "D", "split": "validation"},
        {**ROW, "id": "odd", "system": "O", "protocol": "leaderboard"},
        {**ROW, "id": "memory", "system": "M", "verified": False},
        {**ROW, "id": "empty", "system": "E", "values": {}},
        {**ROW, "id": "other", "system": "X", "values": {"panx": 1.0}},
    ]
    found = standings(tmp_path, *rows)
    assert [(row.id, row.track) for row in found.rows] == [("published.tta", "translate-train")]
    assert found.remarks == (
        "not shown: D, published under protocol zero-shot on split validation (A paper)",
        "not shown: O, published under protocol leaderboard on split test (A paper)",
    )


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("text", "row 1: is no object"),
        ({**ROW, "system": 3}, "row 1: lacks a sound system"),
        ({name: ROW[name] for name in ROW if name != "source"}, "row 1: lacks a sound source"),
        ({**ROW, "source": " "}, "row 1: has no source"),  # without one it would pass for a row that was run
        ({**ROW, "values": {"xnli": "high"}}, "row 1: 'high' is no figure from 0 to 100"),
        ({**ROW, "values": {"xnli": True}}, "row 1: True is no figure"),
        ({**ROW, "average": 101}, "row 1: 101 is no figure"),
        ({**ROW, "per_language": {"xnli": 3}}, "row 1: per_language holds no figures by language"),
        ({**ROW, "per_language": {"xnli": {"en": -1}}}, "row 1: -1 is no figure"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, row: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        standings(tmp_path, row)


def test_printed_text_is_shown_in_one_line_and_in_its_order(tmp_path: Path) -> None:
    board = standings(tmp_path, {**ROW, "system": "two\nlines", "source": "\u202eback", "notes": "\x01"})
    (row,) = board.rows
    assert (row.name, row.source, row.notes) == ("two lines", "\ufffdback", ("\ufffd",))


def test_ids_are_unique_in_links_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2: the id Paper A is another row's"):
        standings(tmp_path, ROW, {**ROW, "id": "Paper A"})


@pytest.mark.parametrize("metrics", [[], {"xnli": "accuracy"}, {"xnli": [3]}])
def test_metrics_that_are_no_table(tmp_path: Path, metrics: Any) -> None:
    with pytest.raises(DataError, match="metrics must be a table of lists of names"):
        standings(tmp_path, ROW, metrics=metrics)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"p\.json: there is no such file of published rows"):
        standings_of(BOARD, SUITE, tmp_path)
    for text, told in (("{", "is not JSON"), ("[]", 'holds no {"rows"'), ('{"rows": {}}', 'holds no {"rows"')):
        (tmp_path / "p.json").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=told):
            standings_of(BOARD, SUITE, tmp_path)


def test_the_committed_rows_of_xtreme() -> None:
    """Every row that is shown has its source; none is typed from memory; the tasks are the suite's."""
    held = json.loads((ROOT / "leaderboards/xtreme/published.json").read_text(encoding="utf-8"))
    assert len({row["id"] for row in held["rows"]}) == len(held["rows"]) > 30
    assert all(row["verified"] and row["source"] and "memory" not in row["source"] for row in held["rows"])
    keys = {key.removesuffix("_f1").removesuffix("_em") for row in held["rows"] for key in row["values"]}
    assert keys <= set(held["metrics"])
