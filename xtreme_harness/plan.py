"""From a request to the units that answer it. Reads data files' hashes, never their labels; loads no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.data.access import data_files, gold_files
from xtreme_harness.definitions import RECIPE_DEFAULTS, SELECTIONS, Model, Recipe, Suite, Task
from xtreme_harness.errors import MissingData, RequestError, UnknownName
from xtreme_harness.files import HashCache
from xtreme_harness.models.devices import resolve_device, resolve_dtype
from xtreme_harness.models.reference import Chosen, Trust, choose_model
from xtreme_harness.registry import Registry
from xtreme_harness.request import Request
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit, code_version, digest

DEFAULT_RECIPE = "xtreme"
MODEL_SETTINGS = ("layer", "pooling", "sentence_pooling", "prefix")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the run's table."""

    label: str
    intermediate: str
    control: str | None
    method: str
    seed: int | None  # None: the recipe's

    def seed_of(self, values: Mapping[str, Any]) -> int:
        return int(values["seed"]) if self.seed is None else self.seed


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """One row x task x language: the units that fill it, or why it cannot be filled."""

    row: Row
    task: Task
    language: str
    predict: Unit | None = None
    score: Unit | None = None
    train: Unit | None = None
    missing: str | None = None
    options: Mapping[str, Any]
    seed: int

    def units(self) -> list[Unit]:
        return [unit for unit in (self.train, self.predict, self.score) if unit is not None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything needed to run, in order; `id` is a hash over the keys of all units."""

    request: Request
    chosen: Chosen
    suite: Suite
    recipe: Recipe
    dtype: str
    rows: tuple[Row, ...]
    tasks: tuple[Task, ...]
    cells: tuple[PlannedCell, ...]

    @property
    def id(self) -> str:
        return digest([unit.key for unit in self.units()])

    def units(self) -> list[Unit]:
        """Every unit once, inputs before the units that open them; all `prepare` units come early."""
        ordered: dict[str, Unit] = {}
        goals = [unit for cell in self.cells for unit in cell.units()]
        for unit in [*self._prepares(goals), *goals]:
            _add(unit, ordered)
        return list(ordered.values())

    def _prepares(self, goals: list[Unit]) -> Iterator[Unit]:
        """Data is read, and refused where it is wrong, before hours of training start."""
        for unit in goals:
            yield from (one for one in _inputs_of(unit) if one.type == "prepare")


def _inputs_of(unit: Unit) -> Iterator[Unit]:
    for one in unit.inputs.values():
        yield from _inputs_of(one)
        yield one


def _add(unit: Unit, ordered: dict[str, Unit]) -> None:
    if unit.key not in ordered:
        for one in unit.inputs.values():
            _add(one, ordered)
        ordered[unit.key] = unit


def make_plan(request: Request, registry: Registry, store: Store) -> Plan:
    """Resolves every name and value of `request` and lays out its units.

    Raises RequestError (exit 2) for names, values and languages that do not exist, CheckpointError (exit 5) for a
    model that is none.
    Data files that are not there make `missing` cells, not errors.
    """
    suite, tasks = _targets(request, registry)
    recipe = registry.recipe(request.recipe or suite.recipe or DEFAULT_RECIPE)
    _check_languages(request, tasks)
    settings = _settings(request, registry, tasks)
    device = resolve_device(request.device)
    dtype = resolve_dtype(request.dtype, device)
    trust = Trust(remote_code=request.trust_remote_code, pickle=request.allow_pickle)
    if request.intermediates not in ((), ("none",)):
        raise RequestError("--intermediate: this version trains no intermediate tasks yet; only `none` is possible.")
    chosen = choose_model(request.model, registry, store.hashes, trust, request.offline)
    folders = _Folders(request, store.hashes)
    rows = _rows(request, registry)
    laid = [
        cell
        for row in rows
        for task in tasks
        for cell in _cells(row, task, request, registry, recipe, settings.get(task.name, {}), chosen, dtype, folders)
    ]
    return Plan(
        request=request,
        chosen=chosen,
        suite=suite,
        recipe=recipe,
        dtype=dtype,
        rows=rows,
        tasks=tasks,
        cells=tuple(laid),
    )


def _targets(request: Request, registry: Registry) -> tuple[Suite, tuple[Task, ...]]:
    """The suite (or a nameless one of the tasks given) and its target tasks, `--task` filtering a suite."""
    if request.suite is None:
        tasks = tuple(registry.target_task(name) for name in request.tasks)
        recipe = next((suite.recipe for suite in _suites(registry) if set(request.tasks) <= set(suite.tasks)), "")
        return Suite(name="tasks", groups={"": request.tasks}, recipe=recipe), tasks
    suite = registry.suite(request.suite)
    for name in request.tasks:
        if name not in suite.tasks:
            registry.target_task(name)
            raise RequestError(f"Task {name} is not in suite {suite.name}, which has {', '.join(suite.tasks)}.")
    wanted = [name for name in suite.tasks if not request.tasks or name in request.tasks]
    return suite, tuple(registry.target_task(name) for name in wanted)


def _suites(registry: Registry) -> list[Suite]:
    return [registry.suite(name) for name in registry.names("suite")]


def _check_languages(request: Request, tasks: tuple[Task, ...]) -> None:
    known = {language for task in tasks for language in task.languages}
    for language in request.languages:
        if language not in known:
            raise UnknownName("language", language, sorted(known), f" The tasks have: {', '.join(sorted(known))}.")


def _settings(request: Request, registry: Registry, tasks: tuple[Task, ...]) -> dict[str, dict[str, Any]]:
    """--set values by task, each key known to the recipe, the task's kind or the model."""
    table: dict[str, dict[str, Any]] = {}
    for name, key, value in request.settings:
        if name not in [task.name for task in tasks]:
            raise UnknownName("task", name, [task.name for task in tasks], " (--set names a task of this run.)")
        kind = registry.kind(next(task.kind for task in tasks if task.name == name))
        known = [*RECIPE_DEFAULTS, *kind.options, *MODEL_SETTINGS]
        if key not in known:
            raise UnknownName("setting", key, known, f" A {kind.name} task has: {', '.join(known)}.")
        _check_value(name, key, value)
        table.setdefault(name, {})[key] = value
    return table


def _check_value(task: str, key: str, value: Any) -> None:
    default = RECIPE_DEFAULTS.get(key)
    numeric = isinstance(default, int | float) or key in ("head_learning_rate", "dropout", "layer")
    if numeric and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise RequestError(f"--set {task}.{key}={value}: expected a number.")
    if isinstance(default, int) and not isinstance(value, int) and key != "warmup":
        raise RequestError(f"--set {task}.{key}={value}: expected a whole number.")
    if key in ("epochs", "batch_size", "max_length") and value < 1:
        raise RequestError(f"--set {task}.{key}={value}: must be at least 1.")
    if key == "selection" and value not in SELECTIONS:
        raise RequestError(f"--set {task}.selection={value}: must be one of {', '.join(SELECTIONS)}.")


def _rows(request: Request, registry: Registry) -> tuple[Row, ...]:
    seeds: tuple[int | None, ...] = request.seeds or (None,)
    return tuple(
        Row(
            label=f"none.{registry.method(method).name}.s{'recipe' if seed is None else seed}",
            intermediate="none",
            control=None,
            method=method,
            seed=seed,
        )
        for method in request.methods
        for seed in seeds
    )


class _Folders:
    """Looks data and gold files up in the request's folders, with their hashes."""

    def __init__(self, request: Request, hashes: HashCache) -> None:
        self.data = _folder("--data", request.data)
        given = _folder("--labels", request.labels)
        self.labels = given or (self.data / "labels" if self.data else None)
        self.hashes = hashes

    def _hashed(self, paths: tuple[Path, ...]) -> Any:
        from xtreme_harness.kinds.interface import Files

        hashes = {str(place): self.hashes.sha256(path) for place, path in enumerate(paths)}
        return Files(paths=tuple(str(path.resolve()) for path in paths), hashes=hashes)

    def files(self, task: Task, split: str, language: str) -> Any:
        return self._hashed(data_files(task, split, language, self.data))

    def gold(self, task: Task, language: str) -> Any:
        try:
            return self._hashed(gold_files(task, "test", language, self.data, self.labels))
        except MissingData:
            return None


def _folder(option: str, name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    if not folder.is_dir():
        raise RequestError(f"{option} {name}: there is no such folder.")
    return folder


def reader_version(task: Task) -> str:
    """Version of the code that reads the task's files: an edited reader makes new keys."""
    return code_version([task.read, task.read_gold])


def _cells(
    row: Row,
    task: Task,
    request: Request,
    registry: Registry,
    recipe: Recipe,
    settings: Mapping[str, Any],
    chosen: Chosen,
    dtype: str,
    folders: _Folders,
) -> list[PlannedCell]:
    from xtreme_harness.kinds.interface import Assignment

    kind = registry.kind(task.kind)
    values = {**recipe.values(task.kind, task.name), **_only(settings, RECIPE_DEFAULTS)}
    task = replace(task, options={**task.options, **_only(settings, kind.options)})
    model = _set_model(chosen.model, settings)
    source = registry.task(task.train_on) if task.train_on else task
    wanted = [language for language in task.languages if not request.languages or language in request.languages]
    missing = _missing(kind.trainable, task, source, wanted, folders)
    present = tuple(language for language in wanted if language not in missing)
    seed = row.seed_of(values)
    assignment = Assignment(
        task=task,
        training_task=source,
        languages=present,
        model=model,
        encoder=chosen.encoder,
        recipe=values,
        method=registry.method(row.method),
        seed=seed,
        dtype=dtype,
        files=folders.files,
        gold=folders.gold,
        reader=reader_version,
        scorer=code_version([registry.metric(name).compute for name in task.metrics]),
    )
    laid = kind.load().lay_out(assignment) if present else {}
    shared = {**values, "sentence_pooling": model.sentence_pooling}
    planned = partial(PlannedCell, row=row, task=task, seed=seed)
    return [
        planned(
            language=language,
            predict=laid[language].predict,
            score=laid[language].score,
            train=laid[language].train,
            options={**(shared if laid[language].train else {}), **laid[language].options},
        )
        if language in laid
        else planned(language=language, missing=missing[language], options={})
        for language in wanted
    ]


def _only(settings: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in known}


def _set_model(model: Model, settings: Mapping[str, Any]) -> Model:
    chosen = {key: settings[key] for key in ("pooling", "sentence_pooling", "prefix") if key in settings}
    if "layer" in settings:
        chosen["layers"] = settings["layer"]
    return replace(model, **chosen)


def _missing(trainable: bool, task: Task, source: Task, languages: list[str], folders: _Folders) -> dict[str, str]:
    """Language to sentence, for every language whose test file, or whose English training part, is not there."""
    if trainable:
        try:
            for split in ("train", "dev"):
                folders.files(source, split, "en")
        except MissingData as error:
            return dict.fromkeys(languages, str(error))
    missing = {}
    for language in languages:
        try:
            folders.files(task, "test", language)
        except MissingData as error:
            missing[language] = str(error)
    return missing
