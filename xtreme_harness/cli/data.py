"""`xtreme-harness data`: says what is there, fetches originals, imports them, builds labels, packs for elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xtreme_harness.cli.options import (
    json_option,
    labels_option,
    offline_option,
    plugin_option,
    print_json,
    suite_option,
    unofficial_option,
    with_options,
)
from xtreme_harness.definitions import Folders, Task
from xtreme_harness.errors import RequestError
from xtreme_harness.registry import Registry, load_registry

if TYPE_CHECKING:
    from xtreme_harness.data.filling import Way
    from xtreme_harness.data.imports import Outcome

data_option = click.option("--data", required=True, metavar="DIR", help="The data folder, in XTREME's layout.")
task_option = click.option(
    "--task", "tasks", multiple=True, help="A task, intermediate ones too; with --suite, a filter on it. Repeatable."
)
originals_option = click.option(
    "--originals", metavar="DIR", help="The folder of original files. By default DATA/originals."
)
from_option = click.option(
    "--from",
    "source",
    default="original",
    show_default=True,
    metavar="original|hub|ID",
    help="Original files; or the hub: the first set that is fit, or a set's id.",
)
CHOOSING = (suite_option, task_option, data_option, labels_option, json_option, plugin_option)
FILLING = (*CHOOSING, originals_option, from_option, offline_option, unofficial_option)


@click.group()
def data() -> None:
    """Say what data is there; fetch, import, label and pack it.

    Without --suite and --task, every target task is meant. Exit codes: 0 all is there, 4 something is missing, 5
    something was refused.
    """


@data.command()
@with_options(*CHOOSING, originals_option)
@click.option("--check", is_flag=True, help="Read every file as a run would, and say what is wrong in it.")
def status(**options: Any) -> None:
    """Say which parts of the tasks are there, and where the original files come from."""
    from xtreme_harness.cli.data_status import report

    registry, tasks, folders = _opened(options, must_exist=("data", "labels"))
    _exit(report(tasks, registry, folders, check=options["check"], as_json=options["as_json"]))


@data.command()
@with_options(*FILLING)
def fetch(**options: Any) -> None:
    """Download original files to the folder of originals, or import sets from the hub.

    Downloads are verified, and taken up again where an earlier attempt ended. What must be had by hand is told.
    """
    registry, tasks, folders = _opened(options)
    if options["source"] == "original":
        _exit(_fetch_originals(tasks, folders, options))
    else:
        _exit(_import(tasks, registry, folders, options))


@data.command("import")
@click.argument("originals", required=False, metavar="[ORIGINALS|PACK.tar.gz]")
@with_options(*CHOOSING, unofficial_option)
def import_(**options: Any) -> None:
    """Import tasks from their original files, or from a pack, to the data folder and the label folder.

    ORIGINALS is by default DATA/originals. Whatever is read is checked as a run would check it, and nothing is written
    of a task that does not pass.
    """
    registry, tasks, folders = _opened(options)
    if folders.originals.is_file():
        _exit(_import_pack(tasks, registry, folders, options))
    elif options["originals"] and not folders.originals.is_dir():
        raise RequestError(f"{folders.originals}: there is no such folder of originals, nor such a pack.")
    else:
        _exit(_import(tasks, registry, folders, {**options, "source": "original", "offline": True}))


@data.command()
@with_options(*FILLING)
def labels(**options: Any) -> None:
    """Build the label folder that an XTREME download lacks, from original files or the hub.

    A language gets its labels only if its test file holds exactly the examples that they belong to.
    """
    from xtreme_harness.data.labels import label_task

    registry, tasks, folders = _opened(options, must_exist=("data",))
    from_originals = options["source"] == "original"

    def build(task: Task) -> Outcome:
        return label_task(task, registry, folders, way, from_originals=from_originals)

    way = _way(tasks, options)
    with _writing(folders.data, folders.labels):
        _exit(_end([_told(build(task), options) for task in tasks], options))


@data.command()
@with_options(*CHOOSING)
@click.option("--no-labels", is_flag=True, help="Leave the labels out.")
@click.option("--out", required=True, metavar="FILE.tar.gz", help="The pack to write.")
def pack(**options: Any) -> None:
    """Pack prepared data in one file, which `data import` takes on a machine without network."""
    from xtreme_harness.data.imports import told_by_split
    from xtreme_harness.data.pack import write_pack
    from xtreme_harness.data.status import all_parts

    registry, tasks, folders = _opened(options, must_exist=("data", "labels"))
    parts = [part for part in all_parts(tasks, registry, folders) if part.own_names]
    parts = [part for part in parts if part.split != "gold" or not options["no_labels"]]
    absent = [part for part in parts if part.missing]
    if len(absent) == len(parts):
        raise RequestError(f"{folders.data} has no data of {', '.join(task.name for task in tasks)}: nothing to pack.")
    by_task = ([part for part in absent if part.task == task] for task in tasks)
    missing = [told for ones in by_task for told in told_by_split(ones, "is not there")]
    out = Path(options["out"])
    out.parent.mkdir(parents=True, exist_ok=True)
    files = write_pack(parts, folders, options["suite"], out)
    total = sum(entry["bytes"] for entry in files.values())
    if options["as_json"]:
        print_json({"pack": str(out), "bytes": total, "files": files, "missing": missing})
    else:
        click.echo(f"{out}: {len(files)} files, {total / 1e6:.1f} MB unpacked")
        click.echo(_licences((entry["licence"], entry["task"]) for entry in files.values()))
    _warn(missing)
    _exit(4 if missing else 0)


def _exit(code: int) -> None:
    if code:
        raise SystemExit(code)


def _opened(options: dict[str, Any], must_exist: Sequence[str] = ()) -> tuple[Registry, tuple[Task, ...], Folders]:
    """The registry, the chosen tasks and the folders. Raises RequestError for a folder that should be there."""
    from xtreme_harness.data.parts import chosen_tasks

    for name in must_exist:
        if options[name] and not Path(options[name]).is_dir():
            raise RequestError(f"--{name} {options[name]}: there is no such folder.")
    if options.get("offline"):
        os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's client is imported
    registry = load_registry(options["plugins"])
    place = Path(options["data"])
    folders = Folders(
        originals=Path(options.get("originals") or place / "originals"),
        data=place,
        labels=Path(options["labels"] or place / "labels"),
        official=not options.get("unofficial"),
    )
    return registry, chosen_tasks(registry, options["suite"], options["tasks"]), folders


def _way(tasks: Sequence[Task], options: dict[str, Any]) -> Callable[[Task], Way]:
    """How each task is filled in, by --from; raises UnknownName for a set that no task has."""
    from xtreme_harness.data.filling import check_source, way_of

    check_source(options["source"], tasks)
    return partial(way_of, source=options["source"], offline=options["offline"], say=partial(click.echo, err=True))


def _writing(*folders: Path) -> Any:
    from xtreme_harness.data.stage import writing_to

    return writing_to(*folders, waiting=lambda folder: click.echo(f"waiting: {folder} is written to", err=True))


def _import(tasks: Sequence[Task], registry: Registry, folders: Folders, options: dict[str, Any]) -> int:
    from xtreme_harness.data.imports import import_task

    way = _way(tasks, options)
    click.echo(_licences((task.licence, task.name) for task in tasks), err=True)
    with _writing(folders.data, folders.labels):
        return _end([_told(import_task(task, registry, folders, way), options) for task in tasks], options)


def _import_pack(tasks: Sequence[Task], registry: Registry, folders: Folders, options: dict[str, Any]) -> int:
    from xtreme_harness.data.imports import import_pack

    names = [task.name for task in tasks] if options["suite"] or options["tasks"] else []
    with _writing(folders.data, folders.labels):
        outcomes = import_pack(folders.originals, registry, folders, names)
    return _end([_told(outcome, options) for outcome in outcomes], options)


def _told(outcome: Outcome, options: dict[str, Any]) -> Outcome:
    """Says what became of one task."""
    if not options["as_json"] and (outcome.data or outcome.labels or outcome.remarks):
        click.echo(_line(outcome))
    _warn(outcome.remarks)
    return outcome


def _line(outcome: Outcome) -> str:
    counts = {"data": len(outcome.data), "label": len(outcome.labels)}
    files = " and ".join(f"{count} {name} files" for name, count in counts.items() if count) or "nothing written"
    unofficial = f"; unofficial: {outcome.unofficial}" if outcome.unofficial else ""
    return f"{outcome.task}: {outcome.state}, {files}{unofficial}"


def _end(outcomes: Sequence[Outcome], options: dict[str, Any]) -> int:
    """Prints the JSON where it is asked for; gives the exit code."""
    from xtreme_harness.data.imports import REFUSED, exit_code

    if any(outcome.state == REFUSED for outcome in outcomes) and not options.get("unofficial"):
        _warn(["--unofficial takes data of other sizes or releases than the benchmark's, and marks what comes of it."])
    if options["as_json"]:
        print_json({"tasks": [outcome.as_json() for outcome in outcomes]})
    return exit_code([outcome.state for outcome in outcomes])


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        click.echo(f"xtreme-harness: {sentence}", err=True)


def _licences(pairs: Iterable[tuple[str, str]]) -> str:
    """`licences: CC BY-SA 4.0 (xquad, squad_v1); ...`, in the order of their first appearance."""
    whose: dict[str, dict[str, None]] = {}
    for licence, name in pairs:
        whose.setdefault(licence or "not stated", {})[name] = None
    return "licences: " + "; ".join(f"{licence} ({', '.join(names)})" for licence, names in whose.items())


def _fetch_originals(tasks: Sequence[Task], folders: Folders, options: dict[str, Any]) -> int:
    """Downloads what is not there; gives the exit code."""
    from xtreme_harness.cli.transfers import megabytes, outcome, transferring
    from xtreme_harness.data.fetch import EXIT_CODES, fetch, wanted
    from xtreme_harness.data.originals import sources_of

    sources = sources_of(tasks)
    needed = wanted(sources, folders.originals, with_hash=options["offline"])
    if needed and options["offline"]:
        names = ", ".join(source.file for source in needed)
        raise RequestError(f"--offline: {len(needed)} files would have to be downloaded: {names}.")
    if needed:
        known = [source.bytes for source in needed if source.bytes is not None]
        unknown = f" and {len(needed) - len(known)} of unknown size" if len(known) < len(needed) else ""
        click.echo(f"{len(needed)} files to download, {megabytes(sum(known))}{unknown}", err=True)
        click.echo(_licences((source.licence, source.file) for source in needed), err=True)
    with _writing(folders.originals), transferring() as watcher:
        fetched = list(fetch(sources, folders.originals, watcher))
    if options["as_json"]:
        print_json({"originals": str(folders.originals), "files": [one.as_json() for one in fetched]})
    else:
        click.echo("\n".join(map(outcome, fetched)) or "The tasks name no original files.")
    return max((EXIT_CODES[one.state] for one in fetched), default=0)
