"""The figures of a board's row over its seeds: means, and how far seeds lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xtreme_harness.leaderboard.averages import Aggregates, Figure, aggregated, mean
from xtreme_harness.leaderboard.board.series import Cell, Series
from xtreme_harness.leaderboard.standings import Shown
from xtreme_harness.stats import deviation

SKIPPED = Figure(None, "skipped")
Intervals = Mapping[str, Any]  # by the fields of Figures: [low, high], or a table of them; null where there is none


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a row shows; `languages` by task."""

    languages: Mapping[str, Mapping[str, Shown]]
    tasks: Mapping[str, Shown]
    groups: Mapping[str, Shown]
    average: Shown
    without_english: Shown
    gap: Shown


def figures_of(series: Series, languages: Mapping[str, Sequence[str]], groups: Mapping[str, Sequence[str]]) -> Figures:
    """Means over the seeds of `series`; where one seed has no figure there is none. `languages` by task."""
    rows = [
        {task: {code: _figure(cells.get((task, code))) for code in codes} for task, codes in languages.items()}
        for cells in series.cells.values()
    ]
    found = [aggregated(figures, groups) for figures in rows]
    return Figures(
        languages={
            task: {code: _over_seeds([row[task][code] for row in rows], _metrics(series, task, code)) for code in codes}
            for task, codes in languages.items()
        },
        tasks=_table(found, "tasks"),
        groups=_table(found, "groups"),
        average=_over_seeds([one.average for one in found]),
        without_english=_over_seeds([mean(one.without_english.values()) for one in found]),
        gap=_over_seeds([mean(one.gaps.values()) for one in found]),
    )


def _figure(cell: Cell | None) -> Figure:
    return SKIPPED if cell is None else cell.figure


def _table(found: Sequence[Aggregates], table: str) -> dict[str, Shown]:
    tables = [getattr(one, table) for one in found]
    return {name: _over_seeds([figures[name] for figures in tables]) for name in tables[0]}


def _over_seeds(figures: Sequence[Figure], metrics: Mapping[str, float] | None = None) -> Shown:
    whole = figures[0] if len(figures) == 1 else mean(figures)
    if whole.value is None:
        return Shown(value=None, state=whole.state, metrics=metrics or {})
    apart = deviation([figure.value or 0.0 for figure in figures])
    return Shown(value=whole.value, deviation=apart, metrics=metrics or {})


def _metrics(series: Series, task: str, code: str) -> dict[str, float]:
    """The means of those metrics that every seed has."""
    found = [cells[task, code].metrics if (task, code) in cells else {} for cells in series.cells.values()]
    if len(found) == 1:
        return dict(found[0])
    shared = [name for name in found[0] if all(name in metrics for metrics in found)]
    return {name: sum(metrics[name] for metrics in found) / len(found) for name in shared}


def with_intervals(figures: Figures, intervals: Intervals) -> Figures:
    """Intervals stand only beside a figure."""
    return Figures(
        languages={
            task: _bounded(cells, intervals["languages"].get(task, {})) for task, cells in figures.languages.items()
        },
        tasks=_bounded(figures.tasks, intervals["tasks"]),
        groups=_bounded(figures.groups, intervals["groups"]),
        average=_within(figures.average, intervals["average"]),
        without_english=_within(figures.without_english, intervals["without_english"]),
        gap=_within(figures.gap, intervals["gap"]),
    )


def _bounded(shown: Mapping[str, Shown], bounds: Mapping[str, Sequence[float]]) -> dict[str, Shown]:
    return {name: _within(one, bounds.get(name)) for name, one in shown.items()}


def _within(shown: Shown, bounds: Sequence[float] | None) -> Shown:
    if bounds is None or shown.value is None:
        return shown
    return replace(shown, low=bounds[0], high=bounds[1])
