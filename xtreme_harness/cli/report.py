"""`xtreme-harness report`: figures of runs, and analyses of tokenizers, trainings and layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.options import (
    checkpoint_options,
    data_option,
    device_options,
    json_option,
    labels_option,
    language_option,
    machine_settings,
    open_store,
    print_json,
    suite_option,
    task_option,
    unofficial_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xtreme_harness.report.writing import Report
    from xtreme_harness.request import Request

runs_argument = click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
model_option = click.option(
    "--model", required=True, help="A registered name, a checkpoint folder, or a hub id with its revision."
)
out_option = click.option("--out", metavar="DIR", help="Write tables and figures (SVG and PNG) there.")


@click.group()
def report() -> None:
    """Figures of runs, and what lies behind them: tokenizers, learning curves, layers."""


@report.command()
@runs_argument
@click.option("--out", metavar="DIR", required=True, help="Write the figures (SVG and PNG) and their page there.")
@click.option("--title", help="Of the page and in every figure. By default the names of the runs' folders.")
def figures(runs: tuple[Path, ...], out: str, title: str | None) -> None:
    """Draw the figures of one or several runs (folders with records.jsonl): heat maps, transfer gap, groups."""
    from xtreme_harness.drawing.picture import require_matplotlib
    from xtreme_harness.leaderboard.formats.figures import folder_name, page, pictures
    from xtreme_harness.report.runs import read_runs, standings_of
    from xtreme_harness.report.writing import write_page

    require_matplotlib()
    standings = standings_of(read_runs(runs), "runs", title or _names(runs))
    drawn = pictures(standings)
    place = folder_name(standings)
    write_page(page(standings, drawn), drawn, place, Path(out))
    click.echo(f"{len(drawn)} figures as SVG and PNG, shown in {Path(out) / place}.md")


def _names(runs: Sequence[Path]) -> str:
    return ", ".join(run.resolve().name for run in runs)


@report.command()
@model_option
@suite_option
@task_option
@language_option
@data_option
@checkpoint_options
@out_option
@json_option
def fertility(**options: Any) -> None:
    """Count the pieces that a model's tokenizer makes of words and characters, by task and language.

    No weights are loaded and no labels read.
    """
    from xtreme_harness.registry import load_registry
    from xtreme_harness.report.fertility import fertilities

    _ready_to_draw(options)
    request = _request(options)
    found = fertilities(request, load_registry(options["plugins"]), open_store(options))
    _show(found, "fertility", options)
    _end(found.missing, all(one is None for of_task in found.tasks.values() for one in of_task.values()))


@report.command()
@model_option
@suite_option
@task_option
@language_option
@click.option("--layer", "layers", multiple=True, type=click.IntRange(min=0), help="By default every one. Repeatable.")
@data_option
@labels_option
@checkpoint_options
@device_options
@unofficial_option
@out_option
@json_option
def layers(**options: Any) -> None:
    """Evaluate retrieval tasks at every layer of a model, with one forward pass over the texts.

    An analysis: to choose a layer by it is to choose on test data.
    """
    from xtreme_harness.cli.progress import watching
    from xtreme_harness.models.devices import resolve_device
    from xtreme_harness.registry import load_registry
    from xtreme_harness.report.layers import retrieval_by_layer

    _ready_to_draw(options)
    request = _request(options)
    registry, settings = load_registry(options["plugins"]), machine_settings(options)
    store = open_store(options)
    with watching(store, resolve_device(settings.device) != "cpu") as watcher:
        found = retrieval_by_layer(request, options["layers"], registry, store, settings, watcher)
    _show(found, "layers", options)
    _end(found.whys, found.states == {"missing-data"})


@report.command()
@runs_argument
@click.option("--store", "place", metavar="DIR", help="The store that the runs used. By default the one that run uses.")
@out_option
@json_option
def curves(runs: tuple[Path, ...], place: str | None, **options: Any) -> None:
    """Show loss and English dev figures by update of the trainings behind one or several runs."""
    from xtreme_harness.report.curves import learning_curves
    from xtreme_harness.report.runs import read_runs
    from xtreme_harness.store import Store, default_store

    _ready_to_draw(options)
    found = learning_curves(read_runs(runs), _names(runs), Store(Path(place) if place else default_store()))
    _show(found, "curves", options)
    _end([f"no longer in the store: {one}" for one in found.lost], not found.curves)


def _ready_to_draw(options: dict[str, Any]) -> None:
    """Before anything is computed: that figures can be drawn where they were asked for."""
    if options["out"]:
        from xtreme_harness.drawing.picture import require_matplotlib

        require_matplotlib()


def _request(options: dict[str, Any]) -> Request:
    from xtreme_harness.request import Request

    same = ("model", "suite", "data", "labels", "device", "dtype", "offline", "unofficial")
    plain = {name: options[name] for name in (*same, "trust_remote_code", "allow_pickle") if name in options}
    return Request(**plain | {name: tuple(options[name]) for name in ("tasks", "languages", "plugins")})


def _show(found: Report, name: str, options: dict[str, Any]) -> None:
    """Prints the report as tables or JSON; with --out, writes it with its figures."""
    if options["out"]:
        from xtreme_harness.report.writing import write_report

        written = write_report(found, name, Path(options["out"]))
        click.echo(f"{len(written)} files in {options['out']}", err=True)
    if options["as_json"]:
        print_json(found.as_json())
    else:
        click.echo(found.markdown(), nl=False)


def _end(told: Sequence[str], nothing: bool) -> None:
    """Says what is missing, if anything; exit 5 where nothing is there, else 4."""
    for one in told:
        click.echo(f"xtreme-harness: {one}", err=True)
    if told:
        raise SystemExit(5 if nothing else 4)
