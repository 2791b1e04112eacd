"""The runs and packs of a board: which folders belong to it, and their rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xtreme_harness.definitions import Board
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.analyses import Analyses, read_analyses
from xtreme_harness.leaderboard.board.cache import Cache
from xtreme_harness.leaderboard.board.condensed import read_series
from xtreme_harness.leaderboard.board.series import Series


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of a board with the folder it comes from, `run` seen from the board's, and what was analysed there."""

    series: Series
    folder: Path
    run: str
    analyses: Analyses


def record_files(board: Board, folder: Path) -> list[Path]:
    """The records.jsonl files of the board's runs below `folder`, by name.

    Raises MissingData when there is none, and no file of published rows either.
    """
    found = sorted({path for pattern in board.runs for path in folder.glob(f"{pattern}/records.jsonl")})
    if not found and not board.references:
        raise MissingData(folder, None, f"board {board.name} finds no records.jsonl under {', '.join(board.runs)}")
    return found


def entries_of(board: Board, tasks: Sequence[str], folder: Path, cache: Cache) -> list[Entry]:
    """The rows of the board's tracks with a cell in one of `tasks`.

    Raises DataError where a cell comes twice, and for a run's analyses that are damaged or not its own; MissingData as
    `record_files`, and where no row of a run is the board's.
    """
    found = []
    for path in record_files(board, folder):
        run = Path(os.path.relpath(path.parent, folder)).as_posix()
        every = read_series(path, cache)
        analyses = _analyses(path.parent, every)
        for series in every:
            kept = _of_board(series, tasks)
            if kept.seeds and kept.track in board.tracks:
                found.append(Entry(series=kept, folder=path.parent, run=run, analyses=analyses))
    if not found and not board.references:
        where = f"{', '.join(tasks)} on the tracks {', '.join(board.tracks)}"
        raise MissingData(
            folder, None, f"no run under {', '.join(board.runs)} has a row of board {board.name}: {where}"
        )
    _check_once(found)
    return found


def _analyses(folder: Path, rows: Sequence[Series]) -> Analyses:
    models = [one.first["model"]["name"] for one in rows]
    return read_analyses(folder, models, {key for one in rows for key in one.trainings})


def _of_board(series: Series, tasks: Sequence[str]) -> Series:
    """The cells in `tasks` alone."""
    if all(task in tasks for cells in series.cells.values() for task, _ in cells):
        return series
    cells = {
        label: {place: cell for place, cell in members.items() if place[0] in tasks}
        for label, members in series.cells.items()
    }
    return replace(series, cells={label: members for label, members in cells.items() if members})


def _check_once(entries: Sequence[Entry]) -> None:
    """The same run twice would count twice, and rank beside itself."""
    taken: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        series, identity = entry.series, entry.series.identity
        for label, cells in series.cells.items():
            for (task, language), cell in cells.items():
                key = (identity, series.configurations.get(task), task, language, cell.seed)
                other = taken.setdefault(key, entry)
                if other is not entry:
                    raise DataError(
                        entry.folder / "records.jsonl",
                        None,
                        f"the board has {series.first['model']['name']} {label} {task} {language} already, "
                        f"from {other.run}; leave one of the two runs out",
                    )
