"""Intervals and tests from stored per-example values: for studies, boards and comparisons. NumPy only; opens no file.

Every figure is a ratio of two sums over examples (F1 is 2 hits / (predicted + gold), a mean is values / examples), so a
resample of any number of cells is one product of matrices. Examples are drawn in clusters: those of one group stand or
fall together, and examples that several languages have under one id are translations of one item and are drawn together
in all of them. Drawn one by one they would make the interval of an average over XNLI's languages several times too
narrow. Languages that only number their examples alike are tied as well; their residuals do not go together, so nothing
changes but the noise.

Efron and Tibshirani 1993 (percentile interval), Noreen 1989 (approximate randomisation), McNemar 1947, Holm 1979.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import RequestError

LEVEL = 0.95
POWER = 0.8
RESAMPLES = 1_000
SWAPS = 10_000
BLOCK = 1 << 22  # numbers in memory at once: resamples are made a block at a time
ROUNDING = 1e-9  # differences closer than this are equal

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Seed = int | Sequence[int]

# metric: what is summed above and below the line, with its factor; other metrics are means of a value of their name
COUNTS: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]] = {
    "f1": ({"hits": 200.0}, {"predicted": 1.0, "gold": 1.0}),
    "precision": ({"hits": 100.0}, {"predicted": 1.0}),
    "recall": ({"hits": 100.0}, {"gold": 1.0}),
    "token_accuracy": ({"right": 100.0}, {"tokens": 1.0}),
}
PAIR_COUNTS = {"id", "hits", "predicted", "gold"}  # rows that list what was found, not what was asked


@dataclass(frozen=True)
class Values:
    """The examples of one cell: ids, groups (the id where there is none), and what each adds above and below the line.

    `parts` is [2, examples, metrics]. `empty` [metrics] is the figure of nothing at all: none for a mean, 0 for counts,
    as the scorers have it. `invented` are the ids that are there only because the system predicted something: a mined
    pair whose sentence has no translation. Another system need not have them, where they count nothing.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    parts: Floats
    empty: Floats
    invented: frozenset[str] = frozenset()

    @property
    def items(self) -> frozenset[str]:
        """The ids of the data's own items, which every system has."""
        return frozenset(self.ids) - self.invented


def values_of(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> Values:
    """The examples of a `<language>.scores.jsonl` under `metrics`, whose mean is the cell's figure.

    Raises RequestError for a metric that does not follow from the values of every row.
    """
    lines = [_top_and_bottom(rows, metric) for metric in metrics]
    return Values(
        ids=tuple(str(row["id"]) for row in rows),
        groups=tuple(str(row.get("group", row["id"])) for row in rows),
        parts=np.stack([np.stack([line[side] for line in lines], axis=1) for side in (0, 1)]),
        empty=np.array([empty for _, _, empty in lines]),
        invented=frozenset(str(row["id"]) for row in rows if row.keys() <= PAIR_COUNTS and not row["gold"]),
    )


def _top_and_bottom(rows: Sequence[Mapping[str, Any]], metric: str) -> tuple[Floats, Floats, float]:
    """A value under the metric's own name is averaged; else the metric is one of counts."""
    try:
        if metric not in COUNTS or (rows and metric in rows[0]):
            return _summed(rows, {metric: 1.0}), np.ones(len(rows)), math.nan
        top, bottom = COUNTS[metric]
        return _summed(rows, top), _summed(rows, bottom), 0.0
    except KeyError as missing:
        raise RequestError(f"No interval for {metric}: its scores hold no per-example {missing}.") from None


def _summed(rows: Sequence[Mapping[str, Any]], factors: Mapping[str, float]) -> Floats:
    """[examples] the weighted sum of some columns."""
    columns = (factor * np.fromiter((row[name] for row in rows), float, len(rows)) for name, factor in factors.items())
    total: Floats = np.sum(list(columns), axis=0)
    return total


def figure(values: Values) -> float:
    """The cell's figure, as the task's scorers have it."""
    return float(_figures(values.parts.sum(axis=1), values.empty))


@dataclass(frozen=True)
class Estimate:
    """A figure with its uncertainty; `draws` are its resamples, `null` what swapping the two systems made of it."""

    value: float
    standard_error: float
    draws: Floats
    null: Floats | None = None

    def interval(self) -> tuple[float, float]:
        """The percentile interval of the resamples, at LEVEL."""
        low, high = np.nanquantile(self.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(low), float(high)

    @property
    def p_value(self) -> float:
        """Two-sided, by approximate randomisation: how often swapped systems differ at least as much."""
        if self.null is None:
            raise ValueError("one system alone has no p value")
        extreme = int((np.abs(self.null) >= abs(self.value) - ROUNDING).sum())
        return (1 + extreme) / (1 + len(self.null))

    @property
    def tail_p_value(self) -> float:
        """As p_value; where no swap differs as much, by a normal distribution with the swaps' variance.

        For corrections over more tests than swaps resolve.
        """
        if self.null is None or self.p_value * (1 + len(self.null)) > 1.5:
            return self.p_value
        spread = math.sqrt(2 * float(self.null @ self.null) / len(self.null))
        return min(self.p_value, math.erfc(abs(self.value) / spread))


@dataclass(frozen=True)
class Sample:
    """Figures of the cells of one task, or differences of two systems in them, resampled together.

    `figures` [cells], `draws` [resamples, cells], `influence` [clusters, cells] (what a cluster adds to the figure, to
    first order), `null` [swaps, cells].
    """

    figures: Floats
    draws: Floats
    influence: Floats
    null: Floats | None = None

    def estimate(self, weights: Sequence[float] | None = None) -> Estimate:
        """The mean of the cells, or their sum under `weights`: one cell, some languages, English less the others."""
        cells = len(self.figures)
        given = np.full(cells, 1 / cells) if weights is None else np.asarray(weights, dtype=float)
        used = np.flatnonzero(given)
        chosen = given[used]
        return Estimate(
            value=float(self.figures[used] @ chosen),
            standard_error=_standard_error(self.influence[:, used] @ chosen),
            draws=self.draws[:, used] @ chosen,
            null=None if self.null is None else self.null[:, used] @ chosen,
        )


def sample(cells: Sequence[Values], resamples: int = RESAMPLES, seed: Seed = 0) -> Sample:
    """Resamples the cells of one task together: languages of one system, or of several on the same items."""
    sums = _by_cluster(cells)
    return Sample(sums.figures, sums.resampled(resamples, seed), sums.influence)


def compare(
    ours: Sequence[Values], theirs: Sequence[Values], resamples: int = RESAMPLES, swaps: int = SWAPS, seed: Seed = 0
) -> Sample:
    """The differences of two systems, cell by cell, on the same items: paired bootstrap and approximate randomisation.

    Clusters are resampled for both systems together, and swapped between them with all their languages. Raises
    RequestError where a cell of one has other items than that of the other: an unpaired comparison would be wrong.
    """
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        _check_paired(mine, other, number)
    sums = _by_cluster([*ours, *theirs])
    half = len(ours)
    draws, influence = sums.resampled(resamples, seed), sums.influence
    return Sample(
        figures=sums.figures[:half] - sums.figures[half:],
        draws=draws[:, :half] - draws[:, half:],
        influence=influence[:, :half] - influence[:, half:],
        null=sums.swapped(swaps, seed),
    )


def _check_paired(mine: Values, other: Values, number: int) -> None:
    if mine.ids == other.ids:
        return
    ours, theirs = mine.items, other.items
    if ours != theirs:
        raise RequestError(
            f"Two systems cannot be compared: in cell {number} they share {len(ours & theirs)} of "
            f"{len(ours | theirs)} items. Score both on the same items."
        )


@dataclass(frozen=True)
class _Sums:
    """Sums over the examples of each cluster: `parts` [2, clusters, cells, metrics], `empty` [cells, metrics]."""

    parts: Floats
    empty: Floats

    @property
    def clusters(self) -> int:
        return int(self.parts.shape[1])

    @property
    def figures(self) -> Floats:
        return _figures(self.parts.sum(axis=1), self.empty)

    @property
    def influence(self) -> Floats:
        """[clusters, cells] by linearisation of the ratios (the delta method)."""
        total = self.parts.sum(axis=1)
        residuals = self.parts[0] - _ratios(total, self.empty) * self.parts[1]
        return _figures(np.stack([residuals, np.broadcast_to(total[1], residuals.shape)]), np.zeros_like(self.empty))

    def weighted(self, weights: Floats) -> Floats:
        """[2, rows, cells, metrics] sums over the clusters under each row of `weights` [rows, clusters]."""
        rows, (_, clusters, *rest) = len(weights), self.parts.shape
        summed: Floats = weights @ self.parts.reshape(2, clusters, -1)
        return summed.reshape(2, rows, *rest)

    def resampled(self, resamples: int, seed: Seed) -> Floats:
        """[resamples, cells] figures of as many clusters as there are, drawn with replacement."""
        generator = np.random.default_rng(seed)
        made = []
        for size in _blocks(resamples, self.clusters):
            drawn = (generator.integers(0, self.clusters, size=self.clusters) for _ in range(size))
            counts = np.stack([np.bincount(one, minlength=self.clusters) for one in drawn])
            made.append(_figures(self.weighted(counts.astype(float)), self.empty))
        return np.concatenate(made)

    def swapped(self, swaps: int, seed: Seed) -> Floats:
        """[swaps, cells / 2] differences of the first half of the cells and the second, clusters swapped by lot."""
        generator = np.random.default_rng([1, *np.atleast_1d(seed)])  # other numbers than the resamples were drawn by
        half = self.parts.shape[2] // 2
        apart = _Sums(self.parts[:, :, half:] - self.parts[:, :, :half], self.empty[:half])
        total = self.parts.sum(axis=1)[:, None]
        made = []
        for size in _blocks(swaps, self.clusters):
            moved = apart.weighted(generator.integers(0, 2, size=(size, self.clusters), dtype=np.int8).astype(float))
            ours = _figures(total[:, :, :half] + moved, self.empty[:half])
            made.append(ours - _figures(total[:, :, half:] - moved, self.empty[half:]))
        return np.concatenate(made)


def _blocks(wanted: int, width: int) -> Iterator[int]:
    """Sizes of the blocks in which `wanted` rows of `width` numbers are made."""
    most = max(1, BLOCK // width)
    while wanted > 0:
        yield min(most, wanted)
        wanted -= most


def _figures(parts: Floats, empty: Floats) -> Floats:
    """[..., cells] the mean of the metrics, from sums above and below the line [2, ..., cells, metrics]."""
    mean: Floats = _ratios(parts, empty).mean(axis=-1)
    return mean


def _ratios(parts: Floats, empty: Floats) -> Floats:
    out = np.broadcast_to(empty, parts.shape[1:]).copy()
    np.divide(parts[0], parts[1], out=out, where=parts[1] != 0)
    return out


def _by_cluster(cells: Sequence[Values]) -> _Sums:
    numbers, clusters = cluster_numbers(cells)
    parts = np.zeros((2, clusters, len(cells), cells[0].parts.shape[2]))
    for place, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
        for side in (0, 1):
            np.add.at(parts[side, :, place], number, cell.parts[side])
    return _Sums(parts, np.stack([cell.empty for cell in cells]))


def cluster_numbers(cells: Sequence[Values]) -> tuple[list[Numbers], int]:
    """The cluster of every example of every cell, and how many there are.

    Two examples are in one cluster when they have the same id, or the same group within a cell, or through others:
    XQuAD's questions by paragraph and language, whose paragraphs are numbered in each language apart.
    """
    items: dict[str, int] = {}
    groups: dict[tuple[int, str], int] = {}
    by_item, by_group = [], []
    same: dict[tuple[tuple[str, ...], ...], int] = {}  # cells of several systems: their groups are the same
    for cell in cells:
        apart = same.setdefault((cell.ids, cell.groups), len(same))
        by_item += [items.setdefault(one, len(items)) for one in cell.ids]
        by_group += [groups.setdefault((apart, one), len(groups)) for one in cell.groups]
    labels = _components(np.array(by_item), np.array(by_group))
    return np.split(labels, np.cumsum([len(cell.ids) for cell in cells])[:-1]), int(labels.max()) + 1


def _components(*keys: Numbers) -> Numbers:
    """[n] numbers from 0: the same for two elements that share a key of any kind, directly or through others."""
    labels = np.arange(len(keys[0]))
    while True:
        before = labels
        for key in keys:
            least = np.full(int(key.max()) + 1, len(labels))
            np.minimum.at(least, key, labels)
            labels = least[key]
        if np.array_equal(labels, before):
            return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _standard_error(influence: Floats) -> float:
    """Of a figure whose clusters add `influence` [clusters]; for a mean of single examples s / sqrt(n)."""
    clusters = len(influence)
    return math.sqrt(clusters / (clusters - 1) * float(influence @ influence)) if clusters > 1 else math.nan


def average(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates: an average over tasks. They must be drawn with different seeds."""
    nulls = [one.null for one in estimates if one.null is not None]
    return Estimate(
        value=float(np.mean([one.value for one in estimates])),
        standard_error=float(np.linalg.norm([one.standard_error for one in estimates]) / len(estimates)),
        draws=np.mean([one.draws for one in estimates], axis=0),
        null=np.mean(nulls, axis=0) if len(nulls) == len(estimates) else None,
    )


def mcnemar(ours: Values, theirs: Values) -> float:
    """The exact two-sided p value for two accuracies on the same, independent items (no groups, one language)."""
    _check_paired(ours, theirs, 1)
    right = [dict(zip(one.ids, one.parts[0, :, 0] > 0, strict=True)) for one in (ours, theirs)]
    won = sum(bool(mine) and not right[1][item] for item, mine in right[0].items())
    lost = sum(bool(other) and not right[0][item] for item, other in right[1].items())
    return _sign_test(won, lost)


def _sign_test(won: int, lost: int) -> float:
    term = tail = 1  # binomial coefficients of won + lost over 0, 1, ... up to the smaller of the two
    for k in range(min(won, lost)):
        term = term * (won + lost - k) // (k + 1)
        tail += term
    patterns: int = 2 ** (won + lost)
    return min(1.0, 2 * tail / patterns)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values of one family of tests, corrected (Holm's step-down), in the order given."""
    order = np.argsort(p_values, kind="stable")
    stepped = [(len(order) - step) * p_values[place] for step, place in enumerate(order)]
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return [float(one) for one in corrected]


def detectable_difference(standard_error: float, power: float = POWER) -> float:
    """The smallest true difference that a two-sided test at LEVEL finds with probability `power`."""
    normal = NormalDist()
    errors: float = normal.inv_cdf((1 + LEVEL) / 2) + normal.inv_cdf(power)
    return errors * standard_error


def deviation(values: Sequence[float]) -> float | None:
    """The standard deviation over seeds, a component of its own: resampling items says nothing of it. None for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
