"""The per-example values behind a board's rows, and what follows from them: intervals, and tests of two rows.

What was computed is kept in a cache by the hashes of the values, and looked up only where the values themselves are at
hand: a board is the same with and without the cache.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from xtreme_harness import stats
from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.leaderboard.averages import SOURCE
from xtreme_harness.leaderboard.board.cache import Cache
from xtreme_harness.leaderboard.board.series import Place, Series
from xtreme_harness.scores import read_scores, scored_cells
from xtreme_harness.unit import digest

REMEMBERED = 512  # cells whose values stay in memory
DIGITS = 4  # of an interval's bounds, so that a processor's rounding does not show
TOLERANCE = 1e-6  # between a record's figure and that of its values
Pair = tuple[str, str]  # a row's label (its seed) and a language


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row with the folder of its run; `languages` by task."""

    series: Series
    folder: Path
    languages: Mapping[str, Sequence[str]]

    @cached_property
    def at_hand(self) -> dict[str, list[Pair]]:
        """By task the seeds and languages whose values can be read."""
        found = {label: self._usable(label) for label in self.series.cells}
        return {
            task: [(label, code) for code in codes for label in found if (task, code) in found[label]]
            for task, codes in self.languages.items()
        }

    def _usable(self, label: str) -> set[Place]:
        cells = self.series.cells[label]
        places = scored_cells(self.folder, label) & cells.keys()
        return {place for place in places if cells[place].figure.value is not None and cells[place].scores is not None}

    def is_whole(self, task: str) -> bool:
        """Whether the values of all cells of the task are at hand."""
        wanted = len(self.languages[task]) * len(self.series.cells)
        return 0 < wanted == len(self.at_hand[task])

    @cached_property
    def keys(self) -> dict[str, str]:
        """By task the hash of the values at hand."""
        return {task: digest([self._key(task, *pair) for pair in pairs]) for task, pairs in self.at_hand.items()}

    def _key(self, task: str, label: str, code: str) -> list[Any]:
        cell = self.series.cells[label][task, code]
        return [label, code, cell.scores, cell.version.headline]

    def read(self, task: str, label: str, code: str) -> stats.Values:
        """Raises DataError where the values do not give the record's figure, RequestError where they give none."""
        cell = self.series.cells[label][task, code]
        rows = read_scores(self.folder, {"row": label, "task": task, "language": code})
        try:
            values = stats.values_of(rows or [], cell.version.headline)
            found = stats.figure(values)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._changed(label, task, code, f"the per-example values are damaged ({error!r})") from None
        if not math.isclose(found, cell.figure.value or 0.0, abs_tol=TOLERANCE):
            said = f"the record says {cell.figure.text(2)}, its per-example values {found:.2f}"
            raise self._changed(label, task, code, said)
        return values

    def _changed(self, label: str, task: str, code: str, what: str) -> DataError:
        return DataError(
            self.folder, None, f"{label} {task} {code}: {what}; `leaderboard verify` tells what was changed"
        )


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """The estimates of a task: of its languages, and of their means where all of them are at hand."""

    languages: Mapping[str, stats.Estimate] = field(default_factory=dict)
    whole: stats.Estimate | None = None
    without_english: stats.Estimate | None = None
    gap: stats.Estimate | None = None


class Evidence:
    """Intervals and tests of the rows of a board, by the rows' ids."""

    def __init__(self, rows: Mapping[str, Row], groups: Mapping[str, Sequence[str]], cache: Cache) -> None:
        self.rows, self.groups, self.cache = rows, groups, cache
        self._values = lru_cache(REMEMBERED)(lambda name, task, *pair: self.rows[name].read(task, *pair))
        self._differences = lru_cache(REMEMBERED // 2)(self._difference)

    def intervals(self, name: str) -> dict[str, Any] | None:
        """Of all figures of a row, as `seeds` reads them; None where no values are at hand."""
        row = self.rows[name]
        if not any(row.at_hand.values()):
            return None
        key = digest(["intervals", row.keys, self.groups, row.languages])
        found: dict[str, Any] = self.cache.get(key, lambda: self._intervals(name))
        return found

    def _intervals(self, name: str) -> dict[str, Any]:
        row = self.rows[name]
        tasks = {task: self._drawn(name, task) for task, pairs in row.at_hand.items() if pairs}
        every = list(row.languages)
        english = [task for task, codes in row.languages.items() if SOURCE in codes]
        return {
            "languages": {task: _bounds(drawn.languages) for task, drawn in tasks.items()},
            "tasks": _bounds({task: drawn.whole for task, drawn in tasks.items()}),
            "groups": _bounds({group: _average(tasks, "whole", members) for group, members in self.groups.items()}),
            "average": _bound(_average(tasks, "whole", every)),
            "without_english": _bound(_average(tasks, "without_english", every)),
            "gap": _bound(_average(tasks, "gap", english)),
        }

    def _drawn(self, name: str, task: str) -> _Drawn:
        row, pairs = self.rows[name], self.rows[name].at_hand[task]
        try:
            values = [self._values(name, task, *pair) for pair in pairs]
        except RequestError:  # a metric that gives its figure alone
            return _Drawn()
        drawn = stats.sample(values, seed=zlib.crc32(task.encode()))  # tasks are drawn independently
        seeds = len(row.series.cells)
        codes = [code for code in row.languages[task] if sum(other == code for _, other in pairs) == seeds]
        languages = {code: drawn.estimate(_weights(pairs, [code])) for code in codes}
        return _whole(drawn, pairs, codes, languages) if row.is_whole(task) else _Drawn(languages=languages)

    def p_value(self, tasks: Sequence[str], ours: str, theirs: str) -> float | None:
        """Two-sided, of the means over `tasks`; None where the two rows cannot be paired by example in all of them."""
        if not all(self.rows[name].is_whole(task) for name in (ours, theirs) for task in tasks):
            return None
        key = digest(["pair", *([self.rows[name].keys[task] for task in tasks] for name in (ours, theirs))])
        found: float | None = self.cache.get(key, lambda: self._p_value(tasks, ours, theirs))
        return found

    def _p_value(self, tasks: Sequence[str], ours: str, theirs: str) -> float | None:
        estimates = [self._differences(ours, theirs, task) for task in tasks]
        found = [one for one in estimates if one is not None]
        return stats.average(found).tail_p_value if len(found) == len(tasks) else None

    def _difference(self, ours: str, theirs: str, task: str) -> stats.Estimate | None:
        """Seeds stand beside each other as often as it takes for each to count alike. None where items differ."""
        labels = [list(self.rows[name].series.cells) for name in (ours, theirs)]
        beside = range(math.lcm(*map(len, labels)))
        try:
            mine, other = (
                [
                    self._values(name, task, own[k % len(own)], code)
                    for code in self.rows[name].languages[task]
                    for k in beside
                ]
                for name, own in zip((ours, theirs), labels, strict=True)
            )
            return stats.compare(mine, other, 1, seed=zlib.crc32(task.encode())).estimate()
        except RequestError:
            return None


def _weights(pairs: Sequence[Pair], codes: Sequence[str]) -> list[float]:
    """Those of a mean over the pairs with one of `codes`."""
    chosen = [code in codes for _, code in pairs]
    return [one / sum(chosen) for one in chosen]


def _whole(
    drawn: stats.Sample, pairs: Sequence[Pair], codes: Sequence[str], languages: Mapping[str, stats.Estimate]
) -> _Drawn:
    foreign = [code for code in codes if code != SOURCE]
    others = _weights(pairs, foreign) if foreign else None
    english = _weights(pairs, [SOURCE]) if SOURCE in codes else None
    apart = [one - other for one, other in zip(english, others, strict=True)] if english and others else None
    return _Drawn(
        languages=languages,
        whole=drawn.estimate(),
        without_english=drawn.estimate(others) if others else None,
        gap=drawn.estimate(apart) if apart else None,
    )


def _average(tasks: Mapping[str, _Drawn], name: str, members: Sequence[str]) -> stats.Estimate | None:
    """Over `members`; None where one of them has no estimate."""
    found = [getattr(tasks[task], name) for task in members if task in tasks]
    return stats.average(found) if found and None not in found and len(found) == len(members) else None


def _bounds(estimates: Mapping[str, stats.Estimate | None]) -> dict[str, list[float] | None]:
    return {name: _bound(estimate) for name, estimate in estimates.items()}


def _bound(estimate: stats.Estimate | None) -> list[float] | None:
    return None if estimate is None else [round(bound, DIGITS) for bound in estimate.interval()]
