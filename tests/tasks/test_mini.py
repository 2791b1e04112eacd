"""The bundled suite: complete, parallel, and no training example is among the test items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from xtreme_harness import Task, read_jsonl
from xtreme_harness.registry import Registry
from xtreme_tasks import mini

TRAINED = [mini.NLI, mini.PARAPHRASE]


def examples(task: Task, split: str, language: str) -> list[dict[str, str]]:
    files = tuple(Path(name) for name in task.files(split, language))
    return list(task.read(split, language, files))


def words(text: str) -> str:
    """Lower case, letters and digits only: small changes of punctuation do not make another sentence."""
    return " ".join(re.findall(r"\w+", text.lower()))


def texts(rows: list[dict[str, str]]) -> Iterator[str]:
    for row in rows:
        yield from (words(row[name]) for name in ("text_a", "text_b", "text") if name in row)


@pytest.mark.parametrize("task", TRAINED, ids=lambda task: task.name)
def test_no_training_or_dev_text_is_among_the_test_texts(task: Task) -> None:
    test = set(texts(examples(task, "test", "en")))
    for split in ("train", "dev"):
        shared = set(texts(examples(task, split, "en"))) & test
        assert not shared, f"{split}: {sorted(shared)[:3]}"


def test_no_training_text_of_any_task_is_a_test_text_of_another() -> None:
    folder = Path(mini.__file__).parent
    trained = {text for path in sorted(folder.glob("*/train.en.jsonl")) for text in all_texts(path)}
    tested = {text for path in sorted(folder.glob("*/test.en.jsonl")) for text in all_texts(path)}
    assert len(trained) > 3000
    assert len(tested) > 500
    assert not trained & tested


def all_texts(path: Path) -> Iterator[str]:
    for _, row in read_jsonl(path):
        yield from (words(row[name]) for name in ("text_a", "text_b", "text", "context", "question") if name in row)
        if "tokens" in row:
            yield words(" ".join(row["tokens"]))


def test_text_for_masked_language_modelling_is_none_of_any_test_item(registry: Registry) -> None:
    """In no language: mining and retrieval are of one corpus, so that their texts are left out altogether."""
    task, folder = registry.intermediate_task("mini.mlm"), Path(mini.__file__).parent
    train, dev = ({words(row["text"]) for row in examples(task, split, "en")} for split in ("train", "dev"))
    tested = {text for path in sorted(folder.glob("*/test.*.jsonl")) for text in all_texts(path)}
    assert task.languages == ("en",) and len(train) > 2500 and len(dev) > 150 and len(tested) > 5000
    assert not (train | dev) & tested and not train & dev


@pytest.mark.parametrize("task", TRAINED, ids=lambda task: task.name)
def test_train_and_dev_do_not_share_items(task: Task) -> None:
    train, dev = (examples(task, split, "en") for split in ("train", "dev"))
    pairs = [{(words(row["text_a"]), words(row["text_b"])) for row in rows} for rows in (train, dev)]
    assert not pairs[0] & pairs[1]


@pytest.mark.parametrize("task", TRAINED, ids=lambda task: task.name)
def test_test_items_are_parallel_in_all_ten_languages(task: Task) -> None:
    english = [(row["id"], row["label"]) for row in examples(task, "test", "en")]
    assert len(english) == 120
    for language in task.languages:
        assert [(row["id"], row["label"]) for row in examples(task, "test", language)] == english


def test_retrieval_pairs_every_english_sentence_with_its_translation() -> None:
    for language in mini.RETRIEVAL.languages:
        rows = examples(mini.RETRIEVAL, "test", language)
        sides = {side: [row for row in rows if row["side"] == side] for side in ("query", "candidate", "gold")}
        assert [len(sides[side]) for side in sides] == [160, 160, 160]
        assert {row["candidate"] for row in sides["gold"]} == {row["id"] for row in sides["candidate"]}
        assert [row["query"] for row in sides["gold"]] == [row["id"] for row in sides["query"]]


def test_the_suite_is_marked_as_not_comparable() -> None:
    for task in (*TRAINED, mini.RETRIEVAL):
        assert not task.comparable
        assert task.not_comparable_because
        assert task.licence == "CC0"
