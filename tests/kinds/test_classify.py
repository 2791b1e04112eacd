"""Kind `classify`: texts to ids, logits to labels, and the whole way through units on tiny encoders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.conftest import Refusal
from xtreme_harness import testing
from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.classify.decode import decode_labels
from xtreme_harness.kinds.classify.encode import encode_texts, input_problem, label_problem
from xtreme_harness.kinds.classify.kind import Classify
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

OPTIONS = {"labels": ("health", "sport", "trade"), "max_length": 128}
WORDS = st.lists(st.sampled_from(["the", "vitamin", "Daktari", "врач", "医生", "zzz"]), max_size=12).map(" ".join)


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def checkpoint(request: pytest.FixtureRequest) -> Path:
    """Both families in turn."""
    found: Path = request.getfixturevalue(request.param)
    return found


def test_xlmr_wraps_texts_in_its_special_tokens(tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    single = encode_texts(tokenizer, [{"text_a": "The doctor"}], OPTIONS)
    pair = encode_texts(tokenizer, [{"text_a": "The doctor", "text_b": "a vitamin"}], OPTIONS)
    first, second = (tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text)) for text in ("The doctor", "a vitamin"))
    assert single == {"input_ids": [[0, *first, 2]]}
    assert pair == {"input_ids": [[0, *first, 2, 2, *second, 2]]}


def test_bert_has_segments_and_its_special_tokens(tiny_bert: Path) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    first, second = (tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text)) for text in ("The doctor", "a vitamin"))
    pair = encode_texts(tokenizer, [{"text_a": "The doctor", "text_b": "a vitamin"}], OPTIONS)
    assert pair["input_ids"] == [[cls, *first, sep, *second, sep]]
    assert pair["token_type_ids"] == [[0] * (len(first) + 2) + [1] * (len(second) + 1)]
    single = encode_texts(tokenizer, [{"text_a": "The doctor"}], OPTIONS)
    assert single["token_type_ids"] == [[0] * (len(first) + 2)]


def test_nothing_is_padded(checkpoint: Path) -> None:
    examples = [{"text_a": "a"}, {"text_a": "The doctor gave the child a vitamin after the long night."}]
    rows = encode_texts(load_tokenizer(checkpoint), examples, OPTIONS)["input_ids"]
    alone = [encode_texts(load_tokenizer(checkpoint), [one], OPTIONS)["input_ids"][0] for one in examples]
    assert rows == alone and len(rows[0]) < len(rows[1])


def test_labels_become_their_place_among_the_task_s_labels(tiny_xlmr: Path) -> None:
    examples = [{"text_a": "a", "label": label} for label in ("trade", "health", "sport")]
    tokenizer = load_tokenizer(tiny_xlmr)
    assert encode_texts(tokenizer, examples, OPTIONS)["labels"] == [[2], [0], [1]]
    turned = {**OPTIONS, "labels": ("trade", "sport", "health")}
    assert encode_texts(tokenizer, examples, turned)["labels"] == [[0], [2], [1]]
    assert "labels" not in encode_texts(tokenizer, [{"text_a": "a"}], OPTIONS)


@given(WORDS, WORDS, st.integers(8, 40))
def test_pairs_are_cut_longest_first(
    tmp_path_factory: pytest.TempPathFactory, text_a: str, text_b: str, max_length: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "for-cutting"
    tokenizer = load_tokenizer(folder if folder.exists() else testing.make_tiny_xlmr(folder))
    first, second = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (text_a, text_b))
    example = {"text_a": text_a, "text_b": text_b}
    (row,) = encode_texts(tokenizer, [example], {**OPTIONS, "max_length": max_length})["input_ids"]
    middle = row.index(2)
    kept_a, kept_b = row[1:middle], row[middle + 2 : -1]
    assert row == [0, *kept_a, 2, 2, *kept_b, 2]
    assert kept_a == first[: len(kept_a)] and kept_b == second[: len(kept_b)]  # both are cut at their ends
    assert len(row) == min(max_length, len(first) + len(second) + 4)  # and no more than must be
    if len(kept_a) < len(first):
        assert len(kept_a) >= len(kept_b) - 1
    if len(kept_b) < len(second):
        assert len(kept_b) >= len(kept_a) - 1


def test_single_texts_are_cut_at_the_end(checkpoint: Path) -> None:
    tokenizer = load_tokenizer(checkpoint)
    text = {"text_a": " ".join(["vitamin"] * 50)}
    (whole,), (cut,) = (
        encode_texts(tokenizer, [text], {**OPTIONS, "max_length": length})["input_ids"] for length in (400, 16)
    )
    assert len(cut) == 16 and cut == [*whole[:15], whole[-1]]


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"id": "a", "text_a": "x"}, None),
        ({"id": "a", "text_a": "x", "text_b": "", "group": "g"}, None),
        ({"id": 1, "text_a": "x"}, "id must be text"),
        ({"text_a": "x"}, "id must be text"),
        ({"id": "a"}, "text_a must be text"),
        ({"id": "a", "text_a": None}, "text_a must be text"),
        ({"id": "a", "text_a": "x", "text_b": None}, "text_b must be text where it is given"),
    ],
)
def test_unsound_inputs(example: dict[str, Any], told: str | None) -> None:
    assert input_problem(example) == told


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"label": "sport"}, None),
        ({}, "it has no label"),
        ({"label": "Sport"}, "label 'Sport' is not one of 'health', 'sport', 'trade'"),
        ({"label": 1}, "label 1 is not one of"),
        ({"label": ["sport"]}, "label ['sport'] is not one of"),
    ],
)
def test_labels_outside_the_label_set(example: dict[str, Any], told: str | None) -> None:
    problem = label_problem(example, OPTIONS)
    assert problem is None if told is None else problem is not None and problem.startswith(told)


@pytest.mark.parametrize(
    ("labels", "is_gold"),
    [(["a", "a", "a"], False), (["a", "a", "b"], True), (["a", "a"], True), (["a"], True)],
)
def test_gold_that_is_the_same_everywhere_is_none(labels: list[str], is_gold: bool) -> None:
    gold = [{"id": str(place), "label": label} for place, label in enumerate(labels)]
    told = Classify().scoring_problem([], gold)
    assert (told is None) == is_gold
    assert told is None or "all 3 gold labels are 'a': the labels were taken out" in told


def test_the_largest_logit_is_the_label() -> None:
    logits = [np.array([0.1, 2.00004, -1.0], dtype=np.float32), np.array([3.0, 3.0, -2.0], dtype=np.float32)]
    rows = decode_labels(logits, [{"id": "a"}, {"id": "b", "group": "g"}], ("health", "sport", "trade"))
    assert [row["prediction"] for row in rows] == ["sport", "health"]  # the first of equals
    assert rows[0] == {"id": "a", "prediction": "sport", "scores": [0.1, 2.0, -1.0]}
    assert set(rows[1]) == {"id", "prediction", "scores"}


def test_outputs_and_items_must_be_equally_many() -> None:
    with pytest.raises(ValueError):
        decode_labels([np.zeros(2)], [{"id": "a"}, {"id": "b"}], ("x", "y"))


LEARNING = (
    ("topics", "learning_rate", 3e-3),
    ("topics", "epochs", 20),
    ("topics", "batch_size", 4),
    ("topics", "warmup", 0.1),
    ("topics", "dropout", 0.0),
)
PlanOf = Callable[..., Plan]
PerformAll = Callable[..., list[Outcome]]


def units_of(plan: Plan, type: str) -> list[Unit]:
    return [unit for unit in plan.units() if unit.type == type]


def test_a_task_is_learnt_in_english_and_predicted_in_every_language(
    checkpoint: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(checkpoint, "topics", settings=LEARNING)
    perform_all(plan.units())
    english, swahili = (store.find(cell.score.key) for cell in plan.cells if cell.score)
    assert english is not None and swahili is not None
    assert english.result["metrics"]["accuracy"] > 60 and english.result["n"] == english.result["groups"] == 6
    rows = [row for _, row in read_jsonl(english.file("scores.jsonl"))]
    assert [set(row) for row in rows] == [{"id", "accuracy"}] * 6
    assert sum(row["accuracy"] for row in rows) / 6 == pytest.approx(english.result["metrics"]["accuracy"])


def test_predictions_hold_ids_labels_and_scores_and_never_texts(
    tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(tiny_xlmr, "topics", settings=(("topics", "epochs", 1),))
    perform_all(plan.units())
    for cell in plan.cells:
        assert cell.predict is not None
        predicted = store.find(cell.predict.key)
        assert predicted is not None
        rows = [row for _, row in read_jsonl(predicted.file("predictions.jsonl"))]
        assert [row["id"] for row in rows] == [f"test-{number}" for number in range(6)]
        for row in rows:
            assert set(row) == {"id", "prediction", "scores"} and len(row["scores"]) == 3
            assert row["prediction"] == ("health", "sport", "trade")[int(np.argmax(row["scores"]))]


def test_prepared_tests_hold_no_labels(tiny_bert: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store) -> None:
    plan = plan_of(tiny_bert, "topics")
    prepared = units_of(plan, "prepare")
    perform_all(prepared)
    for unit in prepared:
        found = store.find(unit.key)
        assert found is not None
        is_test = unit.parameters["split"] == "test"
        assert ("labels" in load_encoded(found.folder).columns) is not is_test
        assert found.file("gold.jsonl").exists() is not is_test
        assert "token_type_ids" in load_encoded(found.folder).columns
        assert found.result["windows"] == found.result["examples"] == (24 if unit.parameters["split"] == "train" else 6)


def test_two_tokenizers_never_share_what_was_encoded(
    tiny_xlmr: Path, tiny_bert: Path, tmp_path: Path, plan_of: PlanOf
) -> None:
    other = testing.make_tiny_xlmr(tmp_path / "other", seed=1)  # other weights, the same tokenizer
    keys = {
        path.name: {unit.label: unit.key for unit in units_of(plan_of(path, "topics"), "prepare")}
        for path in (tiny_xlmr, tiny_bert, other)
    }
    assert keys["tiny-xlmr"].keys() == keys["tiny-bert"].keys() and len(keys["tiny-xlmr"]) == 4
    assert not set(keys["tiny-xlmr"].values()) & set(keys["tiny-bert"].values())
    assert keys["tiny-xlmr"] == keys["other"]


def test_a_changed_tokenizer_is_read_again_in_the_same_process(
    tmp_path: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    folder = testing.make_tiny_bert(tmp_path / "edited")
    encoded = []
    for turn in range(2):
        if turn:
            swap_pieces(folder, "vitamin", "football")
        (unit,) = (
            one for one in units_of(plan_of(folder, "topics"), "prepare") if one.label == "prepare topics train en"
        )
        perform_all([unit])
        found = store.find(unit.key)
        assert found is not None
        encoded.append(load_encoded(found.folder).columns["input_ids"].values.tolist())
    assert encoded[0] != encoded[1] and sorted(encoded[0]) == sorted(encoded[1])


def swap_pieces(folder: Path, first: str, second: str) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    pieces = tokenizer["model"]["vocab"]
    pieces[first], pieces[second] = pieces[second], pieces[first]
    path.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("train.en.jsonl", {"label": "Trade"}, "label 'Trade' is not one of"),
        ("dev.en.jsonl", {"label": None}, "label None is not one of"),
        ("train.en.jsonl", {"text_a": 3}, "text_a must be text"),
        ("test.sw.jsonl", {"text_b": []}, "text_b must be text"),
        ("test.sw.jsonl", {"id": "test-1"}, "the id 'test-1' is there twice"),
    ],
)
def test_wrong_data_is_refused_before_anything_is_trained(
    file: str, change: dict[str, Any], told: str, tmp_path: Path, refusal_of: Refusal
) -> None:
    sentence = refusal_of(testing.write_topics(tmp_path / "wrong"), "topics", file, change)
    assert told in sentence and file in sentence and "example 3" in sentence


def test_wrong_gold_is_found_when_it_is_scored(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll
) -> None:
    """Labels of other languages are opened by score units only, so that is where a wrong one shows."""
    plugin = testing.write_topics(tmp_path / "wrong")
    path = plugin.parent / "data" / "test.sw.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("sport", "games"), encoding="utf-8")
    registry = load_registry([str(plugin)])
    units = plan_of(tiny_xlmr, "topics", registry=registry, settings=(("topics", "epochs", 1),)).units()
    perform_all([unit for unit in units if unit.type != "score"], registry=registry)
    with pytest.raises(DataError, match=r"test\.sw\.jsonl: example \d .*label 'games' is not one of"):
        perform_all([unit for unit in units if unit.label == "score topics sw"], registry=registry)
