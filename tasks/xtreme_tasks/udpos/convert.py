"""CoNLL-U to XTREME's rows of word and tag: fused tokens are one word, empty nodes go, textless sentences go.

The rules are those of XTREME's converter; checked with vectors that it made. What it lets pass or crashes on
is refused with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness import DataError
from xtreme_tasks.tagged import Lines, Row, sentences

COLUMNS = 10
WORD, RANGE, EMPTY_NODE = (re.compile(one) for one in (r"[1-9]\d*", r"([1-9]\d*)-([1-9]\d*)", r"\d+\.\d+"))
NO_FORM = "_"
PRECEDENCE = {
    "es": "VERB AUX PRON ADP DET",
    "fr": "VERB AUX PRON NOUN ADJ ADV ADP DET PART SCONJ CONJ",
    "it": "VERB AUX ADV PRON ADP DET INTJ",
}
DEFAULT_PRECEDENCE = "VERB NOUN PROPN PRON ADJ NUM ADV INTJ AUX ADP DET PART CCONJ SCONJ X PUNCT"


@dataclass(frozen=True)
class Word:
    """A syntactic word; `heads` are numbers of words (0: the root), the basic one first, then the enhanced ones."""

    form: str
    tag: str
    heads: tuple[int, ...]


@dataclass(frozen=True)
class Fused:
    """One token on the surface that stands for the words `first` to `last`."""

    form: str
    first: int
    last: int


@dataclass(frozen=True)
class Sentence:
    """Words are numbered from 1, by their place."""

    words: tuple[Word, ...]
    fused: tuple[Fused, ...]


def read_conllu(path: Path) -> Iterator[Sentence]:
    """The sentences of a file; raises DataError naming the line of what is not sound CoNLL-U."""
    for block in sentences(path):
        lines = [(number, line) for number, line in block if not line.startswith("#")]
        if lines:
            yield parse_sentence(path, lines)


def parse_sentence(path: Path, lines: Lines) -> Sentence:
    words: list[Word] = []
    fused: list[Fused] = []
    numbers: list[int] = []
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != COLUMNS:
            raise DataError(path, number, f"has {len(fields)} tab-separated columns, expected {COLUMNS}")
        if span := RANGE.fullmatch(fields[0]):
            fused.append(_fused(path, number, fields[1], int(span[1]), int(span[2]), fused))
        elif WORD.fullmatch(fields[0]):
            if int(fields[0]) != len(words) + 1:
                raise DataError(path, number, f"word {fields[0]} stands where word {len(words) + 1} should")
            words.append(_word(path, number, fields))
            numbers.append(number)
        elif not EMPTY_NODE.fullmatch(fields[0]):
            raise DataError(path, number, f"id {fields[0]!r} is no number, range (3-4) or empty node (3.1)")
    _check_places(path, lines[0][0], numbers, words, fused)
    return Sentence(tuple(words), tuple(fused))


def _fused(path: Path, number: int, form: str, first: int, last: int, before: Sequence[Fused]) -> Fused:
    if first > last:
        raise DataError(path, number, f"range {first}-{last} runs backwards")
    for other in before:
        if first <= other.last and other.first <= last:
            raise DataError(path, number, f"range {first}-{last} overlaps {other.first}-{other.last}")
    return Fused(form, first, last)


def _word(path: Path, number: int, fields: Sequence[str]) -> Word:
    """Enhanced edges that come from an empty node (`8.1:nsubj`) are left out, as the original does."""
    if not fields[6].isdecimal():
        raise DataError(path, number, f"head {fields[6]!r} is no number of a word")
    enhanced = [edge.split(":")[0] for edge in fields[8].split("|")]
    return Word(fields[1], fields[3], (int(fields[6]), *(int(head) for head in enhanced if head.isdecimal())))


def _check_places(path: Path, line: int, numbers: list[int], words: list[Word], fused: list[Fused]) -> None:
    """Heads and ranges must be in the sentence, whose lines begin at `line`; `numbers` are those of the words."""
    for number, word in zip(numbers, words, strict=True):
        if max(word.heads) > len(words):
            raise DataError(path, number, f"head {max(word.heads)} does not exist in a sentence of {len(words)} words")
    for one in fused:
        if one.last > len(words):
            told = (
                f"range {one.first}-{one.last} reaches beyond the {len(words)} words of the sentence that begins here"
            )
            raise DataError(path, line, told)
    if not words:
        raise DataError(path, line, "begins a sentence without words")


def convert(sentence: Sentence, language: str) -> list[Row]:
    """Rows of form and tag: a range becomes one row with its own form and the tag of its head."""
    fused = {one.first: one for one in sentence.fused}
    rows, number = [], 1
    while number <= len(sentence.words):
        one = fused.get(number)
        if one is None:
            rows.append((sentence.words[number - 1].form, sentence.words[number - 1].tag))
            number += 1
        else:
            rows.append((one.form, _tag_of(sentence, one, language)))
            number = one.last + 1
    return rows


def _tag_of(sentence: Sentence, fused: Fused, language: str) -> str:
    """The tag of the member with the fewest ancestors; of several, the tag that is named first in the precedence list.

    A tag that is not in the list comes last; the original aborts there and loses the whole file.
    """
    members = range(fused.first, fused.last + 1)
    depths = {member: ancestors(sentence.words, member) for member in members}
    tags = [sentence.words[member - 1].tag for member in members if depths[member] == min(depths.values())]
    order = PRECEDENCE.get(language, DEFAULT_PRECEDENCE).split()
    return min(tags, key=lambda tag: order.index(tag) if tag in order else len(order))


def ancestors(words: Sequence[Word], number: int) -> int:
    """From how many nodes (the root among them) word `number` can be reached; enhanced edges and cycles count."""
    seen, waiting = {number}, [number]
    while waiting:
        node = waiting.pop()
        for head in words[node - 1].heads if node else ():
            if head not in seen:
                seen.add(head)
                waiting.append(head)
    return len(seen) - 1


def has_text(rows: Sequence[Row]) -> bool:
    """Whether XTREME keeps a sentence: treebanks without text have `_` for every word, but for a few headlines."""
    missing = sum(form == NO_FORM for form, _ in rows)
    return missing == 0 or missing < len(rows) - 1


def cleaned(form: str) -> str:
    """Without zero-width non-joiners and spaces; other white space stays."""
    return form.replace("\u200c", "").replace(" ", "")


def converted(path: Path, language: str) -> Iterator[list[Row]]:
    """What XTREME makes of one CoNLL-U file."""
    for sentence in read_conllu(path):
        rows = convert(sentence, language)
        if has_text(rows):
            clean = [(cleaned(form), tag) for form, tag in rows]
            if not all(form for form, _ in clean):
                raise DataError(path, None, f"a word of {' '.join(form for form, _ in rows)!r} is white space only")
            yield clean
