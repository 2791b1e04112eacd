"""Cloze tests of CodeXGLUE in their original files, and answers that are placeholders."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from xtreme_harness import DataError, Folders
from xtreme_harness.data.access import data_files, gold_files
from xtreme_harness.kinds.cloze.kind import Cloze
from xtreme_harness.registry import Registry

CODES = ("ruby", "javascript", "go", "python", "java", "php")
TEST = {"idx": "maxmin-1", "nl_tokens": ["Finds", "the  largest"], "pl_tokens": ["v", "=", "<mask>", "(\n", "a", ")"]}


@pytest.fixture
def folders(places: Callable[..., Folders]) -> Folders:
    """Two tests in each of six programming languages, as CodeXGLUE lays them out."""
    found = places()
    folder = found.originals / "data" / "cloze-maxmin"
    for code in CODES:
        (folder / code).mkdir(parents=True)
        tests = [TEST, {**TEST, "idx": "maxmin-2", "pl_tokens": [*TEST["pl_tokens"], code]}]
        (folder / code / "clozeTest.json").write_text(json.dumps(tests), encoding="utf-8")
    (folder / "cloze_test_words.txt").write_text("max\nmin", encoding="utf-8")
    return found


@pytest.fixture
def imported(folders: Folders, registry: Registry) -> Folders:
    task = registry.target_task("cloze_maxmin")
    assert task.import_files is not None
    task.import_files(folders)
    return folders


def rows(registry: Registry, folders: Folders) -> list[dict[str, Any]]:
    task = registry.task("cloze_maxmin")
    return list(task.read("test", "en", data_files(task, "test", "en", folders.data)))


def test_docstring_and_code_are_around_the_gap(imported: Folders, registry: Registry) -> None:
    found = rows(registry, imported)
    assert [row["id"] for row in found] == [f"{code}-maxmin-{number}" for code in CODES for number in (1, 2)]
    assert found[7] == {
        "id": "python-maxmin-2",
        "before": "Finds the largest v =",
        "after": "( a ) python",
        "choices": ("max", "min"),
    }
    assert not [row for row in found if Cloze().input_problem(row)]


@pytest.mark.parametrize(
    "change",
    [{"pl_tokens": ["v"]}, {"pl_tokens": ["<mask>", "<mask>"]}, {"nl_tokens": "text"}, {"idx": 3}],
    ids=["no gap", "two gaps", "no tokens", "no id"],
)
def test_unsound_tests_are_told(change: dict[str, Any], imported: Folders, registry: Registry) -> None:
    path = imported.data / "intermediate" / "cloze-maxmin" / "go" / "clozeTest.json"
    path.write_text(json.dumps([TEST, {**TEST, **change}]), encoding="utf-8")
    with pytest.raises(DataError, match=r"go/clozeTest\.json: test 1 from 0: must have a text idx and lists"):
        rows(registry, imported)


def answers(folders: Folders, registry: Registry, line: str) -> list[dict[str, Any]]:
    task = registry.task("cloze_maxmin")
    for code in CODES:
        path = folders.labels / "intermediate" / "cloze-maxmin" / code / "answers.txt"
        path.parent.mkdir(parents=True)
        path.write_text(f"maxmin-1<CODESPLIT>max\n{line}\n", encoding="utf-8")
    assert task.read_gold is not None
    return list(task.read_gold("test", "en", gold_files(task, "test", "en", folders.data, folders.labels)))


def test_answers_are_those_of_the_tests(imported: Folders, registry: Registry) -> None:
    gold = answers(imported, registry, "maxmin-2<CODESPLIT>min")
    assert [row["answer"] for row in gold] == ["max", "min"] * 6
    Cloze().check_gold(rows(registry, imported), gold, "answers.txt")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("maxmin-2<CODESPLIT>token2", "'token2' is a placeholder: CodeXGLUE does not release the answers"),
        ("maxmin-2 min", "must be an id and a word, with <CODESPLIT> between"),
    ],
)
def test_placeholders_are_refused(line: str, told: str, imported: Folders, registry: Registry) -> None:
    with pytest.raises(DataError, match=rf"ruby/answers\.txt, line 2: {told}"):
        answers(imported, registry, line)


def test_answers_that_are_no_words_of_the_test_are_refused(imported: Folders, registry: Registry) -> None:
    gold = answers(imported, registry, "maxmin-2<CODESPLIT>?")
    with pytest.raises(DataError, match=r"id ruby-maxmin-2: answer '\?' is none of its choices"):
        Cloze().check_gold(rows(registry, imported), gold, "answers.txt")


@pytest.mark.parametrize("name", ["cloze_maxmin", "cloze_all"])
def test_both_are_targets_and_train_nothing(name: str, registry: Registry) -> None:
    task = registry.target_task(name)
    assert name not in registry.names("task", "intermediate") and not registry.kind(task.kind).trainable
    assert task.homepage and task.citation and task.licence and task.sources[0].steps.startswith("by hand: ")
    assert task.files("train", "en") == () and len(task.files("test", "en")) == 7
