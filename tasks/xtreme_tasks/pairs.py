"""Sentence-pair files as XTREME's downloader writes them: what XNLI and PAWS-X share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, read_text_lines

Rows = Iterator[dict[str, Any]]
TOO_FEW_TO_TELL = 2  # lines, whose labels may be equal by chance


@dataclass(frozen=True, kw_only=True)
class PairSet:
    """A data set of sentence pairs: its folder, its labels, the one that stands where gold was removed, its sizes.

    `per_premise` lines in a row have one premise, so that their outcomes go together.
    """

    name: str
    labels: tuple[str, ...]
    placeholder: str
    sizes: Mapping[str, Mapping[str, int]]  # by split and language
    per_premise: int = 1


def cell_as_written(cell: str) -> str:
    return cell


def cell_unquoted(cell: str) -> str:
    """Takes the CSV quoting off a cell.

    The downloader quotes cells that hold `"` and doubles the quotes inside; the original then reads the file with
    quoting switched off, so that its models see `"He said ""go"" now"` (docs/traps.md, 10).
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


def read_labels(pairs: PairSet) -> Callable[..., Rows]:
    """A reader of label files: one label a line, in the order of the test file; see `check_gold`."""

    def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
        found = [(number, line.strip()) for number, line in read_text_lines(files[0])]
        for number, label in found:
            if label not in pairs.labels:
                raise DataError(files[0], number, f"label {label!r} is not one of {', '.join(pairs.labels)}")
        check_gold(files[0], [label for _, label in found], pairs.placeholder)
        for number, label in found:
            item = number - 1
            group = {"group": str(item // pairs.per_premise)} if pairs.per_premise > 1 else {}
            yield {"id": str(item), **group, "label": label}

    return read


def check_gold(where: str | Path, gold: Sequence[str], placeholder: str) -> None:
    """Refuses gold that is the same everywhere: it would be scored as if it were gold.

    Where the labels were removed, the original's own conversion puts `placeholder`.
    """
    if len(gold) < TOO_FEW_TO_TELL or len(set(gold)) > 1:
        return
    if gold[0] == placeholder:
        raise DataError(where, None, f"is {gold[0]!r} on every line: labels were removed, nothing to score")
    if len(gold) > TOO_FEW_TO_TELL:
        raise DataError(where, None, f"is {gold[0]!r} on every line, as no part of the data set has")


def pair_files(folder: str) -> Callable[[str, str], Sequence[str]]:
    return lambda split, language: (f"{folder}/{split}-{language}.tsv",)
