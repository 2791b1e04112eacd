"""Fits tasks to their kinds once every plugin is in: the kind may come from a plugin that was loaded after the task."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from xtreme_harness.definitions import Kind, Task
from xtreme_harness.errors import DefinitionError, PluginError, UnknownName
from xtreme_harness.registration import LoadedPlugin


def completed(
    plugins: Sequence[LoadedPlugin],
) -> tuple[list[LoadedPlugin], list[tuple[LoadedPlugin, PluginError]]]:
    """The plugins whose tasks all fit their kinds, with those tasks filled; and the others, which go whole.

    A plugin that goes takes its kinds and metrics along, so what is left is looked at again.
    """
    kept, refused = list(plugins), list[tuple[LoadedPlugin, PluginError]]()
    while True:
        kinds = {item.name: item.thing for plugin in kept for item in plugin.registrations if item.type == "kind"}
        metrics = {item.name for plugin in kept for item in plugin.registrations if item.type == "metric"}
        trained = {item.name for plugin in kept for item in plugin.registrations if item.role == "intermediate"}
        results = [(plugin, _fitted(plugin, kinds, metrics, trained)) for plugin in kept]
        failed = [(plugin, result) for plugin, result in results if isinstance(result, PluginError)]
        if not failed:
            return [result for _, result in results if isinstance(result, LoadedPlugin)], refused
        refused += failed
        kept = [plugin for plugin, result in results if isinstance(result, LoadedPlugin)]


def complete_task(task: Task, kinds: Mapping[str, Kind], metrics: Collection[str], trained: Collection[str]) -> Task:
    """`task` with its kind's options, metrics and headline filled in; raises PluginError naming every problem.

    `trained` are the names of all intermediate tasks, among which its controls must be.
    """
    kind = kinds.get(task.kind)
    if kind is None:
        raise PluginError(f"task {task.name!r}: {UnknownName('kind', task.kind, kinds)}")
    problems = _option_problems(task, kind)
    chosen = task.metrics or kind.metrics
    headline = task.headline or kind.headline
    if unknown := [name for name in (*chosen, *headline) if name not in metrics]:
        problems.append(f"unknown metric {', '.join(dict.fromkeys(unknown))}")
    if absent := [name for name in task.controls.values() if name not in trained]:
        problems.append(f"its control {', '.join(absent)} is no intermediate task")
    if problems:
        raise PluginError(f"task {task.name!r}: {'; '.join(problems)}")
    try:
        return replace(task, options={**kind.options, **task.options}, metrics=chosen, headline=headline)
    except DefinitionError as error:
        raise PluginError(str(error)) from None


def _option_problems(task: Task, kind: Kind) -> list[str]:
    allowed = tuple(dict.fromkeys((*kind.required, *kind.options)))
    unknown = [option for option in task.options if option not in allowed]
    missing = [option for option in kind.required if option not in task.options]
    problems = []
    if unknown:
        has = f"kind {kind.name} has {', '.join(allowed)}" if allowed else f"kind {kind.name} has none"
        problems.append(f"unknown option {', '.join(unknown)} ({has})")
    if missing:
        problems.append(f"kind {kind.name} needs the option {', '.join(missing)}")
    return problems


def _fitted(
    plugin: LoadedPlugin, kinds: Mapping[str, Kind], metrics: Collection[str], trained: Collection[str]
) -> LoadedPlugin | PluginError:
    try:
        items = [
            item._replace(thing=complete_task(item.thing, kinds, metrics, trained)) if item.type == "task" else item
            for item in plugin.registrations
        ]
    except PluginError as error:
        return error
    return plugin._replace(registrations=items)
