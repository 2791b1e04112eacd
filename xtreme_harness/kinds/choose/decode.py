"""One score a choice to the choice: the largest wins, the first one on ties.

Choices may have equal texts, so scores count as equal that differ by no more than noise between batch shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example

SCORE_DIGITS = 4  # more digits are rounding noise between batch shapes
TIE = 1e-4
NOWHERE = -1  # fills up the places of a question with fewer choices than others


def decode_choices(outputs: Sequence[Any], encoded: Encoded) -> list[Example]:
    """One {id, prediction, scores} a question, from one score [1] a window; `prediction` counts choices from 0."""
    scores = np.array([float(score[0]) for score in outputs])
    rows = []
    for item, (first, last) in zip(encoded.items, pairwise(encoded.bounds.tolist()), strict=True):
        own = scores[first:last]
        rounded = [round(float(score), SCORE_DIGITS) for score in own]
        rows.append({"id": item["id"], "prediction": int(np.argmax(own >= own.max() - TIE)), "scores": rounded})
    return rows


def choice_places(columns: Mapping[str, Any], rows: Sequence[int]) -> np.ndarray[Any, Any]:
    """[questions, most choices] int64: where in `rows` a question's choices stand, the right one first.

    NOWHERE where it has no more choices.
    """
    places: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        of_question = places.setdefault(int(columns["together"].values[row]), [])
        of_question.insert(0 if columns["labels"].values[row] else len(of_question), place)
    out = np.full((len(places), max(map(len, places.values()))), NOWHERE, dtype=np.int64)
    for line, of_question in zip(out, places.values(), strict=True):
        line[: len(of_question)] = of_question
    return out
