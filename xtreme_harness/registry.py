"""Finds plugins, isolates broken ones, looks names up: the one door through which the core reaches whatever it runs.

`load_registry()` is the start of every command that looks a name up, and of every worker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from xtreme_harness.collector import paused_collector
from xtreme_harness.completion import completed
from xtreme_harness.definitions import Board, Executor, Kind, Method, Metric, Model, Recipe, Suite, Task
from xtreme_harness.discovery import Candidate, find_candidates, plugin_arguments
from xtreme_harness.errors import DataError, DefinitionError, PluginError, RequestError, UnknownName
from xtreme_harness.registration import OBSERVERS, LoadedPlugin, guarded, load_plugin

STRICT = "XTREME_HARNESS_STRICT"
TYPES = ("task", "model", "suite", "recipe", "method", "kind", "board", "executor", "metric")


class Entry(NamedTuple):
    """One registered thing; `thing` is a definition, or a board's path. Only tasks have roles."""

    name: str
    thing: Any
    plugin: str
    origin: str
    roles: tuple[str, ...] = ()


class Failure(NamedTuple):
    """A plugin that is left out, with the reason in one sentence."""

    plugin: str
    origin: str
    sentence: str


class PluginInfo(NamedTuple):
    """A plugin that was found: what it registered as (type, name) pairs, or its failure."""

    name: str
    origin: str
    registered: tuple[tuple[str, str], ...] = ()
    failure: str | None = None


class Registry:
    """Everything that plugins registered. Lookups raise UnknownName, which says what is close to the name."""

    def __init__(self, loaded: Sequence[LoadedPlugin], infos: Iterable[PluginInfo], arguments: Sequence[str]) -> None:
        self.plugins = tuple(infos)
        self.failures = tuple(Failure(info.name, info.origin, info.failure) for info in self.plugins if info.failure)
        self.plugin_arguments = tuple(arguments)
        self._loaded = tuple(loaded)
        self._entries = _entries(loaded)

    def entries(self, type: str) -> list[Entry]:
        """Entries of one type ("task", "model", ...), in the order of their registration."""
        return list(self._entries.get(type, {}).values())

    def names(self, type: str, role: str | None = None) -> tuple[str, ...]:
        """Names of one type in the order of their registration; `role` ("target", "intermediate") narrows tasks."""
        return tuple(entry.name for entry in self.entries(type) if role is None or role in entry.roles)

    def entry(self, type: str, name: str, role: str | None = None) -> Entry:
        if name not in self.names(type, role):
            raise self.unknown(type, name, role)
        return self._entries[type][name]

    def unknown(self, type: str, name: str, role: str | None = None) -> UnknownName:
        """The error to raise when there is no such name: what is close to it, and whether plugins failed."""
        other = f" {name} is registered, but not as {role} task." if name in self.names(type) else ""
        return UnknownName(type, name, self.names(type, role), other + self.failure_hint)

    @property
    def failure_hint(self) -> str:
        """A sentence that ends messages about unknown names, empty when every plugin was loaded."""
        number = len(self.failures)
        plugins = "1 plugin" if number == 1 else f"{number} plugins"
        return f" {plugins} failed to load: run `xtreme-harness plugins`." if number else ""

    def task(self, name: str) -> Task:
        return self.entry("task", name).thing  # type: ignore[no-any-return]

    def target_task(self, name: str) -> Task:
        return self.entry("task", name, "target").thing  # type: ignore[no-any-return]

    def intermediate_task(self, name: str) -> Task:
        return self.entry("task", name, "intermediate").thing  # type: ignore[no-any-return]

    def model(self, name: str) -> Model:
        return self.entry("model", name).thing  # type: ignore[no-any-return]

    def has_model(self, name: str) -> bool:
        return name in self.names("model")

    def suite(self, name: str) -> Suite:
        return self.entry("suite", name).thing  # type: ignore[no-any-return]

    def suite_tasks(self, suite: Suite, names: Sequence[str] = ()) -> tuple[Task, ...]:
        """The suite's tasks, or those of them that are named; raises RequestError for one that is not in it."""
        for name in names:
            if name not in suite.tasks:
                self.target_task(name)
                raise RequestError(f"Task {name} is not in suite {suite.name}, which has {', '.join(suite.tasks)}.")
        return tuple(self.target_task(name) for name in suite.tasks if not names or name in names)

    def recipe(self, name: str) -> Recipe:
        return self.entry("recipe", name).thing  # type: ignore[no-any-return]

    def method(self, name: str) -> Method:
        return self.entry("method", name).thing  # type: ignore[no-any-return]

    def metric(self, name: str) -> Metric:
        return self.entry("metric", name).thing  # type: ignore[no-any-return]

    def kind(self, name: str) -> Kind:
        return self.entry("kind", name).thing  # type: ignore[no-any-return]

    def executor(self, name: str) -> Executor:
        return self.entry("executor", name).thing  # type: ignore[no-any-return]

    def board_path(self, name: str) -> Path:
        return self.entry("board", name).thing  # type: ignore[no-any-return]

    def board(self, name: str) -> Board:
        """The board, read from its file now. Raises what `read_board` raises."""
        return read_board(self.board_path(name))

    def notify(self, hook: str, **arguments: Any) -> None:
        """Calls an observer hook of every plugin; what one raises is told on standard error and ends nothing."""
        for plugin in self._loaded:
            if hook in plugin.hooks:
                _tolerated(plugin, hook, partial(getattr(plugin.manager.hook, hook), **arguments))

    def add_commands(self, cli: Any) -> None:
        """Adds the commands of plugins to the click group `cli`; one that it refuses is told on standard error."""
        for plugin in self._loaded:
            for item in plugin.registrations:
                if item.type == "command":
                    _tolerated(plugin, f"command {item.name}", partial(cli.add_command, item.thing, item.name))


def load_registry(plugins: Sequence[str] = ()) -> Registry:
    """Loads built-in plugins, those of installed distributions, and `plugins` (values of --plugin), each guarded.

    Raises RequestError for a plugin file that is not there, and PluginError for any failure when
    XTREME_HARNESS_STRICT=1. What plugins print goes to standard error: standard output carries results.
    """
    candidates = find_candidates(plugins)
    with redirect_stdout(sys.stderr), paused_collector():
        loaded, failures = _load_each(candidates)
    kept, refused = completed(loaded)
    failures |= {(plugin.name, plugin.origin): str(error) for plugin, error in refused}
    if failures and os.environ.get(STRICT, "") not in ("", "0"):
        (name, origin), sentence = next(iter(failures.items()))
        raise PluginError(f"Plugin {name} ({origin}) failed to load: {sentence}")
    return Registry(kept, _infos(candidates, kept, failures), plugin_arguments(plugins))


def read_board(path: Path) -> Board:
    """The board that a TOML file describes; its name is the file's stem.

    Raises DataError when the file cannot be read as TOML, DefinitionError when its keys do not fit.
    """
    import tomllib

    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(path, None, f"is not a board in TOML: {error}") from None
    problems = _board_problems(path, fields)
    if problems:
        raise DefinitionError(f"Board file {path}", problems)
    values: dict[str, Any] = {"name": path.stem, "title": path.stem}
    values |= {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    return Board(**values)


def _board_problems(path: Path, fields: dict[str, Any]) -> list[str]:
    lists = ("tasks", "tracks", "runs", "outputs")
    unknown = [key for key in fields if key not in Board.__dataclass_fields__]
    problems = [f"unknown key {', '.join(unknown)}"] if unknown else []
    for key in fields.keys() - set(unknown):
        values = fields[key] if key in lists and isinstance(fields[key], list) else [fields[key]]
        if (key in lists) != isinstance(fields[key], list) or not all(isinstance(value, str) for value in values):
            problems.append(f"{key} must be {'a list of texts' if key in lists else 'a text'}")
    if fields.get("name", path.stem) != path.stem:
        problems.append(f"name must be that of the file, {path.stem!r}")
    return sorted(problems)


Failures = dict[tuple[str, str], str]  # (plugin, origin): sentence


def _load_each(candidates: Sequence[Candidate]) -> tuple[list[LoadedPlugin], Failures]:
    loaded: list[LoadedPlugin] = []
    failures: Failures = {}
    for candidate in candidates:
        try:
            plugin = load_plugin(candidate, loaded)
        except PluginError as error:
            failures[candidate.name, candidate.origin] = str(error)
        else:
            loaded += [plugin] if plugin else []
    return loaded, failures


def _infos(candidates: Sequence[Candidate], kept: Sequence[LoadedPlugin], failures: Failures) -> Iterator[PluginInfo]:
    good = {(plugin.name, plugin.origin): plugin for plugin in kept}
    for candidate in candidates:
        key = (candidate.name, candidate.origin)
        if key in failures:
            yield PluginInfo(*key, failure=failures[key])
        elif key in good:
            things = [(item.type, item.name) for item in good[key].registrations]
            observers = [("observer", hook) for hook in good[key].hooks if hook in OBSERVERS]
            yield PluginInfo(*key, registered=tuple(dict.fromkeys((*things, *observers))))


def _entries(loaded: Sequence[LoadedPlugin]) -> dict[str, dict[str, Entry]]:
    """Entries by type and name; registrations of one task in two roles become one entry."""
    entries: dict[str, dict[str, Entry]] = {}
    for item in [item for plugin in loaded for item in plugin.registrations]:
        named = entries.setdefault(item.type, {})
        first = named.get(item.name)
        roles = (*(first.roles if first else ()), *([item.role] if item.role else ()))
        named[item.name] = (
            first._replace(roles=tuple(sorted(roles, reverse=True)))  # target before intermediate
            if first
            else Entry(item.name, item.thing, item.plugin, item.origin, roles)
        )
    return entries


def _tolerated(plugin: LoadedPlugin, what: str, call: Callable[[], object]) -> None:
    """`call()` in a guard: a plugin may look on, it may not end a run."""
    try:
        with redirect_stdout(sys.stderr):
            guarded(f"Plugin {plugin.name} ({plugin.origin}): {what} failed", call)
    except PluginError as error:
        sys.stderr.write(f"xtreme-harness: {error}\n")
