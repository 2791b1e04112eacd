"""A board from committed records: which runs belong to it, what its page says, when it has drifted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.board.build import build
from xtreme_harness.leaderboard.board.runs import record_files
from xtreme_harness.records import Record, write_records

RecordOf = Callable[..., Record]
SUITE = Suite(name="s", groups={"": ("xnli",)})
BOARD = Board(name="board", title="The Board", suite="s", runs=("s/*",))


def write_run(folder: Path, name: str, *records: Record) -> None:
    (folder / "s" / name).mkdir(parents=True)
    write_records(folder / "s" / name / "records.jsonl", records)


def named(record_of: RecordOf, model: str, **fields: Any) -> Record:
    return record_of(model={**record_of()["model"], "name": model}, **fields)


def test_rows_are_named_after_their_models(tmp_path: Path, record_of: RecordOf) -> None:
    write_run(tmp_path, "b", named(record_of, "second", metrics={"accuracy": 60.0}))
    write_run(tmp_path, "a", named(record_of, "first"))
    (page,) = build(BOARD, SUITE, tmp_path).files.values()
    rows = [[cell.strip() for cell in line.split("|")[1:3]] for line in page.splitlines() if line.startswith("| ")]
    assert rows[:3] == [["rank", "row"], ["1", "first via mnli"], ["2", "second via mnli"]]
    assert page.startswith("# The Board\n") and "71.2" in page and "60.0" in page


def test_what_does_not_belong_to_the_board_is_left_out(tmp_path: Path, record_of: RecordOf) -> None:
    other_task = record_of(task="pawsx", metrics={"accuracy": 1.0})
    other_track = record_of(row="x", protocol="translate-train", metrics={"accuracy": 2.0})
    write_run(tmp_path, "a", record_of(), other_task, other_track)
    (tmp_path / "elsewhere").mkdir()
    write_records(tmp_path / "elsewhere" / "records.jsonl", [record_of(metrics={"accuracy": 3.0})])
    assert record_files(BOARD, tmp_path) == [tmp_path / "s" / "a" / "records.jsonl"]
    (page,) = build(BOARD, SUITE, tmp_path).files.values()
    assert "pawsx" not in page and "translate-train" not in page and "3.0" not in page


def test_a_board_without_runs_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"board board finds no records\.jsonl under s/\*"):
        build(BOARD, SUITE, tmp_path)


def test_a_board_that_none_of_its_runs_belongs_to_says_so(tmp_path: Path, record_of: RecordOf) -> None:
    write_run(tmp_path, "a", record_of(task="pawsx"))
    with pytest.raises(MissingData, match=r"no run under s/\* has a row of board board: xnli on the tracks zero-shot"):
        build(BOARD, SUITE, tmp_path)


def test_a_damaged_run_is_named(tmp_path: Path, record_of: RecordOf) -> None:
    write_run(tmp_path, "a", record_of(state="fine"))
    with pytest.raises(DataError, match=r"records\.jsonl, line 1: unknown state 'fine'"):
        build(BOARD, SUITE, tmp_path)


def test_the_same_cell_of_two_runs_is_refused(tmp_path: Path, record_of: RecordOf) -> None:
    """A copy would rank beside itself."""
    write_run(tmp_path, "a", named(record_of, "first"))
    write_run(tmp_path, "b", named(record_of, "first", metrics={"accuracy": 60.0}))
    with pytest.raises(DataError, match=r"b.records\.jsonl.*first mnli\.plain\.s1 xnli sw already, from s/a;"):
        build(BOARD, SUITE, tmp_path)


def test_the_same_cell_twice_in_a_run_is_refused(tmp_path: Path, record_of: RecordOf) -> None:
    write_run(tmp_path, "a", record_of(), record_of(metrics={"accuracy": 60.0}))
    with pytest.raises(DataError, match=r"records\.jsonl: holds mnli\.plain\.s1 xnli sw twice"):
        build(BOARD, SUITE, tmp_path)


def test_drift_is_seen(tmp_path: Path, record_of: RecordOf) -> None:
    write_run(tmp_path, "a", record_of())
    built = build(BOARD, SUITE, tmp_path)
    page = built.files["board.md"]
    assert list(built.files) == ["board.md"] and built.drifted(tmp_path) == ["board.md"]
    (tmp_path / "board.md").write_text(page, encoding="utf-8", newline="\n")
    assert built.drifted(tmp_path) == []
    for other in (page.replace("71.2", "81.2"), page.replace("\n", "\r\n")):
        (tmp_path / "board.md").write_text(other, encoding="utf-8", newline="\n" if "81.2" in other else "")
        assert built.drifted(tmp_path) == ["board.md"]
    (tmp_path / "board.md").write_text(page, encoding="utf-8", newline="\n")
    write_records(tmp_path / "s" / "a" / "records.jsonl", [record_of(metrics={"accuracy": 50.0})])
    assert build(BOARD, SUITE, tmp_path).drifted(tmp_path) == ["board.md"]
