"""Finds plugins: entry points of installed distributions, and the files and modules that --plugin names.

Nothing is imported before `Candidate.load` is called, so that the registry can load each plugin in a guard of its own.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from xtreme_harness.errors import PluginError, RequestError

GROUP = "xtreme_harness"
BUILT_IN = "xtreme-harness"
LIMIT = "XTREME_HARNESS_LOAD_PLUGINS"


class Candidate(NamedTuple):
    """A plugin that was found but not imported; `origin` is its distribution and version, its file or its module."""

    name: str
    origin: str
    load: Callable[[], object]


def find_candidates(arguments: Sequence[str] = ()) -> list[Candidate]:
    """Built-ins by name, third-party entry points by (distribution, name), then `arguments` in their order.

    Raises RequestError when an argument names a file that is not there.
    """
    named = [_from_argument(argument) for argument in _by_full_path(arguments).values()]
    built_in, others = _entry_points()
    return [*built_in, *others, *named]


def plugin_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """The values of --plugin without repetitions, files by their full path: they mean the same in another process."""
    return tuple(_by_full_path(arguments))


def _by_full_path(arguments: Sequence[str]) -> dict[str, str]:
    return {str(Path(value).resolve()) if is_plugin_file(value) else value: value for value in arguments}


def is_plugin_file(argument: str) -> bool:
    """Whether a value of --plugin names a file, not a module."""
    return argument.endswith(".py") or "/" in argument or os.sep in argument


def _from_argument(argument: str) -> Candidate:
    if not is_plugin_file(argument):
        return Candidate(name=argument, origin=argument, load=lambda: importlib.import_module(argument))
    path = Path(argument)
    if not path.is_file():
        raise RequestError(f"--plugin {argument}: there is no such file.")
    if path.suffix != ".py":
        raise RequestError(f"--plugin {argument}: a plugin file ends in .py; a package is named as package.module.")
    return Candidate(name=path.stem, origin=argument, load=lambda: _load_file(path.resolve()))


def _load_file(path: Path) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location
    from zlib import crc32

    # the path is part of the module's name: two plugin files may both be called tasks.py
    name = f"xtreme_harness_plugin_{path.stem}_{crc32(str(path).encode()):08x}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError("is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look the module up by name
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _entry_points() -> tuple[list[Candidate], list[Candidate]]:
    """Built-in and third-party candidates, sorted, so that no order comes from a folder listing."""
    limit = os.environ.get(LIMIT)
    wanted = None if limit is None else {_normal(name) for name in limit.split(",")}
    found = dict[tuple[str, str], Candidate]()
    for distribution in _distributions():
        for key, candidate in _of_distribution(distribution):
            found.setdefault(key, candidate)  # the first on the path wins, as for imports
    built_in = [found[key] for key in sorted(found) if key[0] == BUILT_IN]
    others = [key for key in sorted(found) if key[0] != BUILT_IN]
    chosen = [key for key in others if wanted is None or wanted & {key[0], _normal(key[1])}]
    return built_in or [_not_installed()], [found[key] for key in chosen]


def _distributions() -> Iterator[importlib.metadata.Distribution]:
    """Those with entry points of our group; a damaged neighbour is passed over."""
    for distribution in importlib.metadata.distributions():
        try:
            text = distribution.read_text("entry_points.txt")
        except (OSError, ValueError):
            continue
        if text and f"[{GROUP}]" in text:
            yield distribution


def _of_distribution(
    distribution: importlib.metadata.Distribution,
) -> Iterator[tuple[tuple[str, str], Candidate]]:
    metadata = distribution.metadata  # read once: each access parses the file anew
    name, version = metadata["Name"] or "unknown distribution", metadata["Version"] or "of unknown version"
    for point in distribution.entry_points:
        if point.group == GROUP:
            candidate = Candidate(name=point.name, origin=f"{name} {version}", load=point.load)
            yield (_normal(name), point.name), candidate


def _not_installed() -> Candidate:
    def load() -> object:
        raise PluginError(f"the distribution {BUILT_IN} is not installed: its tasks, models and kinds are not found")

    return Candidate(name="built-ins", origin=BUILT_IN, load=load)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
