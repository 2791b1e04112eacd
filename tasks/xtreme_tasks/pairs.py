"""Sentence-pair files as XTREME's downloader writes them: what XNLI and PAWS-X share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, read_text_lines

Rows = Iterator[dict[str, Any]]


def cell_as_written(cell: str) -> str:
    return cell


def cell_unquoted(cell: str) -> str:
    """Takes the CSV quoting off a cell.

    The downloader quotes cells that hold `"` and doubles the quotes inside; the original then reads the file with
    quoting switched off, so that its models see `"He said ""go"" now"` (spec 7, item 10).
    """
    inner = cell[1:-1]
    is_quoted = len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if is_quoted else cell


def read_pairs(labels: tuple[str, ...], cell: Callable[[str], str] = cell_unquoted) -> Callable[..., Rows]:
    """A reader of `sentence1<TAB>sentence2[<TAB>label]` lines; ids are line numbers from 0, tests have no label."""

    def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
        columns = 2 if split == "test" else 3
        for number, line in read_text_lines(files[0]):
            fields = line.split("\t")
            if len(fields) != columns:
                raise DataError(files[0], number, f"has {len(fields)} tab-separated columns, expected {columns}")
            row = {"id": str(number - 1), "text_a": cell(fields[0]), "text_b": cell(fields[1])}
            if columns == 3:
                if fields[2] not in labels:
                    raise DataError(files[0], number, f"label {fields[2]!r} is not one of {', '.join(labels)}")
                row["label"] = fields[2]
            yield row

    return read


def read_labels(labels: tuple[str, ...], placeholder: str) -> Callable[..., Rows]:
    """A reader of label files: one label a line, in the order of the test file.

    Where the labels were removed, the original's own conversion writes `placeholder` on every line (spec 5, item 10):
    such a file is refused, or its lines would be scored as if they were gold.
    """

    def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
        found = [(number, line.strip()) for number, line in read_text_lines(files[0])]
        for number, label in found:
            if label not in labels:
                raise DataError(files[0], number, f"label {label!r} is not one of {', '.join(labels)}")
        if len(found) > 1 and all(label == placeholder for _, label in found):
            raise DataError(files[0], None, f"is {placeholder!r} on every line: labels were removed, nothing to score")
        for number, label in found:
            yield {"id": str(number - 1), "label": label}

    return read


def pair_files(folder: str) -> Callable[[str, str], Sequence[str]]:
    return lambda split, language: (f"{folder}/{split}-{language}.tsv",)
