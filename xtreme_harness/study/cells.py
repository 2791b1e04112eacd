"""The finished cells of a study's runs, by series, seed, task and language: what its tables are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from xtreme_harness import stats
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.intermediate import NONE
from xtreme_harness.leaderboard.averages import Figure, cell_figure, mean
from xtreme_harness.records import Record
from xtreme_harness.scores import read_scores

Headlines = Mapping[str, Sequence[str]]  # the metrics whose mean is a task's number, by task
Pair = tuple[int, str]  # place of the row's seed, language


class Series(NamedTuple):
    """Rows that differ in their seed alone. `control` names the control of the intermediate that was trained on."""

    intermediate: str
    method: str
    control: str | None = None


class Key(NamedTuple):
    """Where a cell stands. Seeds are counted: the first one of a series is paired with the first one of another."""

    series: Series
    seed: int
    task: str
    language: str


@dataclass(frozen=True)
class Cell:
    """A record, and the folder of the run, or of its pack, that it is from."""

    record: Record
    run: Path

    @property
    def is_ok(self) -> bool:
        return bool(self.record["state"] == "ok")

    @property
    def figure(self) -> Figure:
        return cell_figure(self.record)

    def values(self) -> stats.Values:
        """The per-example values, from a run or a pack.

        Raises RequestError where the metric gives none, DataError where they are not at hand or damaged.
        """
        rows = read_scores(self.run, self.record)
        if rows is None:
            raise MissingData(self.run, None, f"has no per-example values of {self.name}")
        try:
            return stats.values_of(rows, self.record["headline"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(self.run, None, f"holds damaged per-example values of {self.name}: {error}") from None

    @property
    def name(self) -> str:
        return " ".join(self.record[name] for name in ("row", "task", "language"))


@dataclass(frozen=True)
class Cells:
    """The cells of one model and recipe, in the order of its runs' records.

    `headlines` names the metrics of every task that may have been trained on: a record knows those of its own alone.
    """

    table: Mapping[Key, Cell]
    headlines: Headlines = field(default_factory=dict)

    @cached_property
    def series(self) -> list[Series]:
        return list(dict.fromkeys(key.series for key in self.table))

    @cached_property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(key.task for key in self.table))

    def languages(self, task: str) -> list[str]:
        return list(dict.fromkeys(key.language for key in self.table if key.task == task))

    def of(self, series: Series, task: str) -> Mapping[Pair, Cell]:
        """The cells of a series and task by seed and language."""
        return self._by_task[series, task]

    @cached_property
    def _by_task(self) -> dict[tuple[Series, str], dict[Pair, Cell]]:
        found: dict[tuple[Series, str], dict[Pair, Cell]] = {}
        for at, one in self.table.items():
            found.setdefault((at.series, at.task), {})[at.seed, at.language] = one
        return found

    def shares_data(self, series: Series, task: str) -> bool:
        """Whether the intermediate trained on the target's own English data: extra training, no transfer."""
        return any(_trained_twice(cell.record) for cell in self.of(series, task).values())

    def figure(self, series: Series, task: str, languages: Iterable[str]) -> Figure:
        """The mean over seeds and languages."""
        wanted = set(languages)
        return mean(one.figure for (_, code), one in self.of(series, task).items() if code in wanted)

    def baseline(self, series: Series) -> Series | None:
        """No intermediate training by the same method; for rows without any, the first method. None: it is that."""
        first = self.series[0].method
        if series.intermediate != NONE:
            return Series(NONE, series.method)
        return Series(NONE, first) if series.method != first else None

    def controls(self, series: Series) -> list[Series]:
        """The controls of an intermediate by the same method; a control has none of its own."""
        return [one for one in self.series if one.control and one._replace(control=None) == series]


def _trained_twice(record: Record) -> bool:
    by_role = {phase["role"]: phase for phase in record["phases"]}
    if by_role.keys() != {"intermediate", "target"}:
        return False
    before, after = by_role["intermediate"], by_role["target"]
    same = (set(before.get(what, ())) & set(after.get(what, ())) for what in ("tasks", "corpora"))
    return any(same) or record["data"].get("train") in before.get("data", {}).values()


def cells_of(records: Iterable[Record], run: Path, headlines: Headlines) -> Cells:
    """The cells of one run. Rows of a series have their seeds in the order in which the study names them."""
    rows: dict[Series, list[str]] = {}
    table: dict[Key, Cell] = {}
    for record in records:
        series = Series(record["intermediate"], record["method"], record["control"])
        labels = rows.setdefault(series, [])
        labels += [] if record["row"] in labels else [record["row"]]
        key = Key(series, labels.index(record["row"]), record["task"], record["language"])
        table[key] = Cell(record, run)
    return Cells(table, headlines)
