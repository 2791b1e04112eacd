"""Which point of a sweep stands in the tables: the best on the English dev part, for every series and task.

What selection on the targets' own dev data would have gained is told beside it: an oracle, never the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.leaderboard.averages import SOURCE
from xtreme_harness.records import Record
from xtreme_harness.study.arms import Point
from xtreme_harness.study.cells import Cell, Cells, Series


@dataclass(frozen=True)
class Tried:
    """One run of a sweep with its cells; a study without one has a single run."""

    point: Point
    cells: Cells


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The point (counted from 0) of one series and task. `dev` are the English dev figures of all points.

    Without them there is nothing to choose by, and the first point stands. `oracle` is the point that the targets' own
    dev parts would have chosen, `gain` what the test figure would have gained by it: None where there are no such parts.
    """

    place: int
    dev: tuple[float | None, ...]
    oracle: int | None = None
    gain: float | None = None

    @property
    def is_chosen(self) -> bool:
        return None not in self.dev


def choose(tried: Sequence[Tried]) -> dict[tuple[Series, str], Choice]:
    """The choice of every series and task; each is tuned alike, the baseline too."""
    first = tried[0].cells
    return {(series, task): _choice(tried, series, task) for series in first.series for task in first.tasks}


def chosen_cells(tried: Sequence[Tried], choices: Mapping[tuple[Series, str], Choice]) -> Cells:
    """The cells of the chosen points."""
    table = {key: tried[choices[key.series, key.task].place].cells.table[key] for key in tried[0].cells.table}
    return Cells(table)


def _choice(tried: Sequence[Tried], series: Series, task: str) -> Choice:
    cells = [list(one.cells.of(series, task).values()) for one in tried]
    dev = tuple(_mean([dev_figure(cell.record) for cell in of_point]) for of_point in cells)
    place = _best(dev) or 0
    oracle = _best([_mean([target_figure(cell.record) for cell in _foreign(of_point)]) for of_point in cells])
    gain = None if oracle is None else _gain(_foreign(cells[oracle]), _foreign(cells[place]))
    return Choice(place=place, dev=dev, oracle=oracle, gain=gain)


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


def dev_figure(record: Record) -> float | None:
    """The English dev figure of the cell's last training that has one: the target's, or of a retrieval cell the
    intermediate's, whose tasks count alike."""
    for phase in reversed(record["phases"]):
        if dev := phase.get("dev"):
            return _headline(dev, record["headline"])
    return None


def _headline(dev: Mapping[str, Any], names: Sequence[str]) -> float | None:
    """The mean of the headline metrics where they are known, else of each task's first, which is its headline."""
    if any(isinstance(one, Mapping) for one in dev.values()):
        return _mean([_headline(one, names) for one in dev.values() if one])
    chosen = [float(dev[name]) for name in names if name in dev]
    return sum(chosen) / len(chosen) if chosen else float(next(iter(dev.values())))


def target_figure(record: Record) -> float | None:
    """The cell's figure on its own language's dev part; None where there is none."""
    metrics: Mapping[str, float] = record.get("target_dev") or {}
    return _headline(metrics, record["headline"]) if metrics else None
