"""Mean reciprocal rank."""

from __future__ import annotations

import pytest

from xtreme_harness.scoring.ranks import mean_reciprocal_rank


def test_the_mean_of_one_over_rank() -> None:
    scored = mean_reciprocal_rank([1, 2, 5], [1, 1, 1])
    assert scored.figure == pytest.approx(100 * 1.7 / 3) and scored.values == {"mrr": [100.0, 50.0, 20.0]}


@pytest.mark.parametrize(("ranks", "gold"), [([], []), ([1], [1, 1])])
def test_nothing_or_too_few_cannot_be_scored(ranks: list[int], gold: list[int]) -> None:
    with pytest.raises(ValueError, match=r"nothing|1 ranks for 2 queries"):
        mean_reciprocal_rank(ranks, gold)
