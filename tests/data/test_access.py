"""Which door opens for which unit: inputs without gold for all, English labels for training, gold for scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import testing
from xtreme_harness.data.access import (
    checked,
    data_files,
    first_by_hash,
    gold_files,
    read_gold,
    read_inputs,
    read_labelled,
    read_texts,
)
from xtreme_harness.definitions import Example, Task
from xtreme_harness.errors import DataError, HarnessError, MissingData, ProtocolError
from xtreme_harness.job import Job
from xtreme_harness.registry import Registry
from xtreme_harness.unit import Unit

UNIT_TYPES = ("checkpoint", "prepare", "train", "predict", "embed", "score")


def sound(example: Example) -> str | None:
    return None


@pytest.fixture
def opened(job_of: Callable[..., Job], registry: Registry) -> Callable[..., Job]:
    """A job on one part of a task, of any unit type."""

    def make(type: str, split: str = "test", language: str = "sw", task: str = "topics") -> Job:
        unit = Unit(
            type=type,
            label=f"{type} {task}",
            modules=(),
            kind="classify",
            task=task,
            parameters={"split": split, "language": language},
            details={"files": registry.task(task).files(split, language)},
        )
        return job_of(unit)

    return make


@pytest.mark.parametrize("type", [type for type in UNIT_TYPES if type != "score"])
@pytest.mark.parametrize("language", ["en", "sw"])
def test_gold_is_closed_to_all_but_score_units(opened: Callable[..., Job], type: str, language: str) -> None:
    with pytest.raises(ProtocolError, match="score units only") as caught:
        read_gold(opened(type, "test", language), ("label",), sound)
    assert f"{type} topics" in str(caught.value)


def test_gold_is_open_to_score_units(opened: Callable[..., Job]) -> None:
    gold = read_gold(opened("score"), ("label",), sound)
    assert [set(row) for row in gold] == [{"id", "label"}] * 6  # and not the texts
    assert {row["label"] for row in gold} <= {"health", "sport", "trade"}


@pytest.mark.parametrize("type", [type for type in UNIT_TYPES if type != "prepare"])
def test_labels_are_closed_to_all_but_prepare_units(opened: Callable[..., Job], type: str) -> None:
    with pytest.raises(ProtocolError):
        read_labelled(opened(type, "train", "en"), sound)


@pytest.mark.parametrize(("split", "language"), [("test", "en"), ("test", "sw"), ("train", "sw"), ("dev", "sw")])
def test_labels_of_other_languages_and_of_tests_are_closed(
    opened: Callable[..., Job], split: str, language: str
) -> None:
    with pytest.raises(ProtocolError, match=f"labels of {language}"):
        read_labelled(opened("prepare", split, language), sound)


@pytest.mark.parametrize(("split", "count"), [("train", 24), ("dev", 6)])
def test_english_labels_are_open_for_training(opened: Callable[..., Job], split: str, count: int) -> None:
    examples = read_labelled(opened("prepare", split, "en"), sound)
    assert len(examples) == count and all(set(row) == {"id", "text_a", "label"} for row in examples)


@pytest.mark.parametrize(("type", "split"), [("prepare", "test"), ("predict", "train"), ("train", "train")])
def test_text_to_train_on_is_closed_to_other_units_and_in_tests(
    opened: Callable[..., Job], type: str, split: str
) -> None:
    with pytest.raises(ProtocolError, match=f"text of the {split} part"):
        read_texts(opened(type, split, "en"), sound)


@pytest.mark.parametrize("type", UNIT_TYPES)
def test_inputs_come_without_gold(opened: Callable[..., Job], type: str) -> None:
    examples = read_inputs(opened(type), ("label",), sound)
    assert [set(row) for row in examples] == [{"id", "text_a"}] * 6


def test_gold_lines_are_no_inputs(opened: Callable[..., Job]) -> None:
    examples = read_inputs(opened("prepare", task="twins"), (), sound)
    assert {row["side"] for row in examples} == {"query", "candidate"} and len(examples) == 24
    assert not any({"query", "candidate"} & set(row) for row in examples)


def test_gold_lines_are_the_gold(opened: Callable[..., Job]) -> None:
    gold = read_gold(opened("score", task="twins"), (), sound)
    assert gold == [{"side": "gold", "query": f"en-{n}", "candidate": f"sw-{n}"} for n in range(1, 13)]


def test_gold_that_is_kept_apart_is_read_by_its_own_reader(
    job_of: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, registry: Registry
) -> None:
    def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[Example]:
        raise AssertionError("the test file holds no labels")

    def gold(split: str, language: str, files: tuple[Path, ...]) -> Iterator[Example]:
        yield {"id": "0", "label": files[0].read_text()}

    def names(split: str, language: str) -> tuple[str, ...]:
        return (f"{split}-{language}.tsv",)

    task = Task(
        name="apart", kind="classify", languages=("sw",), read=read, files=names, read_gold=gold, gold_files=names
    )
    (tmp_path / "test-sw.tsv").write_text("sport")
    (found,) = gold_files(task, "test", "sw", None, tmp_path)
    monkeypatch.setattr(registry, "task", lambda name: task)
    details = {"files": (str(found),)}
    parameters = {"split": "test", "language": "sw"}
    unit = Unit(type="score", label="s", modules=(), task="apart", parameters=parameters, details=details)
    assert read_gold(job_of(unit), ("label",), sound) == [{"id": "0", "label": "sport"}]


FILES = (Path("sw.jsonl"),)


def passed(examples: list[Any], problem: Callable[[Example], str | None] = sound) -> list[Example]:
    return list(checked(iter(examples), FILES, problem))


def test_sound_examples_pass() -> None:
    examples = [{"id": "a"}, {"id": "b"}, {"side": "query", "id": "a"}, {"side": "gold", "query": "a"}]
    assert passed([*examples, {"side": "gold", "query": "b"}]) == [*examples, {"side": "gold", "query": "b"}]


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        ([], "sw.jsonl: holds no example at all"),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], "sw.jsonl: example 3: the id 'a' is there twice"),
        ([{"id": 1}, {"id": "1"}], "example 2: the id '1' is there twice"),
        ([{"side": "query", "id": "a"}, {"side": "query", "id": "a"}], "example 2: the id 'a' is there twice"),
    ],
)
def test_unsound_parts_are_refused(examples: list[Example], told: str) -> None:
    with pytest.raises(DataError) as caught:
        passed(examples)
    assert told in str(caught.value) and caught.value.exit_code == 5


def test_a_kind_s_complaint_names_example_and_file() -> None:
    with pytest.raises(DataError, match=r"sw\.jsonl: example 2 \(id b\): it has no label"):
        passed([{"id": "a", "label": "x"}, {"id": "b"}], lambda row: None if "label" in row else "it has no label")


def test_a_reader_s_own_failure_is_a_data_error() -> None:
    def reader() -> Iterator[Example]:
        yield {"id": "a"}
        raise KeyError("label")

    with pytest.raises(DataError, match=r"sw\.jsonl: the task's reader failed: KeyError: 'label'"):
        list(checked(reader(), FILES, sound))


@pytest.mark.parametrize("error", [DataError("other.tsv", 7, "has 2 columns"), HarnessError("no"), MemoryError()])
def test_errors_that_speak_for_themselves_pass(error: BaseException) -> None:
    def reader() -> Iterator[Example]:
        raise error
        yield {}

    with pytest.raises(type(error)) as caught:
        list(checked(reader(), FILES, sound))
    assert caught.value is error


def test_files_are_looked_up_in_the_data_folder(tmp_path: Path) -> None:
    def names(split: str, language: str) -> tuple[str, ...]:
        return f"{language}-en.en", f"{language}-en.{language}"

    task = Task(name="t", kind="nearest", languages=("sw",), read=lambda *_: (), files=names)
    (tmp_path / "sw-en.en").write_text("a\n")
    with pytest.raises(MissingData, match=r"say where it is with --data DIR") as caught:
        data_files(task, "test", "sw", None)
    assert caught.value.file == "sw-en.en"
    with pytest.raises(MissingData, match="task t needs this file and it is not there") as caught:
        data_files(task, "test", "sw", tmp_path)
    assert caught.value.file == "sw-en.sw"
    (tmp_path / "sw-en.sw").write_text("b\n")
    assert data_files(task, "test", "sw", tmp_path) == (tmp_path / "sw-en.en", tmp_path / "sw-en.sw")
    assert gold_files(task, "test", "sw", tmp_path, None) == data_files(task, "test", "sw", tmp_path)


def test_data_that_a_plugin_brings_along_needs_no_folder(tmp_path: Path, registry: Registry) -> None:
    testing.write_topics(tmp_path)
    (file,) = data_files(registry.task("topics"), "test", "sw", None)
    assert file.is_file() and file.is_absolute()


def test_missing_labels_name_their_option(tmp_path: Path) -> None:
    def names(split: str, language: str) -> tuple[str, ...]:
        return ("test-sw.tsv",)

    fields: dict[str, Any] = {"read": lambda *_: (), "files": names, "read_gold": lambda *_: (), "gold_files": names}
    task = Task(name="t", kind="classify", languages=("sw",), **fields)
    with pytest.raises(MissingData, match="--labels DIR"):
        gold_files(task, "test", "sw", tmp_path, None)


# --- a limit on the examples of a language


def plain(*ids: str) -> list[Example]:
    return [{"id": id, "label": "x"} for id in ids]


def test_the_first_by_hash_are_the_same_items_in_every_language() -> None:
    ids = [f"item-{n}" for n in range(50)]
    english, swahili = plain(*ids), plain(*reversed(ids[10:]))
    ours = [one["id"] for one in first_by_hash(english, 20)]
    theirs = [one["id"] for one in first_by_hash(swahili, 20)]
    assert len(ours) == len(theirs) == 20 and ours == sorted(ours, key=ids.index)  # in the order of the data
    assert theirs == sorted(theirs, key=ids.index, reverse=True)
    assert set(ours) & set(ids[10:]) <= set(theirs)
    assert ours != ids[:20]


def test_a_smaller_limit_keeps_a_part_of_what_a_larger_one_keeps() -> None:
    examples = plain(*map(str, range(40)))
    sizes = {limit: {one["id"] for one in first_by_hash(examples, limit)} for limit in (1, 5, 39, 40, 100)}
    assert [len(kept) for kept in sizes.values()] == [1, 5, 39, 40, 40]
    assert sizes[1] < sizes[5] < sizes[39] < sizes[40] == sizes[100]


def test_queries_are_limited_with_their_gold_and_candidates_stay() -> None:
    lines: list[Example] = []
    for n in range(30):
        lines += [{"side": "query", "id": f"en-{n}"}, {"side": "candidate", "id": f"sw-{n}"}]
        lines += [{"side": "gold", "query": f"en-{n}", "candidate": f"sw-{n}"}]
    kept = first_by_hash(lines, 10)
    queries = {line["id"] for line in kept if line["side"] == "query"}
    assert len(queries) == 10 and sum(line["side"] == "candidate" for line in kept) == 30
    assert {line["query"] for line in kept if line["side"] == "gold"} == queries
    gold_alone = [line for line in lines if line["side"] == "gold"]
    assert first_by_hash(gold_alone, 10) == gold_alone  # which queries there are is not known here


def test_a_text_that_is_called_query_is_no_id() -> None:
    pairs = [{"id": f"p{n}", "query": f"What is {n}?", "positive": str(n)} for n in range(9)]
    assert len(first_by_hash(pairs, 4)) == 4


def test_a_unit_with_a_limit_reads_that_many(job_of: Callable[..., Job], registry: Registry) -> None:
    for type, read in (("prepare", read_inputs), ("score", read_gold)):
        unit = Unit(
            type=type,
            label=type,
            modules=(),
            kind="classify",
            task="topics",
            parameters={"split": "test", "language": "sw", "limit": 4},
            details={"files": registry.task("topics").files("test", "sw")},
        )
        assert len(read(job_of(unit), ("label",), sound)) == 4
