"""`xtreme-harness run`: from options to a request, then to the core; prints the table or JSON."""

from __future__ import annotations

from typing import Any

import click

from xtreme_harness.cli.options import (
    data_option,
    json_option,
    labels_option,
    language_option,
    machine_fields,
    machine_options,
    machine_settings,
    open_store,
    print_json,
    suite_option,
    task_option,
    unofficial_option,
)
from xtreme_harness.request import Request, parse_sampler, parse_setting


@click.command()
@click.option("--model", required=True, help="A registered name, a checkpoint folder, or a hub id with its revision.")
@suite_option
@task_option
@language_option
@click.option("--intermediate", "intermediates", multiple=True, help="Train on A+B first; `none` is a row of its own.")
@click.option(
    "--control", "controls", multiple=True, help="Rows of these controls of the intermediates: shuffled-labels, ..."
)
@click.option(
    "--sampler", default="proportional", show_default=True, help="uniform, proportional, temperature, A=2,B=1."
)
@click.option("--temperature", type=float, help="Of --sampler temperature: 1 is proportional, above it more uniform.")
@click.option("--cap", type=int, help="Of --sampler temperature: the most examples that a task counts. [2**17]")
@click.option("--method", "methods", multiple=True, default=["plain"], help="How a training step is computed.")
@click.option("--recipe", help="Hyperparameters; by default the suite's, else xtreme.")
@click.option("--seed", "seeds", multiple=True, type=int, help="By default the recipe's. Repeatable: a row each.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME.KEY=VALUE", help="Change one value of a task or method."
)
@data_option
@labels_option
@click.option("--out", metavar="DIR", help="The run's folder. By default runs/<model>.<suite or tasks>.")
@machine_options
@unofficial_option
@json_option
def run(**options: Any) -> None:
    """Run a model through tasks and print its leaderboard row.

    Finished work is kept in the store: the same command again repeats nothing, and an interrupted one goes on.
    """
    from xtreme_harness.plan import make_plan
    from xtreme_harness.registry import load_registry

    request = _request(options)
    registry = load_registry(request.plugins)
    registry.executor(options["executor"])
    store = open_store(options)
    plan = make_plan(request, registry, store)
    if options["dry_run"]:
        from xtreme_harness.cli.dry_run import show_plan

        show_plan(plan, store, options["as_json"])
        return
    _execute(plan, store, registry, machine_settings(options), options)


def _request(options: dict[str, Any]) -> Request:
    names = ("model", "suite", "recipe", "data", "labels", "unofficial")
    several = ("tasks", "languages", "intermediates", "controls", "methods", "seeds")
    plain = {name: options[name] for name in names} | {name: tuple(options[name]) for name in several}
    return Request(
        **(plain | machine_fields(options)),
        settings=tuple(parse_setting(text) for text in options["settings"]),
        sampler=parse_sampler(options["sampler"], options["temperature"], options["cap"]),
        plugins=tuple(options["plugins"]),
    )


def _execute(plan: Any, store: Any, registry: Any, settings: Any, options: dict[str, Any]) -> None:
    from xtreme_harness.cli.progress import watching
    from xtreme_harness.models.devices import resolve_device
    from xtreme_harness.run import run, run_folder

    folder = run_folder(plan, options["out"])
    on_gpu = resolve_device(settings.device) != "cpu"
    with watching(store, on_gpu) as watcher:
        ran = run(plan, folder, store, registry, settings, options["executor"], watcher)
    if options["as_json"]:
        print_json(as_json(ran))
    else:
        click.echo(_text(ran))
    for error in ran.errors:
        click.echo(f"xtreme-harness: {error}", err=True)
    if ran.exit_code:
        raise SystemExit(ran.exit_code)


def _text(ran: Any) -> str:
    from xtreme_harness.leaderboard.remarks import remarks
    from xtreme_harness.leaderboard.run_page import aggregates, by_language, overview

    parts = [table(ran.rows, ran.plan.suite) for table in (overview, aggregates, by_language)]
    asked = ran.plan.request.languages
    limited = [f"only {', '.join(asked)} asked for: the means are over these languages"] if asked else []
    notes = "\n".join(limited + remarks(ran.records))
    computed = f"{ran.computed} units computed; records, predictions and leaderboard.md in {ran.folder}"
    return "\n\n".join(part for part in (*parts, notes, computed) if part)


def as_json(ran: Any) -> dict[str, Any]:
    """What `run --json` prints."""
    by_label = {row.label: row for row in ran.plan.rows}
    return {
        "run": str(ran.folder),
        "plan": ran.plan.id,
        "computed": ran.computed,
        "rows": [_row_json(row, by_label[row.label]) for row in ran.rows],
    }


def _row_json(row: Any, asked: Any) -> dict[str, Any]:
    tasks = {
        task: {
            "score": figure.value,
            "state": figure.state,
            "without_english": row.without_english[task].value,
            "gap": row.gaps[task].value if task in row.gaps else None,
            "languages": {code: record["metrics"] for (name, code), record in row.cells.items() if name == task},
        }
        for task, figure in row.tasks.items()
    }
    return {
        "row": row.label,
        "intermediate": asked.intermediate,
        "control": asked.control,
        "method": asked.method,
        "seed": asked.seed,
        "tasks": tasks,
        "groups": {name: figure.value for name, figure in row.groups.items()},
        "average": row.average.value,
    }
