"""A board's standings: its rows with figures, intervals and ranks. What every output format renders; nothing heavy.

Each format module has `render(standings) -> {file: text}`, files relative to the folder that the board is built in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xtreme_harness.leaderboard.analyses import Analyses
from xtreme_harness.leaderboard.averages import Figure


@dataclass(frozen=True, kw_only=True)
class Shown(Figure):
    """A figure, 0 to 100, or the state that stands in its place, with what is known of it.

    `low` and `high` are its interval for other items; None where per-example values are not at hand. `deviation` is the
    standard deviation over seeds, a component of its own; None for one seed. `is_best`: no row of the track is
    significantly better in this column, of a task, a group or the averages. `metrics` are all figures of a cell, by
    name.
    """

    state: str = "ok"
    low: float | None = None
    high: float | None = None
    deviation: float | None = None
    is_best: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One row of a board: a system under one protocol, over its seeds.

    `id` is unique on the board and safe in a file name and a link. `rank` is None for a published row, and for one
    without an average; rows that do not differ significantly share one. `without_english` and `gap` are means over
    tasks. `run`, `records` (paths relative to the board's folder) and `root` (the run's root hash) are "" for a
    published row, whose `source` says where it was printed. `created` is the latest time of its records.
    """

    id: str
    name: str
    track: str
    rank: int | None
    average: Shown
    groups: Mapping[str, Shown]
    tasks: Mapping[str, Shown]
    languages: Mapping[str, Mapping[str, Shown]]  # by task
    without_english: Shown
    gap: Shown
    model: str
    intermediate: str = "none"
    control: str | None = None
    method: str = "plain"
    recipe: str = ""
    seeds: tuple[int, ...] = ()
    signature: str = ""
    command: str = ""
    run: str = ""
    records: str = ""
    root: str = ""
    created: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_published(self) -> bool:
        """Printed elsewhere, not rerun here."""
        return bool(self.source)


@dataclass(frozen=True, kw_only=True)
class Standings:
    """A whole board. `rows` are in the order shown: by track, then rank, then the rest.

    `analyses` are those of runs that have any, by `Standing.run`: in leaderboard/analyses.py's forms, each of the
    curves with its `rows` (ids).
    """

    name: str
    title: str
    suite: str  # name.version
    groups: Mapping[str, tuple[str, ...]]  # group: tasks; one unnamed group where there is no grouping
    languages: Mapping[str, tuple[str, ...]]  # by task
    metrics: Mapping[str, tuple[str, ...]]  # the headline metrics of a task, whose mean is its figure
    tracks: tuple[str, ...]
    rows: tuple[Standing, ...]
    analyses: Mapping[str, Analyses] = field(default_factory=dict)
    hub: str = ""  # the Hub's data set that holds the board, owner/name; "": on no hub
    remarks: tuple[str, ...] = ()  # what a reader must know before comparing

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(task for tasks in self.groups.values() for task in tasks)

    def of_track(self, track: str) -> tuple[Standing, ...]:
        return tuple(row for row in self.rows if row.track == track)

    def as_json(self) -> dict[str, Any]:
        """Plain values for the board's JSON and its page."""
        return {**vars(self), "rows": [_row_json(row) for row in self.rows]}


def _row_json(row: Standing) -> dict[str, Any]:
    """As dataclasses.asdict has it, in a fraction of the time: a large board holds 160,000 figures."""
    shown = {name: _shown_json(getattr(row, name)) for name in ("average", "without_english", "gap")}
    tables = {name: _table_json(getattr(row, name)) for name in ("groups", "tasks")}
    languages = {task: _table_json(cells) for task, cells in row.languages.items()}
    return {**vars(row), **shown, **tables, "languages": languages}


def _table_json(figures: Mapping[str, Shown]) -> dict[str, dict[str, Any]]:
    return {name: _shown_json(shown) for name, shown in figures.items()}


def _shown_json(shown: Shown) -> dict[str, Any]:
    return {**vars(shown), "metrics": dict(shown.metrics)}
