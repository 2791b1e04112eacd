"""Exact match and F1 of answers: golden vectors of SQuAD's and MLQA's rules, properties, what is refused."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.scoring import answers

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "scoring.json").read_text(encoding="utf-8"))["vectors"]
QA = [one for one in VECTORS if one["scorer"].endswith("em_f1")]
SCORED = [one for one in QA if "error" not in one["expected"]]
LANGUAGES = st.sampled_from(sorted(answers.MLQA_ARTICLES))
TEXT = st.text(max_size=30)


def figures(vector: dict[str, Any]) -> dict[str, float]:
    """As the original: every question counts, one without a prediction as wrong."""
    given = vector["input"]
    exact, overlap = answers.exact_match, answers.f1
    if "language" in given:
        exact = partial(answers.mlqa_exact_match, language=given["language"])
        overlap = partial(answers.mlqa_f1, language=given["language"])
    asked = [(given["predictions"].get(one["id"]), one["answers"]) for one in given["qas"]]
    return {
        name: sum(rule(text, gold) for text, gold in asked if text is not None) / len(asked)
        for name, rule in (("exact_match", exact), ("f1", overlap))
    }


@pytest.mark.parametrize("vector", SCORED, ids=lambda one: one["id"])
def test_golden(vector: dict[str, Any]) -> None:
    assert figures(vector) == pytest.approx(vector["expected"], abs=1e-9)


@pytest.mark.parametrize("vector", [one for one in SCORED if "normalized" in one], ids=lambda one: one["id"])
def test_golden_normal_forms(vector: dict[str, Any]) -> None:
    normalise = answers.normalised
    if "language" in vector["input"]:
        normalise = partial(answers.mlqa_normalised, language=vector["input"]["language"])
    given, expected = vector["input"], vector["normalized"]
    assert {name: normalise(text) for name, text in given["predictions"].items()} == expected["predictions"]
    forms = {one["id"]: [normalise(text) for text in one["answers"]] for one in given["qas"]}
    assert forms == expected["answers"]


def test_a_question_without_gold_answers_is_refused() -> None:
    with pytest.raises(ValueError, match="without gold"):
        answers.exact_match("x", [])


def test_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        answers.mean_f1([], [])


def test_mlqa_refuses_other_languages() -> None:
    with pytest.raises(ValueError, match="no rules for 'ru'"):
        answers.mlqa_f1("x", ["x"], "ru")


def test_exact_match_can_exceed_f1() -> None:
    assert (answers.exact_match("the", ["a"]), answers.f1("the", ["a"])) == (100.0, 0.0)


def test_mlqa_takes_the_arabic_article_out_of_words() -> None:
    """A blank for its two letters wherever they stand, so that one word becomes two (docs/traps.md, 6)."""
    assert answers.mlqa_exact_match("مقالات", ["مق ات"], "ar") == 100.0
    assert answers.exact_match("مقالات", ["مق ات"]) == 0.0


def test_metrics_keep_a_value_a_question() -> None:
    scored = answers.mean_f1(["red house", "blue"], [["red"], ["blue", "green"]])
    assert scored.values["f1"] == pytest.approx([200 / 3, 100])
    assert scored.figure == pytest.approx(250 / 3)
    mlqa = answers.mean_mlqa_exact_match(["das Haus", "die Katze"], [["Haus"], ["Hund"]], "de")
    assert (mlqa.figure, list(mlqa.values["exact_match"])) == (50.0, [100.0, 0.0])
    assert answers.mean_exact_match(["das Haus"], [["Haus"]]).figure == 0.0
    assert answers.mean_mlqa_f1(["北京市"], [["北京"]], "zh").figure == pytest.approx(80.0)


@given(TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_an_answer_itself_is_an_exact_match(text: str, others: list[str]) -> None:
    assert answers.exact_match(text, [*others, text]) == 100.0
    assert answers.f1(text, [text]) == pytest.approx(100.0 if answers.normalised(text) else 0.0)


@given(TEXT, LANGUAGES)
def test_an_answer_itself_is_an_exact_match_in_mlqa(text: str, language: str) -> None:
    assert answers.mlqa_exact_match(text, [text], language) == 100.0


@given(TEXT, TEXT)
def test_f1_is_a_percentage_and_symmetric(one: str, other: str) -> None:
    there = answers.f1(one, [other])
    assert 0 <= there <= 100 + 1e-9
    assert there == pytest.approx(answers.f1(other, [one]))


@pytest.mark.parametrize(
    ("prediction", "gold", "exact", "overlap"),
    [
        ("", [""], 100.0, 100.0),
        ("The", [""], 100.0, 100.0),  # an article is nothing
        ("Lima", [""], 0.0, 0.0),
        ("", ["Lima"], 0.0, 0.0),
        ("in Lima", ["Lima", "Oslo"], 0.0, 200 / 3),
        ("the", ["The", "Lima"], 0.0, 0.0),  # an answer that is nothing is no answer beside others
        ("", ["a", "the"], 100.0, 100.0),
    ],
)
def test_nothing_can_be_right_in_squad_v2(prediction: str, gold: list[str], exact: float, overlap: float) -> None:
    assert answers.squad_v2_exact_match(prediction, gold) == exact
    assert answers.squad_v2_f1(prediction, gold) == pytest.approx(overlap)


@given(st.text("abc ", max_size=8), st.lists(st.text("abc ", min_size=1, max_size=8), min_size=1, max_size=3))
def test_where_answers_say_something_squad_v2_is_v1(prediction: str, gold: list[str]) -> None:
    said = [answer for answer in gold if answers.normalised(answer)]
    if said:
        assert answers.squad_v2_exact_match(prediction, gold) == answers.exact_match(prediction, said)
        assert answers.squad_v2_f1(prediction, gold) == answers.f1(prediction, said)


def test_squad_v2_figures_are_means() -> None:
    predictions, gold = ["", "Lima", "Oslo"], [[""], [""], ["Oslo"]]
    assert answers.mean_squad_v2_f1(predictions, gold).values == {"f1": [100.0, 0.0, 100.0]}
    assert answers.mean_squad_v2_exact_match(predictions, gold).figure == pytest.approx(200 / 3)
