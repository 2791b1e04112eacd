"""How a tokenizer puts a text, or a pair of texts, together: the special tokens around them.

For kinds that cut the texts themselves: `span` (question and context) and `choose` (question and choice) have pairs,
`mask` and `cloze` single texts.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """The special tokens before the first text, between it and the second, and after that, with everybody's segment.

    `segments` is (of `before`, of `between`, of `after`, of the first text, of the second), or None where the model has
    no segments.
    """

    before: list[int]
    between: list[int]
    after: list[int]
    segments: tuple[list[int], list[int], list[int], int, int] | None

    @property
    def size(self) -> int:
        return len(self.before) + len(self.between) + len(self.after)

    def ids(self, first: Sequence[int], second: Sequence[int]) -> Sequence[int]:
        """The whole row: both texts' token ids in their frame."""
        return array("i", [*self.before, *first, *self.between, *second, *self.after])

    def segment_ids(self, first: int, second: int) -> list[int]:
        """The row's segment ids, for texts of so many tokens; only where there are segments."""
        assert self.segments is not None
        before, between, after, one, two = self.segments
        return [*before, *[one] * first, *between, *[two] * second, *after]


@dataclass(frozen=True)
class Ends:
    """The special tokens before and after a single text, and whether the model has segments."""

    before: list[int]
    after: list[int]
    has_segments: bool


def ends_of(tokenizer: Any) -> Ends:
    """The ends that a tokenizer gives a text, found by encoding one letter."""
    alone, letter = tokenizer("a"), tokenizer("a", add_special_tokens=False)["input_ids"]
    ids = alone["input_ids"]
    start = _place(letter, ids, 0)
    return Ends(ids[:start], ids[start + len(letter) :], "token_type_ids" in alone)


def frame_of(tokenizer: Any) -> Frame:
    """The frame of a tokenizer, fast or not, found by encoding two letters as a pair."""
    pair = tokenizer("a", "b")
    first, second = (tokenizer(letter, add_special_tokens=False)["input_ids"] for letter in "ab")
    ids = pair["input_ids"]
    start = _place(first, ids, 0)
    context = _place(second, ids, start + len(first))
    parts = slice(0, start), slice(start + len(first), context), slice(context + len(second), None)
    segments = None
    if "token_type_ids" in pair:
        types = pair["token_type_ids"]
        segments = (types[parts[0]], types[parts[1]], types[parts[2]], types[start], types[context])
    return Frame(ids[parts[0]], ids[parts[1]], ids[parts[2]], segments)


def _place(text: list[int], ids: list[int], start: int) -> int:
    return next(place for place in range(start, len(ids)) if ids[place : place + len(text)] == text)
