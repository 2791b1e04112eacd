"""Format of the tagging tasks: one tag a line, a blank line after a sentence, no word column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from xtreme_harness.errors import DataError
from xtreme_harness.scoring.chunks import chunk_counts, f1_scores
from xtreme_harness.scoring.folders.findings import Findings
from xtreme_harness.scoring.folders.layout import Cell
from xtreme_harness.scoring.folders.text import check_gold, check_same_number, read_lines


class Sentence(NamedTuple):
    """The tags of one sentence, and the line its first tag stands in."""

    line: int
    tags: list[str]


def split_sentences(lines: Iterable[str]) -> list[Sentence]:
    """Sentences of stripped lines: every blank line ends one, even an empty one; the end of the file ends the last."""
    sentences, current = [], Sentence(1, [])
    for number, line in enumerate(lines, start=1):
        if line:
            current.tags.append(line)
        else:
            sentences.append(current)
            current = Sentence(number + 1, [])
    return [*sentences, current] if current.tags else sentences


@dataclass(frozen=True, kw_only=True)
class Tags:
    """Tags out of `values`, `placeholder` where they were removed; scored by chunks."""

    values: tuple[str, ...]
    placeholder: str
    suffix: ClassVar[str] = "tsv"
    metrics: ClassVar[tuple[str, ...]] = ("f1", "precision", "recall")
    headline: ClassVar[tuple[str, ...]] = ("f1",)

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        predicted, gold = (split_sentences(read_lines(path, findings)) for path in (cell.predictions, cell.labels))
        _check_same_tokens(cell, predicted, gold)
        check_gold(cell.labels, [tag for one in gold for tag in one.tags], len(gold), self.placeholder)
        for path, sentences in ((cell.predictions, predicted), (cell.labels, gold)):
            for sentence in sentences:
                self._check(path, sentence, findings)
        return f1_scores(chunk_counts(ours.tags, theirs.tags) for ours, theirs in zip(predicted, gold, strict=True))

    def _check(self, path: Path, sentence: Sentence, findings: Findings) -> None:
        for number, (before, tag) in enumerate(zip(["O", *sentence.tags], sentence.tags, strict=False), sentence.line):
            if tag not in self.values:
                columns = ", it has more than one column" if len(tag.split()) > 1 else ""
                what = f"tag {tag!r} is not one of {', '.join(self.values)}{columns}"
                findings.lenient(path, number, "tag", what)
            elif tag.startswith("I-") and before not in (f"B-{tag[2:]}", tag):
                findings.remark(path, number, "stray", f"{tag} begins a chunk without B-; it counts as one")


def _check_same_tokens(cell: Cell, predicted: Sequence[Sentence], gold: Sequence[Sentence]) -> None:
    """The official scorer counts sentences only; where tokens are missing all later spans shift (docs/traps.md, 7)."""
    check_same_number("sentences", cell.predictions, len(predicted), cell.labels, len(gold))
    for number, (ours, theirs) in enumerate(zip(predicted, gold, strict=True), start=1):
        if len(ours.tags) != len(theirs.tags):
            what = f"sentence {number} has {len(ours.tags)} tags, but {len(theirs.tags)} in {cell.labels}"
            raise DataError(cell.predictions, ours.line, what)
