"""The study file: TOML to a checked Study. Every problem is told at its path, all of them at once (exit 2)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import NAME
from xtreme_harness.errors import DefinitionError, RequestError
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.stats import RESAMPLES, SWAPS
from xtreme_harness.study.names import name_problems
from xtreme_harness.study.places import place_problems, placed_model, placed_plugin, placed_setting, plugin_problems
from xtreme_harness.study.shapes import Each, anything, flag, positive, shape_problems, sound, text, whole
from xtreme_harness.training.samplers import KINDS, Sampler
from xtreme_harness.unit import MOST_SEED

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
    "controls": Each(text, may_be_empty=True),
    "match": text,
    "steps": whole(1),
    "methods": Each(text),
    "recipe": Each(text, alone=True),
    "seeds": Each(whole(0, MOST_SEED)),
    "plugins": Each(text, may_be_empty=True),
    "data": {"dir": text, "labels": text, "unofficial": flag},
    "limit": {part: whole(1) for part in PARTS},
    "sampler": {"kind": text, "temperature": positive, "cap": whole(1), "weights": {...: positive}},
    "set": {...: {...: anything}},
    "sweep": {role: {...: Each(anything)} for role in ROLES},
    "report": {"by": Each(text, may_be_empty=True), "resamples": whole(100), "swaps": whole(100)},
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

    `with_data`: its data folders and models must be there. Raises RequestError for a file that is none, DefinitionError
    for one whose fields do not fit.
    """
    fields = _fields(path)
    left = sound(fields, FILE)
    problems = [*shape_problems(fields, FILE, ""), *_rule_problems(left)]
    if absent := list(plugin_problems(left, path.parent)):
        raise DefinitionError(f"Study file {path}", [*problems, *absent])
    named = [placed_plugin(name, path.parent) for name in left.get("plugins") or [] if name is not None]
    plugins = (*named, *plugins)
    registry = load_registry(plugins)
    problems += name_problems(left, registry)
    problems += place_problems(left, path.parent, registry) if with_data else []
    if problems:
        raise DefinitionError(f"Study file {path}", problems)
    return _study(fields, path.parent, registry, plugins), registry


def _fields(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise RequestError(f"Study file {path}: there is no such file.") from None
    except IsADirectoryError:
        raise RequestError(f"Study file {path}: that is a folder. Name the file in it.") from None
    except UnicodeDecodeError as error:
        raise RequestError(f"Study file {path} is not UTF-8: byte {error.start + 1} cannot be read.") from None
    except tomllib.TOMLDecodeError as error:
        raise RequestError(f"Study file {path} is not TOML: {error}.") from None


def _rule_problems(left: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong although every value has the right shape, as far as that can be told without names."""
    yield from (f"{key}: is missing" for key in REQUIRED if key not in left)
    if left.get("name") and not NAME.fullmatch(left["name"]):
        yield f"name: {left['name']!r} names a folder; it must match {NAME.pattern}"
    if "suite" in left and "tasks" in left:
        yield "tasks: the suite names them already; give one of the two"
    if "suite" not in left and "tasks" not in left:
        yield "suite: is missing; name a suite, or tasks"
    yield from _match_problems(left)
    yield from _sampler_problems(left.get("sampler") or {})


def _match_problems(left: Mapping[str, Any]) -> Iterator[str]:
    match = left.get("match", "epochs")
    if match is None:
        return
    if match not in MATCHES:
        yield f"match: must be one of {', '.join(MATCHES)}, not {match!r}"
    if match != "steps" and "steps" in left:
        yield 'steps: belongs to match = "steps"'
    if match == "steps" and "steps" not in left and "train" not in (left.get("limit") or {}):
        yield 'steps: is missing; match = "steps" needs it, or [limit] train, from which it follows'


def _sampler_problems(sampler: Mapping[str, Any]) -> Iterator[str]:
    kind = sampler.get("kind", Sampler().kind)
    if kind is None:
        return
    if kind not in KINDS:
        yield f"sampler.kind: must be one of {', '.join(KINDS)}, not {kind!r}"
        return
    for key, owner in {"temperature": "temperature", "cap": "temperature", "weights": "weights"}.items():
        if key in sampler and kind != owner:
            yield f'sampler.{key}: belongs to kind = "{owner}"'
        if kind == owner == key and key not in sampler:
            yield f'sampler.{key}: is missing; kind = "{kind}" needs it'


def _study(fields: Mapping[str, Any], folder: Path, registry: Registry, plugins: tuple[str, ...]) -> Study:
    data = fields.get("data", {})
    plain = {key: _frozen(value) for key, value in fields.items() if key in Study.__dataclass_fields__}
    taken = {
        "models": tuple(placed_model(name, folder, registry) for name in fields["models"]),
        "recipes": tuple(_listed(fields.get("recipe"))),
        "plugins": plugins,
        "data": str(folder / data["dir"]) if "dir" in data else None,
        "labels": str(folder / data["labels"]) if "labels" in data else None,
        "unofficial": data.get("unofficial", False),
        "sampler": Sampler(**fields.get("sampler", {})),
        "settings": tuple(
            (name, key, placed_setting(name, key, value, folder, registry))
            for name, values in fields.get("set", {}).items()
            for key, value in values.items()
        ),
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
