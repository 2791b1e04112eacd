"""`data status`: the parts of each task, what is missing, the manifest of originals, and what a check found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from xtreme_harness.cli.listing import aligned
from xtreme_harness.cli.options import print_json
from xtreme_harness.cli.transfers import megabytes
from xtreme_harness.data.checks import Finding, check_parts
from xtreme_harness.data.imports import how_to_get
from xtreme_harness.data.originals import sources_of
from xtreme_harness.data.parts import SPLITS
from xtreme_harness.data.status import all_parts, sources_status, tasks_status
from xtreme_harness.definitions import Folders, Task
from xtreme_harness.registry import Registry

LONGEST_CELL = 200


def report(tasks: Sequence[Task], registry: Registry, folders: Folders, check: bool, as_json: bool) -> int:
    """Prints it; gives the exit code: 0 all is there, 4 something is missing or not of its size, 5 refused."""
    parts = all_parts(tasks, registry, folders)
    by_task = tasks_status(tasks, parts)
    sources = sources_status(tasks, folders, with_hash=check)
    findings = list(check_parts(parts, registry)) if check else None
    if as_json:
        found = None if findings is None else [finding.as_json() for finding in findings]
        print_json({"tasks": by_task, "sources": sources, "findings": found})
    else:
        click.echo("\n\n".join([_tasks(by_task), *_missing(by_task), *_sources(sources, tasks), *_found(findings)]))
    if any(not finding.is_size for finding in findings or ()):
        return 5
    return 4 if findings or any(part.missing for part in parts) else 0


def _tasks(by_task: Mapping[str, Any]) -> str:
    rows = [
        [name, *(f"{splits[one]['there']}/{splits[one]['of']}" if one in splits else "" for one in SPLITS)]
        for name, splits in by_task.items()
    ]
    return aligned([["task", *SPLITS], *rows])


def _missing(by_task: Mapping[str, Any]) -> list[str]:
    lines = [
        f"missing  {name} {split}: {'all ' * (facts['there'] == 0)}{' '.join(facts['missing'])}"
        for name, splits in by_task.items()
        for split, facts in splits.items()
        if facts["missing"]
    ]
    return ["\n".join(lines)] if lines else []


def _sources(sources: Sequence[Mapping[str, Any]], tasks: Sequence[Task]) -> list[str]:
    sizes = ["" if one["bytes"] is None else megabytes(one["bytes"]) for one in sources]
    rows = [
        [one["file"], one["state"], size, one["licence"], " ".join(one["tasks"]), one["address"]]
        for one, size in zip(sources, sizes, strict=True)
    ]
    steps = [f"by hand  {how_to_get(source)}" for source in sources_of(tasks) if source.steps]
    table = aligned([["original", "state", "size", "licence", "tasks", "address"], *rows], widest=LONGEST_CELL)
    return ([table] if rows else []) + (["\n".join(steps)] if steps else [])


def _found(findings: Sequence[Finding] | None) -> list[str]:
    if findings is None:
        return []
    lines = [f"{'size    ' if finding.is_size else 'refused '} {finding}" for finding in findings]
    return ["\n".join(lines) or "Every file that is there is sound."]
