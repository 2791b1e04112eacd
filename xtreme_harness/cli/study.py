"""`xtreme-harness study`: from a study file to its runs and tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.options import (
    json_option,
    machine_fields,
    machine_options,
    machine_settings,
    open_store,
    print_json,
)
from xtreme_harness.errors import CheckFailed, RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xtreme_harness.registry import Registry
    from xtreme_harness.store import Store
    from xtreme_harness.study.file import Study
    from xtreme_harness.study.report import Report
    from xtreme_harness.study.run import PlannedArm


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", help="The study's folder. By default runs/<name>.")
@click.option("--tables", metavar="DIR", help="Run nothing: make the tables again from the records and scores in DIR.")
@click.option("--check", is_flag=True, help="With --tables: write nothing, and exit 3 where DIR has other tables.")
@machine_options
@json_option
def study(file: Path, **options: Any) -> None:
    """Run every arm of the study in FILE (TOML) and print what each gains over no intermediate training.

    Finished work is kept in the store: the same command again repeats nothing, and an interrupted one goes on.
    """
    from xtreme_harness.study.file import read_study
    from xtreme_harness.study.run import plan_study

    if options["check"] and not options["tables"]:
        raise RequestError("--check belongs to --tables DIR.")
    asked, registry = read_study(file, options["plugins"], with_data=not options["tables"])
    if options["tables"]:
        _make_again(asked, registry, options)
        return
    registry.executor(options["executor"])
    store = open_store(options)
    planned = plan_study(asked, registry, store, **machine_fields(options))
    if options["dry_run"]:
        _show_plan(planned, store, options)
        return
    _run(asked, planned, file, store, registry, options)


def _run(
    asked: Study, planned: Sequence[PlannedArm], file: Path, store: Store, registry: Registry, options: dict[str, Any]
) -> None:
    from xtreme_harness.cli.progress import watching
    from xtreme_harness.models.devices import resolve_device
    from xtreme_harness.study.finished import finished_report, write_report
    from xtreme_harness.study.run import claim_folder, run_study

    folder = Path(options["out"] or Path("runs") / asked.name)
    claim_folder(folder, file)
    settings = machine_settings(options)
    with watching(store, resolve_device(settings.device) != "cpu") as watcher:
        place = (folder, store, registry, settings, options["executor"])
        ran = run_study(planned, *place, watcher, announce=watcher.say)
        watcher.say("resampling for the tables")
        report = finished_report(asked, registry, folder)
        write_report(report, folder)
    computed = sum(one.computed for one in ran)
    _show(report, folder, f"{computed} units computed; study.md, study.json and the runs in {folder}", options)
    for error in dict.fromkeys(str(error) for one in ran for error in one.errors):
        click.echo(f"xtreme-harness: {error}", err=True)
    if code := max(one.exit_code for one in ran):
        raise SystemExit(code)


def _make_again(asked: Study, registry: Registry, options: dict[str, Any]) -> None:
    from xtreme_harness.plan import named_folder
    from xtreme_harness.study.finished import differing, finished_report, write_report

    if options["dry_run"] or options["out"]:
        raise RequestError("--tables DIR runs nothing and writes into DIR: leave --dry-run and --out.")
    folder = Path(options["tables"])
    named_folder("--tables", options["tables"])  # raises where there is none
    report = finished_report(asked, registry, folder)
    if not options["check"]:
        write_report(report, folder)
        _show(report, folder, f"study.md and study.json in {folder}", options)
    elif paths := differing(report, folder):
        again = f"xtreme-harness study FILE --tables {folder}"
        raise CheckFailed(f"{' and '.join(map(str, paths))}: not what the records make. Make them again: {again}")


def _show(report: Report, folder: Path, done: str, options: dict[str, Any]) -> None:
    if options["as_json"]:
        print_json({"folder": str(folder), **report.as_json()})
    else:
        click.echo(f"{report.overview()}\n\n{done}")


def _show_plan(planned: Sequence[PlannedArm], store: Store, options: dict[str, Any]) -> None:
    facts = plan_facts(planned, store)
    if options["as_json"]:
        print_json(facts)
        return
    from tabulate import tabulate

    from xtreme_harness.cli.progress import words

    titles = ["units", "needed by rows", "less what they share", "in the store"]
    lines = [[name, *one.values()] for name, one in facts["units"].items()]
    rest = [f"run       {name}: {', '.join(rows)}" for name, rows in facts["runs"].items()]
    rest += [f"point     {name}: {point}" for name, point in facts["points"].items()]
    rest += [f"missing   {cell}: {why}" for cell, why in facts["missing"].items()]
    rest += [f"time      about {words(facts['seconds'])}"]
    click.echo("\n".join([tabulate(lines, headers=titles, disable_numparse=True), "", *rest]))


def plan_facts(planned: Sequence[PlannedArm], store: Store) -> dict[str, Any]:
    """The runs with their rows and points, units by type, what is missing, and an estimate of the seconds left.

    Of every type `rows` counts what each row needs by itself, `units` what that is together, `in_store` what is there.
    """
    from xtreme_harness.estimate import unit_seconds
    from xtreme_harness.models.devices import resolve_device
    from xtreme_harness.study.arms import point_text
    from xtreme_harness.study.run import row_units, study_pending, study_units

    units, pending = study_units(planned), study_pending(planned, store)
    needed = Counter(unit.type for one in planned for row in one.plan.rows for unit in row_units(one.plan, row))
    total, todo = Counter(unit.type for unit in units), Counter(unit.type for unit in pending)
    on_gpu = resolve_device(planned[0].plan.request.device) != "cpu"
    return {
        "runs": {one.name: [row.label for row in one.plan.rows] for one in planned},
        "points": {one.name: point_text(one.arm.point) for one in planned if one.arm.point},
        "units": {
            name: {"rows": needed[name], "units": number, "in_store": number - todo[name]}
            for name, number in total.items()
        },
        "missing": {cell: why for one in planned for cell, why in one.plan.missing.items()},
        "seconds": round(sum(unit_seconds(unit, store, on_gpu) for unit in pending)),
    }
