"""Accuracy against the original's golden vectors (XNLI, PAWS-X, Tatoeba), and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.registry import Registry
from xtreme_harness.scoring.accuracy import accuracy

NOT_SCORED = {  # the original divides by the number of predictions or by zero; we refuse
    "accuracy-009",
    "accuracy-010",
    "accuracy-011",
    "tatoeba_accuracy-014",
    "tatoeba_accuracy-015",
}


@pytest.mark.golden("accuracy", "tatoeba_accuracy")
def test_golden_vectors(vector: dict[str, Any]) -> None:
    predictions, labels = vector["input"]["predictions"], vector["input"]["labels"]
    if vector["id"] in NOT_SCORED:
        with pytest.raises(ValueError):
            accuracy(predictions, labels)
    else:
        assert accuracy(predictions, labels).figure == pytest.approx(vector["expected"]["accuracy"], abs=1e-9)


LABELS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), min_size=1, max_size=50)


@given(LABELS)
def test_the_figure_is_the_mean_of_the_per_example_values(pairs: list[tuple[str, str]]) -> None:
    predictions, gold = zip(*pairs, strict=True)
    scored = accuracy(predictions, gold)
    assert list(scored.values) == ["accuracy"]
    values = scored.values["accuracy"]
    assert values == [100.0 * (predicted == true) for predicted, true in pairs]
    assert scored.figure == pytest.approx(sum(values) / len(pairs))
    assert 0.0 <= scored.figure <= 100.0


def test_refusals_say_why() -> None:
    with pytest.raises(ValueError, match="2 predictions for 3 gold values"):
        accuracy(["a", "b"], ["a", "b", "c"])
    with pytest.raises(ValueError, match="nothing to score"):
        accuracy([], [])


def test_it_is_the_registered_metric(registry: Registry) -> None:
    metric = registry.metric("accuracy")
    assert metric.compute is accuracy and metric.greater_is_better and metric.percent
    assert {registry.task(name).headline for name in ("xnli", "pawsx", "tatoeba")} == {("accuracy",)}
