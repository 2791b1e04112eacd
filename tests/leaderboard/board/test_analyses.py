"""Analyses of runs on a board: read once a run, a training with the rows it is behind, foreign ones refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from analysed import add_analyses, curves, fertility, layers
from board_runs import records_of, write_run

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.board.build import build
from xtreme_harness.leaderboard.board.placing import standings_of
from xtreme_harness.leaderboard.standings import Standings

SUITE = Suite(name="one", groups={"": ("nli",)})
BOARD = Board(name="board", title="The Board", suite="one", runs=("runs/*",), outputs=("markdown", "json"))
RIGHT = {("nli", "en"): (100.0, 0.0), ("nli", "sw"): (0.0, 100.0)}
FIRST, SECOND, ORACLES = ("ab" * 32, "cd" * 32, "ef" * 32)


def row(label: str, *units: str, **fields: Any) -> list[dict[str, Any]]:
    phases = [{"unit": unit, "tasks": ["nli"], "role": "target", "selection": "last"} for unit in units]
    return records_of(RIGHT, **{"row": label, "phases": phases, **fields})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two rows that share a training, and one of a track that the board does not have."""
    rows = [
        row("none.plain.s1", FIRST),
        row("a.plain.s1", FIRST, SECOND, intermediate="a"),
        row("none.plain.s2", ORACLES, seed=2, protocol="target-tuned"),
    ]
    return write_run(tmp_path / "runs" / "mine", *((records, None) for records in rows))


def placed(run: Path, cache: Path | None = None) -> Standings:
    return standings_of(BOARD, SUITE, run.parents[1], cache)


def test_rows_without_analyses_have_none(run: Path) -> None:
    assert placed(run).analyses == {}


def test_analyses_stand_once_by_run_and_trainings_name_their_rows(run: Path, tmp_path: Path) -> None:
    add_analyses(run, fertility=fertility("tiny"), layers=layers("tiny"), curves=curves(FIRST, SECOND, ORACLES))
    found = placed(run)
    none, via = (next(one.id for one in found.rows if one.intermediate == name) for name in ("none", "a"))
    assert list(found.analyses) == ["runs/mine"] and list(found.analyses["runs/mine"]) == [
        "fertility",
        "layers",
        "curves",
    ]
    behind = {one["unit"]: set(one["rows"]) for one in found.analyses["runs/mine"]["curves"]}
    assert behind == {FIRST: {none, via}, SECOND: {via}, ORACLES: set()}
    assert placed(run, tmp_path / "cache") == placed(run, tmp_path / "cache") == found


def test_a_run_of_another_model_is_not_explained_by_a_copied_file(run: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "other", (records_of(RIGHT, model="large"), None))
    add_analyses(tmp_path / "runs" / "other", fertility=fertility("tiny"))
    with pytest.raises(DataError, match=r"other/analyses/fertility\.json: is about model 'tiny'"):
        build(BOARD, SUITE, tmp_path)


def test_curves_of_another_run_are_refused_from_the_cache_too(run: Path, tmp_path: Path) -> None:
    placed(run, tmp_path / "cache")
    add_analyses(run, curves=curves("01" * 32))
    with pytest.raises(DataError, match=r"mine/analyses/curves\.json: is about training '010101010101'"):
        placed(run, tmp_path / "cache")
