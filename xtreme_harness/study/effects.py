"""The effects of a study: what a series of rows gains over its baseline, by task and group of languages.

A difference is taken cell by cell and seed by seed on the same items: paired by example, clustered by source item. Its
interval and its test speak for the items; what other seeds would give stands apart. An effect is put down to what an
intermediate task is about only if it is there against every control that was run too.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from xtreme_harness import stats
from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.leaderboard.averages import SOURCE, Figure, mean
from xtreme_harness.leaderboard.language_groups import grouped
from xtreme_harness.study.cells import Cell, Cells, Pair, Series

OVERVIEW = "languages"  # the table of whole tasks
EVERY = "all languages"
TRANSFER = "all but English"
AVERAGE = "average"


class Place(NamedTuple):
    """Where an effect stands: table (a grouping), line (a group and a series), column (a task, or the average).

    `against` names the control that the series is compared with; None: the baseline.
    """

    by: str
    group: str
    series: Series
    column: str
    against: str | None = None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A difference to the baseline or to a control, in the metric's points, or the state that stands in its place.

    `baseline` is the figure of what it is compared with. `detectable` is the smallest true difference that as many
    items show with 80 % power at 5 %. `p_value` is that of one test alone, `corrected` Holm's over the tests of its
    family. They and the interval are None where the metric gives no per-example values. `seeds` are the differences by
    seed, `deviation` their standard deviation. `own_data`: the intermediate trained on data of the target, or of one
    behind an average. `due_to_task`: the effect is significant against the baseline and, in the same direction, against
    every control that was run; None where none was.
    """

    state: str
    value: float | None = None
    baseline: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    p_value: float | None = None
    corrected: float | None = None
    seeds: tuple[float, ...] = ()
    deviation: float | None = None
    languages: tuple[str, ...] = ()
    own_data: bool = False
    due_to_task: bool | None = None

    @property
    def is_significant(self) -> bool:
        return self.corrected is not None and self.corrected <= 1 - stats.LEVEL

    def agrees(self, other: Effect) -> bool:
        """Whether both are significant in the same direction."""
        both = self.is_significant and other.is_significant
        return both and ((self.difference or 0) > 0) == ((other.difference or 0) > 0)


@dataclass(frozen=True, kw_only=True)
class _Difference:
    """An effect as it is computed: `estimate` holds resamples, which averages need and nothing keeps."""

    state: str
    value: float | None = None
    baseline: float | None = None
    estimate: stats.Estimate | None = None
    seeds: tuple[float, ...] = ()
    languages: tuple[str, ...] = ()

    def effect(self) -> Effect:
        if self.value is None or self.baseline is None:
            return Effect(state=self.state, languages=self.languages)
        plain = Effect(
            state=self.state,
            value=self.value,
            baseline=self.baseline,
            difference=self.value - self.baseline,
            seeds=self.seeds,
            deviation=stats.deviation(self.seeds),
            languages=self.languages,
        )
        if self.estimate is None:
            return plain
        low, high = self.estimate.interval()
        error = self.estimate.standard_error
        detectable = stats.detectable_difference(error) if error > 0 else None  # no item differs: nothing to go by
        return replace(plain, low=low, high=high, detectable=detectable, p_value=self.estimate.p_value)


def effects(cells: Cells, by: Sequence[str], resamples: int, swaps: int) -> dict[Place, Effect]:
    """Every effect of the overview and of each grouping of `by`, against the baseline and against controls."""
    groups = lines_of(cells, by)
    found: dict[Place, Effect] = {}
    for series in cells.series:
        for against in (cells.baseline(series), *cells.controls(series)):
            if against is not None:
                compared = {
                    task: _Compared.make(cells.of(series, task), cells.of(against, task), task, resamples, swaps)
                    for task in cells.tasks
                }
                own = {task for task in cells.tasks for one in (series, against) if cells.shares_data(one, task)}
                found |= _effects_of(series, against.control, compared, groups, own)
    return _held_against_controls(_corrected(found), cells)


def lines_of(cells: Cells, by: Sequence[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """{(table, group): languages}, the overview's first."""
    codes = tuple(dict.fromkeys(code for task in cells.tasks for code in cells.languages(task)))
    foreign = tuple(code for code in codes if code != SOURCE)
    groups = {(OVERVIEW, EVERY): codes, **({(OVERVIEW, TRANSFER): foreign} if foreign else {})}
    return groups | {(name, group): members for name in by for group, members in grouped(codes, name).items()}


def _effects_of(
    series: Series,
    against: str | None,
    compared: Mapping[str, _Compared],
    groups: Mapping[tuple[str, str], tuple[str, ...]],
    own: set[str],
) -> dict[Place, Effect]:
    """The effects of one series; `own` are the tasks whose data it, or what it is compared with, trained on before."""
    found: dict[Place, Effect] = {}
    for (by, group), codes in groups.items():
        of_tasks = {task: one.difference(codes) for task, one in compared.items() if set(codes) & set(one.languages)}
        for task, difference in of_tasks.items():
            found[Place(by, group, series, task, against)] = replace(difference.effect(), own_data=task in own)
        average = _average(list(of_tasks.values())).effect()
        found[Place(by, group, series, AVERAGE, against)] = replace(average, own_data=bool(own & of_tasks.keys()))
    return found


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Two series on a task: their cells by seed and language, and the resampled differences where both are ok."""

    ours: Mapping[Pair, Cell]
    theirs: Mapping[Pair, Cell]
    usable: Sequence[Pair]
    sample: stats.Sample | None

    @classmethod
    def make(
        cls, ours: Mapping[Pair, Cell], theirs: Mapping[Pair, Cell], task: str, resamples: int, swaps: int
    ) -> _Compared:
        usable = [pair for pair in ours if ours[pair].is_ok and theirs[pair].is_ok]
        try:
            mine, other = ([side[pair].values() for pair in usable] for side in (ours, theirs))
        except RequestError:  # a metric that gives its figure alone
            usable, mine, other = [], [], []
        seed = zlib.crc32(task.encode())  # tasks are drawn independently
        try:
            sample = stats.compare(mine, other, resamples, swaps, seed) if usable else None
        except RequestError as error:
            cells = ", ".join(ours[pair].name for pair in usable)
            raise DataError(ours[usable[0]].run, None, f"{error} The cells: {cells}") from None
        return cls(ours=ours, theirs=theirs, usable=usable, sample=sample)

    @cached_property
    def languages(self) -> list[str]:
        return list(dict.fromkeys(code for _, code in self.ours))

    def difference(self, codes: Sequence[str]) -> _Difference:
        """The difference of the means over those of the languages that the task has."""
        members = tuple(code for code in self.languages if code in codes)
        pairs = [pair for pair in self.ours if pair[1] in members]
        value, baseline = (mean(side[pair].figure for pair in pairs) for side in (self.ours, self.theirs))
        if value.value is None or baseline.value is None:
            return _Difference(state=mean([value, baseline]).state, languages=members)
        return _Difference(
            state="ok",
            value=value.value,
            baseline=baseline.value,
            estimate=self._estimate(pairs),
            seeds=tuple(self._by_seed(pairs)),
            languages=members,
        )

    def _estimate(self, pairs: Sequence[Pair]) -> stats.Estimate | None:
        if self.sample is None:
            return None
        return self.sample.estimate([1 / len(pairs) if pair in pairs else 0.0 for pair in self.usable])

    def _by_seed(self, pairs: Sequence[Pair]) -> Iterator[float]:
        for seed in dict.fromkeys(seed for seed, _ in pairs):
            figures = [
                [side[pair].figure.value or 0.0 for pair in pairs if pair[0] == seed]
                for side in (self.ours, self.theirs)
            ]
            yield (sum(figures[0]) - sum(figures[1])) / len(figures[0])


def _average(differences: Sequence[_Difference]) -> _Difference:
    """Over tasks; only where every one of them has a figure."""
    value, baseline = (
        mean(Figure(figure, one.state) for one, figure in zip(differences, figures, strict=True))
        for figures in ([one.value for one in differences], [one.baseline for one in differences])
    )
    if value.value is None or baseline.value is None:
        return _Difference(state=value.state)
    estimates = [one.estimate for one in differences if one.estimate is not None]
    return _Difference(
        state="ok",
        value=value.value,
        baseline=baseline.value,
        estimate=stats.average(estimates) if len(estimates) == len(differences) else None,
        seeds=tuple(sum(ones) / len(ones) for ones in zip(*(one.seeds for one in differences), strict=True)),
        languages=tuple(dict.fromkeys(code for one in differences for code in one.languages)),
    )


def families(found: Mapping[Place, Effect]) -> list[list[Place]]:
    """The tests that are corrected together: of a table's column those of the intermediates, of their controls, and of
    the intermediates against their controls.
    """
    tests: dict[tuple[Any, ...], list[Place]] = {}
    for place, effect in found.items():
        if effect.p_value is not None:
            which = (place.series.control is not None, place.against is not None)
            tests.setdefault((place.by, place.column, *which), []).append(place)
    return list(tests.values())


def _corrected(found: Mapping[Place, Effect]) -> dict[Place, Effect]:
    done = dict(found)
    for places in families(found):
        raw = [one for one in (found[place].p_value for place in places) if one is not None]
        for place, corrected in zip(places, stats.holm(raw), strict=True):
            done[place] = replace(found[place], corrected=corrected)
    return done


def _held_against_controls(found: Mapping[Place, Effect], cells: Cells) -> dict[Place, Effect]:
    """The effects of series that have controls, with the verdict whether they are due to what the task is about."""
    done = dict(found)
    for place, effect in found.items():
        if place.against is None and (controls := cells.controls(place.series)):
            others = [found[place._replace(against=one.control)] for one in controls]
            done[place] = replace(effect, due_to_task=all(effect.agrees(other) for other in others))
    return done
