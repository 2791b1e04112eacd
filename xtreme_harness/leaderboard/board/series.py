"""The rows of a run as a board takes them: seeds together, and of every record only what the board needs.

A thousand runs of XTREME hold 162,000 records of two kilobytes each; what a board needs of them is a tenth of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.averages import Figure
from xtreme_harness.leaderboard.remarks import Told, told
from xtreme_harness.records import CHOSEN, Record, task_number, trainings_of
from xtreme_harness.unit import canonical_json, digest

Place = tuple[str, str]  # task, language
ORACLE = "oracle"
ABOUT = ("row", "model", "intermediate", "control", "method", "recipe", "dtype", "protocol", "seed", "code")
OF_PHASE = ("tasks", "role", "method", "sampler", "selection", "options")  # what was asked of a phase


@dataclass(frozen=True, slots=True)
class Version:
    """What must agree before figures of a column may be compared."""

    task_version: str
    headline: tuple[str, ...]
    test: str | None  # hashes of the inputs and of the gold
    gold: str | None
    examples: int | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One scored cell of one seed. `scores` is the hash of its per-example values."""

    figure: Figure
    metrics: Mapping[str, float]
    version: Version
    seed: int
    scores: str | None
    told: Told | None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Rows of one run that differ in their seed alone: one row of the board.

    `cells` and `about` (what a row's records have in common) go by the rows' labels. `configurations` is the hash of
    what was resolved for each task: options, phases, parameters of the method.
    """

    about: Mapping[str, Record]
    cells: Mapping[str, Mapping[Place, Cell]]
    configurations: Mapping[str, str]
    trainings: Sequence[str]  # the keys of those behind its rows
    created: str

    @property
    def first(self) -> Record:
        return next(iter(self.about.values()))

    @property
    def identity(self) -> str:
        return _identity(self.first)

    @property
    def track(self) -> str:
        return str(self.first["track"])

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({cell.seed for cells in self.cells.values() for cell in cells.values()}))


def _identity(about: Record) -> str:
    """What rows must share to be one but for their seeds; what was resolved for each task comes to it."""
    return canonical_json({name: about[name] for name in about if name not in ("row", "seed", "code", "methods")})


def series_of(records: Sequence[Record], path: Path) -> list[Series]:
    """The rows of one records.jsonl, in the order they first appear; raises DataError where a cell stands twice."""
    rows: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        about = _about(record)
        rows.setdefault((_identity(about), record["row"]), []).append(record)
    joined: list[tuple[str, dict[str, str], list[list[Record]]]] = []
    for (identity, _), members in rows.items():
        _check_once(members, path)
        configurations = _configurations(members)
        fitting = (one for one in joined if one[0] == identity and _agree(one[1], configurations))
        _, known, found = next(fitting, (None, None, None))
        if known is None or found is None:
            joined.append((identity, configurations, [members]))
        else:
            known |= configurations
            found.append(members)
    return [_series(configurations, found) for _, configurations, found in joined]


def _about(record: Record) -> Record:
    return {**{name: record[name] for name in ABOUT}, "track": _track(record)}


def _track(record: Record) -> str:
    """The protocol; what was selected on the target language's own dev part is an oracle."""
    chosen = [record["options"].get("selection"), *(phase.get("selection") for phase in record["phases"])]
    return ORACLE if "target-dev" in chosen else str(record["protocol"])


def _check_once(records: Iterable[Record], path: Path) -> None:
    places: set[Place] = set()
    for record in records:
        place = (record["task"], record["language"])
        if place in places:
            raise DataError(path, None, f"holds {record['row']} {' '.join(place)} twice")
        places.add(place)


def _configurations(records: Iterable[Record]) -> dict[str, str]:
    """By task; of its first ok cell, since a cell without a figure need not have everything resolved."""
    found: dict[str, str] = {}
    for record in records:
        if record["state"] == "ok" and record["task"] not in found:
            found[record["task"]] = digest(resolved(record))
    return found


def resolved(record: Record) -> dict[str, Any]:
    """What was asked of a cell and its trainings, without its outcomes and its seed."""
    options = {name: value for name, value in record["options"].items() if name not in CHOSEN}
    phases = [{name: phase.get(name) for name in OF_PHASE} for phase in record["phases"]]
    return {"options": options, "phases": phases}


def _agree(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    return all(ours[task] == theirs[task] for task in ours.keys() & theirs.keys())


def _series(configurations: Mapping[str, str], rows: Sequence[Sequence[Record]]) -> Series:
    return Series(
        about={members[0]["row"]: {**_about(members[0]), "methods": _methods(members)} for members in rows},
        cells={members[0]["row"]: {_place(one): _cell(one) for one in members} for members in rows},
        configurations=configurations,
        trainings=sorted(trainings_of(record for members in rows for record in members)),
        created=max((record["created"] or "" for members in rows for record in members), default=""),
    )


def _methods(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Every method that trained something, with its parameters."""
    found = [phase["method"] for record in records for phase in record["phases"] if phase.get("method")]
    return [method for place, method in enumerate(found) if method not in found[:place]]


def _place(record: Record) -> Place:
    return record["task"], record["language"]


def _cell(record: Record) -> Cell:
    is_ok = record["state"] == "ok"
    data = record["data"]
    return Cell(
        figure=Figure(task_number(record) if is_ok else None, record["state"]),
        metrics=record["metrics"] if is_ok else {},
        version=Version(
            record["task_version"], tuple(record["headline"]), data.get("test"), data.get("gold"), record["n"]
        ),
        seed=record["seed"],
        scores=record["scores"],
        told=told(record),
    )
