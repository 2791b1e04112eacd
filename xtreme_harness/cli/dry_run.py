"""`run --dry-run`: the plan in figures, without doing any of it."""

from __future__ import annotations

from typing import Any

import click

from xtreme_harness.cli.options import print_json
from xtreme_harness.cli.progress import words
from xtreme_harness.estimate import total, unit_bytes, unit_seconds, unit_tokens
from xtreme_harness.execute import pending_units, starting_points
from xtreme_harness.models.devices import resolve_device
from xtreme_harness.plan import Plan
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

DEFAULT_WEIGHTS = 1_200_000_000  # XLM-R base in float32, where nothing better is known


def show_plan(plan: Plan, store: Store, as_json: bool) -> None:
    facts = plan_facts(plan, store)
    if as_json:
        print_json(facts)
    else:
        click.echo(_text(facts))


def plan_facts(plan: Plan, store: Store) -> dict[str, Any]:
    """Units by type, tokens, time, memory and disk, licences, what is missing, and the plan's id."""
    pending = pending_units(plan, store)
    todo = {unit.key for unit in pending}
    on_gpu = resolve_device(plan.request.device) != "cpu"
    weights = _weight_bytes(plan, store)
    units = plan.units()
    types = list(dict.fromkeys(unit.type for unit in units))
    return {
        "plan": plan.id,
        "rows": [row.label for row in plan.rows],
        "units": {name: _of_type([unit for unit in units if unit.type == name], todo, store) for name in types},
        "seconds": round(sum(unit_seconds(unit, store, on_gpu) for unit in pending)),
        "memory_bytes": weights * (5 if any(unit.type == "train" for unit in pending) else 2) if pending else 0,
        "disk_bytes": _disk_bytes(plan, pending, weights),
        "downloads": [unit.label for unit in pending if "hub" in unit.parameters],
        "licences": {task.name: task.licence or "not stated" for task in (*plan.tasks, *plan.intermediates)},
        "missing": plan.missing,
        "unlabelled": [f"{cell.task.name} {cell.language}" for cell in plan.cells if cell.predict and not cell.score],
        "model": {"name": plan.chosen.model.name, "revision": plan.chosen.encoder.revision},
    }


def _disk_bytes(plan: Plan, pending: list[Unit], weights: int) -> int:
    """What stays, and the weights of one training more, where those that only predictions need are dropped in turn."""
    starts = starting_points(plan.units())
    passing = {unit.key for unit in pending if unit.type == "train"} - starts.keys()
    if plan.request.keep_all:
        passing = set()
    return sum(unit_bytes(unit, weights) for unit in pending if unit.key not in passing) + (weights if passing else 0)


def _of_type(units: list[Unit], todo: set[str], store: Store) -> dict[str, Any]:
    done = sum(unit.key not in todo for unit in units)
    return {"number": len(units), "in_store": done, "tokens": str(total(unit_tokens(unit, store) for unit in units))}


def _weight_bytes(plan: Plan, store: Store) -> int:
    from pathlib import Path

    from xtreme_harness.models.checkpoint import weight_files

    encoder = plan.chosen.encoder
    found = store.find(encoder.source.key) if encoder.source else None
    folder = found.folder if found else Path(encoder.folder) if encoder.folder else None
    if folder is not None:
        return sum(path.stat().st_size for path in weight_files(folder))
    return int(encoder.source.details["estimate"]["bytes"]) if encoder.source else DEFAULT_WEIGHTS


def _text(facts: dict[str, Any]) -> str:
    from tabulate import tabulate

    lines = [[name, *one.values()] for name, one in facts["units"].items()]
    table = tabulate(lines, headers=["units", "number", "in the store", "tokens"], disable_numparse=True)
    rest = [
        f"plan      {facts['plan']}",
        f"model     {facts['model']['name']}"
        + (f" at {facts['model']['revision']}" if facts["model"]["revision"] else ""),
        f"rows      {', '.join(facts['rows'])}",
        f"time      about {words(facts['seconds'])}",
        f"memory    about {facts['memory_bytes'] / 1e9:.1f} GB",
        f"disk      about {facts['disk_bytes'] / 1e9:.1f} GB",
        f"downloads {', '.join(facts['downloads']) or 'none'}",
        "licences  " + ", ".join(f"{task} {licence}" for task, licence in facts["licences"].items()),
    ]
    rest += [f"missing   {cell}: {why}" for cell, why in facts["missing"].items()]
    rest += (
        [f"unlabelled {', '.join(facts['unlabelled'])} (name the labels with --labels)"] if facts["unlabelled"] else []
    )
    return "\n".join([table, "", *rest])
