"""Tasks from rows of hub sets: which parts are asked for, and each trap of those sets repaired or refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import DataError, Folders, HubSet
from xtreme_harness.registry import Registry
from xtreme_harness.scoring.folders.score import Report
from xtreme_tasks import panx, udpos
from xtreme_tasks.squad.document import questions, without_answers
from xtreme_tasks.squad.rows import document_of
from xtreme_tasks.tydiqa import NAMES
from xtreme_tasks.udpos.hub import NAMES as UD_NAMES

Places = Callable[..., Folders]
Row = dict[str, Any]


def asked(id: str, context: str, *answers: tuple[str, int], question: str = "Where?") -> Row:
    """A row of a QA set."""
    texts, starts = [text for text, _ in answers], [start for _, start in answers]
    return {"id": id, "context": context, "question": question, "answers": {"text": texts, "answer_start": starts}}


LIMA = asked("a", "Amina lives in Lima.", ("Lima", 15))


class Hub:
    """A set's rows by configuration and split; remembers what was asked for. All parts hold `rows` but those named."""

    def __init__(self, rows: Iterable[Row], named: Mapping[tuple[str, str], Iterable[Row]] | None = None) -> None:
        self.rows, self.named = list(rows), dict(named or {})
        self.parts: list[tuple[str, str]] = []

    def __call__(self, config: str, split: str) -> Iterable[Row]:
        self.parts.append((config, split))
        return iter(self.named.get((config, split), self.rows))


def hub_set(registry: Registry, task: str, id: str) -> HubSet:
    (found,) = (one for one in registry.task(task).hub if one.id == id)
    return found


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


XQUAD = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
MLQA = ("en", "es", "de", "ar", "hi", "vi", "zh")


@pytest.mark.parametrize(
    ("task", "id", "parts"),
    [
        ("squad_v1", "rajpurkar/squad", [("plain_text", "train")]),
        ("squad_v1", "google/xtreme", [("SQuAD", "train")]),
        ("xquad", "google/xquad", [(f"xquad.{code}", "validation") for code in XQUAD]),
        ("xquad", "google/xtreme", [(f"XQuAD.{code}", "validation") for code in XQUAD]),
        *(
            ("mlqa", id, [(f"{name}.{code}.{code}", split) for split in ("validation", "test") for code in MLQA])
            for id, name in (("facebook/mlqa", "mlqa"), ("google/xtreme", "MLQA"))
        ),
    ],
)
def test_every_part_becomes_the_file_that_an_import_gives(
    task: str, id: str, parts: list[tuple[str, str]], registry: Registry, places: Places
) -> None:
    """What the hub calls validation is XQuAD's test set, and MLQA's dev set (trap 15)."""
    folders, hub = places(), Hub([LIMA, {**LIMA, "id": "b"}])
    hub_set(registry, task, id).write(hub, folders)
    assert hub.parts == parts
    found = registry.task(task)
    for language in found.languages:
        split = "train" if task == "squad_v1" else "test"
        (data,) = (folders.data / name for name in found.files(split, language))
        content = json.loads(data.read_bytes())
        if split == "test":
            gold = json.loads((folders.labels / task / f"test-{language}.json").read_bytes())
            assert content == without_answers(gold)
            content = gold
        assert [(row["id"], row["answers"]) for row in questions(data, content)] == [
            (id, [{"text": "Lima", "start": 15}]) for id in "ab"
        ]


@pytest.mark.parametrize("id", ["google-research-datasets/tydiqa", "google/xtreme"])
def test_tydiqa_s_rows_are_told_apart_by_their_ids(id: str, registry: Registry, places: Places) -> None:
    """All languages lie in one configuration, without a column that names them (trap 12)."""
    config = {"google/xtreme": "tydiqa"}.get(id, "secondary_task")
    mixed = [{**LIMA, "id": f"{name}--{number}-0"} for number in range(2) for name in NAMES.values()]
    folders, hub = places(), Hub(mixed)
    hub_set(registry, "tydiqa", id).write(hub, folders)
    assert hub.parts == [(config, "train"), (config, "validation")]
    task = registry.task("tydiqa")
    assert task.read_gold is not None
    for language, name in NAMES.items():
        gold = list(task.read_gold("test", language, (folders.labels / "tydiqa" / f"test-{language}.json",)))
        inputs = list(task.read("test", language, (folders.data / task.files("test", language)[0],)))
        assert [row["id"] for row in gold] == [row["id"] for row in inputs] == [f"{name}--0-0", f"{name}--1-0"]
    train = folders.data / "tydiqa" / "tydiqa-goldp-v1.1-train.json"
    assert [row["id"] for row in questions(train, json.loads(train.read_bytes()))] == [row["id"] for row in mixed]


def test_gold_from_the_hub_scores_100(
    registry: Registry, places: Places, score_returned: Callable[[Path], Report]
) -> None:
    hub_set(registry, "xquad", "google/xquad").write(Hub([LIMA]), places())
    assert score_returned(places().labels).averages["xquad"]["avg_metric"] == 100


@pytest.mark.parametrize("task", ["squad_v1", "xquad", "mlqa", "tydiqa", "panx"])
def test_an_official_import_from_the_hub_needs_the_benchmark_s_counts(
    task: str, registry: Registry, places: Places
) -> None:
    row = TAGGED if task == "panx" else {**LIMA, "id": "english-1-0"}
    for one in registry.task(task).hub:
        with pytest.raises(DataError, match=r"1 (train|dev|test) examples of \w\w are here, the benchmark has"):
            one.write(Hub([row]), places(official=True))
        assert not one.unfit
    assert names(places().data) == []


def test_xquad_s_questions_are_no_training_set_from_the_hub_either(registry: Registry, places: Places) -> None:
    hub_set(registry, "xquad", "google/xquad").write(Hub([LIMA]), places())
    with pytest.raises(DataError, match="google/xtreme, SQuAD, train: holds 1 questions of XQuAD's test set"):
        hub_set(registry, "squad_v1", "google/xtreme").write(Hub([LIMA]), places())


# --- Offsets (trap 11) -----------------------------------------------------------------------------------------------


def starts(*rows: Row) -> list[int]:
    """Where answers stand in the end; each is at its place."""
    found = [
        (row["context"], answer) for row in questions("set", document_of("set", rows)) for answer in row["answers"]
    ]
    assert all(context.startswith(answer["text"], answer["start"]) for context, answer in found)
    return [answer["start"] for _, answer in found]


@pytest.mark.parametrize(
    ("context", "answers", "expected"),
    [
        ("Lima, then Oslo.", [("Lima", 0), ("Oslo", 11)], [0, 11]),
        ("Lima, then Oslo.", [("Lima", 3), ("Oslo", 14)], [0, 11]),  # three spaces were stripped off the context
        ("Lima, then Oslo.", [("Oslo", 10)], [11]),  # a space was stripped off the answer
        ("Lima, then Oslo.", [("Oslo", 12), ("then", 7)], [11, 6]),  # a space off the context
        ("Lima, then Oslo.", [("Oslo", 12), ("then", 6)], [11, 6]),  # one off the context, one off the second answer
        ("Oslo: 7 of 17", [("7", 5)], [6]),  # the space before the answer, not the 7 further on
        ("利马\u3000奥斯陆", [("奥斯陆", 2)], [3]),
        ("Lima, then Oslo.", [], []),
    ],
)
def test_answers_are_found_where_stripping_left_them(
    context: str, answers: list[tuple[str, int]], expected: list[int]
) -> None:
    assert starts(asked("a", context, *answers)) == expected


def test_all_answers_of_a_context_move_alike() -> None:
    """`a` alone could stand at 3 (nothing lost) or 0: the other question's answer tells."""
    context = "a b a c"
    assert starts(asked("1", context, ("a", 4))) == [4]
    assert starts(asked("1", context, ("a", 4)), asked("2", context, ("c", 10))) == [0, 6]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([("Oslo", 3)], "question '9' has the answer 'Oslo', which is not at 3 in its context, nor where white space"),
        ([("Lima", 0), ("Oslo", 14)], "the answer 'Oslo', which is not at 14"),
        ([("Cusco", 0)], "the answer 'Cusco', which is not at 0"),
        ([("Lima", 99)], "the answer 'Lima', which is not at 99"),  # there, but further off than any white space
        ([("Lima", -1)], "the answer 'Lima', which is not at -1"),
    ],
)
def test_answers_that_are_elsewhere_are_refused_with_their_question(answers: list[tuple[str, int]], told: str) -> None:
    with pytest.raises(DataError) as caught:
        document_of("google/xquad, xquad.en, validation", [LIMA, asked("9", "Lima, then Oslo.", *answers)])
    assert str(caught.value).startswith("google/xquad, xquad.en, validation: ")
    assert told in str(caught.value)


WORDS = st.text("abü利ก", min_size=1, max_size=6)
SPACES = st.text(" \n\u3000", max_size=5)


@given(SPACES, st.lists(st.tuples(WORDS, SPACES), min_size=1, max_size=6), st.data())
def test_stripped_contexts_are_repaired(before: str, words: list[tuple[str, str]], data: st.DataObject) -> None:
    """Contexts and answers as a loader strips them, starts as it leaves them: every answer stands where it says."""
    original = before + "".join(word + (space or " ") for word, space in words)
    first = data.draw(st.integers(0, len(original) - 1))
    answer = original[first : data.draw(st.integers(first + 1, len(original)))]
    if answer.strip():
        (start,) = starts(asked("a", original.strip(), (answer.strip(), first)))
        assert original.strip()[start:].startswith(answer.strip())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "a", "context": "Lima", "question": "?"}, "row 2 is no question with answers (KeyError: 'answers')"),
        ({**LIMA, "answers": ["Lima"]}, "row 2 is no question with answers (TypeError"),
        ({**LIMA, "answers": {"text": ["Lima"], "answer_start": []}}, "row 2 is no question with answers (ValueError"),
    ],
)
def test_rows_of_another_shape_are_refused(row: Row, told: str) -> None:
    with pytest.raises(DataError) as caught:
        document_of("set", [LIMA, row])
    assert told in str(caught.value)


def test_rows_without_gold_are_refused(registry: Registry, places: Places) -> None:
    hub = Hub([LIMA], {("xquad.de", "validation"): [asked("a", "Amina wohnt in Lima.", ("", 0))]})
    with pytest.raises(
        DataError, match=r"xquad\.de, validation: question 'a' has an empty answer: its label was removed"
    ):
        hub_set(registry, "xquad", "google/xquad").write(hub, places())
    assert names(places().data) == []


# --- Tagging ---------------------------------------------------------------------------------------------------------

TAGGED: Row = {
    "tokens": [" Ada", "10\u00a0000 ", "New York"],
    "ner_tags": ["B-PER", "O", "B-LOC"],
    "pos_tags": ["PROPN", "NUM", "PROPN"],
    "langs": ["en"] * 3,
}


@pytest.mark.parametrize(("id", "config"), [("google/xtreme", "PAN-X.{}"), ("unimelb-nlp/wikiann", "{}")])
def test_panx_takes_labels_by_name_and_strips_words(
    id: str, config: str, registry: Registry, places: Places, score_returned: Callable[[Path], Report]
) -> None:
    """Label orders differ between sets, and tokens are cut off at three characters, unstripped (trap 9)."""
    folders, hub = places(), Hub([TAGGED, {**TAGGED, "tokens": ["a", "b", "c"]}])
    hub_set(registry, "panx", id).write(hub, folders)
    splits = ("train", "validation", "test")
    assert hub.parts == [(config.format(code), split) for code in panx.LANGUAGES for split in splits]
    assert len(names(folders.data)) == 120 and len(names(folders.labels)) == 40
    train, test = (folders.data / "panx" / f"{split}-sw.tsv" for split in ("train", "test"))
    gold = folders.labels / "panx" / "test-sw.tsv"
    words = "Ada\tB-PER\n10\u00a0000\tO\nNew York\tB-LOC\n\na\tB-PER\nb\tO\nc\tB-LOC\n"
    assert train.read_text(encoding="utf-8") == words
    assert test.read_text(encoding="utf-8") == "Ada\n10\u00a0000\nNew York\n\na\nb\nc\n"
    assert gold.read_text(encoding="utf-8") == "B-PER\nO\nB-LOC\n\nB-PER\nO\nB-LOC\n"
    assert score_returned(folders.labels).averages["panx"]["avg_metric"] == 100


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({**TAGGED, "tokens": ["a", " \u3000", "c"]}, "row 2 has an empty word"),
        ({**TAGGED, "tokens": ["a", "b\tO", "c"]}, r"row 2 has the word 'b\\tO' with a line or column break in it"),
        ({**TAGGED, "tokens": [], "ner_tags": []}, "row 2 has no word"),
        ({**TAGGED, "tokens": ["a"]}, r"row 2 is no sentence with ner_tags \(ValueError"),
        ({**TAGGED, "ner_tags": [0, 1, 2]}, "row 2 has a tag 0 is not one of"),
        ({**TAGGED, "ner_tags": ["O", "PER", "O"]}, "tag 'PER' is not one of B-LOC"),
        ({"tokens": ["a"]}, r"row 2 is no sentence with ner_tags \(KeyError"),
    ],
)
def test_tagged_rows_that_make_no_file_are_refused(row: Row, told: str, registry: Registry, places: Places) -> None:
    hub = Hub([TAGGED], {("sw", "test"): [TAGGED, row]})
    with pytest.raises(DataError, match=f"unimelb-nlp/wikiann, sw, test: .*{told}"):
        hub_set(registry, "panx", "unimelb-nlp/wikiann").write(hub, places())
    assert names(places().data) == []


def test_a_part_without_rows_is_refused(registry: Registry, places: Places) -> None:
    with pytest.raises(DataError, match="wikiann, ar, train: holds no sentence"):
        hub_set(registry, "panx", "unimelb-nlp/wikiann").write(Hub([]), places())
    with pytest.raises(DataError, match=r"google/xquad, xquad\.en, validation: holds no question"):
        hub_set(registry, "xquad", "google/xquad").write(Hub([]), places())


def test_udpos_from_the_hub_is_unfit_and_says_why(registry: Registry, places: Places) -> None:
    """Other tokens, foreign treebanks, another order (traps 5 to 7): written as unofficial data only."""
    (found,) = registry.task("udpos").hub
    assert "parts of fused words" in found.unfit and "Greek, French, Chinese, Russian and German" in found.unfit
    folders, hub = places(), Hub([{**TAGGED, "tokens": ["Ada", "không\u200c gian", "x"]}])
    found.write(hub, folders)
    assert {config for config, _ in hub.parts} == {f"udpos.{name}" for name in UD_NAMES.values()}
    lacking = {"Kazakh": ["train", "test"], **{name: ["test"] for name in ("Thai", "Tagalog", "Yoruba")}}
    for name in UD_NAMES.values():
        parts = [split for config, split in hub.parts if config == f"udpos.{name}"]
        assert parts == lacking.get(name, ["train", "validation", "test"])
    words, tags = (folder / "udpos" / "test-vi.tsv" for folder in (folders.data, folders.labels))
    assert (words.read_text(encoding="utf-8"), tags.read_text()) == ("Ada\nkhônggian\nx\n", "PROPN\nNUM\nPROPN\n")
    assert list(UD_NAMES) == list(udpos.LANGUAGES)
