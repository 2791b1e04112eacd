"""The download that is built from the slices: what is in it, and that it is the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real import download
from xtreme_harness.definitions import Task
from xtreme_harness.registry import Registry, load_registry

pytestmark = pytest.mark.skipif(not download.DATA.is_dir(), reason=download.WITHOUT_DATA)

TRAIN = {"xnli": 2190, "pawsx": 1700, "udpos": 12449, "panx": 10000, "squad_v1": 2068, "tydiqa": 3696}
DEV = {"xnli": 300, "pawsx": 300, "udpos": 1976, "panx": 500}
GOLD = {  # of every language, and of those that have another number
    "xnli": (300, {}),
    "pawsx": (300, {}),
    "udpos": (500, {"de": 1000, "en": 2048, "mr": 47, "ta": 120, "te": 146, "tl": 55, "yo": 100}),
    "panx": (500, {"yo": 100}),
    "xquad": (322, {}),
    "mlqa": (250, {"hi": 251}),
    "tydiqa": (250, {"bn": 113}),
    "bucc2018": (1048, {}),
    "tatoeba": (1000, {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return download.build(tmp_path_factory.mktemp("download"))


@pytest.fixture(scope="module")
def tasks(no_plugins_of_the_machine: None) -> Registry:
    return load_registry()


@pytest.mark.parametrize(("split", "counts"), [("train", TRAIN), ("dev", DEV)])
def test_english_parts(folder: Path, tasks: Registry, split: str, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        task = tasks.task(name)
        files = tuple(folder / one for one in task.files(split, "en"))
        assert len(list(task.read(split, "en", files))) == count, name


def labelled(task: Task, folder: Path) -> Iterator[tuple[str, Path, list[dict[str, object]]]]:
    """(language, label file, gold) of every language that has both inputs and labels."""
    assert task.gold_files is not None and task.read_gold is not None
    for language in task.languages:
        (labels,) = (folder / "labels" / name for name in task.gold_files("test", language))
        if labels.is_file():
            yield language, labels, list(task.read_gold("test", language, (labels,)))


@pytest.mark.parametrize("name", GOLD)
def test_labels_belong_to_the_test_files(folder: Path, tasks: Registry, name: str) -> None:
    task, (usual, others) = tasks.task(name), GOLD[name]
    held = []
    for language, labels, gold in labelled(task, folder):
        rows = list(task.read("test", language, tuple(folder / one for one in task.files("test", language))))
        assert len(gold) == others.get(language, usual), (name, language)
        if "side" not in gold[0]:
            assert [row["id"] for row in rows] == [row["id"] for row in gold]
        assert not any(row.get("label") or row.get("tags") for row in rows), (name, language)
        assert not any(answer["text"] for row in rows for answer in row.get("answers", ()))
        held.append(labels)
    assert set(held) == set((folder / "labels" / name).iterdir())
    assert set(others) <= {labels.stem.removeprefix("test-") for labels in held}


def pairs_in(path: Path) -> dict[str, str]:
    """A file of two columns, in its order."""
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n"))


def test_mined_pairs_are_translations_in_another_order(folder: Path) -> None:
    gold = pairs_in(folder / "labels/bucc2018/test-de.tsv")
    german, english = (pairs_in(folder / f"bucc2018/de-en.test.{code}") for code in ("de", "en"))
    translated = dict(zip(download.news("de"), download.news("en"), strict=True))
    assert all(translated[german[ours]] == english[theirs] for ours, theirs in gold.items())
    assert list(gold.values()) != sorted(gold.values())
    assert len(gold) < min(len(german), len(english))


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = (download.build(tmp_path / name, train=30, test=5) for name in ("first", "second"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert len(files) > 200
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_hypotheses_of_one_premise_are_one_cluster_in_every_language(folder: Path, tasks: Registry) -> None:
    """XNLI has a hypothesis of each label for a premise, in a row: lines are not independent."""
    task = tasks.task("xnli")
    languages = 0
    for language, _, gold in labelled(task, folder):
        (texts,) = (folder / name for name in task.files("test", language))
        premises = [row["text_a"] for row in task.read("test", language, (texts,))]
        by_group: dict[object, set[str]] = {}
        for row, premise in zip(gold, premises, strict=True):
            by_group.setdefault(row["group"], set()).add(premise)
        assert [len(found) for found in by_group.values()] == [1] * 100
        languages += 1
    assert languages == len(task.languages)
