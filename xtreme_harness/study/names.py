"""The names in a study file: whether they exist, and whether the values under them fit what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from xtreme_harness.definitions import RECIPE_DEFAULTS, Kind, Method, Task
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.intermediate import NONE, Mix, check_control, controls_of, named_mixes
from xtreme_harness.leaderboard.language_groups import GROUPINGS
from xtreme_harness.registry import Registry
from xtreme_harness.settings import check_key, parameter_problem, value_problem
from xtreme_harness.study.shapes import quoted
from xtreme_harness.training.samplers import Sampler

SWEPT = tuple(name for name in RECIPE_DEFAULTS if name != "seed")
SAME_NUMBER = 'match = "steps" gives every intermediate training the same number'


def name_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    """`path: what is wrong` for the names among `fields`, where None stands for what has not even the right shape."""
    yield from _told("suite", registry.suite, fields.get("suite"))
    yield from _each("tasks", registry.target_task, fields)
    yield from _each("methods", registry.method, fields)
    yield from _each("recipe", registry.recipe, fields)
    yield from _each("by", _grouping, fields.get("report") or {}, "report.")
    targets, trained = _targets(fields, registry), _trained(fields, registry)
    yield from _language_problems(fields, targets)
    yield from _intermediate_problems(fields, registry)
    yield from _control_problems(fields, registry)
    yield from _set_problems(fields, [*targets, *trained], registry)
    yield from _role_problems(fields, trained)
    yield from _sweep_problems(fields, {"target": targets, "intermediate": trained})


def _listed(fields: Mapping[str, Any], key: str) -> dict[int, Any]:
    """The values of a list by their places, those of the right shape."""
    return {place: value for place, value in enumerate(fields.get(key) or []) if value is not None}


def _told(path: str, check: Callable[[Any], object], value: Any) -> Iterator[str]:
    """The sentence in which `check` refuses a value that is there."""
    try:
        if value is not None:
            check(value)
    except RequestError as error:
        yield f"{path}: {error}"


def _each(key: str, check: Callable[[Any], object], fields: Mapping[str, Any], above: str = "") -> Iterator[str]:
    if isinstance(fields.get(key), str):
        yield from _told(above + key, check, fields[key])
        return
    for place, value in _listed(fields, key).items():
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


def _mixes(fields: Mapping[str, Any]) -> list[list[str]]:
    """The tasks that each intermediate names; none for `none`."""
    return [[name for name in mix.split("+") if name != NONE] for mix in _listed(fields, "intermediates").values()]


def _trained(fields: Mapping[str, Any], registry: Registry) -> list[Task]:
    """The intermediate tasks, each once, as far as their names are known; after them their controls."""
    known = registry.names("task", "intermediate")
    names = [name for mix in _mixes(fields) for name in mix if name in known]
    named = [registry.task(name).controls for name in names]
    controls = [of[control] for of in named for control in _listed(fields, "controls").values() if control in of]
    return [registry.task(name) for name in dict.fromkeys([*names, *controls])]


def _language_problems(fields: Mapping[str, Any], targets: Sequence[Task]) -> Iterator[str]:
    known = sorted({code for task in targets for code in task.languages})
    for place, code in (_listed(fields, "languages") if targets else {}).items():
        if code not in known:
            yield f"languages[{place}]: {UnknownName('language', code, known)}"


def _intermediate_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    mixes = _listed(fields, "intermediates")
    if mixes and NONE not in mixes.values():
        yield f'intermediates: must hold "{NONE}", with which all others are compared'
    for place, mix in mixes.items():
        yield from _told(f"intermediates[{place}]", lambda name: named_mixes([name], Sampler(), registry), mix)
    weights = (fields.get("sampler") or {}).get("weights") or {}
    for name in weights:
        yield from _told(f"sampler.weights.{quoted(name)}", registry.intermediate_task, name)
    for names in _mixes(fields) if weights else []:
        if len(names) > 1 and (missing := [name for name in names if name not in weights]):
            yield f"sampler.weights: {'+'.join(names)} needs a weight of {', '.join(missing)}"


def _control_problems(fields: Mapping[str, Any], registry: Registry) -> Iterator[str]:
    known = registry.names("task", "intermediate")
    mixes = [tuple(map(registry.task, names)) for names in _mixes(fields) if set(names) <= set(known)]
    yield from _each("controls", partial(check_control, mixes=mixes, registry=registry), fields)
    for control in _listed(fields, "controls").values():
        yield from _fairness_problems(control, fields, mixes, registry)


def _fairness_problems(
    control: str, fields: Mapping[str, Any], mixes: Sequence[Mix], registry: Registry
) -> Iterator[str]:
    """A control of another kind has values of its own, one by other data may be smaller or larger than its task."""
    found = [pair for mix in mixes for pair in (controls_of(mix, control) or {}).items()]
    pairs = [(registry.task(name), task) for name, task in found]
    is_other_kind = any(one.kind != task.kind for one, task in pairs)
    is_other_data = any(tuple(one.files("train", "en")) != tuple(task.files("train", "en")) for one, task in pairs)
    if (is_other_kind or is_other_data) and fields.get("match", "epochs") == "epochs":
        yield f'controls: {control} needs match = "steps", or the control is trained for longer or shorter'
    if is_other_data and "train" not in (fields.get("limit") or {}):
        yield f"controls: {control} needs [limit] train, which the data of both tasks reach"


def _set_problems(fields: Mapping[str, Any], tasks: Sequence[Task], registry: Registry) -> Iterator[str]:
    kinds = {task.name: registry.kind(task.kind) for task in tasks}
    known = registry.names("method")
    methods = {name: registry.method(name) for name in _listed(fields, "methods").values() if name in known}
    for name, values in (fields.get("set") or {}).items():
        path = f"set.{quoted(name)}"
        if name not in kinds and name not in methods:
            yield f"{path}: {_unknown_of_set(name, values or {}, [*kinds, *methods])}"
            continue
        for key, value in (values or {}).items():
            yield from _told(f"{path}.{key}", partial(_check_setting, kinds.get(name), methods.get(name), key), value)


def _unknown_of_set(name: str, values: Mapping[str, Any], known: Sequence[str]) -> str:
    """TOML takes [set.mini.nli] for a table within a table."""
    if cut := next((f"{name}.{key}" for key in values if f"{name}.{key}" in known), None):
        return f'names with dots stand in quotes: [set."{cut}"]'
    return str(UnknownName("task", name, known, " It must be a task or a method of this study."))


def _check_setting(kind: Kind | None, method: Method | None, key: str, value: Any) -> None:
    if kind is not None:
        check_key(key, kind)
    problem = parameter_problem(method, key, value) if kind is None and method else value_problem(key, value)
    if problem:
        raise RequestError(f"{problem}, not {value!r}")


def _role_problems(fields: Mapping[str, Any], trained: Sequence[Task]) -> Iterator[str]:
    """Values of single tasks that would undo what the file says of all of them."""
    names = [task.name for task in trained]
    for name, values in (fields.get("set") or {}).items():
        if "seed" in (values or {}) and "seeds" in fields and name not in _listed(fields, "methods").values():
            yield f"set.{quoted(name)}.seed: seeds gives every task its seed; give it in one place"
        if "updates" in (values or {}) and name in names and fields.get("match") == "steps":
            yield f"set.{quoted(name)}.updates: {SAME_NUMBER}"


def _sweep_problems(fields: Mapping[str, Any], tasks: Mapping[str, Sequence[Task]]) -> Iterator[str]:
    """Only values of the recipe can be swept: the English dev part chooses between trainings."""
    roles = (fields.get("sweep") or {}).items()
    for role, key, values in ((role, *axis) for role, axes in roles for axis in (axes or {}).items()):
        path = f"sweep.{role}.{quoted(key)}"
        if key not in SWEPT:
            yield f"{path}: {UnknownName('recipe value', key, SWEPT)}"
            continue
        if key == "updates" and role == "intermediate" and fields.get("match") == "steps":
            yield f"{path}: {SAME_NUMBER}"
        for place, value in enumerate(values or []):
            if told := value_problem(key, value):
                yield f"{path}[{place}]: {told}, not {value!r}"
        for task in tasks[role]:
            if key in ((fields.get("set") or {}).get(task.name) or {}):
                yield f"{path}: [set.{quoted(task.name)}] gives {key} too; give it in one place"
