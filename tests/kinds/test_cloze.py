"""Kind `cloze`: windows with masks in the gap, words scored by all of their pieces, and what is not scored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xtreme_harness import testing
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError, IncompleteRun
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds.cloze.decode import decode_words, distinct_pieces
from xtreme_harness.kinds.cloze.encode import encode_gaps
from xtreme_harness.kinds.cloze.kind import Cloze
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

PlanOf = Callable[..., Any]
PerformAll = Callable[..., Any]

WORDS = ("vitamin", "hospital", "sokoni", "marathon", "goizean")  # of one, two and more pieces


def gap(id: str = "a", before: str = "The doctor gave the child a", after: str = "after the night.") -> Example:
    return {"id": id, "before": before, "after": after, "choices": list(WORDS)}


@pytest.mark.parametrize("family", ["tiny_xlmr", "tiny_bert"])
def test_the_gap_has_a_mask_for_each_piece(family: str, request: pytest.FixtureRequest) -> None:
    tokenizer = load_tokenizer(request.getfixturevalue(family))
    columns, words = encode_gaps(tokenizer, [gap(), gap("b")], {"max_length": 64})
    masks = sorted({len(pieces) for pieces in words.values()})
    assert masks[0] == 1 < len(masks)
    assert [len(places) for places in columns["places"]] == masks * 2
    assert columns["item"] == [[0]] * len(masks) + [[1]] * len(masks)
    for ids, places in zip(columns["input_ids"], columns["places"], strict=True):
        assert [place for place, id in enumerate(ids) if id == tokenizer.mask_token_id] == places
        for word in (word for word in WORDS if len(words[word]) == len(places)):
            filled = list(ids)
            filled[places[0] : places[-1] + 1] = words[word]
            whole = " ".join([gap()["before"], word, gap()["after"]])
            assert filled == tokenizer(whole)["input_ids"]


@pytest.mark.parametrize(
    ("sentences_before", "sentences_after"), [(9, 9), (9, 0), (0, 9)], ids=["middle", "end", "beginning"]
)
def test_a_long_text_keeps_what_is_near_the_gap(sentences_before: int, sentences_after: int, tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    before, after = (" ".join(testing.SENTENCES[:count]) for count in (sentences_before, sentences_after))
    columns, _ = encode_gaps(tokenizer, [gap(before=before, after=after)], {"max_length": 32})
    sides = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (before, after)]
    for ids, places in zip(columns["input_ids"], columns["places"], strict=True):
        left, right = ids[1 : places[0]], ids[places[-1] + 1 : -1]
        assert len(ids) == 32 and sides[0][len(sides[0]) - len(left) :] == left and sides[1][: len(right)] == right
        if sentences_before and sentences_after:
            assert abs(len(left) - len(right)) <= 1


def rows_of(*scores: Sequence[float]) -> np.ndarray[Any, Any]:
    return np.array(scores, dtype=np.float32)


def test_a_word_s_score_is_the_mean_over_its_pieces() -> None:
    words = {"one": [5], "two": [5, 7], "same": [9]}
    assert distinct_pieces(words) == [5, 7, 9]
    items = [{"id": "a", "choices": 0}, {"id": "b", "choices": 0}, {"id": "c", "choices": 1}]
    choices = [["one", "two", "same"], ["same", "one"]]
    windows = [
        (0, rows_of([-3.0, -9.0, -4.0])),  # one -3, same -4
        (0, rows_of([-1.0, -9.0, -9.0], [-9.0, -4.0, -9.0])),  # two -2.5, by its own places
        (1, rows_of([-1.0, -9.0, -1.00001])),  # equal but for noise: the first choice
        (1, rows_of([-2.0, -9.0, -9.0], [-9.0, -2.0, -9.0])),
        (2, rows_of([-1.0, -9.0, -1.0])),
    ]
    expected = [
        {"id": "a", "prediction": "two", "score": -2.5},
        {"id": "b", "prediction": "one", "score": -1.0},
        {"id": "c", "prediction": "same", "score": -1.0},
    ]
    assert decode_words(windows, items, choices, words) == expected
    assert decode_words(reversed(windows), items, choices, words) == expected  # windows come longest first


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"id": 3}, "id must be text"),
        ({"before": None}, "before and after must be text"),
        ({"choices": ["a"]}, "choices must be a list of words, at least two"),
        ({"choices": ["a", " "]}, "choices must be words that are not blank"),
        ({"choices": ["a", "a"]}, "a choice is there twice"),
        ({"answer": None}, "it has no answer"),
        ({"answer": "token1"}, "answer 'token1' is none of its choices; a placeholder?"),
    ],
)
def test_unsound_examples(change: dict[str, Any], told: str | None) -> None:
    example = {**gap(), "answer": "vitamin", **change}
    assert (Cloze().input_problem(example) or Cloze().gold_problem(example, {})) == told


PLUGIN = '''"""Gaps in sentences."""

from xtreme_harness import Task, hookimpl


@hookimpl
def register_target_tasks(register):
    register(Task.from_jsonl(name="gaps", kind="cloze", languages=("en", "sw"), path="{split}.{language}.jsonl"))
'''


@pytest.fixture
def gaps(tmp_path: Path, topics: Path) -> Registry:
    folder = tmp_path / "gaps"
    folder.mkdir()
    for language, sentences in (("en", testing.SENTENCES[:6]), ("sw", testing.SENTENCES[8:12])):
        rows = []
        for number, sentence in enumerate(sentences):
            words = sentence.split()
            sides = {"before": " ".join(words[:2]), "after": " ".join(words[3:])}
            rows.append({**gap(f"{number}"), **sides, "answer": WORDS[number % 4]})
        write_jsonl(folder / f"test.{language}.jsonl", rows)
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    return load_registry([str(folder / "plugin.py"), str(topics)])


def units_of(plan: Any, language: str) -> list[Unit]:
    """What fills a cell, inputs first."""
    (cell,) = [cell for cell in plan.cells if cell.language == language]
    return [*cell.predict.inputs.values(), *cell.units()]


def test_words_are_scored_as_the_checkpoint_s_own_class_does(
    tiny_masked: Path, plan_of: PlanOf, perform_all: PerformAll, gaps: Registry, store: Store
) -> None:
    from transformers import AutoModelForMaskedLM

    plan = plan_of(tiny_masked, "gaps", registry=gaps)
    perform_all(units_of(plan, "sw"), registry=gaps)
    (cell,) = [cell for cell in plan.cells if cell.language == "sw"]
    predicted, scored = (store.find(unit.key) for unit in (cell.predict, cell.score))
    assert predicted is not None and scored is not None
    rows = [row for _, row in read_jsonl(predicted.file("predictions.jsonl"))]
    tokenizer, whole = load_tokenizer(tiny_masked), AutoModelForMaskedLM.from_pretrained(str(tiny_masked)).eval()
    examples = [row for _, row in read_jsonl(Path(cell.predict.inputs["texts"].details["files"][0]))]
    for row, example in zip(rows, examples, strict=True):
        scores = {}
        for word in WORDS:
            pieces = tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
            text = f"{example['before']} {tokenizer.mask_token * len(pieces)} {example['after']}"
            batch = tokenizer(text, return_tensors="pt")
            with torch.no_grad():
                found = whole(**batch).logits[0][batch["input_ids"][0] == tokenizer.mask_token_id].log_softmax(-1)
            scores[word] = float(found[range(len(pieces)), pieces].mean())
        assert row["prediction"] == max(scores, key=lambda word: round(scores[word], 4))
        assert row["score"] == pytest.approx(max(scores.values()), abs=2e-4)
    right = sum(row["prediction"] == example["answer"] for row, example in zip(rows, examples, strict=True))
    assert scored.result["metrics"] == {"accuracy": 100 * right / len(rows)} and scored.result["n"] == 4
    assert predicted.result["handover"]["dropped"] == predicted.result["handover"]["new"] == []


def test_whatever_the_token_budget(
    tiny_masked: Path, plan_of: PlanOf, perform_all: PerformAll, gaps: Registry, store: Store
) -> None:
    prepare, predict, _ = units_of(plan_of(tiny_masked, "gaps", registry=gaps), "en")
    found = []
    for budget in (1, 100_000):
        perform_all([prepare, predict], registry=gaps, token_budget=budget)
        found.append((store.folder(predict.key) / "predictions.jsonl").read_text(encoding="utf-8"))
        shutil.rmtree(store.folder(predict.key))
    assert found[0] == found[1]


def test_of_a_model_without_a_head_nothing_is_predicted(
    tiny_xlmr: Path, tiny_masked: Path, plan_of: PlanOf, perform_all: PerformAll, gaps: Registry
) -> None:
    """Nor after an intermediate training, which hands no head on."""
    quick = tuple(("topics", name, value) for name, value in {"updates": 1, "selection": "last"}.items())
    for model, fields in ((tiny_xlmr, {}), (tiny_masked, {"intermediates": ("topics",), "settings": quick})):
        plan = plan_of(model, "gaps", registry=gaps, **fields)
        prepare_and_train = [unit for unit in plan.units() if unit.type in ("prepare", "train")]
        perform_all(prepare_and_train, registry=gaps)
        (cell, _) = plan.cells
        with pytest.raises(IncompleteRun, match="Task gaps: this model has no pretrained masked-LM head"):
            perform_all([cell.predict], registry=gaps)


def test_placeholders_are_not_scored(
    tiny_masked: Path, plan_of: PlanOf, perform_all: PerformAll, gaps: Registry, tmp_path: Path, store: Store
) -> None:
    path = tmp_path / "gaps" / "test.en.jsonl"
    rows = [{**row, "answer": f"token{number}"} for number, row in read_jsonl(path)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    prepare, predict, score = units_of(plan_of(tiny_masked, "gaps", registry=gaps), "en")
    perform_all([prepare, predict], registry=gaps)
    with pytest.raises(DataError, match="answer 'token1' is none of its choices"):
        perform_all([score], registry=gaps)
