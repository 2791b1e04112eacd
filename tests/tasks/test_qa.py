"""QA tasks in XTREME's layout: files, normal form, languages, label files, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Task
from xtreme_harness.data.access import checked
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.span.kind import Span
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry
from xtreme_tasks.squad.document import read_squad, sound_questions, without_answers
from xtreme_tasks.tydiqa import NAMES, SIZES, language_name

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "qa_strip_labels.json").read_text(encoding="utf-8"))
ENGLISH_TRAINING_QUESTIONS = SIZES["train"]["en"]
CONTEXT = "Amina lives in Lima, Juma in Oslo."


def document(*ids: str, answer: str = "Lima", start: int = 15, context: str = CONTEXT) -> dict[str, Any]:
    """SQuAD JSON with one paragraph and a question of each id."""
    answers = [{"answer_start": start, "text": answer}]
    questions = [{"id": id, "question": "Where does Amina live?", "answers": answers} for id in ids]
    return {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": context, "qas": questions}]}]}


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def gold_of(task: Task, language: str, path: Path) -> list[dict[str, Any]]:
    """The label file's examples as a score unit checks them."""
    assert task.read_gold is not None
    examples = task.read_gold("test", language, (path,))
    return list(checked(examples, (path,), lambda example: Span().gold_problem(example, {})))


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["id"])
def test_answers_are_emptied_as_the_downloader_does(vector: dict[str, Any]) -> None:
    given, expected = vector["input"]["document"], vector["expected"]
    if "error" in expected:
        with pytest.raises(DataError, match="which is not at 3"):
            sound_questions("document", given)
    else:
        assert sound_questions("document", given)
        assert without_answers(given) == expected


def test_questions_come_in_normal_form(tmp_path: Path) -> None:
    rows = list(read_squad(write(tmp_path / "a.json", document("1", "2"))))
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[0] == {
        "id": "1",
        "group": "context-0",
        "context": CONTEXT,
        "question": "Where does Amina live?",
        "answers": [{"text": "Lima", "start": 15}],
    }
    assert list(read_squad(write(tmp_path / "bare.json", document("1", "2")["data"]))) == rows


def test_groups_are_the_same_with_emptied_answers(tmp_path: Path) -> None:
    """There each question is an article of its own, with its context repeated."""
    whole = document("1", "2")
    whole["data"] += document("3", context="Lima is far. " + CONTEXT, start=0)["data"]
    plain, emptied = (
        read_squad(write(tmp_path / name, one)) for name, one in (("a", whole), ("b", without_answers(whole)))
    )
    assert (
        [row["group"] for row in plain] == [row["group"] for row in emptied] == ["context-0", "context-0", "context-1"]
    )


def test_impossible_questions_say_so(tmp_path: Path) -> None:
    value = document("1")
    value["data"][0]["paragraphs"][0]["qas"][0] |= {"answers": [], "is_impossible": True}
    (row,) = read_squad(write(tmp_path / "a.json", value))
    assert (row["answers"], row["impossible"]) == ([], True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "Git LFS pointer"),
        ('{"data": [', "is not JSON"),
        ('\ufeff{"data": []}', "byte order mark"),
        ('{"data": [{"title": "t"}]}', "is not SQuAD JSON (KeyError: 'paragraphs')"),
        ('{"data": ["t"]}', "is not SQuAD JSON (TypeError"),
        ('{"data": 3}', "is not SQuAD JSON (TypeError"),
    ],
)
def test_what_is_no_squad_json_is_refused(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        list(read_squad(write(tmp_path / "a.json", content)))
    assert told in str(caught.value)
    assert "a.json" in str(caught.value)


@pytest.mark.parametrize(("name", "number"), [("xquad", 11), ("mlqa", 7), ("tydiqa", 9)])
def test_tasks_are_as_xtreme_has_them(registry: Registry, name: str, number: int) -> None:
    task = registry.target_task(name)
    assert (task.kind, len(task.languages), task.comparable) == ("span", number, True)
    assert task.train_on == (None if name == "tydiqa" else "squad_v1")
    assert [registry.metric(metric).shown for metric in task.headline] == ["exact_match", "f1"]
    assert [registry.metric(metric).by_language for metric in task.headline] == [name == "mlqa"] * 2
    assert task.gold_files is not None
    assert task.gold_files("test", "ar") == (f"{name}/test-ar.json",)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("xquad", "xquad/xquad.ar.json"),
        ("mlqa", "mlqa/MLQA_V1/test/test-context-ar-question-ar.json"),
        ("tydiqa", "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.ar.dev.json"),
    ],
)
def test_test_files_are_those_of_the_download(registry: Registry, name: str, file: str) -> None:
    assert registry.task(name).files("test", "ar") == (file,)


@pytest.mark.parametrize("name", ["squad_v1", "tydiqa"])
def test_no_part_is_there_to_select_on(registry: Registry, name: str) -> None:
    """SQuAD's dev set holds XQuAD's English questions; TyDiQA's "dev" files are its test set."""
    assert registry.task(name).files("dev", "en") == ()


@pytest.mark.parametrize("task", ["xquad", "tydiqa"])
def test_selection_on_dev_is_refused(
    registry: Registry, plan_of: Callable[..., Plan], tiny_xlmr: Path, tmp_path: Path, task: str
) -> None:
    for file in ("squad/train-v1.1.json", "tydiqa/tydiqa-goldp-v1.1-train.json"):
        write(tmp_path / "data" / file, document("1"))
    write(tmp_path / "data" / registry.task(task).files("test", "en")[0], document("1"))
    settings = ((task, "selection", "english-dev"),)
    with pytest.raises(RequestError, match="no English dev part to select on"):
        plan_of(tiny_xlmr, task, data=str(tmp_path / "data"), languages=("en",), settings=settings, recipe="xtreme")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (without_answers(document("1")), "labels were removed"),
        (document("1", start=14), "does not stand at 14"),
        (document("1", "1"), "the id '1' is there twice"),
        ({"data": []}, "holds no example at all"),
    ],
    ids=["placeholder", "offset", "twice", "empty"],
)
def test_unsound_labels_are_refused(registry: Registry, tmp_path: Path, value: Any, told: str) -> None:
    path = write(tmp_path / "test-de.json", value)
    with pytest.raises(DataError, match=told):
        gold_of(registry.task("xquad"), "de", path)


# --- TyDiQA ----------------------------------------------------------------------------------------------------------


def training_ids(english: int = ENGLISH_TRAINING_QUESTIONS) -> list[str]:
    return [f"english--{number}-1" for number in range(english)] + ["telugu--5-0", "englishman-1-1"]


def read_tydiqa(registry: Registry, path: Path, split: str, language: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    return list(registry.task("tydiqa").read(split, language, (write(path, document(*ids)),)))


def test_only_english_questions_are_trained_on(registry: Registry, tmp_path: Path) -> None:
    rows = read_tydiqa(registry, tmp_path / "train.json", "train", "en", training_ids())
    assert len(rows) == ENGLISH_TRAINING_QUESTIONS
    assert {language_name(row["id"]) for row in rows} == {"english"}


@pytest.mark.parametrize("english", [0, ENGLISH_TRAINING_QUESTIONS - 1, ENGLISH_TRAINING_QUESTIONS + 1])
def test_the_english_training_part_must_be_whole(registry: Registry, tmp_path: Path, english: int) -> None:
    with pytest.raises(DataError, match=f"holds {english} English questions, expected 3696"):
        read_tydiqa(registry, tmp_path / "train.json", "train", "en", training_ids(english))


def test_ids_are_cut_at_the_first_hyphen_only() -> None:
    assert language_name("telugu--2245295572008910947-0") == "telugu"
    assert len(set(NAMES.values())) == 9


def test_a_test_file_of_another_language_is_refused(registry: Registry, tmp_path: Path) -> None:
    assert len(read_tydiqa(registry, tmp_path / "a.json", "test", "te", ["telugu--1-0", "telugu-2-0"])) == 2
    with pytest.raises(DataError, match="holds english-1-0, which is no telugu question"):
        read_tydiqa(registry, tmp_path / "a.json", "test", "te", ["telugu--1-0", "english-1-0"])


# --- the bundled task ------------------------------------------------------------------------------------------------


def test_the_bundled_questions_are_sound_and_parallel(registry: Registry) -> None:
    task = registry.target_task("mini.qa")
    parts = [("train", "en"), ("dev", "en"), *(("test", code) for code in task.languages)]
    found = {}
    for split, code in parts:
        files = tuple(Path(name) for name in task.files(split, code))
        rows = checked(task.read(split, code, files), files, lambda row: Span().gold_problem(row, {}))
        found[split, code] = [(row["id"], row["group"]) for row in rows]
    assert [len(found[part]) for part in parts] == [360, 24, *[60] * 10]
    assert all(found["test", code] == found["test", "en"] for code in task.languages)
    assert len({group for _, group in found["test", "en"]}) == 20
