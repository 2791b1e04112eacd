"""Retrieval at every layer of an encoder, from one forward pass over the texts.

An analysis and no result: whoever chooses a layer by these figures has chosen it on test data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xtreme_harness.drawing.heatmap import Grid, heat_map
from xtreme_harness.drawing.picture import Picture
from xtreme_harness.errors import RequestError
from xtreme_harness.execute import Watcher, execute, pending_units
from xtreme_harness.job import Settings
from xtreme_harness.kinds.retrieval import retrieval_layer
from xtreme_harness.leaderboard.averages import Figure, cell_figure, mean
from xtreme_harness.leaderboard.language_groups import by_size, in_words
from xtreme_harness.leaderboard.markdown import table
from xtreme_harness.models.checkpoint import config_of
from xtreme_harness.plan import Plan, make_plan, targets
from xtreme_harness.records import Record
from xtreme_harness.registry import Registry
from xtreme_harness.report.checkpoint import checkpoint_folder
from xtreme_harness.report.one_pass import OnePass
from xtreme_harness.request import Request
from xtreme_harness.run import cell_record
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome, dropped_files

ORACLE = (
    "An analysis, not a result: these are test figures at every layer, and choosing the layer by them is an oracle. "
    "`*` marks the layer that a run uses."
)
MEAN = "mean"


@dataclass(frozen=True, kw_only=True)
class TaskLayers:
    """A retrieval task's figures by language, one for each of the layers; `own` is the layer that a run uses."""

    task: str
    metric: str
    own: int | None
    figures: Mapping[str, Sequence[Figure]]

    @property
    def means(self) -> list[Figure]:
        return [mean(of_layer) for of_layer in zip(*self.figures.values(), strict=True)]

    @property
    def lines(self) -> dict[str, Sequence[Figure]]:
        """The figures of every language, in the order shown, and their means."""
        return {**{code: self.figures[code] for code in by_size(self.figures)}, MEAN: self.means}


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What became of the tasks at each of `layers`; `passes` counts the forward passes over a corpus that it took.

    `whys` are the reasons of cells that have no figure.
    """

    model: str
    layers: tuple[int, ...]
    tasks: tuple[TaskLayers, ...]
    passes: int
    whys: tuple[str, ...]

    @property
    def states(self) -> set[str]:
        """Those that a cell is in."""
        return {one.state for task in self.tasks for line in task.figures.values() for one in line}

    def markdown(self) -> str:
        return "\n\n".join([f"# {self.model}: retrieval by layer", ORACLE, *map(self._block, self.tasks)]) + "\n"

    def _block(self, task: TaskLayers) -> str:
        titles = ["language", *self._columns(task), "best layer"]
        lines = [
            [code, *(figure.text() for figure in figures), self._best_name(figures)]
            for code, figures in task.lines.items()
        ]
        return f"## {task.task} ({task.metric})\n\n{table(titles, lines)}"

    def _columns(self, task: TaskLayers) -> list[str]:
        return [f"{layer}{'*' if layer == task.own else ''}" for layer in self.layers]

    def _best_name(self, figures: Sequence[Figure]) -> str:
        place = best(figures)
        return "" if place is None else str(self.layers[place])

    def pictures(self) -> dict[str, Picture]:
        return {f"layers.{one.task}": self._picture(one) for one in self.tasks}

    def _picture(self, task: TaskLayers) -> Picture:
        lines = task.lines
        grid = Grid(
            rows=[in_words(code) for code in lines],
            columns=self._columns(task),
            cells=[[one.state if one.value is None else one.value for one in line] for line in lines.values()],
            row_gaps=(len(lines) - 1,),
            best=[best(line) for line in lines.values()],
        )
        note = (
            f"{self.model}, hidden states, 0: embeddings; * is a run's. An analysis: the best (framed) is an oracle's."
        )
        return heat_map(grid, f"{task.task} by layer ({task.metric})", note)

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "note": ORACLE,
            "layers": list(self.layers),
            "passes": self.passes,
            "tasks": {one.task: self._task_json(one) for one in self.tasks},
        }

    def _task_json(self, task: TaskLayers) -> dict[str, Any]:
        languages = {code: self._line_json(line) for code, line in task.figures.items()}
        means = self._line_json(task.means)
        return {"metric": task.metric, "own_layer": task.own, MEAN: means, "languages": languages}

    def _line_json(self, line: Sequence[Figure]) -> list[dict[str, Any]]:
        pairs = zip(self.layers, line, strict=True)
        return [{"layer": layer, "value": one.value, "state": one.state} for layer, one in pairs]


def best(figures: Sequence[Figure]) -> int | None:
    """The place of the highest figure, of several the first; None unless all are there."""
    values = [one.value for one in figures if one.value is not None]
    return values.index(max(values)) if values and len(values) == len(figures) else None


def retrieval_by_layer(
    request: Request,
    chosen: Sequence[int],
    registry: Registry,
    store: Store,
    settings: Settings,
    watcher: Watcher,
) -> Layers:
    """Evaluates the request's retrieval tasks at the `chosen` layers (none named: all), a language after the other.

    Vectors that were not in the store before are dropped once they are searched: they are many. Raises RequestError
    where no task is a retrieval task, or a layer does not exist; what refuses data or the checkpoint is raised too.
    """
    plain = make_plan(_only_retrieval(request, registry), registry, store)
    depth = config_of(checkpoint_folder(plain.chosen.encoder, store, registry)).depth
    layers = _layers(chosen, depth)
    plans = [make_plan(_at(plain, layer), registry, store) for layer in layers]
    outcomes, passes = _evaluate(plans, registry, store, settings, watcher)
    records = [[cell_record(cell, plan, store, outcomes, registry) for cell in plan.cells] for plan in plans]
    whys = dict.fromkeys(record["why"] for of_layer in records for record in of_layer if record["why"])
    model, names = plain.chosen.model, dict.fromkeys(cell.task.name for cell in plans[0].cells)
    return Layers(
        model=model.name,
        layers=layers,
        tasks=tuple(_task(name, records, retrieval_layer(model, name, depth)[0]) for name in names),
        passes=passes,
        whys=tuple(whys),
    )


def _only_retrieval(request: Request, registry: Registry) -> Request:
    """The request without a suite's trained tasks; one that was named is refused."""
    _, tasks = targets(request, registry)
    trained = [task.name for task in tasks if registry.kind(task.kind).trainable]
    if refused := [name for name in trained if name in request.tasks]:
        raise RequestError(f"Task {refused[0]} is trained: only retrieval tasks have figures by layer.")
    left = tuple(task.name for task in tasks if task.name not in trained)
    if not left:
        raise RequestError(f"Suite {request.suite} has no retrieval task.")
    return replace(request, tasks=left)


def _layers(chosen: Sequence[int], depth: int | None) -> tuple[int, ...]:
    if depth is None:
        if not chosen:
            raise RequestError("The checkpoint does not say how many layers it has: name them with --layer.")
        return tuple(sorted(set(chosen)))
    if wrong := [layer for layer in chosen if not 0 <= layer <= depth]:
        raise RequestError(f"Layer {wrong[0]} was asked for, but the model has hidden states 0 to {depth}.")
    return tuple(sorted(set(chosen))) or tuple(range(depth + 1))


def _at(plain: Plan, layer: int) -> Request:
    settings = (*plain.request.settings, *((task.name, "layer", layer) for task in plain.tasks))
    return replace(plain.request, settings=settings)


def _evaluate(
    plans: Sequence[Plan], registry: Registry, store: Store, settings: Settings, watcher: Watcher
) -> tuple[dict[str, Outcome], int]:
    """Does the units of all plans, those of one task and language together; also says how many passes it took."""
    parts = [replace(plans[0], cells=cells) for cells in zip(*(plan.cells for plan in plans), strict=True)]
    pending = {unit.key: unit for part in parts for unit in pending_units(part, store)}
    units = {unit.key: unit for part in parts for unit in part.units()}
    watcher.planned(list(pending.values()), len(units) - len(pending))
    executor = OnePass(list(units.values()), store, registry, settings)
    outcomes: dict[str, Outcome] = {}
    for part in parts:
        todo = pending_units(part, store)
        try:
            outcomes |= execute(part, todo, store, registry, executor, watcher)
        finally:
            _drop_vectors(todo, store)
    return outcomes, executor.passes


def _drop_vectors(units: Sequence[Unit], store: Store) -> None:
    for unit in units:
        if unit.type == "embed":
            store.drop(unit.key, dropped_files(unit))


def _task(name: str, records: Sequence[Sequence[Record]], own: int | None) -> TaskLayers:
    """A task's figures from the records of each layer."""
    figures: dict[str, list[Figure]] = {}
    found = [record for of_layer in records for record in of_layer if record["task"] == name]
    for record in found:
        figures.setdefault(record["language"], []).append(cell_figure(record))
    return TaskLayers(task=name, metric=" and ".join(found[0]["headline"]), own=own, figures=figures)
