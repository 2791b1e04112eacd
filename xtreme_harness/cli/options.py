"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.errors import RequestError

if TYPE_CHECKING:
    from xtreme_harness.job import Settings
    from xtreme_harness.store import Store

CHECKPOINT_SECONDS = "XTREME_HARNESS_CHECKPOINT_SECONDS"

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


def with_options(*options: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that adds several options, in this order."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


language_option = click.option(
    "--language", "languages", multiple=True, help="Only these languages (ISO code). Repeatable."
)
data_option = click.option("--data", metavar="DIR", help="The data folder, in XTREME's layout.")
checkpoint_options = with_options(  # of commands that open a checkpoint
    click.option("--store", metavar="DIR", help="Where finished units are kept."),
    plugin_option,
    offline_option,
    click.option("--trust-remote-code", is_flag=True, help="Let the checkpoint's own code run; the records say so."),
    click.option("--allow-pickle", is_flag=True, help="Load weights that are not safetensors; the records say so."),
)
device_options = with_options(  # of commands that put it to work
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."),
    click.option("--dtype", default="auto", show_default=True, type=click.Choice(["auto", "float32", "bfloat16"])),
    click.option("--token-budget", type=click.IntRange(min=1), help="Tokens of a batch. Changes rounding alone."),
    click.option("--threads", type=click.IntRange(min=1), help="Processor threads. By default torch decides."),
)
machine_options = with_options(  # what commands that compute have in common: where, with what, and whether at all
    checkpoint_options,
    device_options,
    click.option("--executor", default="local", show_default=True, help="Where units run."),
    click.option("--dry-run", is_flag=True, help="Print the plan and stop."),
    click.option("--keep", type=click.Choice(["all"]), help="Keep the weights of target-task trainings in the store."),
)


def machine_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a Request that machine options fill."""
    same = ("device", "dtype", "offline", "trust_remote_code", "allow_pickle")
    return {**{name: options[name] for name in same}, "keep_all": options["keep"] == "all"}


def machine_settings(options: Mapping[str, Any]) -> Settings:
    from xtreme_harness.job import Settings

    same = ("device", "token_budget", "threads")
    return Settings(**{name: options[name] for name in same}, checkpoint_seconds=_checkpoint_seconds())


def _checkpoint_seconds() -> float:
    given = os.environ.get(CHECKPOINT_SECONDS, "600")
    try:
        return float(given)
    except ValueError:
        raise RequestError(f"{CHECKPOINT_SECONDS}={given}: this must be a number of seconds.") from None


def open_store(options: Mapping[str, Any]) -> Store:
    """The store that was named, or the user's; the network is closed from here on where that was asked for."""
    from xtreme_harness.store import Store, default_store

    if options["offline"]:
        os.environ["HF_HUB_OFFLINE"] = "1"
    store = Store(Path(options["store"]) if options["store"] else default_store())
    store.make()
    return store


def print_json(value: Any) -> None:
    """The form in which every command prints JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
