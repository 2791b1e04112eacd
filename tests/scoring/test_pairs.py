"""Mined pairs: golden vectors of the evaluator's F1 and of the threshold, its edge cases, a brute-force reference."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.scoring.pairs import above, pair_counts, pair_f1, pair_scores, tune_threshold

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "scoring.json").read_text(encoding="utf-8"))["vectors"]
THRESHOLDS = [one for one in VECTORS if one["scorer"] == "bucc_threshold"]
# the original reads past the end where the best cut is the last candidate; we take that candidate's score
FIXED = {"bucc_threshold-002": 0.8, "bucc_threshold-017": 0.5}

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), max_size=8)
SCORES = st.sampled_from([0.2, 0.4, 0.6, 0.8, 1.0, 1.2])
CANDIDATES = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), SCORES), max_size=10)


def split(lines: list[str]) -> list[tuple[str, ...]]:
    return [tuple(line.split("\t")) for line in lines]


@pytest.mark.parametrize("vector", [one for one in VECTORS if one["scorer"] == "bucc_f1"], ids=lambda one: one["id"])
def test_golden_scores(vector: dict[str, Any]) -> None:
    predicted, gold = split(vector["input"]["predictions"]), split(vector["input"]["labels"])
    assert pair_scores(predicted, gold) == pytest.approx(vector["expected"], abs=1e-9)
    assert pair_f1(predicted, gold).figure == pytest.approx(vector["expected"]["f1"], abs=1e-9)


@pytest.mark.parametrize("vector", [one for one in THRESHOLDS if one["id"] not in FIXED], ids=lambda one: one["id"])
def test_golden_thresholds(vector: dict[str, Any]) -> None:
    candidates, gold = [tuple(one) for one in vector["input"]["candidates"]], split(vector["input"]["gold"])
    expected = vector["expected"]
    threshold = tune_threshold(candidates, gold)
    kept = above(candidates, threshold)
    assert threshold == pytest.approx(expected["threshold"], abs=1e-12)
    assert kept == split(expected["extracted"])
    figures = {name: expected[name] for name in ("f1", "precision", "recall")}
    assert pair_scores(kept, gold) == pytest.approx(figures, abs=1e-9)


@pytest.mark.parametrize("vector", [one for one in THRESHOLDS if one["id"] in FIXED], ids=lambda one: one["id"])
def test_best_at_the_last_candidate_takes_its_score(vector: dict[str, Any]) -> None:
    candidates, gold = [tuple(one) for one in vector["input"]["candidates"]], split(vector["input"]["gold"])
    assert tune_threshold(candidates, gold) == FIXED[vector["id"]]
    assert pair_scores(above(candidates, FIXED[vector["id"]]), gold)["f1"] == 100.0


def test_ties_at_the_threshold_all_go_in() -> None:
    candidates = [("a", "x", 0.9), ("b", "y", 0.5), ("c", "z", 0.5), ("d", "w", 0.1)]
    assert tune_threshold(candidates, {("a", "x"), ("b", "y")}) == 0.5
    assert len(above(candidates, 0.5)) == 3


def test_without_a_hit_or_a_candidate_the_threshold_is_zero() -> None:
    assert tune_threshold([("c", "z", 0.5)], [("a", "x")]) == tune_threshold([], [("a", "x")]) == 0.0


def test_a_repeated_candidate_keeps_its_larger_score() -> None:
    again = [("a", "x", 0.2), ("b", "y", 0.5), ("a", "x", 0.9)]
    assert tune_threshold(again, [("a", "x")]) == pytest.approx(0.7)


def test_without_gold_there_is_nothing_to_tune_on() -> None:
    with pytest.raises(ValueError, match="without gold"):
        tune_threshold([("a", "x", 0.5)], [])


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_scores_that_are_no_numbers_are_refused(score: float) -> None:
    with pytest.raises(ValueError, match=r"score of \(a, x\)"):
        tune_threshold([("a", "x", score)], [("a", "x")])


def test_counts_are_kept_a_source() -> None:
    counts = pair_counts([("a", "x"), ("a", "y"), ("c", "z")], [("a", "x"), ("b", "y")])
    assert counts == {"a": (1, 2, 1), "b": (0, 0, 1), "c": (0, 1, 0)}
    scored = pair_f1([("a", "x"), ("a", "y"), ("c", "z")], [("a", "x"), ("b", "y")])
    assert scored.values == {"hits": [1, 0, 0], "predicted": [2, 0, 1], "gold": [1, 1, 0]}


@given(PAIRS, PAIRS)
def test_sides_swap_precision_and_recall(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> None:
    there, back = pair_scores(ours, theirs), pair_scores(theirs, ours)
    assert all(0 <= value <= 100 for value in there.values())
    assert (there["precision"], there["recall"]) == (back["recall"], back["precision"])
    assert pair_scores(ours, ours)["f1"] == (100.0 if ours else 0.0)


@given(CANDIDATES, PAIRS.filter(bool))
def test_the_threshold_is_at_the_first_best_cut(
    candidates: list[tuple[str, str, float]], gold: list[tuple[str, str]]
) -> None:
    """Against trying every cut of the ranked list, pairs once each."""
    best: dict[tuple[str, str], float] = {}
    for source, target, score in candidates:
        best[source, target] = max(score, best.get((source, target), score))
    ranked = sorted(best.items(), key=lambda item: -item[1])
    cuts = [pair_scores([pair for pair, _ in ranked[:size]], gold)["f1"] for size in range(1, len(ranked) + 1)]
    threshold = tune_threshold(candidates, gold)
    if not cuts or not max(cuts):
        assert threshold == 0.0
        return
    place = next(index for index, value in enumerate(cuts) if value >= max(cuts) - 1e-9)
    following = ranked[place + 1][1] if place + 1 < len(ranked) else ranked[place][1]
    assert threshold == pytest.approx((ranked[place][1] + following) / 2)
