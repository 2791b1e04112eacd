"""Formats with one answer a line: labels (XNLI, PAWS-X), row numbers (Tatoeba), pairs of ids (BUCC)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from xtreme_harness.errors import DataError
from xtreme_harness.scoring.accuracy import accuracy
from xtreme_harness.scoring.folders.findings import Findings
from xtreme_harness.scoring.folders.layout import Cell
from xtreme_harness.scoring.folders.text import check_gold, check_same_number, read_lines
from xtreme_harness.scoring.pairs import pair_scores


def _accuracy(cell: Cell, predicted: Sequence[str], gold: Sequence[str]) -> dict[str, float]:
    check_same_number("lines", cell.predictions, len(predicted), cell.labels, len(gold))
    if not gold:
        raise DataError(cell.labels, None, "holds no label; there is nothing to score")
    return {"accuracy": accuracy(predicted, gold).figure}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """One of `values` a line; `placeholder` stands in files whose labels were removed."""

    values: tuple[str, ...]
    placeholder: str
    suffix: ClassVar[str] = "tsv"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        predicted, gold = (read_lines(path, findings) for path in (cell.predictions, cell.labels))
        figures = _accuracy(cell, predicted, gold)
        check_gold(cell.labels, gold, len(gold), self.placeholder)
        for path, lines in ((cell.predictions, predicted), (cell.labels, gold)):
            self._check(path, lines, findings)
        return figures

    def _check(self, path: Path, lines: Sequence[str], findings: Findings) -> None:
        for number, line in enumerate(lines, start=1):
            if line not in self.values:
                what = f"label {line!r} is not one of {', '.join(self.values)}"
                findings.lenient(path, number, "label", what)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A row number of the candidates' file a line, from 0; `candidates`: how many rows that file has, by language."""

    candidates: Mapping[str, int] = field(default_factory=dict)
    suffix: ClassVar[str] = "tsv"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        predicted, gold = (read_lines(path, findings) for path in (cell.predictions, cell.labels))
        figures = _accuracy(cell, predicted, gold)
        check_gold(cell.labels, gold, len(gold))
        count = self._rows_of(cell.language, gold)
        for path, lines in ((cell.predictions, predicted), (cell.labels, gold)):
            for number, line in enumerate(lines, start=1):
                if problem := _row_problem(line, count):
                    findings.lenient(path, number, "row", problem)
        return figures

    def _rows_of(self, language: str, gold: Sequence[str]) -> int:
        """How many rows the candidates' file has: gold that is a permutation tells, cut gold does not."""
        is_whole = sorted(gold) == sorted(str(row) for row in range(len(gold)))
        return len(gold) if is_whole else self.candidates.get(language, len(gold))


def _row_problem(text: str, count: int) -> str:
    """As text: `[12]`, which XTREME's own script writes, and `012` are wrong (docs/traps.md, 9)."""
    if text.startswith("["):
        return f"{text!r} stands in brackets and counts as wrong; write the bare row number"
    if not (text.isascii() and text.isdigit()) or text != str(int(text)):
        return f"{text!r} is not a plain row number"
    return f"row {text} is not among the {count} rows from 0" if int(text) >= count else ""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """`id<TAB>id` a line, ids beginning with the language and with `target`; both files are sets."""

    target: str = "en"
    suffix: ClassVar[str] = "tsv"
    metrics: ClassVar[tuple[str, ...]] = ("f1", "precision", "recall")
    headline: ClassVar[tuple[str, ...]] = ("f1",)

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        predicted, gold = (self._read(path, cell.language, findings) for path in (cell.predictions, cell.labels))
        return pair_scores(predicted, gold)

    def _read(self, path: Path, language: str, findings: Findings) -> list[tuple[str, ...]]:
        pairs: dict[tuple[str, ...], None] = {}
        for number, line in enumerate(read_lines(path, findings), start=1):
            pair = tuple(line.split("\t"))
            if problem := self._problem(pair, language):
                findings.lenient(path, number, "pair", problem)
            if pair in pairs:
                findings.remark(path, number, "again", "a pair stands here again; it counts once")
            pairs[pair] = None
        return list(pairs)

    def _problem(self, pair: tuple[str, ...], language: str) -> str:
        if len(pair) != 2:
            return f"has {len(pair)} tab-separated fields, expected 2"
        wrong = [
            f"id {one!r} does not begin with {code}-"
            for one, code in zip(pair, (language, self.target), strict=True)
            if not one.startswith(f"{code}-")
        ]
        return "; ".join(wrong)
