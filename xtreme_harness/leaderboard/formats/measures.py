"""The figures of a row as a flat list: what the formats for other people's tools are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from xtreme_harness.leaderboard.remarks import NOT_COMPARABLE
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings

AVERAGE = "average"
LIBRARY = "xtreme-harness"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure with its metric. `name`: the average, a task, or `<task>.<language>`.

    `metric` joins the names of headline metrics whose mean the figure is by `+`. `is_headline` is False for what a cell
    shows beside its headline, which need not lie between 0 and 100.
    """

    name: str
    metric: str
    shown: Shown
    task: str = ""
    language: str = ""
    is_headline: bool = True

    @property
    def value(self) -> float:
        if self.shown.value is None:
            raise ValueError(f"{self.name} has no figure: {self.shown.state}")
        return self.shown.value


def exported(standings: Standings) -> Iterator[tuple[Standing, list[Measure]]]:
    """The rows that were run here, with their figures; a row without any is left out."""
    for row in standings.rows:
        found = [] if row.is_published else list(measures(row, standings))
        if found:
            yield row, found


def measures(row: Standing, standings: Standings) -> Iterator[Measure]:
    """Average, tasks, cells; what has a state in place of a figure is left out."""
    if row.average.value is not None:
        yield Measure(name=AVERAGE, metric=AVERAGE, shown=row.average)
    for task in standings.tasks:
        headline = "+".join(standings.metrics[task])
        if task in row.tasks and row.tasks[task].value is not None:
            yield Measure(name=task, metric=headline, shown=row.tasks[task], task=task)
        for language, shown in row.languages.get(task, {}).items():
            yield from _of_cell(task, language, headline, shown)


def _of_cell(task: str, language: str, headline: str, shown: Shown) -> Iterator[Measure]:
    if shown.value is None:
        return
    cell = Measure(name=f"{task}.{language}", metric=headline, shown=shown, task=task, language=language)
    yield cell
    for metric, value in shown.metrics.items():
        if metric != headline:
            yield replace(cell, metric=metric, shown=Shown(value=value), is_headline=False)


def not_comparable(measure: Measure, row: Standing, standings: Standings) -> list[str]:
    """The remarks of board and row by which a figure must not be compared with others; the average has all of them."""
    named = re.compile(rf"(?<![\w.-]){re.escape(measure.task)}(?![\w.-])")
    remarks = [one for one in (*standings.remarks, *row.notes) if one.startswith(NOT_COMPARABLE)]
    return [one for one in remarks if not measure.task or named.search(one)]


def library_version(row: Standing) -> str:
    """The version of the harness that made the row's records, as its signature says."""
    found = re.match(rf"{LIBRARY} (\S+)", row.signature)
    return found[1] if found else "unknown"
