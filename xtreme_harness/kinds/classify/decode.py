"""Logits to labels: the largest wins, the first one on ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_harness.definitions import Example

SCORE_DIGITS = 4  # of a logit in the predictions file; more digits are rounding noise between batch shapes


def decode_labels(outputs: Sequence[Any], items: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Example]:
    """One {id, prediction, scores} an item; `outputs` holds one row of logits [labels] an item."""
    rows = []
    for item, logits in zip(items, outputs, strict=True):
        scores = [round(float(value), SCORE_DIGITS) for value in logits]
        rows.append({"id": item["id"], "prediction": labels[int(np.argmax(logits))], "scores": scores})
    return rows
