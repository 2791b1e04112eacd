"""What differs between two rows besides figures, by their records: configuration, model, data, versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.records import Record

Place = tuple[str, str]  # task, language
Fact = tuple[str, str]  # part, what

CONFIGURATION = (
    "intermediate",
    "control",
    "method",
    "recipe",
    "seed",
    "dtype",
    "protocol",
    "task_version",
    "headline",
    "comparable",
    "not_comparable_because",
    "options",
)
DATA = ("data", "n", "groups")
RESULTS = ("role", "unit", "dev", "selected_update", "data")  # of a phase: its name, what came of it, told apart
PARTS: Mapping[str, Sequence[str]] = {
    "configuration": CONFIGURATION,
    "model": ("model",),
    "data": DATA,
    "versions": ("code", "device"),
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not the same in A and B, with the cells where it is so; None where one side has no such."""

    part: str
    what: str
    a: Any
    b: Any
    places: tuple[Place, ...]


def differences(a: Mapping[Place, Record], b: Mapping[Place, Record]) -> list[Difference]:
    """Every value that differs in a cell that both have, part by part; cells with the same two values are one."""
    found: dict[tuple[str, str, str, str], list[Place]] = {}
    for place in a:
        if place in b:
            ours, theirs = facts(a[place]), facts(b[place])
            for fact in dict.fromkeys((*ours, *theirs)):
                if ours.get(fact) != theirs.get(fact):
                    values = (json.dumps(ours.get(fact)), json.dumps(theirs.get(fact)))
                    found.setdefault((*fact, *values), []).append(place)
    order = list(PARTS)
    return [
        Difference(part=part, what=what, a=json.loads(first), b=json.loads(second), places=tuple(places))
        for (part, what, first, second), places in sorted(found.items(), key=lambda item: order.index(item[0][0]))
    ]


def facts(record: Record) -> dict[Fact, Any]:
    """{(part, dotted name): value} of a record; what came out of the run is no fact of it."""
    found = {
        (part, name): value
        for part, fields in PARTS.items()
        for field in fields
        for name, value in _flat(field, record[field])
    }
    for phase in record["phases"]:
        told = {name: value for name, value in phase.items() if name not in RESULTS}
        found |= {("configuration", name): value for name, value in _flat(f"phase {phase['role']}", told)}
        found |= {("data", name): value for name, value in _flat(f"phase {phase['role']}", phase.get("data", {}))}
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(f"{name}.{key}", inner)
