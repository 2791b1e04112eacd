"""Building the label folder that a download lacks: only the gold of exactly the user's test examples is taken over."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from xtreme_harness.data.filling import way_of
from xtreme_harness.data.imports import DONE, MISSING, REFUSED, Outcome, import_task
from xtreme_harness.data.labels import difference, label_task
from xtreme_harness.data.origins import read_origins
from xtreme_harness.data.stage import writing_to
from xtreme_harness.definitions import Folders, Task
from xtreme_harness.registry import Registry

Label = Callable[..., Outcome]


@pytest.fixture
def download(colours: Registry, folders: Folders) -> Folders:
    """Both tasks as an ordinary download has them: no labels, and no record of origins."""
    way = partial(way_of, source="original", offline=True, say=print)
    with writing_to(folders.data, folders.labels):
        for name in ("colours", "tones"):
            assert import_task(colours.task(name), colours, folders, way).state == DONE
    shutil.rmtree(folders.labels)
    (folders.data / "origins.json").unlink()
    return folders


@pytest.fixture
def label(colours: Registry, download: Folders) -> Label:
    def run(task: str | Task, **changes: Any) -> Outcome:
        one = colours.task(task) if isinstance(task, str) else task
        places, way = replace(download, **changes), partial(way_of, source="original", offline=True, say=print)
        with writing_to(places.data, places.labels):
            return label_task(one, colours, places, way, from_originals=True)

    return run


def labels_of(folders: Folders, task: str) -> dict[str, str]:
    found = sorted((folders.labels / task).glob("*"))
    return {path.name: path.read_text(encoding="utf-8") for path in found}


ALL = {f"test-{code}.tsv": "warm\ncold\nwarm\n" for code in ("de", "en", "sw")}


def test_the_gold_of_every_language(label: Label, download: Folders) -> None:
    before = {path: path.read_bytes() for path in sorted((download.data / "colours").iterdir())}
    outcome = label("colours")
    assert (outcome.state, outcome.remarks, outcome.data) == (DONE, (), ())
    assert labels_of(download, "colours") == ALL
    assert outcome.labels == tuple(f"colours/test-{code}.tsv" for code in ("en", "sw", "de"))
    assert set(read_origins(download.labels)) == set(outcome.labels)
    assert {path: path.read_bytes() for path in before} == before  # data is read, never written
    assert not (download.data / "origins.json").exists()


CHANGED: dict[str, tuple[str, str, str]] = {
    "another text": (
        *("Vilima vya buluu", "Vilima vya samawati"),
        "in example 2, text_a is 'Vilima vya samawati', not 'Vilima vya buluu'",
    ),
    "another order": (
        *("Paa jekundu\nVilima vya buluu", "Vilima vya buluu\nPaa jekundu"),
        "in example 1, text_a is 'Vilima vya buluu', not 'Paa jekundu'",
    ),
    "one less": ("Mvinyo mwekundu\n", "", "it ends after 2 examples, the other goes on"),
    "one more": ("Mvinyo mwekundu\n", "Mvinyo mwekundu\nA\n", "it has more than the other's 3 examples"),
    "damaged": ("Paa jekundu", "Paa\tjekundu", "line 1: has the wrong number of columns"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_language_with_other_examples_is_refused_alone(label: Label, download: Folders, name: str) -> None:
    path = download.data / "colours" / "test-sw.tsv"
    old, new, told = CHANGED[name]
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    outcome = label("colours")
    assert outcome.state == REFUSED
    assert len(outcome.remarks) == 1
    assert outcome.remarks[0].startswith("colours test sw: ") and outcome.remarks[0].endswith(told)
    assert labels_of(download, "colours") == {name: text for name, text in ALL.items() if name != "test-sw.tsv"}


def test_a_language_that_is_not_in_the_data_is_told(label: Label, download: Folders) -> None:
    (download.data / "colours" / "test-de.tsv").unlink()
    outcome = label("colours")
    assert outcome.state == MISSING
    assert outcome.remarks == ("colours test is not in the data folder: de",)
    assert set(labels_of(download, "colours")) == {"test-en.tsv", "test-sw.tsv"}


def test_originals_that_lack_a_language_are_unofficial(label: Label, download: Folders) -> None:
    (download.originals / "colours-de.txt").unlink()
    assert label("colours").state == MISSING
    assert not labels_of(download, "colours")
    outcome = label("colours", official=False)
    assert (outcome.state, outcome.unofficial) == (MISSING, "holds no colours-de.txt")
    assert outcome.remarks == ("colours gold was not found: de",)
    assert {one["unofficial"] for one in read_origins(download.labels).values()} == {"holds no colours-de.txt"}


def test_a_task_s_own_way_takes_test_files_in_any_order(label: Label, download: Folders) -> None:
    test = download.data / "tones" / "test-en.tsv"
    test.write_text("A blue drum\nA red flute\n", encoding="utf-8")
    outcome = label("tones")
    assert (outcome.state, outcome.unofficial) == (DONE, None)
    assert labels_of(download, "tones")["test-en.tsv"] == "cold\nwarm\n"


def test_a_task_s_own_way_may_label_a_part_of_the_examples(label: Label, download: Folders) -> None:
    (download.data / "tones" / "test-en.tsv").write_text("A blue drum\n", encoding="utf-8")
    (download.data / "tones" / "test-sw.tsv").unlink()
    outcome = label("tones")
    assert outcome.state == MISSING
    assert outcome.remarks == ("tones test is not in the data folder: sw",)
    assert labels_of(download, "tones") == {"test-de.tsv": "warm\ncold\n", "test-en.tsv": "cold\n"}


def test_a_task_s_own_way_refuses_what_it_does_not_know(label: Label, download: Folders) -> None:
    (download.data / "tones" / "test-en.tsv").write_text("A green drum\n", encoding="utf-8")
    outcome = label("tones")
    assert outcome.state == REFUSED
    assert outcome.remarks[0].endswith("test-en.tsv, line 1: is no sentence of the originals")
    assert not labels_of(download, "tones")


def test_a_task_s_own_way_on_another_release(label: Label, download: Folders) -> None:
    for path in download.originals.glob("tones-*"):
        path.write_text(path.read_text(encoding="utf-8").replace("release 2", "release 1"), encoding="utf-8")
    assert label("tones").state == REFUSED
    outcome = label("tones", official=False)
    assert (outcome.state, outcome.unofficial) == (DONE, "is release 1, not release 2")
    assert labels_of(download, "tones")["test-de.tsv"] == "warm\ncold\n"


def test_gold_that_a_task_s_own_way_gets_wrong_is_refused(label: Label, colours: Registry, download: Folders) -> None:
    def build_labels(folders: Folders) -> None:
        (folders.labels / "tones").mkdir(parents=True)
        (folders.labels / "tones" / "test-en.tsv").write_text("warm\n", encoding="utf-8")

    outcome = label(replace(colours.task("tones"), build_labels=build_labels))
    assert outcome.state == REFUSED
    assert "tones gold en: tones/test-en.tsv: holds 1 gold items for 2 examples" in outcome.remarks[0]
    assert outcome.remarks[1:] == ("tones gold was not found: sw de",)


def test_a_task_whose_gold_stands_in_its_data_needs_none(label: Label) -> None:
    assert label("mini.nli") == Outcome(task="mini.nli", state=DONE)


def test_differences_in_words() -> None:
    same = [{"id": "1", "tokens": ["a", "b"]}]
    assert difference(same, list(same)) is None
    assert difference(same, [{"id": "1", "tokens": ["a", "c"]}]) == (
        """in example 1, tokens is '["a", "b"]', not '["a", "c"]'"""
    )
    long = "x" * 100
    told = difference([{"id": "1", "context": long + "yz"}], [{"id": "1", "context": long + "z"}])
    assert told == f"in example 1, context is '...{'x' * 15}yz', not '...{'x' * 15}z'"
    assert difference([{"id": "1"}], [{"id": "1", "group": "g"}]) == "in example 1, group is 'null', not 'g'"
