"""The record: one scored cell with all that is needed to check it. Schema, reading, writing, signature."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Suite
from xtreme_harness.errors import DataError
from xtreme_harness.files import write_text
from xtreme_harness.jsonl import dump_line, read_jsonl
from xtreme_harness.legible import is_legible

SCHEMA = 1
Record = dict[str, Any]

STATES = ("ok", "failed", "missing-data", "unlabelled", "skipped", "not-published")
CHOSEN = ("threshold",)  # options that dev gold chose: an outcome, another one in every language and with every seed
VARYING = ("seconds", "created", "device", "code")  # what two runs of one request may differ in
MODEL_FIELDS = ("name", "weights", "tokenizer", "revision")
NAMES = ("row", "task", "language", "intermediate", "control", "method", "recipe", "dtype")
PLACES = ("row", "task", "language")  # which name folders and files too
NO_PLACE = re.compile(r"\.{0,2}|.*[/\\].*")
CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
FIELDS: dict[str, type | tuple[type, ...]] = {
    "schema": int,
    "row": str,
    "task": str,
    "task_version": str,
    "language": str,
    "metrics": dict,
    "headline": list,
    "n": (int, type(None)),
    "groups": (int, type(None)),
    "state": str,
    "why": (str, type(None)),
    "unit": (str, type(None)),
    "model": dict,
    "intermediate": str,
    "control": (str, type(None)),
    "method": str,
    "seed": int,
    "recipe": str,
    "dtype": str,
    "options": dict,
    "phases": list,
    "protocol": str,
    "comparable": bool,
    "not_comparable_because": str,
    "data": dict,
    "predictions": (str, type(None)),
    "scores": (str, type(None)),
    "code": dict,
    "device": (str, type(None)),
    "seconds": (int, float, type(None)),
    "created": (str, type(None)),
}


def problem_of(record: Record) -> str | None:
    """What is wrong with a record's fields; None when they fit the schema."""
    if record.get("schema") != SCHEMA:
        return f"schema {record.get('schema')!r}; this version reads schema {SCHEMA}"
    for name, kind in FIELDS.items():
        if name not in record:
            return f"the field {name} is missing"
        if not _fits(record[name], kind):
            return f"the field {name} holds {record[name]!r}"
    if record["state"] not in STATES:
        return f"unknown state {record['state']!r}"
    if missing := [name for name in MODEL_FIELDS if name not in record["model"]]:
        return f"the field model lacks {', '.join(missing)}"
    return _inner_problem(record) or (_figure_problem(record) if record["state"] == "ok" else None)


def _fits(value: Any, kind: type | tuple[type, ...]) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))  # Python counts True as a number


def _inner_problem(record: Record) -> str | None:
    """What is wrong inside of fields that hold several values, as far as anybody reads them."""
    model, created = record["model"], record["created"]
    sound = {
        "model": isinstance(model["name"], str) and all(_is_text_or_none(model[name]) for name in MODEL_FIELDS),
        "headline": all(isinstance(name, str) for name in record["headline"]),
        "options": _is_json(record["options"]),
        "phases": all(map(_is_phase, record["phases"])) and _is_json(record["phases"]),
        "data": all(map(_is_text_or_none, record["data"].values())),
        "code": all(map(_is_text_or_none, record["code"].values())),
        "created": created is None or CREATED.fullmatch(created) is not None,
        "seconds": record["seconds"] is None or (_is_finite(record["seconds"]) and record["seconds"] >= 0),
    }
    sound |= {name: is_legible(record[name] or "") for name in NAMES}
    sound["model"] = sound["model"] and is_legible(model["name"])
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    wrong += [name for name in PLACES if NO_PLACE.fullmatch(record[name])]
    return f"the field {wrong[0]} holds {record[wrong[0]]!r}" if wrong else None


def _is_phase(value: Any) -> bool:
    is_one = isinstance(value, dict) and isinstance(value.get("role"), str)
    return is_one and isinstance(value.get("method", {}), dict) and isinstance(value.get("data", {}), dict)


def _is_json(value: Any) -> bool:
    """Whether all numbers are finite: Python reads others, and canonical JSON has none."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_finite(value: Any) -> bool:
    return _fits(value, (int, float)) and abs(value) <= sys.float_info.max  # which no NaN is, nor 10 ** 400


def _figure_problem(record: Record) -> str | None:
    if not record["headline"]:
        return "an ok record names no headline metric"
    for name in record["headline"]:
        if not _is_finite(record["metrics"].get(name)):
            return f"an ok record has no {name} among its metrics"
    strange = [name for name, figure in record["metrics"].items() if not _is_finite(figure)]
    return f"its {strange[0]} is {record['metrics'][strange[0]]!r}, no figure" if strange else None


def read_records(path: Path) -> list[Record]:
    """The records of a records.jsonl; raises DataError (file and line) for one that does not fit the schema."""
    records = []
    for number, record in read_jsonl(path):
        if problem := problem_of(record):
            raise DataError(path, number, problem)
        records.append(record)
    return records


def write_records(path: Path, records: Iterable[Record]) -> None:
    """The whole file or nothing."""
    write_text(path, "".join(map(dump_line, records)))


def trainings_of(records: Iterable[Record]) -> set[str]:
    """The keys of the trainings behind them."""
    phases = (phase for record in records for phase in record["phases"] if isinstance(phase, dict))
    return {unit for phase in phases if isinstance(unit := phase.get("unit"), str)}


def task_number(record: Record) -> float:
    """The headline figure of one ok cell: the mean of the task's headline metrics."""
    values = [float(record["metrics"][name]) for name in record["headline"]]
    return sum(values) / len(values)


def row_label(intermediate: str, control: str | None, method: str, seed: int | None) -> str:
    """What a row is called; `seed` None: the recipe's. A label, never parsed."""
    arm = intermediate if control is None else f"{intermediate}~{control}"
    return f"{arm}.{method}.s{'recipe' if seed is None else seed}"


def without_varying(record: Record) -> Record:
    """The record less what two runs of the same request may differ in."""
    return {name: value for name, value in record.items() if name not in VARYING}


def versioned(suite: Suite) -> str:
    """`full.1`: a suite as signatures name it."""
    return f"{suite.name}.{suite.version}"


def signature(records: Sequence[Record], suite: str) -> str:
    """One line that says how a row came about; the same for rows that may be compared."""
    first = records[0]
    seeds = ",".join(str(seed) for seed in sorted({record["seed"] for record in records}))
    version = first["code"].get("xtreme-harness", "unknown")
    weights = str(first["model"]["weights"])[: len("sha256:") + 8]
    parts = [
        f"xtreme-harness {version}",
        f"suite {suite}",
        f"model {weights}",
        f"recipe {first['recipe']}",
        f"method {first['method']}",
        f"via {first['intermediate']}",
        f"control {first['control'] or 'none'}",
        f"seeds {seeds}",
        first["protocol"],
    ]
    return " | ".join(parts)
