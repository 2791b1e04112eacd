"""From neighbours to mined pairs: margin scores, the choice of pairs, the way back to ids. Pure functions of arrays.

Artetxe and Schwenk 2019, "Margin-based Parallel Corpus Mining"; checked with the golden vectors `bucc_mine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import DataError
from xtreme_harness.kinds.mine.search import Ids, Lines, Neighbours, Vectors, neighbours_both_ways
from xtreme_harness.kinds.retrieval import check_widths, normalised

DECIMALS = 6  # of a written score: single precision has no more

Scores = NDArray[np.float32]
Pairs = tuple[Lines, Lines, Scores]  # query, candidate and score of every pair, in order


def mine(queries: Vectors, candidates: Vectors, margin: str, k: int, retrieval: str, tick: Any = None) -> Pairs:
    """The pairs that translate each other, as rows of both sides with their margin scores.

    `max` is the original's way: the best of every query and of every candidate, both together by falling score, each
    side used once. Raises DataError for vectors or scores that are not finite, zero vectors, and widths that differ.
    """
    check_widths(queries, candidates)
    forward, backward = neighbours_both_ways(
        normalised(queries, "queries"), normalised(candidates, "candidates"), k, tick=tick
    )
    ahead = best_of(forward, backward, margin)
    back = best_of(backward, forward, margin)
    return CHOOSE[retrieval](*ahead, *back)


def best_of(own: Neighbours, other: Neighbours, margin: str) -> tuple[Lines, Scores]:
    """For every line the neighbour with the best margin score (the first of equals), and that score."""
    scores = margin_scores(own, other, margin)
    if not np.isfinite(scores).all():
        raise DataError("embeddings", None, f"a {margin} margin is not finite; nothing can be mined")
    best = scores.argmax(axis=1)
    lines = np.arange(len(scores))
    return own.ids[lines, best], scores[lines, best]


def margin_scores(own: Neighbours, other: Neighbours, margin: str) -> Scores:
    """[n, k] how much nearer each neighbour is than both neighbourhoods are on average."""
    cosines = own.similarities
    if margin == "absolute":
        return cosines
    means = own.similarities.mean(axis=1), other.similarities.mean(axis=1)
    average = (means[0][:, None] + means[1][own.ids]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(cosines / average if margin == "ratio" else cosines - average, dtype=np.float32)


def _forward(ahead: Ids, ahead_scores: Scores, back: Ids, back_scores: Scores) -> Pairs:
    return np.arange(len(ahead)), ahead, ahead_scores


def _backward(ahead: Ids, ahead_scores: Scores, back: Ids, back_scores: Scores) -> Pairs:
    return back, np.arange(len(back)), back_scores


def _intersect(ahead: Ids, ahead_scores: Scores, back: Ids, back_scores: Scores) -> Pairs:
    mutual = np.flatnonzero(back[ahead] == np.arange(len(ahead)))
    return mutual, ahead[mutual], ahead_scores[mutual]


def _max(ahead: Ids, ahead_scores: Scores, back: Ids, back_scores: Scores) -> Pairs:
    """The original writes only scores above 0 here, and only here."""
    queries = np.concatenate([np.arange(len(ahead)), back])
    candidates = np.concatenate([ahead, np.arange(len(back))])
    scores = np.concatenate([ahead_scores, back_scores])
    order = np.argsort(-scores, kind="stable")
    order = order[greedy(queries[order], candidates[order], len(ahead), len(back))]
    order = order[scores[order] > 0]
    return queries[order], candidates[order], scores[order]


CHOOSE = {"forward": _forward, "backward": _backward, "intersect": _intersect, "max": _max}


def greedy(queries: Lines, candidates: Lines, of_queries: int, of_candidates: int) -> Lines:
    """Places of the pairs that a walk down the list accepts, taking a pair when neither of its sides is used.

    In rounds: a pair that comes first for both of its sides is accepted whatever happens elsewhere; then all pairs
    with a used side go. The same pairs as the walk, in a few rounds instead of one step a pair.
    """
    left = np.arange(len(queries))
    accepted = []
    while len(left):
        first = [_first_places(side[left], n) for side, n in ((queries, of_queries), (candidates, of_candidates))]
        places = np.arange(len(left))
        is_first = (first[0][queries[left]] == places) & (first[1][candidates[left]] == places)
        taken = left[is_first]
        accepted.append(taken)
        used = [np.zeros(of_queries, dtype=bool), np.zeros(of_candidates, dtype=bool)]
        used[0][queries[taken]] = used[1][candidates[taken]] = True
        left = left[~(used[0][queries[left]] | used[1][candidates[left]])]
    return np.sort(np.concatenate(accepted)) if accepted else left


def _first_places(values: Lines, n: int) -> Lines:
    """[n] the place where each number below `n` occurs first (what stands for numbers that do not occur is unused)."""
    first = np.zeros(n, dtype=np.int64)
    first[values[::-1]] = np.arange(len(values))[::-1]  # of several assignments to one place the last one stays
    return first


def decode_pairs(pairs: Pairs, sources: Sequence[str | None], targets: Sequence[str | None]) -> list[dict[str, Any]]:
    """One {source, target, score} a pair whose two lines have ids; a pair that occurs twice keeps its larger score."""
    scores: dict[tuple[str, str], float] = {}
    for query, candidate, score in zip(*(column.tolist() for column in pairs), strict=True):
        source, target = sources[query], targets[candidate]
        if source is not None and target is not None:
            scores[source, target] = max(score, scores.get((source, target), score))
    return [
        {"source": source, "target": target, "score": round(score, DECIMALS)}
        for (source, target), score in scores.items()
    ]
