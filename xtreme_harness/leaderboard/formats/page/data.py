"""What the page's scripts know: the standings and the facts of their languages, compact.

A cell is its state, or `[value, low, high, deviation, is best (1), each of the task's figures]` without what is empty
at the end. `Standings.as_json`, which repeats the keys in every cell, takes several times the time and room: 1,000 rows
of XTREME have 162,000 cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xtreme_harness.leaderboard.averages import SEVERITY, SOURCE
from xtreme_harness.leaderboard.formats.page.table import Column, codes, facts, records_link
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings

Cell = str | list[float | int | None]
FIELDS = (
    *("id", "name", "track", "rank", "model", "intermediate", "control", "method", "recipe", "seeds", "signature"),
    *("command", "run", "records", "root", "source", "notes"),
)
DIGITS = 1  # of what is only shown, as the table shows it; values stay whole, they are averaged again
DEVIATION_DIGITS = 2


def embedded(standings: Standings, shown: Sequence[Column]) -> dict[str, Any]:
    """Plain values: `columns` as (kind, name, title), `languages` by code, `analyses` by run, `rows`."""
    metrics = {task: _metrics(standings, task) for task in standings.tasks}
    return {
        "english": SOURCE,
        "severity": SEVERITY,
        "columns": [(column.kind, column.name, column.title) for column in shown],
        "groups": standings.groups,
        "tasks": {task: {"languages": standings.languages[task], "metrics": metrics[task]} for task in standings.tasks},
        "languages": {code: _language(code) for code in codes(standings)},
        "analyses": standings.analyses,
        "rows": [_row(row, standings, shown, metrics) for row in standings.rows],
    }


def _metrics(standings: Standings, task: str) -> list[str]:
    """The names of a task's figures in the order met; none where the one there is is the cell's value."""
    names = dict.fromkeys(
        name for row in standings.rows for cell in row.languages.get(task, {}).values() for name in cell.metrics
    )
    return [] if tuple(names) == tuple(standings.metrics[task]) and len(names) == 1 else list(names)


def _language(code: str) -> list[str | int | bool | None]:
    """[name, family, script, resource class, under-represented]; None where unknown."""
    found = facts(code)
    if found is None:
        return [code, None, None, None, None]
    return [found.name, found.family, found.script, found.joshi_class, found.xtreme_up_under_represented]


def _row(row: Standing, standings: Standings, shown: Sequence[Column], metrics: dict[str, list[str]]) -> dict[str, Any]:
    absent = Shown(value=None, state="not-published" if row.is_published else "skipped")
    known = {name: value for name in FIELDS if (value := getattr(row, name)) not in ("", None, ())}
    return known | {
        "link": records_link(row),
        "figures": [_cell(column.of(row)) for column in shown],
        "cells": [
            _cells((row.languages.get(task, {}).get(code, absent) for code in standings.languages[task]), metrics[task])
            for task in standings.tasks
        ],
    }


def _cells(cells: Iterable[Shown], metrics: Sequence[str]) -> list[Cell]:
    return [_cell(cell, metrics) for cell in cells]


def _cell(cell: Shown, metrics: Sequence[str] = ()) -> Cell:
    if cell.value is None:
        return cell.state
    interval = [None if bound is None else round(bound, DIGITS) for bound in (cell.low, cell.high)]
    deviation = None if cell.deviation is None else round(cell.deviation, DEVIATION_DIGITS)
    found = [cell.value, *interval, deviation, 1 if cell.is_best else None]
    found += [round(cell.metrics[name], DIGITS) if name in cell.metrics else None for name in metrics]
    while found[-1] is None:
        found.pop()
    return found
