"""`plugins`: every plugin that was found, what it registered, or why it FAILED."""

from __future__ import annotations

from typing import Any

import click

from xtreme_harness.cli.listing import aligned
from xtreme_harness.cli.options import json_option, plugin_option, print_json
from xtreme_harness.registry import PluginInfo, load_registry

LONGEST_PATH = 1000  # whoever mends a plugin needs its whole path


@click.command("plugins")
@json_option
@plugin_option
def plugins(as_json: bool, plugins: tuple[str, ...]) -> None:
    """List plugins with their distribution or file, what they registered, and the sentence of those that FAILED."""
    infos = load_registry(plugins).plugins
    if as_json:
        print_json([_plain(info) for info in infos])
    else:
        rows = [[info.name, info.origin, _outcome(info)] for info in infos]
        click.echo(aligned([["name", "origin", "registered"], *rows], widest=LONGEST_PATH))


def _plain(info: PluginInfo) -> dict[str, Any]:
    known = {"name": info.name, "origin": info.origin, "state": "failed" if info.failure else "ok"}
    return {**known, "registered": _by_type(info), "error": info.failure}


def _by_type(info: PluginInfo) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for type, name in info.registered:
        names.setdefault(type, []).append(name)
    return names


def _outcome(info: PluginInfo) -> str:
    if info.failure:
        return f"FAILED: {info.failure}"
    return "; ".join(f"{type} {', '.join(names)}" for type, names in _by_type(info).items()) or "nothing"
