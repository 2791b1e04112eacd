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
suite_option = click.option("--suite", help="A group of target tasks: full, mini, ...")
task_option = click.option(
    "--task", "tasks", multiple=True, help="A target task; with --suite, a filter on it. Repeatable."
)
labels_option = click.option(
    "--labels", metavar="DIR", help="The label folder, in XTREME's layout. By default DATA/labels."
)
offline_option = click.option("--offline", is_flag=True, help="Never ask the network.")
unofficial_option = click.option(
    "--unofficial", is_flag=True, help="Take data that is known not to be the benchmark's; not comparable."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def print_json(value: Any) -> None:
    """The form in which every command prints JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
