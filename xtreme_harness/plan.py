"""From a request to the units that answer it. Reads data files' hashes, never their labels; loads no torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.data.access import data_files, gold_files
from xtreme_harness.data.origins import read_origins, unofficial_reasons
from xtreme_harness.definitions import RECIPE_DEFAULTS, Method, Model, Recipe, Suite, Task
from xtreme_harness.errors import DataError, MissingData, RequestError, UnknownName
from xtreme_harness.files import HashCache
from xtreme_harness.intermediate import intermediate_unit
from xtreme_harness.models.devices import resolve_device, resolve_dtype
from xtreme_harness.models.reference import Chosen, Encoder, Trust, choose_model
from xtreme_harness.registry import Registry
from xtreme_harness.request import Request
from xtreme_harness.rows import Row, rows_of
from xtreme_harness.settings import settings_by_name, with_settings, without_idle
from xtreme_harness.store import Store
from xtreme_harness.training.samplers import Sampler
from xtreme_harness.unit import Unit, code_version, digest

if TYPE_CHECKING:
    from xtreme_harness.kinds.interface import Assignment, Cell, Files

DEFAULT_RECIPE = "xtreme"
NO_LANGUAGE = "it has none of the languages asked for"
MOST_SHOWN = 40  # languages in a message: XTREME has as many, a task of pairs hundreds


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """One row x task x language: the units that fill it, or why it cannot be filled.

    `intermediate` is the training whose encoder the target's units start from.
    """

    row: Row
    task: Task
    training_task: Task
    language: str
    predict: Unit | None = None
    score: Unit | None = None
    train: Unit | None = None
    tuning: Unit | None = None
    target_dev: Unit | None = None
    intermediate: Unit | None = None
    missing: str | None = None
    options: Mapping[str, Any]
    seed: int
    unofficial: tuple[str, ...] = ()  # why the data it reads is not the benchmark's

    def units(self) -> list[Unit]:
        found = (self.train, self.predict, self.tuning, self.score, self.target_dev)
        return [unit for unit in found if unit is not None]


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

    @property
    def intermediates(self) -> tuple[Task, ...]:
        """The intermediate tasks of all rows, controls among them, each once."""
        return tuple({task.name: task for row in self.rows for task in row.mix}.values())

    @property
    def missing(self) -> dict[str, str]:
        """{cell, or a task without any: why it has no figure whatever is run}."""
        having = {cell.task.name for cell in self.cells}
        cells = {f"{cell.task.name} {cell.language}": cell.missing for cell in self.cells if cell.missing}
        return cells | {task.name: NO_LANGUAGE for task in self.tasks if task.name not in having}

    def units(self) -> list[Unit]:
        """Every unit once, inputs before the units that open them; all `prepare` units come early."""
        return list(self._ordered)

    @cached_property
    def _ordered(self) -> tuple[Unit, ...]:
        ordered: dict[str, Unit] = {}
        goals = [unit for cell in self.cells for unit in cell.units()]
        for unit in [*self._prepares(goals), *goals]:
            _add(unit, ordered)
        return tuple(ordered.values())

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
    model that is none. Data files that are not there make `missing` cells, not errors.
    """
    suite, tasks = targets(request, registry)
    recipe = recipe_of(request, registry)
    check_languages(request, tasks)
    rows = rows_of(request, registry)
    trained_on = {task.name: task for row in rows for task in (*row.controlled.values(), *row.mix)}
    methods = [registry.method(name) for name in request.methods]
    trust = Trust(remote_code=request.trust_remote_code, pickle=request.allow_pickle)
    layout = _Layout(
        registry=registry,
        recipe=recipe,
        settings=settings_by_name(request.settings, registry, [*tasks, *trained_on.values()], methods),
        role_settings=_by_role(request.role_settings),
        limit=request.limit,
        target_dev=request.target_dev,
        sampler=request.sampler,
        languages=request.languages,
        folders=_Folders(request, store.hashes),
        dtype=resolve_dtype(request.dtype, resolve_device(request.device)),
        chosen=choose_model(request.model, registry, store.hashes, trust, request.offline),
    )
    return Plan(
        request=request,
        chosen=layout.chosen,
        suite=suite,
        recipe=recipe,
        dtype=layout.dtype,
        rows=rows,
        tasks=tasks,
        cells=tuple(cell for row in rows for cell in layout.row(row, tasks)),
    )


def recipe_of(request: Request, registry: Registry) -> Recipe:
    """The recipe that the request names, else its suite's."""
    suite, _ = targets(request, registry)
    return registry.recipe(request.recipe or suite.recipe or DEFAULT_RECIPE)


def targets(request: Request, registry: Registry) -> tuple[Suite, tuple[Task, ...]]:
    """The suite (or a nameless one of the tasks given) and its target tasks, `--task` filtering a suite."""
    if request.suite is None:
        tasks = tuple(registry.target_task(name) for name in request.tasks)
        recipe = next((suite.recipe for suite in _suites(registry) if _covers(suite, tasks)), "")
        return Suite(name="tasks", groups={"": request.tasks}, recipe=recipe), tasks
    suite = registry.suite(request.suite)
    return suite, registry.suite_tasks(suite, request.tasks)


def _covers(suite: Suite, tasks: tuple[Task, ...]) -> bool:
    """Whether the suite has every task, or what that trains on."""
    return all(task.name in suite.tasks or task.train_on in suite.tasks for task in tasks)


def _suites(registry: Registry) -> list[Suite]:
    return [registry.suite(name) for name in registry.names("suite")]


def check_languages(request: Request, tasks: tuple[Task, ...]) -> None:
    """Raises UnknownName for a language of the request that none of the tasks has."""
    known = sorted({language for task in tasks for language in task.languages})
    shown = ", ".join(known[:MOST_SHOWN]) + (f" and {len(known) - MOST_SHOWN} more" if len(known) > MOST_SHOWN else "")
    for language in request.languages:
        if language not in known:
            raise UnknownName("language", language, known, f" The tasks have: {shown}.")


def languages_of(task: Task, asked: Sequence[str]) -> list[str]:
    """The languages of a task that are `asked` for; all of them where none is."""
    return [code for code in task.languages if not asked or code in asked]


class _Folders:
    """Looks data and gold files up in the request's folders, with their hashes and what is unofficial about them."""

    def __init__(self, request: Request, hashes: HashCache) -> None:
        self.data = named_folder("--data", request.data)
        given = named_folder("--labels", request.labels)
        self.labels = given or (self.data / "labels" if self.data else None)
        self.hashes = hashes
        self.takes_unofficial = request.unofficial
        self.unofficial: dict[str, list[str]] = {}  # by task, as its files are looked up
        self._origins = {folder: read_origins(folder) for folder in (self.data, self.labels) if folder}

    def _hashed(self, task: Task, paths: tuple[Path, ...], folder: Path | None) -> Files:
        from xtreme_harness.kinds.interface import Files

        self._check_origins(task, paths, folder)
        hashes = {str(place): self.hashes.sha256(path) for place, path in enumerate(paths)}
        return Files(paths=tuple(str(path.resolve()) for path in paths), hashes=hashes)

    def _check_origins(self, task: Task, paths: tuple[Path, ...], folder: Path | None) -> None:
        """Raises DataError for files that were imported as unofficial, unless the request takes such."""
        if folder is None:
            return
        known = self.unofficial.setdefault(task.name, [])
        for reason in unofficial_reasons(folder, paths, self.hashes.sha256, self._origins[folder]):
            if not self.takes_unofficial:
                raise DataError(paths[0], None, f"{reason}. With --unofficial it runs and is not comparable")
            known += [] if reason in known else [reason]

    def files(self, task: Task, split: str, language: str) -> Files:
        return self._hashed(task, data_files(task, split, language, self.data), self.data)

    def gold(self, task: Task, language: str) -> Files | None:
        try:
            paths = gold_files(task, "test", language, self.data, self.labels)
        except MissingData:
            return None
        return self._hashed(task, paths, self.labels if task.gold_files else self.data)

    def reasons(self, *tasks: Task) -> tuple[str, ...]:
        """What is unofficial about the files of `tasks` that were looked up so far."""
        return tuple(dict.fromkeys(reason for task in tasks for reason in self.unofficial.get(task.name, [])))


def named_folder(option: str, name: str | None) -> Path | None:
    """The folder that an option named; raises RequestError where there is none of that name."""
    if name is None:
        return None
    folder = Path(name)
    if not folder.is_dir():
        raise RequestError(f"{option} {name}: there is no such folder.")
    return folder


def reader_version(task: Task) -> str:
    """Version of the code that reads the task's files: an edited reader makes new keys."""
    return code_version([task.read, task.read_gold])


@dataclass(frozen=True)
class _Start:
    """Where the targets of a row start: the encoder, the intermediate training that made it, or what that lacks."""

    encoder: Encoder
    unit: Unit | None = None
    missing: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What is the same for all cells of a plan; `row` lays out the tasks of one row."""

    registry: Registry
    recipe: Recipe
    settings: Mapping[str, Mapping[str, Any]]
    role_settings: Mapping[str, Mapping[str, Any]]
    limit: Mapping[str, int]
    target_dev: bool
    sampler: Sampler
    languages: tuple[str, ...]
    folders: _Folders
    dtype: str
    chosen: Chosen

    def row(self, row: Row, tasks: Sequence[Task]) -> list[PlannedCell]:
        start = self._start(row)
        return [cell for task in tasks for cell in self._cells(row, start, task)]

    def _start(self, row: Row) -> _Start:
        own = self.chosen.encoder
        if not row.mix:
            return _Start(own)
        try:
            assignments = [self._assignment("intermediate", row, own, task) for task in row.mix]
            unit = intermediate_unit(assignments, self.registry, row.sampler(self.sampler))
        except MissingData as error:
            return _Start(own, missing=str(error))
        return _Start(own.trained_by(unit), unit)

    def _cells(self, row: Row, start: _Start, task: Task) -> list[PlannedCell]:
        wanted = languages_of(task, self.languages)
        missing = dict.fromkeys(wanted, start.missing) if start.missing else self._missing(task, wanted)
        present = tuple(code for code in wanted if code not in missing)
        assignment = self._assignment("target", row, start.encoder, task, present)
        kind = self.registry.kind(task.kind)
        laid = kind.load().lay_out(assignment) if assignment.languages else {}
        planned = partial(
            PlannedCell,
            row=row,
            task=assignment.task,
            training_task=assignment.training_task,
            seed=assignment.seed,
            unofficial=self.folders.reasons(task, assignment.training_task, *row.mix),
        )
        return [
            planned(language=code, intermediate=start.unit, **_units(laid[code], assignment))
            if code in laid
            else planned(language=code, missing=missing[code], options={})
            for code in wanted
        ]

    def _assignment(
        self, role: str, row: Row, encoder: Encoder, task: Task, present: tuple[str, ...] = ()
    ) -> Assignment:
        from xtreme_harness.kinds.interface import Assignment

        kind, of_role = self.registry.kind(task.kind), self.role_settings.get(role, {})
        chosen, recipe = self._values(row, task) if role == "intermediate" else self._own_values(task, task)
        values = {**recipe, **of_role, **_only(chosen, RECIPE_DEFAULTS)}
        task = replace(task, options={**task.options, **_only(chosen, kind.options)})
        method, method_files = self._method(row.method)
        return Assignment(
            task=task,
            training_task=self._training_task(task),
            languages=present,
            model=_set_model(self.chosen.model, chosen),
            encoder=encoder,
            recipe=without_idle(task.name, values, chosen, of_role),
            method=method,
            method_files=method_files,
            seed=row.seed_of(values),
            dtype=self.dtype,
            files=self.folders.files,
            gold=self.folders.gold,
            reader=reader_version,
            scorer=self._scorer_version,
            limit=self.limit,
            target_dev=self.target_dev,
        )

    def _values(self, row: Row, task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is set for a task that is trained on, and what the recipe has for it.

        A control of another kind than the task it stands in for has values of its own, but as many updates as are named
        for that task.
        """
        chosen, recipe = self._own_values(task, row.like(task))
        if (other := row.controlled.get(task.name)) is not None:
            settings, values = self._own_values(other, other)
            chosen = {**_only(settings, ("updates",)), **chosen}
            recipe["updates"] = recipe["updates"] or values["updates"]
        return chosen, recipe

    def _own_values(self, task: Task, like: Task) -> tuple[dict[str, Any], dict[str, Any]]:
        chosen = {**self.settings.get(like.name, {}), **self.settings.get(task.name, {})}
        return chosen, self.recipe.values(task.kind, like.name)

    def _scorer_version(self, task: Task) -> str:
        return code_version([self.registry.metric(name).compute for name in task.metrics])

    def _method(self, name: str) -> tuple[Method, dict[str, str]]:
        """The method as set, hashes in place of the files that it names; and the paths of these."""
        method = with_settings(self.registry.method(name), self.settings.get(name, {}))
        paths = {key: Path(method.parameters[key]) for key in method.files}
        if missing := [key for key, path in paths.items() if not path.is_file()]:
            named = method.parameters[missing[0]] or "none is named"
            raise RequestError(f"Method {name} needs a file ({named}): --set {name}.{missing[0]}=FILE.")
        hashes = {key: f"sha256:{self.folders.hashes.sha256(path)}" for key, path in paths.items()}
        resolved = {key: str(path.resolve()) for key, path in paths.items()}
        return replace(method, parameters={**method.parameters, **hashes}), resolved

    def _training_task(self, task: Task) -> Task:
        return self.registry.task(task.train_on) if task.train_on else task

    def _missing(self, task: Task, languages: list[str]) -> dict[str, str]:
        """Language to sentence where a part of it is not there; all where a part to train on is not."""
        kind, source = self.registry.kind(task.kind), self._training_task(task)
        trained_in = kind.load().training_languages(source) if kind.trainable else ()
        try:
            for split in ("train", "dev"):
                for language in trained_in:
                    self.folders.files(source, split, language)
        except MissingData as error:
            return dict.fromkeys(languages, str(error))
        missing = {}
        for language in languages:
            try:
                for split in kind.splits:
                    self.folders.files(task, split, language)
            except MissingData as error:
                missing[language] = str(error)
        return missing


def _units(cell: Cell, assignment: Assignment) -> dict[str, Any]:
    """A kind's cell as fields of a planned one; where something is trained, with every value of the recipe."""
    values = assignment.recipe if cell.train else {}
    options = {**values, **cell.options, **({"limit": dict(assignment.limit)} if assignment.limit else {})}
    units = {name: getattr(cell, name) for name in ("predict", "score", "train", "tuning", "target_dev")}
    return {**units, "options": options}


def _by_role(settings: Iterable[tuple[str, str, Any]]) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for role, key, value in settings:
        table.setdefault(role, {})[key] = value
    return table


def _only(settings: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in known}


def _set_model(model: Model, settings: Mapping[str, Any]) -> Model:
    chosen = {key: settings[key] for key in ("pooling", "sentence_pooling", "prefix") if key in settings}
    if "layer" in settings:
        chosen["layers"] = settings["layer"]
    return replace(model, **chosen)
