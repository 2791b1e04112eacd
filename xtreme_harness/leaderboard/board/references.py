"""Rows of published systems: what a paper or repository printed, not rerun here; beside the board's own, never ranked.

A references file is JSON: `metrics` {task: headline metrics} and `rows`, each with `id`, `system`, `protocol`, `split`,
`values`, `average`, `per_language`, `source`, `verified` and `notes`. Keys of `values` and `per_language` are tasks, or
`<task>_f1` and `<task>_em` for question answering, whose figure is the mean of the two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.leaderboard.averages import Figure, aggregated, mean
from xtreme_harness.leaderboard.board.names import slug
from xtreme_harness.leaderboard.standings import Shown, Standing
from xtreme_harness.legible import legible

UNKNOWN = Figure(None, "not-published")
TRACK_OF = {"zero-shot": "zero-shot", "translate-train": "translate-train", "translate-train-all": "translate-train"}
SUFFIXES = {"_f1": "f1", "_em": "exact_match"}
FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "id": str,
    "system": str,
    "protocol": str,
    "split": str,
    "values": dict,
    "average": (int, float, type(None)),
    "per_language": (dict, type(None)),
    "source": str,
    "verified": bool,
    "notes": (str, type(None)),
}
PRINTED = ("system", "source", "notes")  # what readers of the board see
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class References:
    """The published rows that a board can show, remarks on those it cannot, and the headline metrics of the tasks."""

    rows: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def languages(self, task: str) -> tuple[str, ...]:
        """Those with a published figure, in the order printed."""
        codes = (code for row in self.rows for code in _cells(row, task))
        return tuple(dict.fromkeys(codes))


def read_references(path: Path, tasks: Sequence[str], tracks: Sequence[str]) -> References:
    """Rows are shown where they are verified, hold a figure of one of `tasks`, and belong to one of `tracks`.

    Raises MissingData where there is no such file, DataError where it does not fit.
    """
    held = _read(path)
    taken: set[str] = set()
    for number, row in enumerate(held["rows"], start=1):
        problem = _problem(row)
        if not problem and slug(row["id"]) in taken:
            problem = f"the id {row['id']} is another row's"
        if problem:
            raise DataError(path, None, f"row {number}: {problem}")
        taken.add(slug(row["id"]))
    known = [row for row in held["rows"] if row["verified"] and _shows_anything(row, tasks)]
    known = [{**row, **{name: legible(row[name]) for name in PRINTED if row[name]}} for row in known]
    return References(
        rows=tuple(row for row in known if _track(row) in tracks),
        remarks=tuple(_left_out(row) for row in known if _track(row) is None),
        metrics=_headlines(path, held.get("metrics", {})),
    )


def _headlines(path: Path, metrics: Any) -> dict[str, tuple[str, ...]]:
    is_table = isinstance(metrics, dict) and all(isinstance(names, list) for names in metrics.values())
    if not is_table or not all(isinstance(name, str) for names in metrics.values() for name in names):
        raise DataError(path, None, "metrics must be a table of lists of names, by task")
    return {task: tuple(names) for task, names in metrics.items()}


def _track(row: Row) -> str | None:
    return TRACK_OF.get(row["protocol"]) if row["split"] == "test" else None


def _left_out(row: Row) -> str:
    how = f"protocol {row['protocol']} on split {row['split']}"
    return f"not shown: {row['system']}, published under {how} ({row['source']})"


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MissingData(path, None, "there is no such file of published rows")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, f"is not JSON: {error}") from None
    if not isinstance(held, dict) or not isinstance(held.get("rows"), list):
        raise DataError(path, None, 'holds no {"rows": [...]}')
    return held


def _problem(row: Any) -> str:
    if not isinstance(row, dict):
        return "is no object"
    if wrong := [name for name, kind in FIELDS.items() if name not in row or not isinstance(row[name], kind)]:
        return f"lacks a sound {', '.join(wrong)}"
    if empty := [name for name in ("id", "system", "source") if not row[name].strip()]:
        return f"has no {', '.join(empty)}"
    figures = [*row["values"].values(), row["average"]]
    for cells in (row["per_language"] or {}).values():
        if not isinstance(cells, dict):
            return "per_language holds no figures by language"
        figures += cells.values()
    strange = [one for one in figures if one is not None and not _is_percent(one)]
    return f"{strange[0]!r} is no figure from 0 to 100" if strange else ""


def _is_percent(figure: Any) -> bool:
    return isinstance(figure, int | float) and not isinstance(figure, bool) and 0 <= figure <= 100


def _shows_anything(row: Row, tasks: Sequence[str]) -> bool:
    return any(_metrics(row["values"], task) or _cells(row, task) for task in tasks)


def _metrics(values: Mapping[str, Any], task: str) -> dict[str, float]:
    """The published figures of a task: "" is the one under the task's own name."""
    names = {task: "", **{task + suffix: metric for suffix, metric in SUFFIXES.items()}}
    return {metric: float(values[name]) for name, metric in names.items() if values.get(name) is not None}


def _cells(row: Row, task: str) -> dict[str, dict[str, float]]:
    tables = row["per_language"] or {}
    codes = dict.fromkeys(
        code for key in (task, *(task + suffix for suffix in SUFFIXES)) for code in tables.get(key, {})
    )
    return {code: _metrics({key: cells.get(code) for key, cells in tables.items()}, task) for code in codes}


def standing_of(
    row: Row,
    groups: Mapping[str, Sequence[str]],
    languages: Mapping[str, Sequence[str]],
    metrics: Mapping[str, Sequence[str]],
) -> Standing:
    """The row as the board shows it: a task whose figure was not printed has none, nor has what follows from it."""
    tasks = {task: _shown(_metrics(row["values"], task), metrics[task]) for task in languages}
    whole = aggregated({task: {"": shown} for task, shown in tasks.items()}, groups)
    cells = {
        task: {code: _shown(_cells(row, task).get(code, {}), metrics[task]) for code in codes}
        for task, codes in languages.items()
    }
    found = aggregated(cells, groups)
    average = whole.average if row["average"] is None else Figure(float(row["average"]), "ok")
    return Standing(
        id=f"published.{slug(row['id'])}",
        name=row["system"],
        track=TRACK_OF[row["protocol"]],
        rank=None,
        average=Shown(**vars(average)),
        groups={name: Shown(**vars(figure)) for name, figure in whole.groups.items()},
        tasks=tasks,
        languages=cells,
        without_english=_known(mean(found.without_english.values())),
        gap=_known(mean(found.gaps.values())),
        model=row["system"],
        source=row["source"],
        notes=tuple(one for one in (row["notes"],) if one),
    )


def _shown(published: Mapping[str, float], headline: Sequence[str]) -> Shown:
    """A figure where all that make it were printed; others are kept beside it."""
    named = {(metric or (headline[0] if len(headline) == 1 else "score")): value for metric, value in published.items()}
    if "" in published:
        return Shown(value=published[""], metrics=named)
    if not published or set(published) < set(SUFFIXES.values()):
        return Shown(value=None, state=UNKNOWN.state, metrics=named)
    return Shown(value=sum(published.values()) / len(published), metrics=named)


def _known(figure: Figure) -> Shown:
    return Shown(**vars(UNKNOWN if figure.value is None else figure))
