"""Rows of original files with the columns or fields that a reader needs; what is wrong is told with file and line."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, read_text_lines

Rows = Iterator[dict[str, Any]]
Row = tuple[int, dict[str, str]]  # line number from 1, cells by column


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a comma-separated file with a header; quoted cells may hold commas, quotes and line ends."""
    lines = (f"{line}\n" for _, line in read_text_lines(path))
    reader = csv.reader(lines, strict=True)
    try:
        yield from _rows(path, columns, ((reader.line_num, cells) for cells in reader))
    except csv.Error as error:
        raise DataError(path, reader.line_num, f"is not CSV ({error})") from None


def read_tsv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a tab-separated file with a header; quotes are text."""
    return _rows(path, columns, ((number, line.split("\t")) for number, line in read_text_lines(path)))


def _rows(path: Path, columns: Sequence[str], lines: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
    _, header = next(lines, (1, []))
    if lacking := [column for column in columns if column not in header]:
        raise DataError(path, 1, f"the header has no column {', '.join(lacking)}")
    for number, cells in lines:
        if len(cells) != len(header):
            raise DataError(path, number, f"has {len(cells)} cells, expected {len(header)} as in the header")
        yield number, dict(zip(header, cells, strict=True))


def text(path: Path, number: int, row: Mapping[str, Any], name: str) -> str:
    """The text of a field."""
    value = row.get(name)
    if not isinstance(value, str):
        raise DataError(path, number, f"{name} is {value!r}, expected a text" if name in row else f"has no {name}")
    return value


def one_of(path: Path, number: int, row: Mapping[str, Any], name: str, known: Collection[Any]) -> Any:
    """The value of a field that must be one of `known`."""
    value = row.get(name)
    if value not in list(known):
        raise DataError(path, number, f"{name} {value!r} is not one of {', '.join(map(str, known))}")
    return value
