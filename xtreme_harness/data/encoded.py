"""Encoded windows on disk: ragged integer columns as memory-mapped arrays, and one JSON line an item."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.jsonl import read_jsonl, write_jsonl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.integer[Any]]

ID_COLUMNS = ("input_ids", "mask_ids", "masked")  # those whose values are token ids


@dataclass(frozen=True)
class Ragged:
    """Rows of different lengths in one flat array: row i is values[offsets[i]:offsets[i + 1]]."""

    values: Ints
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Ints:
        part: Ints = self.values[self.offsets[row] : self.offsets[row + 1]]
        return part

    @property
    def lengths(self) -> Ints:
        """[rows] number of values in each row."""
        difference: Ints = self.offsets[1:] - self.offsets[:-1]
        return difference


@dataclass(frozen=True)
class Encoded:
    """What a `prepare` unit made: columns (`input_ids`, perhaps `token_type_ids`, `labels`) and the items' ids.

    Rows are trained on one by one, but where a column `together` holds one number a row: consecutive rows of equal
    number are one training example (the choices of a question, whose loss compares them).
    """

    columns: Mapping[str, Ragged]
    items: Sequence[Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.columns["input_ids"])

    @property
    def lengths(self) -> Ints:
        return self.columns["input_ids"].lengths

    @property
    def bounds(self) -> Ints:
        """[training examples + 1]: the rows of example i are bounds[i] to bounds[i + 1]."""
        import numpy as np

        if "together" not in self.columns:
            return np.arange(len(self) + 1)
        numbers = self.columns["together"].values
        inner: Ints = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
        return np.array([0, *inner, len(self)])

    @property
    def examples(self) -> int:
        """Number of training examples."""
        return len(self.bounds) - 1

    @property
    def tokens(self) -> int:
        return int(self.lengths.sum())


def save_encoded(folder: Path, columns: Mapping[str, Sequence[Sequence[int]]], items: list[dict[str, Any]]) -> None:
    """Writes columns and items; rows must be equally many in every column."""
    import numpy as np

    for name, rows in columns.items():
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        flat = np.fromiter((value for row in rows for value in row), dtype=np.int32, count=int(offsets[-1]))
        np.save(folder / f"{name}.values.npy", flat)
        np.save(folder / f"{name}.offsets.npy", offsets)
    write_jsonl(folder / "items.jsonl", items)
    (folder / "columns.json").write_text(json.dumps(sorted(columns)), encoding="utf-8")


def load_encoded(folder: Path) -> Encoded:
    """Opens what `save_encoded` wrote; arrays are memory-mapped, read-only."""
    import numpy as np

    columns = {}
    for name in json.loads((folder / "columns.json").read_text(encoding="utf-8")):
        values, offsets = (np.load(folder / f"{name}.{part}.npy", mmap_mode="r") for part in ("values", "offsets"))
        columns[name] = Ragged(values, offsets)
    return Encoded(columns, [item for _, item in read_jsonl(folder / "items.jsonl")])
