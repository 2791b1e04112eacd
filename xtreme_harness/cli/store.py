"""`xtreme-harness store`: what the store holds, and making room in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from xtreme_harness.cli.options import json_option, print_json
from xtreme_harness.store import Store, default_store

store_option = click.option("--store", "place", metavar="DIR", help="The store. By default the one that run uses.")


@click.group()
def store() -> None:
    """Say what the store holds; make room in it."""


def _open(place: str | None) -> Store:
    return Store(Path(place) if place else default_store())


@store.command()
@store_option
@json_option
def status(place: str | None, as_json: bool) -> None:
    """Units by type, and the room they take."""
    opened = _open(place)
    facts = _facts(opened)
    if as_json:
        print_json({"store": str(opened.root), "units": facts})
        return
    click.echo(str(opened.root))
    for name, fact in facts.items():
        click.echo(f"{name:<12} {fact['number']:>6}  {fact['bytes'] / 1e6:>10.1f} MB")


def _facts(opened: Store) -> dict[str, dict[str, int]]:
    """Number and bytes of finished units by type, then of what interrupted units and damaged ones left."""
    facts: dict[str, dict[str, int]] = {}
    for _, about in opened.finished():
        fact = facts.setdefault(about["identity"]["type"], {"number": 0, "bytes": 0})
        fact["number"] += 1
        fact["bytes"] += sum(entry["bytes"] for entry in about["files"].values())
    ordered = {name: facts[name] for name in sorted(facts)}
    for name, found in _leftovers(opened).items():
        ordered[name] = {"number": len(found), "bytes": sum(_size(folder) for folder in found)}
    return ordered


def _leftovers(opened: Store) -> dict[str, list[Path]]:
    """Folders of units that were interrupted (checkpoints of a training, outputs half written) or found damaged."""
    patterns = {"partial": ("partial/*", "units/*/.*.tmp"), "damaged": ("damaged/*",)}
    return {name: sorted(path for one in found for path in opened.root.glob(one)) for name, found in patterns.items()}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file())


@store.command()
@store_option
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Remove finished units of this type. Repeatable.")
@click.option("--all", "everything", is_flag=True, help="Remove every unit.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(place: str | None, types: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Remove what interrupted and damaged units left, and finished units that are named.

    Whatever is removed is computed again when a run needs it. Do not prune while a run uses the store.
    """
    opened = _open(place)
    chosen = [(key, about) for key, about in opened.finished() if everything or about["identity"]["type"] in types]
    left = [folder for found in _leftovers(opened).values() for folder in found]
    size = sum(_size(folder) for folder in left) + sum(_bytes(about) for _, about in chosen)
    what = f"{len(chosen)} units and {len(left)} leftovers, {size / 1e6:.1f} MB"
    if not yes and not click.confirm(f"Remove {what} from {opened.root}?", default=False, err=True):
        return
    for folder in [*left, *(opened.folder(key) for key, _ in chosen)]:
        shutil.rmtree(folder, ignore_errors=True)
    click.echo(f"removed {what}")


def _bytes(about: dict[str, Any]) -> int:
    return sum(entry["bytes"] for entry in about["files"].values())
