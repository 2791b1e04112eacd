"""Accuracy as XTREME's evaluator has it: equal values over all predictions, in percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xtreme_harness.definitions import Scored


def accuracy(predictions: Sequence[Any], gold: Sequence[Any]) -> Scored:
    """Share of predictions that equal the gold, in percent; per example 100 or 0.

    Purely textual for text: `1` differs from `1.0` (XTREME evaluator). Raises ValueError when the numbers
    differ or nothing is there to score.
    """
    if len(predictions) != len(gold):
        raise ValueError(f"{len(predictions)} predictions for {len(gold)} gold values")
    if not gold:
        raise ValueError("nothing to score")
    values = [100.0 if predicted == true else 0.0 for predicted, true in zip(predictions, gold, strict=True)]
    return Scored(figure=sum(values) / len(values), values={"accuracy": values})
