"""Logits of windows to one tag a word: the largest at each word's labelled subword wins, the first one on ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example

IGNORED = -100  # what the loss leaves out: specials, padding, and all subwords of a word but one


def decode_tags(outputs: Sequence[Any], encoded: Encoded, labels: Sequence[str]) -> list[Example]:
    """One {id, prediction: [tags]} a sentence, its windows joined; `outputs` holds [tokens, labels] a window."""
    rows: list[Example] = [{"id": item["id"], "prediction": []} for item in encoded.items]
    for window, logits in enumerate(outputs):
        best = np.argmax(logits[np.asarray(encoded.columns["places"][window])], axis=-1)
        number = int(encoded.columns["item"][window][0])
        rows[number]["prediction"] += [labels[int(place)] for place in best]
    return rows


def token_targets(columns: Mapping[str, Any], rows: Sequence[int], width: int) -> np.ndarray[Any, Any]:
    """[rows, width] int64: each word's label at its labelled subword, IGNORED elsewhere."""
    out = np.full((len(rows), width), IGNORED, dtype=np.int64)
    for place, row in enumerate(rows):
        out[place, columns["places"][row]] = columns["labels"][row]
    return out


def scoring_problem(predictions: Sequence[Example], gold: Sequence[Example]) -> str | None:
    """Why predictions cannot be scored against `gold` (both in the same order); None when they can.

    The original checks neither: a short sentence shifts all later spans (docs/traps.md, 7), and labels that were taken
    out leave `O` or `X` in every place.
    """
    for number, (ours, theirs) in enumerate(zip(predictions, gold, strict=True), start=1):
        if len(ours["prediction"]) != len(theirs["tags"]):
            counts = f"{len(theirs['tags'])} gold tags for {len(ours['prediction'])} words"
            return f"sentence {number} (id {theirs['id']}) has {counts}"
    seen = {tag for row in gold for tag in row["tags"]}
    if len(seen) == 1 and sum(len(row["tags"]) for row in gold) > 1:
        return (
            f"every gold tag is {seen.pop()!r}: the labels were taken out; name the folder that has them with --labels"
        )
    return None
