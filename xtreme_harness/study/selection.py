"""Which point of a sweep stands in the tables: the best on the English dev part, for every series and task.

What selection on the targets' own dev data would have gained is told beside it: an oracle, never the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.leaderboard.averages import SOURCE
from xtreme_harness.records import Record
from xtreme_harness.study.arms import Point
from xtreme_harness.study.cells import Cell, Cells, Headlines, Series


@dataclass(frozen=True)
class Tried:
    """One run of a sweep with its cells; a study without one has a single run."""

    point: Point
    cells: Cells


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The point (counted from 0) of one series and task. `dev` are the English dev figures of all points.

    Where they are missing, or all the same, there is nothing to choose by, and the first point stands. `target_dev` are
    the figures on the languages' own dev parts, empty where there are none. `oracle` is the point that they would have
    chosen, `gain` what the test figure over all languages but English would have gained by it; None where a figure that
    it takes is missing.
    """

    place: int
    dev: tuple[float | None, ...]
    target_dev: tuple[float | None, ...] = ()
    oracle: int | None = None
    gain: float | None = None

    @property
    def is_chosen(self) -> bool:
        return None not in self.dev and len(set(self.dev)) > 1


def choose(tried: Sequence[Tried]) -> dict[tuple[Series, str], Choice]:
    """The choice of every series and task; each is tuned alike, the baseline too."""
    first = tried[0].cells
    return {(series, task): _choice(tried, series, task) for series in first.series for task in first.tasks}


def chosen_cells(tried: Sequence[Tried], choices: Mapping[tuple[Series, str], Choice]) -> Cells:
    """The cells of the chosen points."""
    table = {key: tried[choices[key.series, key.task].place].cells.table[key] for key in tried[0].cells.table}
    return Cells(table, tried[0].cells.headlines)


def _choice(tried: Sequence[Tried], series: Series, task: str) -> Choice:
    cells = [list(one.cells.of(series, task).values()) for one in tried]
    headlines = tried[0].cells.headlines
    dev = tuple(_mean([dev_figure(cell.record, headlines) for cell in of_point]) for of_point in cells)
    place = _best(dev) or 0
    target_dev = _target_figures(cells)
    oracle = _best(target_dev)
    gain = None if oracle is None else _gain(_foreign(cells[oracle]), _foreign(cells[place]))
    return Choice(place=place, dev=dev, target_dev=target_dev, oracle=oracle, gain=gain)


def _foreign(cells: Sequence[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.record["language"] != SOURCE]


def _best(figures: Sequence[float | None]) -> int | None:
    """The first of the highest; None where a point has no figure."""
    known = [figure for figure in figures if figure is not None]
    return known.index(max(known)) if known and len(known) == len(figures) else None


def _gain(ours: Sequence[Cell], theirs: Sequence[Cell]) -> float | None:
    best, chosen = (_mean([cell.figure.value for cell in cells]) for cells in (ours, theirs))
    return None if best is None or chosen is None else best - chosen


def _mean(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) / len(known) if known and len(known) == len(figures) else None


def dev_figure(record: Record, headlines: Headlines) -> float | None:
    """The English dev figure of the last training behind a cell that has one: the target's, else the intermediate's."""
    figures = phase_figures(record, "target", headlines) or phase_figures(record, "intermediate", headlines)
    return _mean(list(figures.values()))


def phase_figures(record: Record, role: str, headlines: Headlines) -> dict[str, float]:
    """The English dev figures of one phase by task; none where there is no such phase, or no dev part."""
    for phase in record["phases"]:
        if phase["role"] == role and (dev := phase.get("dev")):
            by_task = dev if len(phase["tasks"]) > 1 else {phase["tasks"][0]: dev}
            return {task: _headline(one, headlines.get(task, ())) for task, one in by_task.items() if one}
    return {}


def _headline(metrics: Mapping[str, float], names: Sequence[str]) -> float:
    """The mean of the headline metrics; of a task that is not known the first one, which is among them."""
    chosen = [float(metrics[name]) for name in names if name in metrics] or [float(next(iter(metrics.values())))]
    return sum(chosen) / len(chosen)


def _target_figures(points: Sequence[Sequence[Cell]]) -> tuple[float | None, ...]:
    """The mean of every point over the dev parts of the languages that have one, all points over the same ones."""
    found = [
        {
            (cell.record["row"], cell.record["language"]): _headline(metrics, cell.record["headline"])
            for cell in of_point
            if (metrics := cell.record.get("target_dev"))
        }
        for of_point in points
    ]
    having = dict.fromkeys(place for one in found for place in one)
    return tuple(_mean([one.get(place) for place in having]) for one in found) if having else ()
