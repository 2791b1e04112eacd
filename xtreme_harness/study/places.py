"""Where the files and folders that a study file names lie, relative to its own folder; and which of them do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.discovery import is_plugin_file
from xtreme_harness.errors import UnknownName
from xtreme_harness.models.reference import HUB_ID
from xtreme_harness.registry import Registry
from xtreme_harness.study.shapes import quoted


def placed_plugin(name: str, folder: Path) -> str:
    """A plugin file relative to `folder`; the name of a module as it is."""
    return str(folder / name) if is_plugin_file(name) else name


def placed_model(name: str, folder: Path, registry: Registry) -> str:
    """A registered name as it is, then a checkpoint relative to `folder`, then a hub id as it is."""
    if registry.has_model(name) or (HUB_ID.fullmatch(name) and not (folder / name).is_dir()):
        return name
    return str(folder / name)


def placed_setting(name: str, key: str, value: Any, folder: Path, registry: Registry) -> Any:
    """The value of [set], relative to `folder` where it is a file of a method."""
    return str(folder / value) if key in _files(name, registry) else value


def plugin_problems(fields: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """`path: what is wrong` for plugin files that are not there: what they register cannot be known."""
    for place, name in enumerate(fields.get("plugins") or []):
        if name is not None and is_plugin_file(name) and not (folder / name).is_file():
            yield f"plugins[{place}]: there is no file {folder / name}"


def place_problems(fields: Mapping[str, Any], folder: Path, registry: Registry) -> Iterator[str]:
    """`path: what is wrong` for data folders, models and files of methods that are not there."""
    for key in ("dir", "labels"):
        named = (fields.get("data") or {}).get(key)
        if named is not None and not (folder / named).is_dir():
            yield f"data.{key}: there is no folder {folder / named}"
    for place, name in enumerate(fields.get("models") or []):
        if name is not None and not _is_model(placed_model(name, folder, registry), registry):
            hint = f" There is no folder {folder / name} either; a model of the hub is named id@revision."
            yield f"models[{place}]: {UnknownName('model', name, registry.names('model'), hint)}"
    yield from _method_problems(fields, folder, registry)


def _is_model(placed: str, registry: Registry) -> bool:
    return registry.has_model(placed) or Path(placed).is_dir() or HUB_ID.fullmatch(placed) is not None


def _method_problems(fields: Mapping[str, Any], folder: Path, registry: Registry) -> Iterator[str]:
    for place, name in enumerate(fields.get("methods") or []):
        for key in _files(name, registry):
            value = ((fields.get("set") or {}).get(name) or {}).get(key)
            if value is None and not Path(registry.method(name).parameters[key]).is_file():
                yield f'methods[{place}]: {name} needs a file: [set.{quoted(name)}] {key} = "FILE"'
            elif isinstance(value, str) and not (folder / value).is_file():
                yield f"set.{quoted(name)}.{key}: there is no file {folder / value}"


def _files(method: str | None, registry: Registry) -> tuple[str, ...]:
    """The parameters of a method that name files; none where there is no such method."""
    return registry.method(method).files if method in registry.names("method") else ()
