"""`list` and `show`: what the plugins registered, as a table, as pages or as JSON. Loads neither rich nor torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from xtreme_harness.cli.options import json_option, plugin_option, print_json
from xtreme_harness.definitions import RECIPE_DEFAULTS, Prepared
from xtreme_harness.errors import LISTED, RequestError, UnknownName
from xtreme_harness.registry import TYPES, Entry, Registry, load_registry

PLURALS = {f"{type}s": type for type in LISTED}
WIDEST_CELL = 60
MANY_KEYS = 12  # with one value, which is then shown once
DEFAULT_LAYER = "two thirds of the depth (default, not published)"


class Choice(click.Choice[str]):
    """A choice that says what is close to a wrong word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise UnknownName("type", str(value), self.choices)
        return str(value)


@click.command("list")
@click.argument("what", metavar="TYPE", type=Choice(list(PLURALS)))
@json_option
@plugin_option
def list_(what: str, as_json: bool, plugins: tuple[str, ...]) -> None:
    """List all tasks, models, suites, recipes, methods, kinds, boards or executors.

    The origin is the distribution and version of the plugin that registered a thing, or its file. Tasks of one
    language each, such as mlm.sw, share a line of the table; the JSON has them all.
    """
    registry = load_registry(plugins)
    entries = registry.entries(PLURALS[what])
    if as_json:
        print_json([summary(registry, PLURALS[what], entry) for entry in entries])
    else:
        rows = [_line(registry, PLURALS[what], members) for members in _lines(entries)]
        click.echo(aligned([list(rows[0]), *(list(row.values()) for row in rows)]) if rows else f"No {what}.")
    if registry.failure_hint:
        click.echo(registry.failure_hint.strip(), err=True)


@click.command("show")
@click.argument("words", nargs=-1, required=True, metavar="[TYPE] NAME")
@json_option
@plugin_option
def show(words: tuple[str, ...], as_json: bool, plugins: tuple[str, ...]) -> None:
    """Show everything known about NAME: the task, model, suite, ... of that name, or only the one of TYPE."""
    types, name = _types_and_name(words)
    registry = load_registry(plugins)
    found = {type: describe(registry, type, entry) for type in types for entry in _named(registry, type, name)}
    if not found:
        raise _unknown(registry, name) if len(types) > 1 else registry.unknown(types[0], name)
    if as_json:
        print_json(found)
    else:
        click.echo("\n\n".join(_page(type, known) for type, known in found.items()))


def summary(registry: Registry, type: str, entry: Entry) -> dict[str, Any]:
    """One object of `list --json`."""
    thing = entry.thing
    known = {"name": entry.name, "version": getattr(thing, "version", None), "origin": entry.origin}
    if type == "task":
        known |= {"kind": thing.kind, "roles": entry.roles, "suites": _suites_of(registry, entry.name)}
        known |= {"languages": thing.languages, "metrics": thing.metrics}
        known |= {"train_on": thing.train_on, "licence": thing.licence}
    if type == "suite":
        known["tasks"] = thing.tasks
    return known


def _lines(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each line: one, or those for one language each of a task that has them all (`mlm.sw` of `mlm`)."""
    names = {entry.name for entry in entries}
    lines: dict[str, list[Entry]] = {}
    for entry in entries:
        whole, _, code = entry.name.rpartition(".")
        is_part = whole in names and getattr(entry.thing, "languages", None) == (code,)
        lines.setdefault(f"{whole}.*" if is_part else entry.name, []).append(entry)
    return list(lines.values())


def _line(registry: Registry, type: str, members: Sequence[Entry]) -> dict[str, str]:
    """One row of the table that `list` prints, by column."""
    first = cells(registry, type, members[0])
    if len(members) == 1:
        return first
    whole = members[0].name.rpartition(".")[0]
    return {**first, "name": f"{whole}.<language>", "languages": f"one of {len(members)}"}


def cells(registry: Registry, type: str, entry: Entry) -> dict[str, str]:
    """What the table says of one entry, by column."""
    thing = entry.thing
    middle: dict[str, Any] = {}
    if type == "task":
        middle = {"kind": thing.kind, "roles": entry.roles, "suites": _suites_of(registry, entry.name)}
        middle |= {"languages": len(thing.languages), "metrics": thing.metrics}
    elif type == "model":
        is_prepared = isinstance(thing.reference, Prepared)
        middle = {"reference": "prepared from a file" if is_prepared else thing.reference, "pooling": thing.pooling}
    elif type == "suite":
        middle = {"tasks": thing.tasks, "recipe": thing.recipe}
    elif type == "recipe":
        middle = {"kinds": tuple(thing.kinds), "tasks": tuple(thing.tasks)}
    elif type == "board":
        middle = {"file": thing.name}
    elif type == "kind":
        middle = {"trainable": thing.trainable, "metrics": thing.metrics, "summary": thing.summary}
    elif type == "method":
        parameters = [f"{key}={value}" for key, value in thing.parameters.items()]
        middle = {"parameters": parameters, "summary": thing.summary}
    else:
        middle = {"summary": thing.summary}
    shown = {column: _text(value) for column, value in middle.items()}
    return {"name": entry.name, **shown, "origin": entry.origin}


def describe(registry: Registry, type: str, entry: Entry) -> dict[str, Any]:
    """Everything known about one entry, as plain values."""
    thing = registry.board(entry.name) if type == "board" else entry.thing
    known: dict[str, Any] = {"name": entry.name, "version": getattr(thing, "version", None)}
    known |= {"origin": entry.origin, "plugin": entry.plugin}
    if type == "task":
        known |= {"roles": list(entry.roles), "suites": _suites_of(registry, entry.name)}
    if type == "suite":
        known["tasks"] = list(thing.tasks)
    if type == "recipe":
        known["defaults"] = dict(RECIPE_DEFAULTS)
    if type == "board":
        known["file"] = str(entry.thing)
    return known | {key: value for key, value in _plain(thing).items() if key not in known}


def aligned(rows: Sequence[Sequence[str]], widest: int = WIDEST_CELL) -> str:
    """`rows` as columns of text, two blanks apart; every column but the last is cut at `widest` characters."""
    cut = [[cell if len(cell) <= widest else f"{cell[: widest - 3]}..." for cell in row[:-1]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    padded = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cut]
    return "\n".join(f"{left}  {row[-1]}".rstrip() for left, row in zip(padded, rows, strict=True))


def _suites_of(registry: Registry, task: str) -> list[str]:
    return [entry.name for entry in registry.entries("suite") if task in entry.thing.tasks]


def _types_and_name(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    if len(words) == 1:
        return TYPES, words[0]
    if len(words) > 2:
        raise click.UsageError(f"show takes [TYPE] NAME, not {len(words)} words.", click.get_current_context())
    type = words[0].removesuffix("s")
    if type not in TYPES:
        raise UnknownName("type", words[0], TYPES)
    return (type,), words[1]


def _named(registry: Registry, type: str, name: str) -> Iterator[Entry]:
    return (entry for entry in registry.entries(type) if entry.name == name)


def _unknown(registry: Registry, name: str) -> RequestError:
    from difflib import get_close_matches

    close = get_close_matches(name, {known for type in TYPES for known in registry.names(type)})
    meant = f"Did you mean {' or '.join(close)}?" if close else "See: xtreme-harness list --help."
    return RequestError(f"Unknown name {name!r}. {meant}{registry.failure_hint}")


def _page(type: str, known: Mapping[str, Any]) -> str:
    rows = [[f"  {key}", text] for key, text in _flat("", {key: known[key] for key in known if key != "name"})]
    if type == "model" and known["layers"] is None:
        rows = [[key, DEFAULT_LAYER] if key == "  layers" else [key, text] for key, text in rows]
    return f"{type} {known['name']}\n{aligned(rows)}"


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """(dotted key, text) for each value inside; what is empty is left out."""
    if isinstance(value, Mapping) and _is_one_value(value):
        yield path, f"{_text(next(iter(value.values())))} (each of {len(value)})"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, inner in enumerate(value, start=1):
            yield from _flat(f"{path}.{number}", inner)
    elif value not in (None, "", []) or path == "layers":
        yield path, _text(value)


def _is_one_value(value: Mapping[str, Any]) -> bool:
    """Whether many keys have one value: the sizes of a task's 225 pairs of languages, say."""
    values = list(value.values())
    return len(values) > MANY_KEYS and all(one == values[0] for one in values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if text == text.strip() else repr(text)  # a prefix may end with a blank


def _plain(value: Any) -> Any:
    """`value` as JSON knows it; functions as module:name."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, str | int | float | bool | None):
        return value
    return str(value) if isinstance(value, Path) else _function(value)


def _function(value: Any) -> str:
    value = getattr(value, "func", value)  # of a partial
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return f"{module}:{name}" if module and name else str(value)
