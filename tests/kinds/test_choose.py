"""Kind `choose`: questions and choices to windows, scores to choices, and the whole way through units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.conftest import Refusal
from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, Ragged, load_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import RequestError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.choose.decode import NOWHERE, choice_places, decode_choices
from xtreme_harness.kinds.choose.encode import cut_fronts, encode_choices, input_problem, label_problem
from xtreme_harness.kinds.choose.kind import Choose
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

OPTIONS = {"max_length": 64}
SIDES = st.lists(st.integers(0, 99), max_size=40)


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def checkpoint(request: pytest.FixtureRequest) -> Path:
    """Both families in turn."""
    found: Path = request.getfixturevalue(request.param)
    return found


def asked(question: str, *choices: str, label: int = 0, **more: Any) -> Example:
    return {"id": "q", "question": question, "choices": list(choices), "label": label, **more}


def ids_of(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
    return found


def encoded_of(tokenizer: Any, examples: Sequence[Example], **options: Any) -> Encoded:
    columns = encode_choices(tokenizer, examples, {**OPTIONS, **options})
    return Encoded({name: ragged(rows) for name, rows in columns.items()}, [dict(one) for one in examples])


def ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    offsets = np.cumsum([0, *(len(row) for row in rows)])
    return Ragged(np.array([value for row in rows for value in row], dtype=np.int32), offsets)


def test_xlmr_has_a_window_a_choice_with_the_separators_between(tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    question = ids_of(tokenizer, "The doctor")
    columns = encode_choices(tokenizer, [asked("The doctor", "a vitamin", "the euro", label=1)], OPTIONS)
    rows = [[0, *question, 2, 2, *ids_of(tokenizer, choice), 2] for choice in ("a vitamin", "the euro")]
    assert [list(row) for row in columns["input_ids"]] == rows
    assert (columns["together"], columns["labels"]) == ([[0], [0]], [[0], [1]])
    assert set(columns) == {"input_ids", "together", "labels"}


def test_bert_has_segments(tiny_bert: Path) -> None:
    tokenizer = load_tokenizer(tiny_bert)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    question, choice = ids_of(tokenizer, "The doctor"), ids_of(tokenizer, "a vitamin")
    columns = encode_choices(tokenizer, [asked("The doctor", "a vitamin", "the euro")], OPTIONS)
    assert list(columns["input_ids"][0]) == [cls, *question, sep, *choice, sep]
    assert columns["token_type_ids"][0] == [0] * (len(question) + 2) + [1] * (len(choice) + 1)


def test_windows_are_those_of_the_tokenizer_s_own_pairs(checkpoint: Path) -> None:
    tokenizer = load_tokenizer(checkpoint)
    pairs = [(testing.SENTENCES[place], testing.SENTENCES[-1 - place]) for place in range(12)]
    columns = encode_choices(tokenizer, [asked(one, two, one) for one, two in pairs], {"max_length": 200})
    for name in columns.keys() - {"together", "labels"}:
        assert [list(row) for row in columns[name][::2]] == tokenizer(*zip(*pairs, strict=True))[name]


def test_questions_have_different_numbers_of_choices(checkpoint: Path) -> None:
    examples = [asked("The doctor", *"abc"[:count], label=count - 1) for count in (2, 3, 2)]
    encoded = encoded_of(load_tokenizer(checkpoint), examples)
    assert encoded.bounds.tolist() == [0, 2, 5, 7]
    assert encoded.columns["labels"].values.tolist() == [0, 1, 0, 0, 1, 0, 1]
    assert Choose().weights(encoded).tolist() == [1, 0, 1, 0, 0, 1, 0]


def test_without_labels_there_is_no_label_column(tiny_xlmr: Path) -> None:
    example = {name: value for name, value in asked("a", "b", "c").items() if name != "label"}
    assert "labels" not in encode_choices(load_tokenizer(tiny_xlmr), [example], OPTIONS)


def cut_one_by_one(question: list[int], choice: list[int], room: int) -> tuple[list[int], list[int]]:
    while len(question) + len(choice) > room:
        question, choice = (question[1:], choice) if len(question) >= len(choice) else (question, choice[1:])
    return question, choice


@given(SIDES, SIDES, st.integers(2, 60))
def test_the_longer_side_loses_tokens_from_its_front(question: list[int], choice: list[int], room: int) -> None:
    kept = cut_fronts(question, choice, room)
    assert kept == cut_one_by_one(question, choice, room)
    assert all(bool(after) == bool(before) for before, after in zip((question, choice), kept, strict=True))


def test_cutting_by_hand() -> None:
    assert cut_fronts([1, 2, 3, 4, 5], [6, 7], 4) == ([4, 5], [6, 7])
    assert cut_fronts([1, 2], [3, 4, 5, 6, 7], 4) == ([1, 2], [6, 7])
    assert cut_fronts([1, 2, 3], [4, 5, 6], 5) == ([2, 3], [4, 5, 6])
    assert cut_fronts([], [1, 2, 3], 2) == ([], [2, 3])
    assert cut_fronts([1, 2, 3], [4, 5, 6], 2) == ([3], [6])


def test_the_end_of_a_long_context_stays(checkpoint: Path) -> None:
    tokenizer = load_tokenizer(checkpoint)
    context = " ".join(testing.SENTENCES[:8])
    (row, _) = encode_choices(tokenizer, [asked(context, "a vitamin", "a")], {"max_length": 30})["input_ids"]
    question, choice = ids_of(tokenizer, context), ids_of(tokenizer, "a vitamin")
    frame = len(tokenizer("a", "a")["input_ids"]) - 2 * len(ids_of(tokenizer, "a"))
    kept = 30 - frame - len(choice)
    assert len(row) == 30 and list(row)[1 : 1 + kept] == question[-kept:]
    assert list(row)[-1 - len(choice) : -1] == choice


def test_a_length_without_room_for_two_tokens_is_refused(tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    assert encoded_of(tokenizer, [asked("The doctor", "a", "b")], max_length=6).lengths.tolist() == [6, 6]
    with pytest.raises(RequestError, match="max_length 5 leaves no room beside 4 special tokens"):
        encoded_of(tokenizer, [asked("The doctor", "a", "b")], max_length=5)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"group": "g", "question": ""}, None),
        ({"id": 1}, "id must be text"),
        ({"question": None}, "question must be text"),
        ({"choices": "ab"}, "choices must be a list of texts, at least two"),
        ({"choices": ["a"]}, "choices must be a list of texts, at least two"),
        ({"choices": ["a", 2]}, "choices must be a list of texts, at least two"),
    ],
)
def test_unsound_inputs(change: dict[str, Any], told: str | None) -> None:
    assert input_problem({**asked("x", "a", "b"), **change}) == told


@pytest.mark.parametrize(
    ("example", "told"),
    [
        (asked("x", "a", "b", label=1), None),
        ({"id": "q", "label": 7}, None),
        ({"id": "q"}, "it has no label"),
        (asked("x", "a", "b", label=2), "label 2 is beyond its 2 choices"),
        ({"label": -1}, "label -1 is not the number of a choice, counted from 0"),
        ({"label": "A"}, "label 'A' is not the number of a choice"),
        ({"label": True}, "label True is not the number of a choice"),
    ],
)
def test_unsound_labels(example: dict[str, Any], told: str | None) -> None:
    problem = label_problem(example)
    assert problem is None if told is None else problem is not None and problem.startswith(told)


def test_the_largest_score_of_a_question_s_own_choices_wins(tiny_xlmr: Path) -> None:
    examples = [asked("x", "a", "b"), {**asked("y", "a", "b", "c"), "id": "r"}]
    encoded = encoded_of(load_tokenizer(tiny_xlmr), examples)
    scores = [np.array([value], dtype=np.float32) for value in (1.00004, 1.001, -9.0, 2.0, -9.0)]
    assert decode_choices(scores, encoded) == [
        {"id": "q", "prediction": 1, "scores": [1.0, 1.001]},
        {"id": "r", "prediction": 1, "scores": [-9.0, 2.0, -9.0]},
    ]


@pytest.mark.parametrize("noise", [0.0, 1e-6, -1e-6])
def test_the_first_of_equal_choices_wins_whatever_the_noise(tiny_xlmr: Path, noise: float) -> None:
    encoded = encoded_of(load_tokenizer(tiny_xlmr), [asked("x", "a", "b", "b")])
    (row,) = decode_choices([np.array([value]) for value in (1.0, 5.0, 5.0 + noise)], encoded)
    assert row == {"id": "q", "prediction": 1, "scores": [1.0, 5.0, 5.0]}


def test_gold_comes_back(checkpoint: Path) -> None:
    examples = [{**asked("x", *"abcd"[: 2 + n % 3], label=n % 2), "id": f"q{n}"} for n in range(9)]
    encoded = encoded_of(load_tokenizer(checkpoint), examples)
    rows = decode_choices([np.array([float(value)]) for value in encoded.columns["labels"].values], encoded)
    assert [row["prediction"] for row in rows] == [one["label"] for one in examples]


def test_places_hold_the_right_choice_first(tiny_xlmr: Path) -> None:
    examples = [asked("x", "a", "b", label=1), asked("y", "a", "b", "c", label=2), asked("z", "a", "b", label=0)]
    columns = encoded_of(load_tokenizer(tiny_xlmr), examples).columns
    assert choice_places(columns, [0, 1]).tolist() == [[1, 0]]
    assert choice_places(columns, [5, 6, 2, 3, 4]).tolist() == [[0, 1, NOWHERE], [4, 2, 3]]


def test_the_loss_is_cross_entropy_over_each_question_s_choices() -> None:
    import torch

    scores = torch.tensor([[0.5], [2.0], [-1.0], [3.0], [1.0]], requires_grad=True)
    places = torch.tensor([[1, 0, NOWHERE], [4, 2, 3]])
    loss = Choose().loss(scores, places)
    cross_entropy = torch.nn.functional.cross_entropy
    one = cross_entropy(torch.tensor([[2.0, 0.5]]), torch.tensor([0]))
    two = cross_entropy(torch.tensor([[1.0, -1.0, 3.0]]), torch.tensor([0]))
    assert float(loss.detach()) == pytest.approx(float(one + two))
    torch.autograd.backward(loss)
    assert scores.grad is not None and torch.isfinite(scores.grad).all()
    assert float(scores.grad[:2].sum()) == pytest.approx(0.0, abs=1e-6)  # only differences count


PlanOf = Callable[..., Plan]
PerformAll = Callable[..., list[Outcome]]
LEARNING = (
    ("remedies", "learning_rate", 3e-3),
    ("remedies", "epochs", 15),
    ("remedies", "batch_size", 4),
    ("remedies", "warmup", 0.1),
    ("remedies", "dropout", 0.0),
)


@pytest.fixture(scope="module")
def remedies(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    loaded = load_registry([str(testing.write_remedies(tmp_path_factory.mktemp("remedies")))])
    assert not loaded.failures
    return loaded


def units_of(plan: Plan, type: str) -> list[Unit]:
    return [unit for unit in plan.units() if unit.type == type]


def test_a_task_is_learnt_in_english_and_predicted_in_every_language(
    checkpoint: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store, remedies: Registry
) -> None:
    plan = plan_of(checkpoint, "remedies", registry=remedies, settings=LEARNING)
    perform_all(plan.units(), registry=remedies)
    for cell in plan.cells:
        assert cell.predict is not None and cell.score is not None
        predicted, scored = store.find(cell.predict.key), store.find(cell.score.key)
        assert predicted is not None and scored is not None
        assert scored.result["metrics"]["accuracy"] > 60 and scored.result["n"] == 6
        rows = [row for _, row in read_jsonl(predicted.file("predictions.jsonl"))]
        assert [row["id"] for row in rows] == [f"test-{number}" for number in range(6)]
        assert [len(row["scores"]) for row in rows] == [2, 3, 4, 2, 3, 4]
        for row in rows:
            assert set(row) == {"id", "prediction", "scores"}
            assert row["scores"][row["prediction"]] == pytest.approx(max(row["scores"]), abs=2e-4)
    trained = store.find(units_of(plan, "train")[0].key)
    assert trained is not None and trained.result["updates"] == 6 * 15  # batch_size counts questions


def test_prepared_tests_hold_no_labels(
    tiny_bert: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store, remedies: Registry
) -> None:
    prepared = units_of(plan_of(tiny_bert, "remedies", registry=remedies), "prepare")
    perform_all(prepared, registry=remedies)
    for unit in prepared:
        found = store.find(unit.key)
        assert found is not None
        is_test = unit.parameters["split"] == "test"
        assert ("labels" in load_encoded(found.folder).columns) is not is_test
        assert found.result["examples"] == (24 if unit.parameters["split"] == "train" else 6)
        assert found.result["windows"] == 3 * found.result["examples"]


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("train.en.jsonl", {"label": 9}, "label 9 is beyond its"),
        ("dev.en.jsonl", {"label": None}, "it has no label"),
        ("test.sw.jsonl", {"choices": []}, "choices must be a list of texts"),
    ],
)
def test_wrong_data_is_refused_before_anything_is_trained(
    file: str, change: dict[str, Any], told: str, tmp_path: Path, refusal_of: Refusal
) -> None:
    sentence = refusal_of(testing.write_remedies(tmp_path / "wrong"), "remedies", file, change)
    assert told in sentence and file in sentence and "example 3" in sentence
