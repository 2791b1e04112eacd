"""Logits of all windows to one span an item: XTREME's search over the 20 best starts and ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example

BEST = 20  # starts, and ends, that are paired in each window
SCORE_DIGITS = 4  # more digits are rounding noise between batch shapes
LEGACY_SPACES = frozenset(" \t\r\n\u202f")  # where the original cuts words; other white space is part of a word


class Span(NamedTuple):
    """Code points `start` to `end` of the context, and the sum of the two logits."""

    start: int
    end: int
    score: float


def decode_spans(outputs: Sequence[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
    """One {id, start, end, score} an item, in code points of its context, from one [tokens, 2] array a window.

    The best span of all windows wins, the first one on ties. Without a possible span it is the empty one at 0. With
    `null_threshold` (SQuAD v2) rows also have `null_score`, and a span that is worse by more than it becomes empty.
    """
    best: list[Span | None] = [None] * len(encoded.items)
    nothing = [np.inf] * len(encoded.items)  # the smallest score of "no answer here" over an item's windows
    for window, logits in enumerate(outputs):
        item, found = int(encoded.columns["window"][window][0]), _best_span(logits, window, encoded, options)
        nothing[item] = min(nothing[item], float(logits[0].sum()))
        held = best[item]
        if found is not None and (held is None or found.score > held.score):
            best[item] = found
    return [
        _row(item, span or Span(0, 0, null), null, options)
        for item, span, null in zip(encoded.items, best, nothing, strict=True)
    ]


def _best_span(logits: Any, window: int, encoded: Encoded, options: Mapping[str, Any]) -> Span | None:
    """The best pair of a window: both in the context, start where it is read best, in order, not too long."""
    starts, ends, is_best = (np.asarray(encoded.columns[name][window]) for name in ("starts", "ends", "is_best"))
    top = np.argsort(-logits, axis=0, kind="stable")[:BEST]
    places = top - int(encoded.columns["window"][window][1])
    inside = (places >= 0) & (places < len(starts))
    begin, end = (np.where(inside, places, 0)[:, side] for side in (0, 1))
    if not len(starts):
        return None
    length = end[None, :] - begin[:, None] + 1
    possible = (inside[:, 0] & (is_best[begin] == 1))[:, None] & inside[:, 1][None, :]
    possible &= (length >= 1) & (length <= options["max_answer_length"])
    possible &= ends[end][None, :] > starts[begin][:, None]  # white space alone is no answer
    if not possible.any():
        return None
    sums = logits[top[:, 0], 0][:, None] + logits[top[:, 1], 1][None, :]
    row, column = np.unravel_index(np.argmax(np.where(possible, sums, -np.inf)), sums.shape)
    return Span(int(starts[begin[row]]), int(ends[end[column]]), float(sums[row, column]))


def _row(item: Mapping[str, Any], span: Span, null: float, options: Mapping[str, Any]) -> Example:
    start, end, score = span
    threshold = options["null_threshold"]
    if threshold is not None and null - score > threshold:
        start = end = 0
    if options["legacy_word_extension"]:
        start, end = extended(item["context"], start, end)
    row = {"id": item["id"], "start": start, "end": end, "score": round(score, SCORE_DIGITS)}
    return row if threshold is None else {**row, "null_score": round(null, SCORE_DIGITS)}


def extended(context: str, start: int, end: int) -> tuple[int, int]:
    """The span made whole words, as the original returns when it cannot align; an empty span stays empty."""
    if start == end:
        return start, end
    while start > 0 and context[start - 1] not in LEGACY_SPACES:
        start -= 1
    while end < len(context) and context[end] not in LEGACY_SPACES:
        end += 1
    return start, end
