"""Computes every cell of runs and packs again, without a model, and names what differs, is missing or was edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Task
from xtreme_harness.errors import DataError, MissingData, RequestError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.leaderboard.analyses import read_own_analyses
from xtreme_harness.leaderboard.run_page import run_page
from xtreme_harness.leaderboard.verification.asked import (
    Asked,
    place_of,
    place_problems,
    plan_problems,
    request_problems,
    row_problems,
)
from xtreme_harness.leaderboard.verification.at_hand import Data, Held
from xtreme_harness.leaderboard.verification.cell import Cell, cell_problems, how_checked, trusts_choice
from xtreme_harness.leaderboard.verification.form import line_problems
from xtreme_harness.leaderboard.verification.manifest import MANIFEST, VALUES, manifest_problems
from xtreme_harness.leaderboard.verification.pack import ENVIRONMENT, RECORDS, REQUEST, packed_text
from xtreme_harness.leaderboard.verification.recompute import MALFORMED
from xtreme_harness.leaderboard.verification.signed import record_problems
from xtreme_harness.leaderboard.verification.trained import agreement_problems, phase_problems
from xtreme_harness.legible import legible
from xtreme_harness.records import Record, problem_of
from xtreme_harness.registry import Registry
from xtreme_harness.scores import cell_names, decompressed, dev_predictions_name, packed_scores, unpacked

PLAN, PAGE = "plan.json", "leaderboard.md"
DEEPEST = 2  # folders between the one that is named and a run
SHOWN = 12  # characters of a root hash


@dataclass
class Verified:
    """What became of one run or pack. `checked` counts its cells by what they were computed from.

    `unreadable`: something could not be read at all; it is among the problems.
    """

    folder: Path
    root: str = ""
    is_pack: bool = False
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: bool = False

    @property
    def exit_code(self) -> int:
        """3 where a difference was found, 5 where nothing could be compared, else 0."""
        if not self.problems:
            return 0
        return DataError.exit_code if self.unreadable and len(self.problems) == 1 else 3

    def summary(self) -> str:
        """One line: what it is, and how many cells were computed from what."""
        what = f"{'pack' if self.is_pack else 'run'} {self.root[:SHOWN]}".rstrip()
        counted = [f"{number} {how}" for how, number in self.checked.items()]
        cells = f"{sum(self.checked.values())} cells ({', '.join(counted)})" if counted else "no cells"
        return f"{self.folder}: {what}: {cells}"

    def as_json(self) -> dict[str, Any]:
        kind = "pack" if self.is_pack else "run"
        lists = {"problems": self.problems, "notes": self.notes}
        return {"folder": str(self.folder), "kind": kind, "root": self.root, "cells": dict(self.checked), **lists}


def find_runs(path: Path, may_be_empty: bool = False) -> list[Path]:
    """The runs and packs at `path`, or up to two folders below it, by name.

    Raises RequestError for no folder, MissingData where there is no run in it, unless that may be so.
    """
    if not path.is_dir():
        raise RequestError(f"{path}: there is no such folder.")
    patterns = ["/".join(["*"] * depth + [name]) for depth in range(DEEPEST + 1) for name in (MANIFEST, RECORDS)]
    found = sorted({file.parent for pattern in patterns for file in path.glob(pattern)})
    tops = [folder for folder in found if not any(other in folder.parents for other in found)]
    if not tops and not may_be_empty:
        raise MissingData(path, None, f"holds no run and no pack (a folder with {MANIFEST} and {RECORDS})")
    return tops


def verify(folder: Path, registry: Registry, data: Data) -> Verified:
    """Checks one run or pack; whatever is wrong with it becomes a problem, not an error."""
    done = Verified(folder)
    try:
        held = Held.of(folder)
        done.root, done.is_pack = held.root, held.manifest.is_pack
        done.problems += manifest_problems(held.manifest, folder, held.hashes)
        _verify_contents(done, held, registry, data)
    except DataError as error:
        done.unreadable = not isinstance(error, MissingData)
        done.problems.append(str(error).removeprefix(f"{folder}/"))
    done.problems = list(dict.fromkeys(map(legible, done.problems)))  # a name with a line end would tell what it likes
    return done


def _verify_contents(done: Verified, held: Held, registry: Registry, data: Data) -> None:
    """Raises DataError for records, a request or a plan that cannot be read."""
    records = _sound_records(done, held)
    done.problems += _analysis_problems(held, records)
    try:
        asked = Asked.of(held.json(REQUEST), registry)
    except RequestError as error:
        done.problems.append(f"{REQUEST}: {error} A task of a plugin needs --plugin.")
        return
    done.problems += place_problems(records, asked)
    done.problems += row_problems(records)
    done.problems += request_problems(records, asked, held.json(REQUEST), registry)
    done.problems += agreement_problems(records)
    done.problems += _stray_files(held, records)
    done.problems += _packed_problems(held, records)
    _verify_cells(done, _cells(held, records, asked, registry, data))
    if not held.manifest.is_pack and records:
        done.problems += plan_problems(held.json(PLAN), records, asked)
        done.problems += _page_problems(held, records, asked)
    held.json(ENVIRONMENT)


def _sound_records(done: Verified, held: Held) -> list[Record]:
    """The records that fit the schema; the others are problems."""
    if not held.holds(RECORDS):
        raise MissingData(RECORDS, None, "there is no such file")
    records = []
    for number, record in read_jsonl(held.folder / RECORDS):
        if problem := problem_of(record):
            done.problems.append(f"{RECORDS}, line {number}: {problem}")
        else:
            records.append(record)
    done.problems += [f"{RECORDS}, {problem}" for problem in line_problems(held.folder / RECORDS)]
    return records


def _analysis_problems(held: Held, records: Sequence[Record]) -> Iterator[str]:
    """Of those that no board would take; nothing is computed again."""
    try:
        read_own_analyses(held.folder, records)
    except DataError as error:
        yield str(error).removeprefix(f"{held.folder}/")


def _cells(held: Held, records: Sequence[Record], asked: Asked, registry: Registry, data: Data) -> Iterator[Cell]:
    """The cells that were asked for; the others are named already."""
    tasks = {task.name: task for task in asked.tasks}
    expected = set(asked.cells([record["row"] for record in records]))
    for record in records:
        if place_of(record) in expected:
            task = tasks[record["task"]]
            yield Cell(
                record, task, held, data.parts(task, record), registry, _other_training(task, record, data, registry)
            )


def _other_training(task: Task, record: Record, data: Data, registry: Registry) -> list[str]:
    return data.other_training(registry.task(task.train_on) if task.train_on else task, record)


def _verify_cells(done: Verified, cells: Iterable[Cell]) -> None:
    for cell in cells:
        place = " ".join(place_of(cell.record))
        told = [*record_problems(cell.record, cell.task, cell.registry), *cell_problems(cell)]
        told += phase_problems(cell.record, cell.task) if cell.record["state"] == "ok" else []
        done.problems += [f"{place}: {problem}" for problem in told]
        done.checked[how_checked(cell)] += 1
        done.notes += _notes(cell)
    done.notes = list(dict.fromkeys(done.notes))


def _notes(cell: Cell) -> Iterator[str]:
    """What could not be checked, said once a task."""
    name = cell.task.name
    if cell.parts.is_other and not cell.parts.comes_along:
        yield f"the data of {name} in the folder named is not that of the records; not used"
    if cell.other_training and not cell.parts.comes_along:
        yield f"{name} was trained on other data than that in the folder named"
    if trusts_choice(cell):
        yield f"what dev gold chose for {name} is taken as recorded: dev predictions or data are not at hand"


def _stray_files(held: Held, records: Sequence[Record]) -> Iterator[str]:
    """Predictions and values that no record speaks of."""
    known = {name for record in records for name in (*cell_names(record), dev_predictions_name(record))}
    known |= {packed_scores(Path(), record["task"], record["language"]).as_posix() for record in records}
    for name in held.hashes:
        if name.startswith(("predictions/", VALUES)) and name not in known:
            yield f"{name}: belongs to no record"


def _packed_problems(held: Held, records: Sequence[Record]) -> Iterator[str]:
    """Packed files that hold more than the values of the records' rows; what cannot be read is told with its cell."""
    rows: dict[str, list[str]] = {}
    for record in records:
        name = packed_scores(Path(), record["task"], record["language"]).as_posix()
        if record["scores"] is not None and held.holds(name):
            rows.setdefault(name, []).append(record["row"])
    for name, labels in rows.items():
        with suppress(*MALFORMED):
            values = {label: unpacked(held.folder / name, label) for label in labels}
            if decompressed(held.folder / name) != packed_text(values):
                yield f"{name}: is not what `leaderboard pack` makes of the values of its rows"


def _page_problems(held: Held, records: Sequence[Record], asked: Asked) -> Iterator[str]:
    if not held.holds(PAGE):
        yield f"{PAGE}: is missing"
        return
    page = run_page(records, asked.suite, asked.languages)
    if (held.folder / PAGE).read_bytes() != page.encode():
        yield f"{PAGE}: is not the page that the records make"
