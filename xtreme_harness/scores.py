"""Per-example values of finished cells, from a run's folder or from its published pack."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import Record

Rows = list[dict[str, Any]]  # {id, group?, <metric or count>: value, ...}

MOST_BYTES = 1 << 28  # of an unpacked file: nobody's pack fills the memory of whoever verifies it


def run_predictions(folder: Path, row: str, task: str, language: str) -> Path:
    return folder / "predictions" / row / task / f"{language}.jsonl"


def run_scores(folder: Path, row: str, task: str, language: str) -> Path:
    return run_predictions(folder, row, task, language).with_suffix(".scores.jsonl")


def run_dev_predictions(folder: Path, row: str, task: str, language: str) -> Path:
    """Predictions for dev data by which an option of the cell, as a mining threshold, was chosen."""
    return run_predictions(folder, row, task, language).with_suffix(".dev.jsonl")


def cell_names(record: Record) -> tuple[str, str]:
    """The names, in a run's folder, of the files with a cell's predictions and with its per-example values."""
    place = (Path(), record["row"], record["task"], record["language"])
    return run_predictions(*place).as_posix(), run_scores(*place).as_posix()


def dev_predictions_name(record: Record) -> str:
    return run_dev_predictions(Path(), record["row"], record["task"], record["language"]).as_posix()


def packed_scores(folder: Path, task: str, language: str) -> Path:
    """The values of all rows in one file: {ids, groups, rows: {row: {name: [values]}}}; groups null where none.

    A row with other ids or groups (mined pairs are counted by the sources that are mined) has its own as columns
    `id` and `group`.
    """
    return folder / "scores" / task / f"{language}.json.gz"


def scored_cells(folder: Path, row: str) -> set[tuple[str, str]]:
    """Task and language of every cell of a row whose values lie in the run or pack, without opening any file."""
    return {*_named(folder / "predictions" / row, ".scores.jsonl"), *_named(folder / "scores", ".json.gz")}


def _named(folder: Path, ending: str) -> Iterator[tuple[str, str]]:
    """By os.scandir: paths of 160,000 files would take seconds."""
    if folder.is_dir():
        for task in (entry for entry in os.scandir(folder) if entry.is_dir()):
            for file in os.scandir(task.path):
                if file.name.endswith(ending):
                    yield task.name, file.name.removesuffix(ending)


def read_scores(folder: Path, record: Record) -> Rows | None:
    """The values behind a record of the run or pack in `folder`; None where they are not at hand.

    Raises DataError for a file that is damaged or lacks the record's row.
    """
    place = (record["row"], record["task"], record["language"])
    plain, packed = run_scores(folder, *place), packed_scores(folder, *place[1:])
    if plain.is_file():
        return [row for _, row in read_jsonl(plain)]
    return unpacked(packed, record["row"]) if packed.is_file() else None


def unpacked(path: Path, row: str) -> Rows:
    """The values of one row of a packed file, as the run had them."""
    try:
        held = json.loads(decompressed(path))
        columns = dict(held["rows"][row])
        ids, groups = columns.pop("id", held["ids"]), columns.pop("group", held["groups"])
        lines = list(zip(ids, groups or [None] * len(ids), *columns.values(), strict=True))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DataError(path, None, f"holds no per-example values of row {row}: {error}") from None
    return [_line(item, group, dict(zip(columns, values, strict=True))) for item, group, *values in lines]


def decompressed(path: Path) -> bytes:
    """The text of a packed file; raises DataError for what is none, and for more than MOST_BYTES."""
    try:
        with gzip.open(path) as stream:
            text = stream.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(path, None, f"holds no per-example values: {error}") from None
    if len(text) > MOST_BYTES:
        raise DataError(path, None, f"holds no per-example values: more than {MOST_BYTES} bytes")
    return text


def _line(item: str, group: str | None, values: dict[str, Any]) -> dict[str, Any]:
    return {"id": item, **({} if group is None else {"group": group}), **values}
