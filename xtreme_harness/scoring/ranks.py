"""Mean reciprocal rank, as CodeXGLUE scores its searches. In percent."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.definitions import Scored


def mean_reciprocal_rank(ranks: Sequence[int], gold: Sequence[int]) -> Scored:
    """Mean of 1 / rank over the ranks (from 1) at which the right answers were found; `gold` is 1 for each query.

    Raises ValueError when the numbers differ or nothing is there to score.
    """
    if len(ranks) != len(gold):
        raise ValueError(f"{len(ranks)} ranks for {len(gold)} queries")
    if not gold:
        raise ValueError("nothing to score")
    values = [100.0 / rank for rank in ranks]
    return Scored(figure=sum(values) / len(values), values={"mrr": values})
