"""Runs written by hand for the tests of boards: records whose figures follow from per-example values beside them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from xtreme_harness.jsonl import dump_line
from xtreme_harness.records import Record
from xtreme_harness.scores import run_scores

Right = Mapping[tuple[str, str], Sequence[float]]  # by task and language: 100 where an example is right, else 0

RECORD: Record = {
    "schema": 1,
    "row": "none.plain.s1",
    "task": "",
    "task_version": "1",
    "language": "",
    "metrics": {},
    "headline": ["accuracy"],
    "n": None,
    "groups": None,
    "state": "ok",
    "why": None,
    "unit": None,
    "model": {"name": "tiny", "weights": "sha256:ab12cd34" + "0" * 56, "tokenizer": "sha256:00", "revision": None},
    "intermediate": "none",
    "control": None,
    "method": "plain",
    "seed": 1,
    "recipe": "mini",
    "dtype": "float32",
    "options": {"max_length": 128},
    "phases": [],
    "protocol": "zero-shot",
    "comparable": True,
    "not_comparable_because": "",
    "data": {"test": "sha256:" + "11" * 32, "gold": "sha256:" + "22" * 32},
    "predictions": "sha256:33",
    "scores": None,
    "code": {"xtreme-harness": "0.1.0"},
    "device": "cpu",
    "seconds": 1.0,
    "created": "2026-01-01T00:00:00Z",
}


def records_of(right: Right, **fields: Any) -> list[Record]:
    """One for each cell; `fields` change all of them, and `model` names the model."""
    model = {**RECORD["model"], "name": fields.pop("model", "tiny")}
    return [
        {
            **copy.deepcopy(RECORD),
            "model": model,
            "task": task,
            "language": language,
            "n": len(values),
            "metrics": {"accuracy": sum(values) / len(values)},
            "scores": f"sha256:{_hash(_lines(values))}",
            **fields,
        }
        for (task, language), values in right.items()
    ]


def write_run(folder: Path, *rows: tuple[Sequence[Record], Right | None]) -> Path:
    """A run's folder with the records of its rows, and the values of those that have any."""
    folder.mkdir(parents=True)
    lines = [dump_line(record) for records, _ in rows for record in records]
    (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")
    for records, right in rows:
        for (task, language), values in (right or {}).items():
            path = run_scores(folder, records[0]["row"], task, language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_lines(values), encoding="utf-8", newline="\n")
    return folder


def _lines(values: Sequence[float]) -> str:
    return "".join(dump_line({"id": f"i{place}", "accuracy": value}) for place, value in enumerate(values))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
