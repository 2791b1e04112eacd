"""Finished runs as standings, so that what renders a board renders a run: every row as it is, a seed each, unranked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.definitions import Suite
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.averages import TableRow, cell_figure, mean, table_rows
from xtreme_harness.leaderboard.remarks import remarks
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings
from xtreme_harness.records import Record, read_records, signature, versioned


def read_runs(folders: Sequence[Path]) -> list[Record]:
    """The records of runs (or of what was published of them), in order; rows are named after their model.

    Raises MissingData for a folder without records, DataError where two runs have the same cell.
    """
    records: dict[tuple[str, str, str], Record] = {}
    for folder in folders:
        path = folder / "records.jsonl"
        if not path.is_file():
            raise MissingData(folder, None, "is no run: it holds no records.jsonl")
        for record in read_records(path):
            named = {**record, "row": f"{record['model']['name']} {record['row']}"}
            place = (named["row"], record["task"], record["language"])
            if place in records:
                raise DataError(path, None, f"{' '.join(place)} is in an earlier run too; leave one of them out")
            records[place] = named
    return list(records.values())


def standings_of(records: Sequence[Record], name: str, title: str) -> Standings:
    """Standings with a row for each of the records', over the tasks that they have."""
    tasks = tuple(dict.fromkeys(record["task"] for record in records))
    suite = Suite(name="tasks", groups={"": tasks})
    rows = table_rows(records, suite)
    return Standings(
        name=name,
        title=title,
        suite=versioned(suite),
        groups=suite.groups,
        languages={
            task: tuple(dict.fromkeys(one["language"] for one in records if one["task"] == task)) for task in tasks
        },
        metrics={task: tuple(next(one["headline"] for one in records if one["task"] == task)) for task in tasks},
        tracks=tuple(dict.fromkeys(record["protocol"] for record in records)),
        rows=tuple(_standing(row, f"{number:02}-{_plain(row.label)}") for number, row in enumerate(rows, start=1)),
        remarks=tuple(remarks(records)),
    )


def _plain(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label)


def _standing(row: TableRow, identity: str) -> Standing:
    first = row.records[0]
    languages: dict[str, dict[str, Shown]] = {}
    for (task, code), record in row.cells.items():
        languages.setdefault(task, {})[code] = Shown(**vars(cell_figure(record)))
    return Standing(
        id=identity,
        name=row.label,
        track=first["protocol"],
        rank=None,
        average=Shown(**vars(row.average)),
        groups={},
        tasks={task: Shown(**vars(figure)) for task, figure in row.tasks.items()},
        languages=languages,
        without_english=Shown(**vars(mean(row.without_english.values()))),
        gap=Shown(**vars(mean(row.gaps.values()))),
        model=first["model"]["name"],
        intermediate=first["intermediate"],
        control=first["control"],
        method=first["method"],
        recipe=first["recipe"],
        seeds=tuple(sorted({record["seed"] for record in row.records})),
        signature=signature(row.records, "tasks.1"),
    )
