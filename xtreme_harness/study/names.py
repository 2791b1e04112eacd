"""The names in a study file: whether they exist, and whether the values under them fit what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from xtreme_harness.definitions import RECIPE_DEFAULTS, Kind, Method, Task
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.intermediate import NONE, check_control, named_mixes
from xtreme_harness.registry import Registry
from xtreme_harness.settings import check_key, parameter_problem, value_problem
from xtreme_harness.study.groups import GROUPINGS
from xtreme_harness.study.shapes import quoted
from xtreme_harness.training.samplers import Sampler

SWEPT = tuple(name for name in RECIPE_DEFAULTS if name != "seed")
SIZE_MATCHED = "size-matched"  # a control by other data: fair only where both are trained on as much


def name_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """`path: what is wrong` for the names among `fields`, whose shapes are sound."""
    yield from _told("suite", registry.suite, fields.get("suite"))
    yield from _each("tasks", registry.target_task, fields)
    yield from _each("methods", registry.method, fields)
    yield from _each("recipe", registry.recipe, fields)
    yield from _each("by", _grouping, fields.get("report", {}), "report.")
    targets, trained = _targets(fields, registry), _trained(fields, registry)
    yield from _suite_problems(fields)
    yield from _language_problems(fields, targets)
    yield from _intermediate_problems(fields, registry)
    yield from _control_problems(fields, registry)
    yield from _set_problems(fields, [*targets, *trained], registry)
    yield from _sweep_problems(fields, {"target": targets, "intermediate": trained})


def _told(path: str, check: Callable[[Any], object], value: Any) -> Iterator[str]:
    """The sentence in which `check` refuses a value that is there."""
    try:
        if value is not None:
            check(value)
    except RequestError as error:
        yield f"{path}: {error}"


def _each(key: str, check: Callable[[Any], object], fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    values = fields.get(key, [])
    if not isinstance(values, list):
        yield from _told(above + key, check, values)
        return
    for place, value in enumerate(values):
        yield from _told(f"{above}{key}[{place}]", check, value)


def _grouping(name: str) -> None:
    if name not in GROUPINGS:
        raise UnknownName("grouping", name, GROUPINGS)


def _targets(fields: Mapping[str, Any], registry: Registry) -> list[Task]:
    """The target tasks, as far as their names are known."""
    suite = fields.get("suite")
    of_suite = registry.suite(suite).tasks if suite in registry.names("suite") else ()
    known = registry.names("task", "target")
    return [registry.task(name) for name in fields.get("tasks") or of_suite if name in known]


def _trained(fields: Mapping[str, Any], registry: Registry) -> list[Task]:
    """The intermediate tasks, each once, as far as their names are known; after them their controls."""
    known = registry.names("task", "intermediate")
    names = [name for mix in fields.get("intermediates", []) for name in mix.split("+") if name in known]
    named = [registry.task(name).controls for name in names]
    controls = [of[control] for of in named for control in fields.get("controls", []) if control in of]
    return [registry.task(name) for name in dict.fromkeys([*names, *controls])]


def _suite_problems(fields: Mapping[str, Any]) -> Iterator[str]:
    if "suite" in fields and "tasks" in fields:
        yield "tasks: the suite names them already; give one of the two"
    if "suite" not in fields and "tasks" not in fields:
        yield "suite: is missing; name a suite, or tasks"


def _language_problems(fields: Mapping[str, Any], targets: Sequence[Task]) -> Iterator[str]:
    known = sorted({code for task in targets for code in task.languages})
    for place, code in enumerate(fields.get("languages", []) if targets else []):
        if code not in known:
            yield f"languages[{place}]: {UnknownName('language', code, known)}"


def _intermediate_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    mixes = fields.get("intermediates", [])
    if mixes and NONE not in mixes:
        yield f'intermediates: must hold "{NONE}", with which all others are compared'
    for place, mix in enumerate(mixes):
        yield from _told(f"intermediates[{place}]", lambda name: named_mixes([name], Sampler(), registry), mix)
    for name in fields.get("sampler", {}).get("weights", {}):
        yield from _told(f"sampler.weights.{quoted(name)}", registry.intermediate_task, name)
    try:
        named_mixes([mix for mix in mixes if "+" in mix], Sampler(**fields.get("sampler", {})), registry)
    except UnknownName:
        pass  # told at its own path
    except RequestError as error:
        yield f"sampler: {error}"


def _control_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    known = registry.names("task", "intermediate")
    named = [[name for name in mix.split("+") if name != NONE] for mix in fields.get("intermediates", [])]
    mixes = [tuple(map(registry.task, names)) for names in named if set(names) <= set(known)]
    yield from _each("controls", partial(check_control, mixes=mixes, registry=registry), fields)
    if SIZE_MATCHED in fields.get("controls", []):
        if fields.get("match") != "steps":
            yield f'controls: {SIZE_MATCHED} needs match = "steps", or the control is trained for longer or shorter'
        if "train" not in fields.get("limit", {}):
            yield f"controls: {SIZE_MATCHED} needs [limit] train, which the data of both tasks reach"


def _set_problems(fields: Mapping[str, Any], tasks: Sequence[Task], registry: Registry) -> Iterator[str]:
    kinds = {task.name: registry.kind(task.kind) for task in tasks}
    methods = {name: registry.method(name) for name in fields.get("methods", []) if name in registry.names("method")}
    for name, values in fields.get("set", {}).items():
        path = f"set.{quoted(name)}"
        if name not in kinds and name not in methods:
            hint = " It must be a task or a method of this study."
            yield f"{path}: {UnknownName('task', name, [*kinds, *methods], hint)}"
            continue
        for key, value in values.items():
            yield from _told(f"{path}.{key}", partial(_check_setting, kinds.get(name), methods.get(name), key), value)


def _check_setting(kind: Kind | None, method: Method | None, key: str, value: Any) -> None:
    if kind is not None:
        check_key(key, kind)
    problem = parameter_problem(method, key, value) if kind is None and method else value_problem(key, value)
    if problem:
        raise RequestError(f"{problem}, not {value!r}")


def _sweep_problems(fields: Mapping[str, Any], tasks: Mapping[str, Sequence[Task]]) -> Iterator[str]:
    """Only values of the recipe can be swept: the English dev part chooses between trainings."""
    for role, key, values in ((role, *axis) for role, axes in fields.get("sweep", {}).items() for axis in axes.items()):
        path = f"sweep.{role}.{key}"
        if key not in SWEPT:
            yield f"{path}: {UnknownName('recipe value', key, SWEPT)}"
            continue
        if key == "updates" and role == "intermediate" and fields.get("match") == "steps":
            yield f'{path}: match = "steps" gives every intermediate training the same number'
        for place, value in enumerate(values):
            if told := value_problem(key, value):
                yield f"{path}[{place}]: {told}, not {value!r}"
        for task in tasks[role]:
            if key in fields.get("set", {}).get(task.name, {}):
                yield f"{path}: [set.{quoted(task.name)}] gives {key} too; give it in one place"
