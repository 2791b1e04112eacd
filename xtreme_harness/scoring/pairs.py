"""Scores of mined sentence pairs: precision, recall and F1 over sets, and the threshold (BUCC 2018).

A pair is (source id, target id). All figures are percent.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from xtreme_harness.definitions import Scored

Pair = tuple[str, ...]  # two ids; XTREME's evaluator takes whatever a line splits into at tabs
Candidate = tuple[str, str, float]  # source id, target id, score
Counts = tuple[int, int, int]  # hits, predicted, gold


def pair_scores(predicted: Iterable[Pair], gold: Iterable[Pair]) -> dict[str, float]:
    """`f1`, `precision` and `recall` over the two sets; all 0 without a hit. Repeated pairs count once."""
    ours, theirs = set(predicted), set(gold)
    hits = len(ours & theirs)
    if not hits:
        return {"f1": 0.0, "precision": 0.0, "recall": 0.0}
    precision, recall = hits / len(ours), hits / len(theirs)
    return {"f1": 100 * _f1(precision, recall), "precision": 100 * precision, "recall": 100 * recall}


def pair_counts(predicted: Iterable[Pair], gold: Iterable[Pair]) -> dict[str, Counts]:
    """(hits, predicted, gold) by source id, ids in order: what stands beside the predictions for `verify`."""
    ours, theirs = set(predicted), set(gold)
    counts = {source: [0, 0, 0] for source in sorted({pair[0] for pair in ours | theirs})}
    for column, pairs in enumerate((ours & theirs, ours, theirs)):
        for pair in pairs:
            counts[pair[0]][column] += 1
    return {source: (hits, of_ours, of_theirs) for source, (hits, of_ours, of_theirs) in counts.items()}


def tune_threshold(candidates: Iterable[Candidate], gold: Collection[Pair]) -> float:
    """The score from which on (>=) candidates are kept: the first cut with the best F1 on the gold pairs.

    It lies halfway to the next candidate; where the best cut is after the last one, where the original reads past the
    end and crashes, it is that candidate's score. It is 0 when no candidate is gold. Candidates of equal score go in
    or out together, so the F1 of what is kept can be below the best one found, as in the original
    (docs/traps.md, 22 and 23). Raises ValueError without gold, or for a score that is not a number.
    """
    true = set(gold)
    if not true:
        raise ValueError("a threshold cannot be tuned without gold pairs")
    ranked = _ranked(candidates)
    best, threshold, hits = 0.0, 0.0, 0
    for place, (pair, score) in enumerate(ranked, start=1):
        hits += pair in true
        f1 = _f1(hits / place, hits / len(true)) if hits else 0.0
        if f1 > best:
            following = ranked[place][1] if place < len(ranked) else score
            best, threshold = f1, (score + following) / 2
    return threshold


def above(candidates: Iterable[Candidate], threshold: float) -> list[tuple[str, str]]:
    """The pairs whose score reaches the threshold, in the order given."""
    return [(source, target) for source, target, score in candidates if score >= threshold]


def _ranked(candidates: Iterable[Candidate]) -> list[tuple[tuple[str, str], float]]:
    """Pairs by descending score, ties as they came; a repeated pair keeps its larger score."""
    scores: dict[tuple[str, str], float] = {}
    for source, target, score in candidates:
        if not math.isfinite(score):
            raise ValueError(f"the score of ({source}, {target}) is {score}")
        scores[source, target] = max(score, scores.get((source, target), score))
    return sorted(scores.items(), key=lambda item: -item[1])


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


def _scored(name: str, predictions: Sequence[Pair], gold: Sequence[Pair]) -> Scored:
    rows = list(pair_counts(predictions, gold).values())
    columns = {column: [row[place] for row in rows] for place, column in enumerate(("hits", "predicted", "gold"))}
    return Scored(figure=pair_scores(predictions, gold)[name], values=columns)


def pair_f1(predictions: Sequence[Pair], gold: Sequence[Pair]) -> Scored:
    """F1 over all pairs; `hits`, `predicted`, `gold` by source id, in the order of `pair_counts`."""
    return _scored("f1", predictions, gold)


def pair_precision(predictions: Sequence[Pair], gold: Sequence[Pair]) -> Scored:
    return _scored("precision", predictions, gold)


def pair_recall(predictions: Sequence[Pair], gold: Sequence[Pair]) -> Scored:
    return _scored("recall", predictions, gold)
