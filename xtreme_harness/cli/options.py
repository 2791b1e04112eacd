"""Options that several commands share."""

from __future__ import annotations

import json
from typing import Any

import click

plugin_option = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py|PACKAGE.MODULE",
    help="Load a plugin that is not installed. Repeatable.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    """The form in which every command prints JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
