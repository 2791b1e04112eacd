"""Rows of a set on the hub: text by column, with a sentence that names the row where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xtreme_harness import DataError
from xtreme_tasks.importing import HubRows

_BREAKS = str.maketrans("\t\r\n", "   ")


@dataclass(frozen=True)
class HubRow:
    """One row; `place` says which, for people."""

    place: str
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        value = self.values.get(column)
        if not isinstance(value, str):
            raise DataError(self.place, None, f"has no text in a column {column!r}")
        return value

    def line(self, column: str) -> str:
        """The text without the line end that some sets leave on it."""
        line = self.text(column).rstrip("\r\n")
        if line != on_one_line(line):
            raise DataError(self.place, None, f"has a tab or line break inside its column {column!r}")
        return line


def rows_of(hub_id: str, rows: HubRows, configuration: str, split: str) -> Iterator[HubRow]:
    """The rows of a configuration and a split (the hub's name), numbered from 1."""
    for number, values in enumerate(rows(configuration, split), start=1):
        yield HubRow(f"{hub_id} ({configuration}, {split}), row {number}", values)


def on_one_line(text: str) -> str:
    """For sets whose quotes were mishandled, which joined cells and lines of the original."""
    return text.translate(_BREAKS)
