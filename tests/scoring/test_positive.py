"""F1 of the positive class: by hand, against its definition, from the per-example counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.registry import Registry
from xtreme_harness.scoring.positive import positive_f1

PAIRS = st.lists(st.tuples(st.sampled_from("01"), st.sampled_from("01")), min_size=1, max_size=50)


def test_by_hand() -> None:
    scored = positive_f1(["1", "1", "0", "0", "1"], ["1", "0", "1", "0", "1"])
    assert scored.figure == pytest.approx(200 * 2 / 6)
    assert scored.values == {"hits": [1, 0, 0, 0, 1], "predicted": [1, 1, 0, 0, 1], "gold": [1, 0, 1, 0, 1]}


def test_without_a_hit_it_is_0() -> None:
    assert positive_f1(["0", "0"], ["0", "0"]).figure == 0.0
    assert positive_f1(["1", "0"], ["0", "1"]).figure == 0.0


@given(PAIRS)
def test_it_is_the_harmonic_mean_of_precision_and_recall(pairs: list[tuple[str, str]]) -> None:
    predictions, gold = zip(*pairs, strict=True)
    hits = pairs.count(("1", "1"))
    expected = 0.0
    if hits:
        precision, recall = hits / predictions.count("1"), hits / gold.count("1")
        expected = 200 * precision * recall / (precision + recall)
    assert positive_f1(predictions, gold).figure == pytest.approx(expected)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to score"):
        positive_f1([], [])
    with pytest.raises(ValueError):
        positive_f1(["1"], ["1", "0"])


def test_it_is_shown_as_f1(registry: Registry) -> None:
    assert registry.metric("positive_f1").shown == "f1"
