"""The study file: TOML to a checked Study. Every problem is told at its path, all of them at once (exit 2)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import NAME
from xtreme_harness.errors import DefinitionError, RequestError
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.stats import RESAMPLES, SWAPS
from xtreme_harness.study.names import name_problems
from xtreme_harness.study.shapes import Each, anything, flag, positive, shape_problems, text, whole
from xtreme_harness.training.samplers import Sampler

ROLES = ("target", "intermediate")
MATCHES = ("epochs", "steps")
PARTS = ("train", "dev", "test")
REQUIRED = ("name", "models", "intermediates")

FILE: Mapping[str, Any] = {
    "name": text,
    "suite": text,
    "tasks": Each(text),
    "languages": Each(text),
    "models": Each(text),
    "intermediates": Each(text),
    "controls": Each(text),
    "match": text,
    "steps": whole(1),
    "methods": Each(text),
    "recipe": Each(text, alone=True),
    "seeds": Each(whole(0)),
    "plugins": Each(text),
    "data": {"dir": text, "labels": text, "unofficial": flag},
    "limit": {part: whole(1) for part in PARTS},
    "sampler": {"kind": text, "temperature": positive, "cap": whole(1), "weights": {...: positive}},
    "set": {...: {...: anything}},
    "sweep": {role: {...: Each(anything)} for role in ROLES},
    "report": {"by": Each(text), "resamples": whole(100), "swaps": whole(100)},
}


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a study file asks for, checked. Folders and plugin files are relative to the file's own folder."""

    name: str
    models: tuple[str, ...]
    intermediates: tuple[str, ...]
    suite: str | None = None
    tasks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    match: str = "epochs"
    steps: int | None = None
    methods: tuple[str, ...] = ("plain",)
    recipes: tuple[str | None, ...] = (None,)  # None: the suite's
    seeds: tuple[int, ...] = ()
    plugins: tuple[str, ...] = ()
    data: str | None = None
    labels: str | None = None
    unofficial: bool = False
    limit: Mapping[str, int] = field(default_factory=dict)
    sampler: Sampler = field(default_factory=Sampler)
    settings: tuple[tuple[str, str, Any], ...] = ()
    sweep: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    resamples: int = RESAMPLES
    swaps: int = SWAPS


def read_study(path: Path, plugins: tuple[str, ...] = (), with_data: bool = True) -> tuple[Study, Registry]:
    """The study that a file describes, and a registry with its plugins and `plugins`.

    `with_data`: its data folders must be there. Raises RequestError for a file that is none, DefinitionError for one
    whose fields do not fit.
    """
    fields = _fields(path)
    problems = list(shape_problems(fields, FILE, ""))
    sound = {key: value for key, value in fields.items() if not _is_told_of(key, problems)}
    plugins = (*_placed(sound.get("plugins", ()), path.parent), *plugins)
    registry = load_registry(plugins)
    problems += [*_rule_problems(fields, sound), *name_problems(sound, registry)]
    problems += _folder_problems(sound, path.parent) if with_data else []
    if problems:
        raise DefinitionError(f"Study file {path}", problems)
    return _study(fields, path.parent, registry, plugins), registry


def _fields(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RequestError(f"Study file {path}: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise RequestError(f"Study file {path} is not TOML: {error}.") from None


def _is_told_of(key: str, problems: list[str]) -> bool:
    return any(one.startswith((f"{key}:", f"{key}.", f"{key}[")) for one in problems)


def _rule_problems(fields: Mapping[str, Any], sound: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong although every value has the right shape, as far as that can be told without names."""
    yield from (f"{key}: is missing" for key in REQUIRED if not fields.get(key))
    if "name" in sound and not NAME.fullmatch(sound["name"]):
        yield f"name: {sound['name']!r} names a folder; it must match {NAME.pattern}"
    yield from _match_problems(fields, sound)


def _folder_problems(sound: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for key in ("dir", "labels"):
        named = sound.get("data", {}).get(key)
        if named is not None and not (folder / named).is_dir():
            yield f"data.{key}: there is no folder {folder / named}"


def _match_problems(fields: Mapping[str, Any], sound: Mapping[str, Any]) -> Iterator[str]:
    match = sound.get("match", "epochs")
    if match not in MATCHES:
        yield f"match: must be one of {', '.join(MATCHES)}, not {match!r}"
    if match != "steps" and "steps" in fields:
        yield 'steps: belongs to match = "steps"'
    if match == "steps" and "steps" not in fields and "train" not in fields.get("limit", {}):
        yield 'steps: is missing; match = "steps" needs it, or [limit] train, from which it follows'


def _placed(names: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Files and folders relative to `folder`; what is none there (a module, a hub id) as it is."""
    return tuple(str(folder / name) if (folder / name).exists() else name for name in names)


def _study(fields: Mapping[str, Any], folder: Path, registry: Registry, plugins: tuple[str, ...]) -> Study:
    data = fields.get("data", {})
    plain = {key: _frozen(value) for key, value in fields.items() if key in Study.__dataclass_fields__}
    taken = {
        "models": tuple(name if registry.has_model(name) else _placed([name], folder)[0] for name in fields["models"]),
        "recipes": tuple(_listed(fields.get("recipe"))),
        "plugins": plugins,
        "data": str(folder / data["dir"]) if "dir" in data else None,
        "labels": str(folder / data["labels"]) if "labels" in data else None,
        "unofficial": data.get("unofficial", False),
        "sampler": Sampler(**fields.get("sampler", {})),
        "settings": tuple((task, *one) for task, values in fields.get("set", {}).items() for one in values.items()),
        "sweep": {role: _frozen(axes) for role, axes in fields.get("sweep", {}).items()},
        **_frozen(fields.get("report", {})),
    }
    return Study(**{**plain, **taken})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _frozen(value: Any) -> Any:
    """Lists as tuples, also within a table."""
    if isinstance(value, Mapping):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(value) if isinstance(value, list) else value
