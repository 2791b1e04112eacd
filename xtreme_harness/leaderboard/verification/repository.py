"""The conventions of a public results repository: results/<submitter>/<run name>/, each a pack, nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.errors import HarnessError
from xtreme_harness.leaderboard.analyses import FILES
from xtreme_harness.leaderboard.verification.asked import Asked
from xtreme_harness.leaderboard.verification.at_hand import Held
from xtreme_harness.leaderboard.verification.manifest import MANIFEST, VALUES
from xtreme_harness.leaderboard.verification.pack import ENVIRONMENT, RECORDS, REQUEST
from xtreme_harness.records import Record, read_records, signature, versioned
from xtreme_harness.registry import Registry

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
OF_A_PACK = (RECORDS, REQUEST, ENVIRONMENT, MANIFEST, *FILES)
DIGITS = 6  # of a figure
READMES = ("README.md", ".gitkeep")  # of people, not of packs


def repository_problems(results: Path, registry: Registry) -> Iterator[str]:
    """What breaks the conventions, by the path below `results`. What is in the packs is verified elsewhere."""
    packs = []
    for submitter in _entries(results):
        yield from _name_problems(submitter, results)
        for run in _entries(submitter) if submitter.is_dir() and not (submitter / MANIFEST).exists() else ():
            yield from _name_problems(run, results)
            packs += [run] if run.is_dir() else []
    yield from _case_problems([path.relative_to(results).as_posix() for path in (*_entries(results), *packs)])
    seen: dict[Any, str] = {}
    for folder in packs:
        name = folder.relative_to(results).as_posix()
        yield from (f"{name}: {problem}" for problem in _pack_problems(folder, name, registry, seen))


def _entries(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.name not in READMES or path.is_dir()]


def _name_problems(path: Path, results: Path) -> Iterator[str]:
    name = path.relative_to(results).as_posix()
    if path.parent == results and (path / MANIFEST).exists():
        yield f"{name}: is a pack; its place is <submitter>/<run name>/"
    if not path.is_dir() or path.is_symlink():
        yield f"{name}: is no folder; there are packs only, in <submitter>/<run name>/"
    if not NAME.fullmatch(path.name):
        yield f"{name}: a name has letters, digits, '.', '_' and '-' only, and begins with one of the first two"


def _case_problems(names: Sequence[str]) -> Iterator[str]:
    """Names that are one name on the file systems of some machines."""
    known: dict[str, str] = {}
    for name in names:
        if (other := known.setdefault(name.lower(), name)) != name:
            yield f"{name}: differs from {other} by its capitals alone"


def _pack_problems(folder: Path, name: str, registry: Registry, seen: dict[Any, str]) -> Iterator[str]:
    """`seen` holds what identifies a submission, of those before, with their names."""
    try:
        held = Held.of(folder)
        if not held.manifest.is_pack:
            yield "is no pack; make one with: xtreme-harness leaderboard pack RUN --out DIR"
            return
        asked, records = Asked.of(held.json(REQUEST), registry), read_records(folder / RECORDS)
    except HarnessError as error:
        yield f"cannot be read: {error}"
        return
    for file in held.hashes:
        if file not in OF_A_PACK and not file.startswith(VALUES):
            yield f"{file} is no file of a pack"
    if asked.languages:
        yield f"has only the languages {', '.join(asked.languages)}; a submission has all of its tasks"
    yield from _duplicates({held.root: "the run", **_row_keys(records, asked)}, name, seen)


def _row_keys(records: Sequence[Record], asked: Asked) -> dict[Any, str]:
    """What tells each row from every other: its per-example values; its signature with its figures.

    Who copies a row can give it another model or version, or its values another order; not other values.
    """
    rows: dict[str, list[Record]] = {}
    for record in records:
        rows.setdefault(record["row"], []).append(record)
    suite = versioned(asked.suite)
    found: dict[Any, str] = {}
    for label, own in rows.items():
        _, _, unversioned = signature(own, suite).partition(" | ")
        found.setdefault((unversioned, _told(own, _figures)), f"row {label}")
        if any(record["scores"] for record in own):
            found.setdefault(_told(own, lambda record: record["scores"]), f"row {label}")
    return found


def _told(records: Sequence[Record], about: Callable[[Record], Any]) -> str:
    cells = ([one["task"], one["language"], one["state"], about(one)] for one in records)
    return "\n".join(sorted(json.dumps(cell, sort_keys=True) for cell in cells))


def _figures(record: Record) -> dict[str, float]:
    """To so many digits as no order of sums changes; what stands in a cell without a figure is none."""
    if record["state"] != "ok":
        return {}
    return {name: round(float(value), DIGITS) for name, value in record["metrics"].items()}


def _duplicates(keys: Mapping[Any, str], name: str, seen: dict[Any, str]) -> Iterator[str]:
    """Of what comes twice the first is named: the rest of a copied run says no more."""
    known = next((key for key in keys if key in seen), None)
    if known is not None:
        yield f"{keys[known]} is a duplicate: {seen[known]} has it"
    for key in keys:
        seen.setdefault(key, name)
