"""Chunk F1 by the rule of 2020 and token accuracy: golden vectors of the original, properties, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.scoring.chunks import (
    chunk_counts,
    chunk_f1,
    chunk_precision,
    chunk_recall,
    chunks,
    f1_scores,
    token_accuracy,
)

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "scoring.json").read_text(encoding="utf-8"))["vectors"]
TAGGING = [one for one in VECTORS if one["scorer"] in ("panx_f1", "udpos_f1")]
REFUSED = ("panx_f1-017", "panx_f1-018")  # token or sentence counts differ: the original shifts spans without a word

UPOS = st.sampled_from(["NOUN", "VERB", "SCONJ", "SYM", "X", "INTJ", "ADP", "PUNCT"])
ENTITIES = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"])
SENTENCES = st.one_of(st.lists(st.tuples(tag, tag), min_size=1, max_size=12) for tag in (UPOS, ENTITIES))


@pytest.mark.parametrize("vector", [one for one in TAGGING if one["id"] not in REFUSED], ids=lambda one: one["id"])
def test_golden(vector: dict[str, Any]) -> None:
    predictions, gold = vector["input"]["predictions"], vector["input"]["labels"]
    rows = [chunk_counts(ours, theirs) for ours, theirs in zip(predictions, gold, strict=True)]
    assert f1_scores(rows) == pytest.approx(vector["expected"], abs=1e-9)
    metrics = {"f1": chunk_f1, "precision": chunk_precision, "recall": chunk_recall}
    figures = {name: metric(predictions, gold).figure for name, metric in metrics.items()}
    assert figures == pytest.approx(vector["expected"], abs=1e-9)


@pytest.mark.parametrize("vector", [one for one in TAGGING if one["id"] in REFUSED], ids=lambda one: one["id"])
def test_counts_that_differ_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        chunk_f1(vector["input"]["predictions"], vector["input"]["labels"])


def test_runs_of_a_tag_are_chunks_and_tags_with_s_stand_alone() -> None:
    assert chunks(["NOUN", "NOUN", "SCONJ", "SCONJ", "X"]) == [
        ("NOUN", 0, 1),
        ("SCONJ", 2, 2),
        ("SCONJ", 3, 3),
        ("X", 4, 4),
    ]


def test_cconj_and_sconj_differ_which_seqeval_1_confuses() -> None:
    assert chunk_counts(["CCONJ"], ["SCONJ"]) == (0, 1, 1)


def test_a_stray_inner_tag_opens_a_chunk() -> None:
    assert chunks(["O", "I-LOC", "I-LOC", "I-PER"]) == [("LOC", 1, 2), ("PER", 3, 3)]


def test_an_outside_prediction_of_a_tagger_is_no_chunk() -> None:
    assert chunk_counts(["O", "NOUN"], ["VERB", "NOUN"]) == (1, 1, 2)


def test_no_chunk_at_all_gives_zero_not_a_division() -> None:
    assert f1_scores([(0, 0, 0)]) == f1_scores([]) == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


def test_counts_are_kept_a_sentence() -> None:
    scored = chunk_f1([["NOUN", "VERB"], ["ADP"]], [["NOUN", "NOUN"], ["ADP"]])
    assert scored.values == {"hits": [0, 1], "predicted": [2, 1], "gold": [1, 1]}
    assert f1_scores(zip(*scored.values.values(), strict=True))["f1"] == scored.figure


def test_token_accuracy_counts_tokens_not_sentences() -> None:
    scored = token_accuracy([["NOUN"], ["VERB", "VERB", "ADP"]], [["NOUN"], ["VERB", "NOUN", "NOUN"]])
    assert scored.figure == 50.0
    assert scored.values == {"right": [1, 1], "tokens": [1, 3]}


@pytest.mark.parametrize("metric", [chunk_f1, token_accuracy])
def test_nothing_to_score_is_refused(metric: Any) -> None:
    with pytest.raises(ValueError, match="nothing"):
        metric([], [])


@given(SENTENCES)
def test_gold_as_prediction_scores_100(pairs: list[tuple[str, str]]) -> None:
    gold = [tag for tag, _ in pairs]
    hits, predicted, true = chunk_counts(gold, gold)
    assert hits == predicted == true
    assert f1_scores([(hits, predicted, true)])["f1"] == pytest.approx(100.0 if true else 0.0)


@given(SENTENCES)
def test_figures_are_percent_and_sides_swap_precision_and_recall(pairs: list[tuple[str, str]]) -> None:
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    there, back = f1_scores([chunk_counts(ours, theirs)]), f1_scores([chunk_counts(theirs, ours)])
    assert all(0 <= value <= 100 for value in there.values())
    assert (there["precision"], there["recall"]) == (back["recall"], back["precision"])
    assert there["f1"] == pytest.approx(back["f1"])


@given(st.lists(SENTENCES, min_size=1, max_size=4))
def test_chunks_never_cross_sentences(sentences: list[list[tuple[str, str]]]) -> None:
    """Sentence by sentence counts as the original does over the whole file, with an outside tag after each sentence."""
    rows = [chunk_counts([one for one, _ in pairs], [other for _, other in pairs]) for pairs in sentences]
    joined = [pair for pairs in sentences for pair in (*pairs, ("O", "O"))]
    whole = chunk_counts([one for one, _ in joined], [other for _, other in joined])
    assert tuple(sum(column) for column in zip(*rows, strict=True)) == whole
