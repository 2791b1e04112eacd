"""Builds a board's files from committed records, and says whether files on disk have drifted from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.averages import table_rows
from xtreme_harness.leaderboard.markdown import document
from xtreme_harness.records import Record, read_records


@dataclass(frozen=True)
class Built:
    """The text of every file of a board, by its path below the folder it is built in."""

    files: Mapping[str, str]

    def drifted(self, folder: Path) -> list[str]:
        """The files whose text on disk is another, or which are not there."""
        return [name for name, text in self.files.items() if _text(folder / name) != text]


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def record_files(board: Board, folder: Path) -> list[Path]:
    """The records.jsonl files of the board's runs below `folder`; raises MissingData when there is none."""
    found = sorted({path for pattern in board.runs for path in folder.glob(f"{pattern}/records.jsonl")})
    if not found:
        raise MissingData(folder, None, f"board {board.name} finds no records.jsonl under {', '.join(board.runs)}")
    return found


def build(board: Board, suite: Suite, folder: Path) -> Built:
    """Reads the records of the board's runs and renders its outputs.

    A row is named after its model; runs that have the same row label are told apart by it. Raises DataError where that
    does not tell them apart.
    """
    cells: dict[tuple[str, ...], Record] = {}
    for path in record_files(board, folder):
        for record in _chosen(path, board, suite):
            cell = (record["row"], record["task"], record["language"])
            if cell in cells:
                raise DataError(path, None, f"the board has {' '.join(cell)} already; leave one of the two runs out")
            cells[cell] = record
    chosen = list(cells.values())
    page = document(board.title, chosen, table_rows(chosen, suite), suite)
    return Built({f"{board.name}.md": page})


def _chosen(path: Path, board: Board, suite: Suite) -> list[Record]:
    """The records of a run that belong to the board's tracks and tasks."""
    records = [record for record in read_records(path) if record["protocol"] in board.tracks]
    return [_named(record) for record in records if record["task"] in suite.tasks]


def _named(record: Record) -> Record:
    return {**record, "row": f"{record['model']['name']} {record['row']}"}
