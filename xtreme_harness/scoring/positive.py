"""F1 of the positive class of a two-way task, as GLUE scores QQP and CodeXGLUE its clones. In percent."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.definitions import Scored
from xtreme_harness.scoring.chunks import f1_scores

POSITIVE = "1"


def positive_f1(predictions: Sequence[str], gold: Sequence[str]) -> Scored:
    """F1 of the label `1` over all examples; per example `hits`, `predicted` and `gold`, each 0 or 1."""
    if not gold:
        raise ValueError("nothing to score")
    rows = [_counts(ours == POSITIVE, true == POSITIVE) for ours, true in zip(predictions, gold, strict=True)]
    columns = zip(("hits", "predicted", "gold"), zip(*rows, strict=True), strict=True)
    return Scored(figure=f1_scores(rows)["f1"], values={name: list(values) for name, values in columns})


def _counts(ours: bool, true: bool) -> tuple[int, int, int]:
    return int(ours and true), int(ours), int(true)
