"""Learning curves: loss and English dev figures by update, as the trainings of a run left them in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from xtreme_harness.drawing.lines import Line, line_charts
from xtreme_harness.drawing.picture import Picture, file_stem
from xtreme_harness.errors import RequestError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.leaderboard.markdown import table
from xtreme_harness.records import Record
from xtreme_harness.store import Store

LOSS = "loss"
SHOWN = 10  # points of the loss in a table
NOTE = "A point of the loss is the mean over the updates since the point before; dev figures are English."


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One training: the points (update, value) of its loss and of each dev figure, and which update was kept."""

    unit: str
    tasks: str
    rows: tuple[str, ...]
    role: str
    selected: int | None
    points: Mapping[str, Sequence[tuple[int, float]]]

    @property
    def name(self) -> str:
        return f"{self.tasks} ({self.role}, {self.rows[0]}{' ...' if len(self.rows) > 1 else ''})"

    def as_json(self) -> dict[str, Any]:
        points = {name: [list(point) for point in of_name] for name, of_name in self.points.items()}
        about = {"unit": self.unit, "tasks": self.tasks, "role": self.role, "rows": list(self.rows)}
        return {**about, "selected_update": self.selected, "points": points}


@dataclass(frozen=True, kw_only=True)
class Curves:
    """The trainings behind a run, in order; `lost` are those that are no longer in the store."""

    title: str
    curves: tuple[Curve, ...]
    lost: tuple[str, ...]

    def markdown(self) -> str:
        blocks = [f"## {curve.name}\n\n{_table(curve)}" for curve in self.curves]
        lost = [f"No curve, no longer in the store: {', '.join(self.lost)}."] if self.lost else []
        return "\n\n".join([f"# {self.title}: learning curves", NOTE, *lost, *blocks]) + "\n"

    def pictures(self) -> dict[str, Picture]:
        """One for each tasks that were trained on, with a line a training."""
        found: dict[str, list[Curve]] = {}
        for curve in self.curves:
            found.setdefault(curve.tasks, []).append(curve)
        return {f"curves.{file_stem(tasks)}": _picture(tasks, ones) for tasks, ones in found.items()}

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "lost": list(self.lost), "trainings": [one.as_json() for one in self.curves]}


def _table(curve: Curve) -> str:
    """A line for every evaluation, and for some points of the loss; the JSON and the figure have them all."""
    by_update: dict[int, dict[str, float]] = {}
    for name, points in curve.points.items():
        for update, value in points:
            by_update.setdefault(update, {})[name] = value
    shown = {
        update for name, points in curve.points.items() for update, _ in (_some(points) if name == LOSS else points)
    }
    lines = [
        [f"{update}{' (kept)' if update == curve.selected else ''}", *(_text(found, name) for name in curve.points)]
        for update, found in sorted(by_update.items())
        if update in shown
    ]
    return table(["update", *curve.points], lines)


def _some(points: Sequence[tuple[int, float]]) -> Sequence[tuple[int, float]]:
    """At most SHOWN of the points, evenly spread, the last one among them."""
    return points[:: -ceil(len(points) / SHOWN)]


def _text(found: Mapping[str, float], name: str) -> str:
    return f"{found[name]:.{4 if name == LOSS else 1}f}" if name in found else ""


def _picture(tasks: str, curves: Sequence[Curve]) -> Picture:
    panels: dict[str, list[Line]] = {}
    for curve in curves:
        for name, points in curve.points.items():
            kept = None if name == LOSS else curve.selected
            panels.setdefault(name, []).append(Line(f"{curve.rows[0]}, {curve.role}", points, kept))
    return line_charts(panels, "update", f"{tasks}: learning curves", f"{NOTE} A ring marks the update that is kept.")


def learning_curves(records: Sequence[Record], title: str, store: Store) -> Curves:
    """Looks the trainings of `records` up in the store, each once. Raises RequestError where nothing was trained."""
    rows: dict[str, list[str]] = {}
    phases: dict[str, dict[str, Any]] = {}
    for record in records:
        for phase in record["phases"]:
            phases.setdefault(phase["unit"], phase)
            named = rows.setdefault(phase["unit"], [])
            named += [] if record["row"] in named else [record["row"]]
    if not phases:
        raise RequestError(f"{title}: no training is behind it, and so no learning curve.")
    curves, lost = [], []
    for key, phase in phases.items():
        tasks, found = "+".join(phase["tasks"]), store.find(key)
        if found is None:
            lost.append(f"{tasks} {key[:12]}")
            continue
        logs = [found.file(name) for name in ("loss.jsonl", "log.jsonl")]
        log = [entry for path in logs if path.is_file() for _, entry in read_jsonl(path)]
        curves.append(
            Curve(
                unit=key,
                tasks=tasks,
                rows=tuple(rows[key]),
                role=phase["role"],
                selected=phase.get("selected_update"),
                points=points_of(log),
            )
        )
    return Curves(title=title, curves=tuple(curves), lost=tuple(lost))


def points_of(log: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """{figure: [(update, value)]} of a training's log; of several tasks, the figures are named `task metric`."""
    points: dict[str, list[tuple[int, float]]] = {}
    for entry in log:
        figures = {LOSS: entry[LOSS]} if LOSS in entry else {}
        for name, value in entry.get("dev", {}).items():
            figures |= (
                {f"{name} {metric}": one for metric, one in value.items()} if isinstance(value, dict) else {name: value}
            )
        for name, value in figures.items():
            points.setdefault(name, []).append((entry["update"], value))
    return points
