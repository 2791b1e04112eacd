"""Kind `mine`, the pure part: golden vectors, a brute-force reference, ties, merging, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.kinds.mine import MARGINS, RETRIEVALS
from xtreme_harness.kinds.mine.decode import Pairs, decode_pairs, greedy, mine
from xtreme_harness.kinds.mine.encode import merge_lines, numbered_lines
from xtreme_harness.kinds.mine.kind import check_options
from xtreme_harness.kinds.mine.search import neighbours_both_ways
from xtreme_harness.kinds.retrieval import normalised
from xtreme_harness.scoring.pairs import above, tune_threshold

Vectors = NDArray[np.float32]
GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mining.json").read_text(encoding="utf-8"))["vectors"]


def golden(scorer: str) -> Callable[[Any], Any]:
    chosen = [vector for vector in GOLDEN if vector["scorer"] == scorer]
    return pytest.mark.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


def vectors(values: Any) -> Vectors:
    return np.array(values, dtype=np.float32)


NAMES = {"max": "max", "bwd": "backward", "fwd": "forward", "intersect": "intersect"}


def mined_texts(given: dict[str, Any]) -> list[tuple[float, str, str]]:
    """What the original writes: [score, source text, target text], identical lines merged."""
    merged, matrices = [], []
    for side in ("source", "target"):
        texts = given[f"{side}_text"]
        merged.append(merge_lines(texts, texts))
        matrices.append(vectors(given[f"{side}_embeddings"])[merged[-1].places])
    options = given["options"]
    pairs = mine(*matrices, options["margin"], options["neighborhood"], NAMES[options["retrieval"]])
    texts = [
        [given[f"{side}_text"][place] for place in one.places]
        for side, one in zip(("source", "target"), merged, strict=True)
    ]
    rows = [
        (float(score), texts[0][query], texts[1][candidate]) for query, candidate, score in zip(*pairs, strict=True)
    ]
    return [row for row in rows if row[0] > options["threshold"]]


@golden("bucc_mine")
def test_golden_mining(vector: dict[str, Any]) -> None:
    found = mined_texts(vector["input"])
    if "error" in vector["expected"]:  # one direction alone crashes the original (docs/traps.md, 24); ours works
        assert {row[2] for row in found} == set(vector["input"]["target_text"])
        return
    expected = vector["expected"]["rows"]
    if vector.get("order_free"):
        found, expected = sorted(found, key=lambda row: row[1:]), sorted(expected, key=lambda row: row[1:])
    assert [list(row[1:]) for row in found] == [row[1:] for row in expected]
    assert [row[0] for row in found] == pytest.approx([row[0] for row in expected], abs=vector["tolerance"])


@golden("bucc_candidates")
def test_golden_way_back_to_ids(vector: dict[str, Any]) -> None:
    """The original goes by way of a text file; what can go wrong with that (its error vectors) cannot happen here."""
    given, expected = vector["input"], vector["expected"]
    rows = [line.split("\t") for line in given["candidates_file"].split("\n")[:-1]]
    lines = [[line.strip() for line in given[f"{side}_text"].split("\n")[:-1]] for side in ("source", "target")]
    ids = [given[f"{side}_ids"].split("\n")[:-1] for side in ("source", "target")]
    if "error" in expected or len(ids[0]) < len(lines[0]) or rows[:1] == [["nan", "eins", "one"]]:
        if len(ids[0]) < len(lines[0]):
            with pytest.raises(ValueError, match="shorter"):
                merge_lines(lines[0], ids[0])
        return
    merged = [merge_lines(*side) for side in zip(lines, ids, strict=True)]
    places = [{line: place for place, line in enumerate(dict.fromkeys(side))} for side in lines]
    known = [(float(s), x.strip(), y.strip()) for s, x, y in rows if x.strip() in places[0] and y.strip() in places[1]]
    pairs: Pairs = (
        np.array([places[0][x] for _, x, _ in known], dtype=np.int64),
        np.array([places[1][y] for _, _, y in known], dtype=np.int64),
        np.array([score for score, _, _ in known], dtype=np.float32),
    )
    found = decode_pairs(pairs, merged[0].ids, merged[1].ids)
    assert [[row["source"], row["target"], row["score"]] for row in found] == expected["pairs"]


@golden("bucc_threshold")
def test_golden_threshold_on_what_predictions_hold(vector: dict[str, Any]) -> None:
    """Kept here as well as beside the scorer: predictions and threshold must fit together with >=."""
    candidates = [(source, target, float(score)) for source, target, score in vector["input"]["candidates"]]
    gold = [(pair.split("\t")[0], pair.split("\t")[1]) for pair in vector["input"]["gold"]]
    threshold = tune_threshold(candidates, gold)
    if "error" in vector["expected"]:  # the best cut is after the last candidate: its own score, so that it stays in
        assert threshold == min(score for *_, score in candidates)
        assert above(candidates, threshold) == [pair[:2] for pair in candidates]
        return
    assert threshold == pytest.approx(vector["expected"]["threshold"])
    extracted = {"\t".join(pair) for pair in above(candidates, threshold)}
    assert extracted == set(vector["expected"]["extracted"])


# --- a reference without blocks, partitions and rounds ---


def cosines_of(queries: Vectors, candidates: Vectors) -> NDArray[np.float64]:
    return normalised(queries, "q").astype(np.float64) @ normalised(candidates, "c").astype(np.float64).T


def reference(cosines: NDArray[np.float64], margin: str, k: int, retrieval: str) -> list[tuple[int, int, float]]:
    """Pairs by the definition, one sentence after the other, from the whole matrix of cosines."""
    n, m = cosines.shape
    near = [np.argsort(-row, kind="stable")[:k].tolist() for row in cosines]
    far = [np.argsort(-column, kind="stable")[:k].tolist() for column in cosines.T]
    means = [float(cosines[i, near[i]].mean()) for i in range(n)], [float(cosines[far[j], j].mean()) for j in range(m)]

    def score(i: int, j: int) -> float:
        average = (means[0][i] + means[1][j]) / 2
        cosine = float(cosines[i, j])
        return {"absolute": cosine, "distance": cosine - average, "ratio": cosine / average}[margin]

    forward = [(i, max(near[i], key=lambda j: score(i, j))) for i in range(n)]
    backward = [(max(far[j], key=lambda i: score(i, j)), j) for j in range(m)]
    if retrieval == "max":
        return walked([(i, j, score(i, j)) for i, j in [*forward, *backward]])
    chosen = {
        "forward": forward,
        "backward": backward,
        "intersect": [pair for pair in forward if pair in backward],
    }[retrieval]
    return [(i, j, score(i, j)) for i, j in chosen]


def walked(rows: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    used: tuple[set[int], set[int]] = set(), set()
    taken = []
    for i, j, score in sorted(rows, key=lambda row: -row[2]):
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            taken.append((i, j, score))
    return [row for row in taken if row[2] > 0]


def assert_equal_to_reference(queries: Vectors, candidates: Vectors, margin: str, k: int, retrieval: str) -> None:
    expected = reference(cosines_of(queries, candidates), margin, k, retrieval)
    found = mine(queries, candidates, margin, k, retrieval)
    assert list(zip(found[0].tolist(), found[1].tolist(), strict=True)) == [row[:2] for row in expected]
    assert found[2] == pytest.approx([row[2] for row in expected], rel=1e-4, abs=1e-5)


def random_corpora(n: int, m: int, width: int, seed: int) -> tuple[Vectors, Vectors]:
    """Translations in a new order, with noise, among other sentences; all cosines positive."""
    generator = np.random.default_rng(seed)
    queries = generator.normal(0.4, 1.0, (n, width))
    candidates = generator.normal(0.4, 1.0, (m, width))
    shared = min(n, m) // 2
    places = generator.permutation(m)[:shared]
    candidates[places] = queries[:shared] + generator.normal(0.0, 0.7, (shared, width))
    return queries.astype(np.float32), candidates.astype(np.float32)


@pytest.mark.parametrize("retrieval", RETRIEVALS)
@pytest.mark.parametrize("margin", MARGINS)
@given(n=st.integers(1, 40), m=st.integers(1, 40), k=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_small_corpora_equal_the_reference(margin: str, retrieval: str, n: int, m: int, k: int, seed: int) -> None:
    queries, candidates = random_corpora(n, m, 24, seed)
    if margin == "ratio" and k == 1:
        k = 2  # every best score is 1 then: which of equals comes first depends on rounding
    if margin == "distance" and min(n, m) == 1:
        return  # all distances are 0 up to rounding
    assert_equal_to_reference(queries, candidates, margin, k, retrieval)


@pytest.mark.slow
@pytest.mark.parametrize("retrieval", RETRIEVALS)
@pytest.mark.parametrize("margin", MARGINS)
def test_large_corpora_equal_the_reference(margin: str, retrieval: str) -> None:
    queries, candidates = random_corpora(2000, 2000, 64, 8)
    assert_equal_to_reference(queries, candidates, margin, 4, retrieval)


# --- search ---


@given(
    n=st.integers(1, 90),
    m=st.integers(1, 300),
    k=st.integers(1, 5),
    rows=st.integers(1, 40),
    columns=st.integers(1, 290),
)
def test_blocks_of_any_size_give_the_same_neighbours(n: int, m: int, k: int, rows: int, columns: int) -> None:
    """Whole numbers: sums are exact, so that ties are ties in every block."""
    generator = np.random.default_rng(n * 1000 + m)
    queries, candidates = (generator.integers(-3, 4, (size, 5)).astype(np.float32) for size in (n, m))
    products = queries @ candidates.T
    both = neighbours_both_ways(queries, candidates, k, rows, columns)
    for found, matrix in zip(both, (products, products.T), strict=True):
        order = np.argsort(-matrix, axis=1, kind="stable")[:, :k]
        assert np.array_equal(found.ids, order)
        assert np.array_equal(found.similarities, np.take_along_axis(matrix, order, axis=1))


def test_the_same_neighbours_as_faiss() -> None:
    import faiss

    queries, candidates = (normalised(side, "x") for side in random_corpora(3000, 2500, 32, 1))
    forward, backward = neighbours_both_ways(queries, candidates, 4)
    for found, (a, b) in ((forward, (queries, candidates)), (backward, (candidates, queries))):
        similarities, ids = faiss.knn(a, b, 4, metric=faiss.METRIC_INNER_PRODUCT)
        assert np.array_equal(found.ids, ids)
        assert np.allclose(found.similarities, similarities, atol=1e-6)


def test_progress_is_told() -> None:
    told: list[float] = []
    neighbours_both_ways(vectors([[1, 0]] * 5), vectors([[1, 0]]), 4, rows=2, tick=told.append)
    assert told == [0.4, 0.8, 1.0]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), max_size=60),
)
def test_rounds_accept_what_a_walk_accepts(pairs: list[tuple[int, int]]) -> None:
    rows = [(i, j, float(len(pairs) - place)) for place, (i, j) in enumerate(pairs)]
    queries, candidates = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    accepted = greedy(queries, candidates, 13, 10)
    assert [rows[place] for place in accepted.tolist()] == walked(rows)


# --- merging, names, refusals ---


def test_equal_lines_are_one_with_the_last_vector_and_no_id() -> None:
    merged = merge_lines(["same", "other", "same"], ["de-1", "de-2", "de-3"])
    assert (merged.places, merged.ids) == ([2, 1], [None, "de-2"])
    assert numbered_lines(["same", "other", "same"]) == [0, 1, 0]


def test_a_pair_needs_both_ids_and_keeps_its_larger_score() -> None:
    pairs: Pairs = (np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]), vectors([0.7, 0.9, 0.5, 0.1234567]))
    assert decode_pairs(pairs, ["de-1", None, "de-3"], ["en-1", "en-2"]) == [
        {"source": "de-1", "target": "en-1", "score": 0.9},
        {"source": "de-3", "target": "en-2", "score": 0.123457},
    ]


@pytest.mark.parametrize("wrong", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
@pytest.mark.parametrize("side", ["queries", "candidates"])
def test_zero_and_infinite_vectors_are_refused(wrong: list[float], side: str) -> None:
    good = vectors([[1, 0], [0, 1]])
    given = {"queries": good, "candidates": good, side: vectors([[1, 0], wrong])}
    with pytest.raises(DataError, match=f"{side}: the embedding of text 2 is zero or not finite"):
        mine(given["queries"], given["candidates"], "ratio", 4, "max")


def test_widths_must_agree() -> None:
    with pytest.raises(DataError, match="queries are 3 wide, candidates 2"):
        mine(vectors([[1, 0, 0]]), vectors([[1, 0]]), "ratio", 4, "max")


def test_a_ratio_to_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="a ratio margin is not finite"):
        mine(vectors([[1, 0]]), vectors([[0, 1]]), "ratio", 4, "max")


def test_only_max_leaves_scores_of_zero_and_below_out() -> None:
    """As the original: a threshold of 0 is applied by `max` alone."""
    against = vectors([[1, 0.2]]), vectors([[-1, 0.1]])
    assert len(mine(*against, "absolute", 4, "max")[0]) == 0
    for retrieval in ("forward", "backward", "intersect"):
        assert len(mine(*against, "absolute", 4, retrieval)[0]) == 1


def test_each_side_is_used_once_by_max() -> None:
    queries, candidates = random_corpora(60, 20, 8, 3)
    found = mine(queries, candidates, "ratio", 4, "max")
    assert len(set(found[0].tolist())) == len(found[0]) == len(set(found[1].tolist()))
    assert found[2].tolist() == sorted(found[2].tolist(), reverse=True)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("margin", "cosine", "margin must be one of ratio, distance, absolute, not 'cosine'"),
        ("retrieval", "fwd", "retrieval must be one of max, forward, backward, intersect, not 'fwd'"),
        ("k", 0, "k must be a whole number from 1, not 0"),
        ("k", True, "k must be a whole number from 1, not True"),
        ("k", 2.5, "k must be a whole number from 1, not 2.5"),
    ],
)
def test_unknown_options_are_a_wrong_request(key: str, value: Any, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        check_options("bucc2018", {"margin": "ratio", "k": 4, "retrieval": "max", key: value})
