"""QA tasks from their original files: what is written where, and what is refused before anything is."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Folders, MissingData
from xtreme_harness.registry import Registry
from xtreme_harness.scoring.folders.score import Report
from xtreme_tasks.squad.document import without_answers
from xtreme_tasks.tydiqa import NAMES

Places = Callable[..., Folders]
Question = tuple[str, str, list[tuple[str, int]]]  # id, question, answers with their starts

CONTEXTS = {
    "en": "Amina lives in Lima. Juma moved to Oslo.",
    "de": "Amina wohnt in München.\u00a0Juma zog nach Köln.",
    "zh": "阿米娜住在利马。朱马搬到了奥斯陆。",
    "th": "อามินาอาศัยอยู่ในลิมา จูมาย้ายไปออสโล",
}
TOWNS = {"en": ("Lima", "Oslo"), "de": ("München", "Köln"), "zh": ("利马", "奥斯陆"), "th": ("ลิมา", "ออสโล")}


def squad(*questions: Question, context: str) -> dict[str, Any]:
    """SQuAD JSON of one article with one paragraph."""
    asked = [
        {
            "id": id,
            "question": text,
            "answers": [{"answer_start": start, "text": answer} for answer, start in answers],
        }
        for id, text, answers in questions
    ]
    return {"version": "1.1", "data": [{"title": "Towns", "paragraphs": [{"context": context, "qas": asked}]}]}


def towns(language: str, *ids: str) -> dict[str, Any]:
    """A question for each id, about the towns in turn; the odd ones have a second answer."""
    context, names = CONTEXTS[language], TOWNS[language]
    questions: list[Question] = []
    for place, id in enumerate(ids):
        town = names[place % 2]
        start = context.index(town)
        questions.append((id, f"{town}?", [(town, start), (town[:2], start)][: 2 - place % 2]))
    return squad(*questions, context=context)


def wrote(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str | bytes) else json.dumps(content, ensure_ascii=False)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def names(*folders: Path) -> list[str]:
    """All files below folders, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for folder in folders for path in folder.rglob("*") if path.is_file())


def bring(registry: Registry, task: str, folders: Folders) -> None:
    import_files = registry.task(task).import_files
    assert import_files is not None
    import_files(folders)


def rows(registry: Registry, task: str, language: str, folders: Folders, gold: bool = False) -> list[dict[str, Any]]:
    """What the task's readers make of the written files."""
    found = registry.task(task)
    reader, files, folder = (
        (found.read_gold, found.gold_files, folders.labels) if gold else (found.read, found.files, folders.data)
    )
    assert reader is not None and files is not None
    return list(reader("test", language, tuple(folder / name for name in files("test", language))))


# Where the original test file of a language lies, what the data folder calls it, and ids of its questions.
TESTS = {
    "xquad": ("xquad.{0}.json", "xquad/xquad.{0}.json", ("a1", "a2", "a3")),
    "mlqa": (
        "MLQA_V1/test/test-context-{0}-question-{0}.json",
        "mlqa/MLQA_V1/test/test-context-{0}-question-{0}.json",
        ("b1", "b2", "b3"),
    ),
    "tydiqa": (
        "tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-english.json",
        "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{0}.dev.json",
        ("english--1-0", "english-2-10", "english-3-1"),
    ),
}
each_task = pytest.mark.parametrize("task", TESTS)


@each_task
def test_questions_go_to_the_data_folder_and_gold_to_the_label_folder(
    task: str, registry: Registry, places: Places, score_returned: Callable[[Path], Report]
) -> None:
    original, data, ids = TESTS[task]
    folders, gold = places(), towns("en", *ids)
    source = wrote(folders.originals / original.format("en"), gold)
    bring(registry, task, folders)
    assert names(folders.data, folders.labels) == sorted([data.format("en"), f"{task}/test-en.json"])
    assert json.loads((folders.data / data.format("en")).read_bytes()) == without_answers(gold)
    assert (folders.labels / task / "test-en.json").read_bytes() == source.read_bytes()
    inputs, answers = (rows(registry, task, "en", folders, gold=gold) for gold in (False, True))
    assert [row["id"] for row in inputs] == [row["id"] for row in answers] == list(ids)
    assert [(row["group"], row["context"]) for row in inputs] == [(row["group"], row["context"]) for row in answers]
    assert {row["answers"][0]["text"] for row in inputs} == {""}
    report = score_returned(folders.labels)
    assert report.languages[task]["en"] == {"exact_match": 100.0, "f1": 100.0}


def test_gold_scores_100_in_languages_without_spaces(
    registry: Registry, places: Places, score_returned: Callable[[Path], Report]
) -> None:
    folders = places()
    for language in ("de", "zh", "th"):
        wrote(folders.originals / f"xquad.{language}.json", towns(language, "1", "2"))
    for language in ("de", "zh"):
        wrote(folders.originals / f"test-context-{language}-question-{language}.json", towns(language, "1", "2"))
    for task in ("xquad", "mlqa"):
        bring(registry, task, folders)
    found = score_returned(folders.labels).languages
    figures = {(task, code): found[task][code] for task in found for code in found[task]}
    expected = [("xquad", "de"), ("xquad", "th"), ("xquad", "zh"), ("mlqa", "de"), ("mlqa", "zh")]
    assert figures == {key: {"exact_match": 100.0, "f1": 100.0} for key in expected}


def test_only_the_task_s_files_are_taken(registry: Registry, places: Places) -> None:
    """XQuAD has a Romanian file that XTREME has not; of MLQA's 49 pairs, seven are scored."""
    folders = places()
    for name in ("xquad.en.json", "xquad.ro.json", "xquad.en.json.bak"):
        wrote(folders.originals / name, towns("en", "1"))
    for name in ("test-context-en-question-en", "test-context-en-question-de", "dev-context-en-question-en"):
        wrote(folders.originals / "MLQA_V1" / f"{name}.json", towns("en", "2", "3"))
    for task in ("xquad", "mlqa"):
        bring(registry, task, folders)
    assert names(folders.labels) == ["mlqa/test-en.json", "xquad/test-en.json"]
    dev, test = "mlqa/MLQA_V1/dev/dev-context-en-question-en.json", "mlqa/MLQA_V1/test/test-context-en-question-en.json"
    assert names(folders.data) == [dev, test, "xquad/xquad.en.json"]
    assert json.loads((folders.data / dev).read_bytes()) == towns("en", "2", "3")  # dev keeps its answers


def test_mlqa_comes_out_of_its_archive(registry: Registry, places: Places) -> None:
    folders = places()
    folders.originals.mkdir()
    with zipfile.ZipFile(folders.originals / "MLQA_V1.zip", "w") as archive:
        for split, language, question in (("dev", "en", "en"), ("test", "en", "en"), ("test", "en", "de")):
            name = f"MLQA_V1/{split}/{split}-context-{language}-question-{question}.json"
            archive.writestr(name, json.dumps(towns("en", split)))
    bring(registry, "mlqa", folders)
    assert [row["id"] for row in rows(registry, "mlqa", "en", folders, gold=True)] == ["test"]
    assert len(names(folders.data)) == 2


def test_a_language_outside_mlqa_s_seven_is_refused(registry: Registry, places: Places) -> None:
    folders = places()
    for language in ("en", "fr"):
        wrote(folders.originals / f"test-context-{language}-question-{language}.json", towns("en", "1"))
    with pytest.raises(DataError, match=r"question-fr\.json: is in none of the task's languages \(en, es, de, ar, hi"):
        bring(registry, "mlqa", folders)
    assert names(folders.data) == []


def one(answers: Iterable[tuple[str, int]], id: str = "7") -> dict[str, Any]:
    return squad(("6", "Where?", [("Lima", 15)]), (id, "Where?", list(answers)), context=CONTEXTS["en"])


UNSOUND = {
    "offset": (one([("Lima", 14)]), "question '7' has the answer 'Lima', which is not at 14"),
    "second answer": (one([("Lima", 15), ("Oslo", 34)]), "question '7' has the answer 'Oslo', which is not at 34"),
    "before the start": (one([("Lima", -25)]), "which is not at -25"),
    "no answer": (one([]), "question '7' has no answer"),
    "emptied": (one([("", 0)]), "question '7' has an empty answer: its label was removed"),
    "twice": (one([("Oslo", 35)], id="6"), "question '6' stands there twice"),
    "download": (without_answers(towns("en", "1", "2")), "question '1' has an empty answer: its label was removed"),
    "empty": ({"version": "1.1", "data": []}, "holds no question"),
    "no file": ("", "is not JSON"),
    "cut": (json.dumps(towns("en", "1"))[:-9], "line 1: is not JSON"),
    "another shape": ({"data": [{"title": "t"}]}, "is not SQuAD JSON (KeyError: 'paragraphs')"),
    "number as text": (one([(7, 15)]), "has an answer without a text"),  # type: ignore[list-item]
    "id": (one([("Lima", 15)], id=7), "has an id, context or question that is no text"),  # type: ignore[arg-type]
    "byte order mark": (b"\xef\xbb\xbf{}", "line 1: begins with a byte order mark"),
    "not utf-8": (b'{\n"data": "M\xfcnchen"}', "line 2: is not UTF-8"),
    "nul": (b'{"data":\n\n\0}', "line 3: holds a NUL character"),
    "half a pair": ('{"data": "\\ud83d"}', "holds half a surrogate pair"),
    "pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "is a Git LFS pointer"),
    "nested": ("[" * 100_000, "is nested too deeply"),
}


@pytest.mark.parametrize(("content", "told"), UNSOUND.values(), ids=UNSOUND)
def test_what_cannot_be_gold_is_refused_and_nothing_is_written(
    content: Any, told: str, registry: Registry, places: Places
) -> None:
    folders = places()
    wrote(folders.originals / "xquad.de.json", towns("de", "1", "2"))
    wrote(folders.originals / "xquad.en.json", content)
    with pytest.raises(DataError, match=r"xquad\.en\.json") as caught:
        bring(registry, "xquad", folders)
    assert told in str(caught.value)
    assert names(folders.data) == [] and not folders.labels.exists()


@each_task
def test_an_official_import_needs_the_benchmark_s_counts(task: str, registry: Registry, places: Places) -> None:
    original, _, ids = TESTS[task]
    folders = places(official=True)
    wrote(folders.originals / original.format("en"), towns("en", *ids))
    number = registry.task(task).sizes["test"]["en"]
    with pytest.raises(
        DataError, match=f"3 test examples of en are here, the benchmark has {number}: a file is missing"
    ):
        bring(registry, task, folders)
    assert names(folders.data) == []


@pytest.mark.parametrize("task", ["squad_v1", "xquad", "mlqa", "tydiqa"])
def test_a_folder_without_originals_is_missing_data(task: str, registry: Registry, places: Places) -> None:
    folders = places()
    wrote(folders.originals / "readme.txt", "nothing")
    with pytest.raises(
        MissingData,
        match=r"originals: holds n.*(train-v1\.1\.json|xquad\.en\.json|MLQA_V1\.zip|tydiqa-goldp-v1\.1-train)",
    ):
        bring(registry, task, folders)


def test_a_second_import_replaces_the_first(registry: Registry, places: Places) -> None:
    folders = places()
    for ids in (("1", "2"), ("3",)):
        wrote(folders.originals / "xquad.en.json", towns("en", *ids))
        bring(registry, "xquad", folders)
    assert [row["id"] for row in rows(registry, "xquad", "en", folders, gold=True)] == ["3"]
    assert names(folders.data, folders.labels) == ["xquad/test-en.json", "xquad/xquad.en.json"]


# --- SQuAD -----------------------------------------------------------------------------------------------------------


def test_squad_s_training_file_is_copied(registry: Registry, places: Places) -> None:
    folders = places()
    source = wrote(folders.originals / "train-v1.1.json", json.dumps(towns("en", "1", "2"), indent=2))
    wrote(folders.originals / "dev-v1.1.json", towns("en", "3"))
    bring(registry, "squad_v1", folders)
    assert names(folders.data, folders.labels) == ["squad/train-v1.1.json"]
    assert (folders.data / "squad" / "train-v1.1.json").read_bytes() == source.read_bytes()


def test_a_training_set_with_xquad_s_questions_is_refused(registry: Registry, places: Places) -> None:
    """Copies of SQuAD's dev set go by the name of its training set; XQuAD's questions are a part of it."""
    told = r"train-v1\.1\.json: holds 1 questions of XQuAD's test set, a2 among them"
    folders = places()
    wrote(folders.originals / "train-v1.1.json", towns("en", "b1", "a2"))
    wrote(folders.originals / "xquad.de.json", towns("de", "a1", "a2"))
    with pytest.raises(DataError, match=told):
        bring(registry, "squad_v1", folders)
    (folders.originals / "xquad.de.json").rename(folders.originals / "kept")
    bring(registry, "squad_v1", folders)  # XQuAD is not at hand
    wrote(folders.originals / "xquad.en.json", towns("en", "a1", "a2"))
    with pytest.raises(DataError, match=told):
        bring(registry, "xquad", folders)
    assert names(folders.data) == ["squad/train-v1.1.json"]


def test_an_imported_xquad_is_at_hand(registry: Registry, places: Places) -> None:
    folders = places()
    wrote(folders.originals / "xquad.en.json", towns("en", "a1", "a2"))
    bring(registry, "xquad", folders)
    (folders.originals / "xquad.en.json").unlink()
    wrote(folders.originals / "train-v1.1.json", towns("en", "a1", "a2"))
    with pytest.raises(DataError, match="holds 2 questions of XQuAD's test set, a1 among them"):
        bring(registry, "squad_v1", folders)


# --- TyDiQA ----------------------------------------------------------------------------------------------------------


def test_tydiqa_s_training_file_is_copied_and_split_with_whole_ids(registry: Registry, places: Places) -> None:
    """XTREME's downloader cuts `english--17-3` to `3`, which then repeats."""
    folders = places()
    whole = towns("en", "english--17-3", "telugu--5-0", "english-18-3")
    source = wrote(folders.originals / "tydiqa-goldp-v1.1-train.json", whole)
    bring(registry, "tydiqa", folders)
    assert (folders.data / "tydiqa" / "tydiqa-goldp-v1.1-train.json").read_bytes() == source.read_bytes()
    split = "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{}.train.json"
    assert names(folders.data) == ["tydiqa/tydiqa-goldp-v1.1-train.json", split.format("en"), split.format("te")]
    english = json.loads((folders.data / split.format("en")).read_bytes())
    (first,), (second,) = (article["paragraphs"][0]["qas"] for article in english["data"])
    assert (english["version"], first["id"], second["id"]) == ("1.1", "english--17-3", "english-18-3")
    assert first["answers"] == whole["data"][0]["paragraphs"][0]["qas"][0]["answers"]


def test_tydiqa_s_tests_come_out_of_the_archive_called_dev(registry: Registry, places: Places) -> None:
    folders = places()
    wrote(folders.originals / "tydiqa-goldp-v1.1-train.json", towns("en", "english-1-0"))
    with tarfile.open(folders.originals / "tydiqa-goldp-v1.1-dev.tgz", "w:gz") as archive:
        for name in NAMES.values():
            path = wrote(folders.originals.parent / "packed.json", towns("en", f"{name}-1-0"))
            archive.add(path, arcname=f"tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json")
    bring(registry, "tydiqa", folders)
    for language, name in NAMES.items():
        inputs, gold = (rows(registry, "tydiqa", language, folders, gold=gold) for gold in (False, True))
        assert [row["id"] for row in inputs] == [row["id"] for row in gold] == [f"{name}-1-0"]
        assert gold[0]["answers"][0]["text"] == "Lima"


@pytest.mark.parametrize(
    ("file", "ids", "told"),
    [
        (
            "tydiqa-goldp-dev-telugu.json",
            ["telugu--1-0", "english-1-0"],
            "holds english-1-0, which is no telugu question",
        ),
        ("tydiqa-goldp-dev-thai.json", ["thai-1-0"], r"is in none of the task's languages \(english, arabic"),
        ("tydiqa-goldp-dev-telugu.json", ["0", "1"], "the id '0' begins with none of english, arabic"),
        ("tydiqa-goldp-v1.1-train.json", ["english-1-0", "0"], "the id '0' begins with none of english, arabic"),
        ("tydiqa-goldp-v1.1-train.json", ["english-1-0", "english-1-0"], "question 'english-1-0' stands there twice"),
    ],
)
def test_tydiqa_s_ids_name_their_language(
    file: str, ids: list[str], told: str, registry: Registry, places: Places
) -> None:
    folders = places()
    wrote(folders.originals / file, towns("en", *ids))
    with pytest.raises(DataError, match=told):
        bring(registry, "tydiqa", folders)
    assert names(folders.data) == []


def test_an_official_tydiqa_needs_every_language_s_training_questions(registry: Registry, places: Places) -> None:
    folders = places(official=True)
    english = registry.task("tydiqa").sizes["train"]["en"]
    wrote(folders.originals / "tydiqa-goldp-v1.1-train.json", towns("en", *(f"english-{n}-0" for n in range(english))))
    with pytest.raises(DataError, match="0 train examples of ar are here, the benchmark has 14805"):
        bring(registry, "tydiqa", folders)


# --- what is registered ----------------------------------------------------------------------------------------------


def test_counts_add_up_to_those_of_the_hub(registry: Registry) -> None:
    sizes = {name: registry.task(name).sizes for name in ("squad_v1", "xquad", "mlqa", "tydiqa")}
    assert {
        (name, split): sum(counts.values()) for name, parts in sizes.items() for split, counts in parts.items()
    } == {
        ("squad_v1", "train"): 87_599,
        ("xquad", "test"): 11 * 1_190,
        ("mlqa", "dev"): 4_199,
        ("mlqa", "test"): 42_245,
        ("tydiqa", "train"): 49_881,
        ("tydiqa", "test"): 5_077,
    }


@pytest.mark.parametrize("name", ["squad_v1", "xquad", "mlqa", "tydiqa", "udpos", "panx"])
def test_sources_tell_where_a_task_comes_from(name: str, registry: Registry) -> None:
    task = registry.task(name)
    assert len({source.file for source in task.sources}) == len(task.sources) > 0
    for source in task.sources:
        assert source.address.startswith("https://") and source.licence
        assert source.steps or len(source.sha256 or "") == 64
