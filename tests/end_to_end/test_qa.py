"""QA through the command, in XTREME's layout: one SQuAD model for two tasks, emptied test files, label files apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records
from xtreme_harness.testing import FIRST_NAMES, TOWNS
from xtreme_tasks.squad.document import without_answers

Command = Callable[..., "CompletedProcess[str]"]

ROW = "none.plain.s1"
LANGUAGES = ("en", "zh")
TESTS = {"xquad": "xquad/xquad.{0}.json", "mlqa": "mlqa/MLQA_V1/test/test-context-{0}-question-{0}.json"}
FORMS = {"en": ("{0} lives in {1}. ", "Where does {0} live?"), "zh": ("{0} 住在 {1}。", "{0} 住在哪里?")}


def document(language: str, contexts: int) -> dict[str, Any]:
    """Three people and their towns a context; one question about each."""
    statement, question = FORMS[language]
    articles = []
    for number in range(contexts):
        context, questions = "", []
        for place in range(3):
            name, town = FIRST_NAMES[(number + place) % 8], TOWNS[(number * 3 + place * 5) % 8]
            start = len(context) + statement.format(name, "\0").index("\0")
            answers = [{"text": town, "answer_start": start}]
            questions.append({"id": f"{number}-{place}", "question": question.format(name), "answers": answers})
            context += statement.format(name, town)
        articles.append({"title": "", "paragraphs": [{"context": context, "qas": questions}]})
    return {"version": "1.1", "data": articles}


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def make_download(data: Path) -> None:
    """An XTREME download of SQuAD, XQuAD and MLQA in two languages, with labels for both tasks but in Chinese MLQA."""
    write(data / "squad" / "train-v1.1.json", document("en", 16))
    for task, name in TESTS.items():
        for language in LANGUAGES:
            gold = document(language, 4)
            write(data / name.format(language), without_answers(gold))
            if (task, language) != ("mlqa", "zh"):
                write(data / "labels" / task / f"test-{language}.json", gold)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Path:
    """The folder of one run of both tasks."""
    folder = tmp_path_factory.mktemp("qa")
    make_download(folder / "data")
    options = [word for task in TESTS for word in ("--task", task, "--set", f"{task}.epochs=2")]
    options += [word for task in TESTS for word in ("--set", f"{task}.max_length=48", "--set", f"{task}.doc_stride=8")]
    options += ["--language", "en", "--language", "zh", "--seed", "1", "--recipe", "mini", "--data", "data"]
    done = command_in(folder)("run", "--model", tiny_xlmr, *options, "--keep", "all", "--out", "run")
    assert done.returncode == 4, done.stderr  # Chinese MLQA has no gold
    return folder / "run"


@pytest.mark.slow
def test_one_trained_unit_serves_both_tasks(run: Path) -> None:
    records = read_records(run / "records.jsonl")
    assert [(record["task"], record["language"]) for record in records] == [
        (task, language) for task in TESTS for language in LANGUAGES
    ]
    (trained,) = {record["phases"][0]["unit"] for record in records}
    assert trained
    assert {tuple(record["phases"][0]["tasks"]) for record in records} == {("squad_v1",)}
    assert {record["phases"][0]["selection"] for record in records} == {"last"}


def test_cells_are_scored_where_gold_is_at_hand(run: Path) -> None:
    records = read_records(run / "records.jsonl")
    assert [record["state"] for record in records] == ["ok", "ok", "ok", "unlabelled"]
    for record in records[:3]:
        assert set(record["metrics"]) == set(record["headline"]) == {"exact_match", "f1"}
        assert (record["n"], record["groups"]) == (12, 4)
        assert record["metrics"]["f1"] >= record["metrics"]["exact_match"]


def test_predictions_are_code_points_and_scores_follow_from_them(run: Path) -> None:
    for record in read_records(run / "records.jsonl"):
        place = run / "predictions" / ROW / record["task"]
        rows = [row for _, row in read_jsonl(place / f"{record['language']}.jsonl")]
        assert len(rows) == 12
        assert all(set(row) == {"id", "start", "end", "score"} for row in rows)
        contexts = [article["paragraphs"][0]["context"] for article in document(record["language"], 4)["data"]]
        for row in rows:
            assert 0 <= row["start"] < row["end"] <= len(contexts[int(row["id"][0])])
        if record["state"] == "ok":
            scores = [row for _, row in read_jsonl(place / f"{record['language']}.scores.jsonl")]
            assert set(scores[0]) == {"id", "group", "exact_match", "f1"}
            mean = sum(row["f1"] for row in scores) / len(scores)
            assert record["metrics"]["f1"] == pytest.approx(mean)


@pytest.mark.slow
def test_an_option_of_decoding_trains_nothing_again(
    run: Path, command_in: Callable[[Path], Command], tiny_xlmr: Path
) -> None:
    """The target's own option counts, though the model was trained on another task."""
    options = [
        "--task",
        "xquad",
        "--language",
        "zh",
        "--seed",
        "1",
        "--recipe",
        "mini",
        "--data",
        "data",
        "--out",
        "whole",
    ]
    values = ("epochs=2", "max_length=48", "doc_stride=8", "legacy_word_extension=true")
    settings = [word for value in values for word in ("--set", f"xquad.{value}")]
    done = command_in(run.parent)("run", "--model", tiny_xlmr, *options, *settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("2 units computed")  # predict and score
    (record,) = read_records(run.parent / "whole" / "records.jsonl")
    assert record["options"]["legacy_word_extension"] is True
    contexts = [article["paragraphs"][0]["context"] for article in document("zh", 4)["data"]]
    for _, row in read_jsonl(run.parent / "whole" / "predictions" / ROW / "xquad" / "zh.jsonl"):
        context = contexts[int(row["id"][0])]
        assert row["start"] == 0 or context[row["start"] - 1].isspace()
        assert row["end"] == len(context) or context[row["end"]].isspace()


@pytest.mark.slow
def test_answers_can_be_learnt(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    make_download(tmp_path / "data")
    values = ("epochs=60", "max_length=64", "batch_size=8", "learning_rate=0.003", "head_learning_rate=0.003")
    settings = [word for value in values for word in ("--set", f"xquad.{value}")]
    options = [
        "--task",
        "xquad",
        "--language",
        "en",
        "--language",
        "zh",
        "--recipe",
        "mini",
        "--data",
        "data",
        "--json",
    ]
    done = command("run", "--model", tiny_xlmr, *options, *settings)
    (row,) = json.loads(done.stdout)["rows"]
    found = row["tasks"]["xquad"]["languages"]
    assert found["en"]["f1"] >= 60
