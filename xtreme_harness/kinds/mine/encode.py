"""Identical lines of a corpus become one, as the original unifies them. Pure functions of plain values."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Merged:
    """The distinct lines of one side, in the order of their first occurrence.

    `places`: where each one occurs last, whose vector it takes. `ids`: its id, None where the line occurs more than
    once: the original maps text back to ids and leaves such a text without one, so that its pairs vanish
    (docs/traps.md, 25).
    """

    places: list[int]
    ids: list[str | None]


def merge_lines(lines: Sequence[Hashable], ids: Sequence[str]) -> Merged:
    """Merges equal `lines`; `ids` are those of all lines, in the same order."""
    last: dict[Hashable, int] = {}
    names: dict[Hashable, str | None] = {}
    for place, (line, name) in enumerate(zip(lines, ids, strict=True)):
        names[line] = None if line in last else name
        last[line] = place
    return Merged(places=list(last.values()), ids=list(names.values()))


def numbered_lines(texts: Sequence[Hashable]) -> list[int]:
    """A number for every text, the same for equal ones: all that the search must know of the texts themselves."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(text, len(numbers)) for text in texts]
