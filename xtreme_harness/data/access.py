"""The only door to examples. Which door a unit may use depends on its type, so labels cannot leak by mistake.

read_inputs     any unit: examples without their gold
read_labelled   `prepare` units of the training languages only
read_texts      `prepare` units of kinds whose examples are text alone, in any language
read_gold       `score` units only
label_names     the plan, where a task leaves its labels open: which there are in the English training part, no more
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Example, ReadExamples, Task
from xtreme_harness.errors import DataError, HarnessError, MissingData, ProtocolError
from xtreme_harness.job import Job

TRAINING_LANGUAGE = "en"

Problem = Callable[[Example], str | None]


def data_files(task: Task, split: str, language: str, folder: Path | None) -> tuple[Path, ...]:
    """The files `task` reads for a split and language; raises MissingData for the first that is not there."""
    return _existing(task, task.files(split, language), folder, "--data")


def gold_files(task: Task, split: str, language: str, data: Path | None, labels: Path | None) -> tuple[Path, ...]:
    """The files that hold the gold: label files where the task keeps them apart, else the data files themselves."""
    if task.gold_files is None:
        return data_files(task, split, language, data)
    return _existing(task, task.gold_files(split, language), labels, "--labels")


def _existing(task: Task, names: Iterable[str], folder: Path | None, option: str) -> tuple[Path, ...]:
    paths = []
    for name in names:
        if folder is None and not Path(name).is_absolute():
            raise MissingData(name, None, f"task {task.name} needs it; say where it is with {option} DIR")
        path = (folder or Path()) / name
        if not path.is_file():
            # by its name in the folder: a record that keeps this sentence is the same wherever the data lie
            raise MissingData(name, None, f"task {task.name} needs this file and it is not there{_by_hand(task)}")
        paths.append(path)
    return tuple(paths)


def _by_hand(task: Task) -> str:
    """How a person gets the data where no download does."""
    steps = dict.fromkeys(source.steps for source in task.sources if source.steps)
    return f" ({'; '.join(steps)})" if steps else ""


def label_names(task: Task, paths: tuple[str, ...], hashes: Mapping[str, str]) -> tuple[str, ...]:
    """The distinct tags of a task's English training part, sorted; `hashes` stand for the files' contents."""
    return _distinct_tags(task.read, paths, tuple(sorted(hashes.items())))


@cache
def _distinct_tags(read: ReadExamples, paths: tuple[str, ...], hashes: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    files = tuple(Path(path) for path in paths)
    examples = _guarded(read("train", TRAINING_LANGUAGE, files), files)
    return tuple(sorted({tag for example in examples for tag in example.get("tags", ())}))


def read_inputs(job: Job, gold_fields: tuple[str, ...], problem: Problem) -> list[Example]:
    """The examples of the unit's files with every gold field and every `side: gold` line removed."""
    return [
        {name: value for name, value in example.items() if name not in gold_fields}
        for example in _read(job, problem)
        if example.get("side") != "gold"
    ]


def read_labelled(job: Job, problem: Problem) -> list[Example]:
    """Examples with their labels, for training and for selection: English only under the zero-shot protocol."""
    language = job.unit.parameters["language"]
    if job.unit.type != "prepare" or language != TRAINING_LANGUAGE or job.unit.parameters["split"] == "test":
        raise ProtocolError(f"labels of {language} were asked for by {job.unit.label}; only English ones are open here")
    return list(_read(job, problem))


def read_texts(job: Job, problem: Problem) -> list[Example]:
    """Text to train on, of the languages in the unit's `texts` ({language: number of its files}), one after the other.

    A limit holds for each language. Ids begin with the language, so that parallel files do not clash. Raises
    ProtocolError for a test part: nothing is trained on one.
    """
    task, split, files = job.registry.task(job.unit.task), job.unit.parameters["split"], _files(job)
    if job.unit.type != "prepare" or split == "test":
        raise ProtocolError(f"text of the {split} part was asked for by {job.unit.label}; it is not to be trained on")
    found: list[Example] = []
    for language, count in job.unit.parameters["texts"].items():
        own, files = files[:count], files[count:]
        examples = _limited(job, checked(task.read(split, language, own), own, problem))
        found += [{**example, "id": f"{language}:{example['id']}"} for example in examples]
    return found


def read_gold(job: Job, gold_fields: tuple[str, ...], problem: Problem) -> list[Example]:
    """Gold of the unit's language: `id`, `group` and the gold fields, or `side: gold` lines. Score units only."""
    if job.unit.type != "score":
        raise ProtocolError(f"gold was asked for by {job.unit.label}, a {job.unit.type} unit; score units only")
    keep = {"id", "group", "side", "query", "candidate", *gold_fields}
    sided = [{k: v for k, v in example.items() if k in keep} for example in _read(job, problem)]
    return [example for example in sided if example.get("side", "gold") == "gold"]


def _read(job: Job, problem: Problem) -> Iterator[Example]:
    task = job.registry.task(job.unit.task)
    files = _files(job)
    split, language = job.unit.parameters["split"], job.unit.parameters["language"]
    kept_apart = job.unit.type == "score" and split == "test"  # the gold of a dev part lies with its inputs
    reader = task.read_gold if kept_apart and task.read_gold else task.read
    return _limited(job, checked(reader(split, language, files), files, problem))


def _files(job: Job) -> tuple[Path, ...]:
    return tuple(Path(name) for name in job.unit.details["files"])


def _limited(job: Job, examples: Iterator[Example]) -> Iterator[Example]:
    limit = job.unit.parameters.get("limit")
    return examples if limit is None else iter(first_by_hash(examples, limit))


def first_by_hash(examples: Iterable[Example], limit: int) -> list[Example]:
    """The `limit` examples whose ids have the smallest SHA-256, in the order of the data: the same in every language.

    Among sentences to be found in others these are the queries, with their gold; every candidate stays. Gold that is
    kept apart from its queries is not cut: whoever knows the queries does that.
    """
    examples = list(examples)
    ids = [str(example["id"]) for example in examples if example.get("side", "query") == "query"]
    kept = set(heapq.nsmallest(limit, ids, key=lambda id: hashlib.sha256(id.encode()).digest()))
    if not kept:
        return examples
    return [one for one in examples if one.get("side") == "candidate" or _item(one) in kept]


def _item(example: Example) -> Any:
    """The id of what an example is about: of gold, the query's. (Elsewhere a field `query` holds a text.)"""
    return example["query"] if example.get("side") == "gold" else example.get("id")


def checked(examples: Iterable[Example], files: tuple[Path, ...], problem: Problem) -> Iterator[Example]:
    """Passes examples on while they are sound: unique ids, no problem of their kind, at least one."""
    seen: set[tuple[str | None, str]] = set()
    number = 0
    for number, example in enumerate(_guarded(examples, files), start=1):
        if complaint := problem(example):
            raise DataError(files[0], None, f"example {number} (id {example.get('id', 'none')}): {complaint}")
        identity = (example.get("side"), str(example.get("id", number)))
        if identity in seen:
            raise DataError(files[0], None, f"example {number}: the id {identity[1]!r} is there twice")
        seen.add(identity)
        yield example
    if number == 0:  # of several files the last one holds the gold
        raise DataError(files[-1], None, "holds no example at all")


def _guarded(examples: Iterable[Example], files: tuple[Path, ...]) -> Iterator[Example]:
    """A reader's own failure (a wrong column, a missing key) becomes a DataError that names the file."""
    try:
        yield from examples
    except (HarnessError, OSError, MemoryError):
        raise
    except Exception as error:
        what = f"the task's reader failed: {type(error).__name__}: {error}"
        raise DataError(files[0] if files else "data", None, what) from error
