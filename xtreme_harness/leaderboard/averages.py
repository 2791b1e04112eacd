"""Averages over records: a task's mean over languages, a group's and a suite's over tasks; only complete ones exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xtreme_harness.definitions import Suite
from xtreme_harness.records import Record, task_number

MIXED = "mixed-data"  # of a board: scored on other data than the rest of its column
# what a table shows for a task whose cells are not all ok, the worst first
SEVERITY = ("failed", "missing-data", MIXED, "unlabelled", "skipped", "not-published")
SOURCE = "en"  # the language that everything is trained in


@dataclass(frozen=True)
class Figure:
    """A number, or the state that stands in its place."""

    value: float | None
    state: str

    def text(self, digits: int = 1) -> str:
        return self.state if self.value is None else f"{self.value:.{digits}f}"


def mean(figures: Iterable[Figure]) -> Figure:
    """The unweighted mean; where one figure is missing, its state (the worst) and no number."""
    figures = list(figures)
    states = {figure.state for figure in figures if figure.value is None}
    if states or not figures:
        return Figure(None, next((state for state in SEVERITY if state in states), "skipped"))
    return Figure(sum(figure.value or 0.0 for figure in figures) / len(figures), "ok")


def without_english(languages: Mapping[str, Figure]) -> Figure:
    """The mean over all languages but English: what is zero-shot in a task's average (XTREME's includes English)."""
    return mean(figure for code, figure in languages.items() if code != SOURCE)


def transfer_gap(languages: Mapping[str, Figure]) -> Figure:
    """English minus the mean of the other languages (XTREME, section 5); only where all of them have a figure.

    A task without English (retrieval) has no gap: `skipped`.
    """
    english, others = languages.get(SOURCE, Figure(None, "skipped")), without_english(languages)
    if english.value is None or others.value is None:
        return mean([english, others])
    return Figure(english.value - others.value, "ok")


def cell_figure(record: Record) -> Figure:
    return Figure(task_number(record), "ok") if record["state"] == "ok" else Figure(None, record["state"])


def figure_at(cells: Mapping[tuple[str, str], Record], place: tuple[str, str]) -> Figure:
    """The figure of a (task, language) of a row, which may have no such cell."""
    return cell_figure(cells[place]) if place in cells else Figure(None, "skipped")


@dataclass(frozen=True)
class Aggregates:
    """What follows from the figures of a row's cells: by task, by group, and the average."""

    tasks: Mapping[str, Figure]
    groups: Mapping[str, Figure]
    average: Figure
    without_english: Mapping[str, Figure]
    gaps: Mapping[str, Figure]  # of the tasks that have English


def aggregated(figures: Mapping[str, Mapping[str, Figure]], groups: Mapping[str, Sequence[str]]) -> Aggregates:
    """Of the figures by task and language. A group without a name is no group."""
    tasks = {task: mean(languages.values()) for task, languages in figures.items()}
    return Aggregates(
        tasks=tasks,
        groups={name: mean(tasks[task] for task in members) for name, members in groups.items() if name},
        average=mean(tasks.values()),
        without_english={task: without_english(languages) for task, languages in figures.items()},
        gaps={task: transfer_gap(languages) for task, languages in figures.items() if SOURCE in languages},
    )


@dataclass(frozen=True)
class TableRow(Aggregates):
    """One row of a run with its records by task and language."""

    label: str
    cells: Mapping[tuple[str, str], Record]

    @property
    def records(self) -> list[Record]:
        return list(self.cells.values())


def table_rows(records: Sequence[Record], suite: Suite) -> list[TableRow]:
    """The rows of `records` in the order they first appear, averaged as the suite says.

    All rows are averaged over the same cells: a language that only another row has was skipped in this one.
    """
    labels = list(dict.fromkeys(record["row"] for record in records))
    places = list(dict.fromkeys((record["task"], record["language"]) for record in records))
    return [_table_row(label, records, places, suite) for label in labels]


def _table_row(label: str, records: Sequence[Record], places: Sequence[tuple[str, str]], suite: Suite) -> TableRow:
    cells = {(record["task"], record["language"]): record for record in records if record["row"] == label}
    figures = {
        task: {code: figure_at(cells, (task, code)) for name, code in places if name == task} for task in suite.tasks
    }
    return TableRow(**vars(aggregated(figures, suite.groups)), label=label, cells=cells)
