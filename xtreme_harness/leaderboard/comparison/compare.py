"""Two rows, of one run or of two, on the same items: what differs, by how much, and which examples flipped.

A difference is B less A. Cells are compared only where both have values of the same items: an unpaired test would be
wrong. Everything comes from records and per-example values; no model, no data.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xtreme_harness import stats
from xtreme_harness.errors import RequestError
from xtreme_harness.leaderboard.averages import Figure, cell_figure, mean
from xtreme_harness.leaderboard.comparison.differences import Difference, Place, differences
from xtreme_harness.leaderboard.comparison.matching import Row
from xtreme_harness.records import Record

AVERAGE = "average"
MCNEMAR, RANDOMISATION = "McNemar", "randomisation"
TEST_DATA = ("test", "gold")
NOTHING_WRONG = 100.0  # the figure of an example where nothing was to be found, and nothing was
TOLERANCE = 0.01  # points between a record's figure and that of its values


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What a figure of B is more than that of A. `p_value` is that of one test, `corrected` Holm's over its table.

    `why`: there is no interval, and this is the reason. No difference where a side has no figure.
    """

    task: str
    language: str = ""
    a: Figure
    b: Figure
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    corrected: float | None = None
    test: str = ""
    why: str = ""

    @property
    def difference(self) -> float | None:
        return None if self.a.value is None or self.b.value is None else self.b.value - self.a.value

    @property
    def is_significant(self) -> bool:
        return self.corrected is not None and self.corrected <= 1 - stats.LEVEL

    def with_estimate(self, estimate: stats.Estimate, mcnemar: float | None = None) -> Delta:
        low, high = estimate.interval()
        if mcnemar is None:
            return replace(self, low=low, high=high, p_value=estimate.p_value, test=RANDOMISATION)
        return replace(self, low=low, high=high, p_value=mcnemar, test=MCNEMAR)


@dataclass(frozen=True, kw_only=True)
class Flips:
    """The examples of a cell that are scored higher on one side; `ids` are the first of them.

    `is_right_or_wrong`: right on one side and wrong on the other. Else the example's figure is another, such as its F1.
    """

    task: str
    language: str
    is_right_or_wrong: bool
    better_in_a: int
    better_in_b: int
    same: int
    ids_a: tuple[str, ...]
    ids_b: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`average` is None for one task; `only_a`, `only_b` are cells that the other has not, which count nowhere."""

    a: Row
    b: Row
    differences: Sequence[Difference]
    average: Delta | None
    tasks: Sequence[Delta]
    cells: Sequence[Delta]
    flips: Sequence[Flips]
    only_a: Sequence[Place]
    only_b: Sequence[Place]


def compare(a: Row, b: Row, most_flips: int) -> Comparison:
    """Compares the cells that both rows have, and keeps `most_flips` ids a cell and side; RequestError without any."""
    places = [place for place in a.records if place in b.records]
    if not places:
        raise RequestError(f"{a.label} of {a.folder} and {b.label} of {b.folder} have no task and language in common.")
    pairs = {place: _pair(a, b, place) for place in places}
    tasks = [
        _Task.make(task, {place: pairs[place] for place in places if place[0] == task})
        for task in dict.fromkeys(task for task, _ in places)
    ]
    return Comparison(
        a=a,
        b=b,
        differences=differences(a.records, b.records),
        average=_average([one.delta for one in tasks], [one.estimate for one in tasks]),
        tasks=_corrected([one.delta for one in tasks]),
        cells=_corrected([delta for one in tasks for delta in one.cells]),
        flips=[_flips(place, *pair.values, most_flips) for place, pair in pairs.items() if pair.values is not None],
        only_a=[place for place in a.records if place not in b.records],
        only_b=[place for place in b.records if place not in a.records],
    )


@dataclass(frozen=True)
class _Pair:
    """One cell of both sides: its figures, and the values of A and B on the same items, or why there are none."""

    place: Place
    a: Figure
    b: Figure
    values: tuple[stats.Values, stats.Values] | None = None
    why: str = ""

    @property
    def delta(self) -> Delta:
        return Delta(task=self.place[0], language=self.place[1], a=self.a, b=self.b, why=self.why)

    def mcnemar(self) -> float | None:
        """Its p value, where items are independent and each is right or wrong."""
        if self.values is None or not all(_is_right_or_wrong(one) and _is_independent(one) for one in self.values):
            return None
        return stats.mcnemar(self.values[1], self.values[0])


def _pair(a: Row, b: Row, place: Place) -> _Pair:
    first, second = a.records[place], b.records[place]
    pair = _Pair(place, cell_figure(first), cell_figure(second))
    if pair.a.value is None or pair.b.value is None:
        return pair
    if why := _other_test(first, second):
        return replace(pair, why=why)
    try:
        ours, theirs = a.values(place), b.values(place)
    except RequestError as error:
        return replace(pair, why=str(error))
    if ours is None or theirs is None:
        return replace(pair, why=f"{'A' if ours is None else 'B'} has no per-example values at hand")
    if why := _other_items(ours, theirs) or _other_figure("A", pair.a, ours) or _other_figure("B", pair.b, theirs):
        return replace(pair, why=why)
    return replace(pair, values=(ours, theirs))


def _other_test(first: Record, second: Record) -> str:
    """Why two cells were not asked the same, as their records say."""
    if first["headline"] != second["headline"]:
        return "other metrics"
    if first["task_version"] != second["task_version"]:
        return "another version of the task"
    changed = [role for role in TEST_DATA if first["data"].get(role) != second["data"].get(role)]
    return f"other data ({', '.join(changed)})" if changed else ""


def _other_items(ours: stats.Values, theirs: stats.Values) -> str:
    mine, other = ours.items, theirs.items
    if mine != other:
        return f"other items: {len(mine & other)} of {len(mine | other)} are in both"
    return "" if mine else "no items"


def _other_figure(side: str, told: Figure, values: stats.Values) -> str:
    """Values that were edited, or are another run's, say nothing about the record."""
    found = stats.figure(values)
    if told.value is not None and abs(found - told.value) < TOLERANCE:
        return ""
    return f"{side}'s per-example values give {found:.2f} and its record {told.text(2)} (see `leaderboard verify`)"


def _is_right_or_wrong(values: stats.Values) -> bool:
    top, bottom = values.parts
    return top.shape[1] == 1 and bool((bottom == 1).all()) and bool(np.isin(top, (0.0, 100.0)).all())


def _is_independent(values: stats.Values) -> bool:
    return len(set(values.groups)) == len(values.ids)


def _by_item(values: stats.Values) -> dict[str, float]:
    """Each example's own figure; where nothing was to be found and nothing was, it is right."""
    top, bottom = values.parts
    figures = np.divide(top, bottom, out=np.full(top.shape, NOTHING_WRONG), where=bottom != 0).mean(axis=1)
    return dict(zip(values.ids, figures.tolist(), strict=True))


def _flips(place: Place, ours: stats.Values, theirs: stats.Values, most: int) -> Flips:
    first, second = _by_item(ours), _by_item(theirs)
    gains = {
        item: second.get(item, NOTHING_WRONG) - first.get(item, NOTHING_WRONG)
        for item in dict.fromkeys([*first, *second])
    }
    lost = [item for item, gain in gains.items() if gain < -stats.ROUNDING]
    gained = [item for item, gain in gains.items() if gain > stats.ROUNDING]
    return Flips(
        task=place[0],
        language=place[1],
        is_right_or_wrong=_is_right_or_wrong(ours) and _is_right_or_wrong(theirs),
        better_in_a=len(lost),
        better_in_b=len(gained),
        same=len(gains) - len(lost) - len(gained),
        ids_a=tuple(lost[:most]),
        ids_b=tuple(gained[:most]),
    )


@dataclass(frozen=True)
class _Task:
    """The differences of one task. `estimate` holds the resamples that the average needs; None without an interval."""

    delta: Delta
    cells: Sequence[Delta]
    estimate: stats.Estimate | None

    @classmethod
    def make(cls, task: str, pairs: Mapping[Place, _Pair]) -> _Task:
        usable = [(place, pair.values) for place, pair in pairs.items() if pair.values is not None]
        delta = Delta(task=task, a=mean(pair.a for pair in pairs.values()), b=mean(pair.b for pair in pairs.values()))
        if not usable:
            return cls(_without_interval(delta, pairs.values()), [pair.delta for pair in pairs.values()], None)
        sample = stats.compare(
            [values[1] for _, values in usable],
            [values[0] for _, values in usable],
            seed=zlib.crc32(task.encode()),  # tasks are drawn independently
        )
        order = [place for place, _ in usable]
        cells = [_cell(pair, sample, order) for pair in pairs.values()]
        if len(usable) < len(pairs):
            return cls(_without_interval(delta, pairs.values()), cells, None)
        estimate = sample.estimate()
        return cls(delta.with_estimate(estimate), cells, estimate)


def _cell(pair: _Pair, sample: stats.Sample, order: Sequence[Place]) -> Delta:
    if pair.place not in order:
        return pair.delta
    only = [float(place == pair.place) for place in order]
    return pair.delta.with_estimate(sample.estimate(only), pair.mcnemar())


def _without_interval(delta: Delta, parts: Iterable[_Pair | Delta]) -> Delta:
    """A mean over parts of which one has no interval; a missing figure says enough by its state."""
    if delta.difference is None:
        return delta
    whys = dict.fromkeys(part.why for part in parts if part.why)
    return replace(delta, why="; ".join(whys))


def _average(deltas: Sequence[Delta], estimates: Sequence[stats.Estimate | None]) -> Delta | None:
    """Over tasks: XTREME's average is the mean of the tasks' means."""
    if len(deltas) < 2:
        return None
    delta = Delta(task=AVERAGE, a=mean(one.a for one in deltas), b=mean(one.b for one in deltas))
    found = [one for one in estimates if one is not None]
    if len(found) < len(estimates):
        return _without_interval(delta, deltas)
    average = delta.with_estimate(stats.average(found))
    return replace(average, corrected=average.p_value)  # one test of its own


def _corrected(deltas: Sequence[Delta]) -> list[Delta]:
    """With Holm's correction over all tests of the table."""
    raw = [one.p_value for one in deltas if one.p_value is not None]
    corrected = iter(stats.holm(raw))
    return [one if one.p_value is None else replace(one, corrected=next(corrected)) for one in deltas]
