"""Reading data as a run would: the first fault of each part with file and line, and sizes that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness.data.checks import Finding, check_parts
from xtreme_harness.data.parts import parts_of
from xtreme_harness.definitions import Folders
from xtreme_harness.registry import Registry

Check = Callable[[str], list[Finding]]


@pytest.fixture
def places(tmp_path: Path) -> Folders:
    return Folders(originals=tmp_path / "originals", data=tmp_path / "data", labels=tmp_path / "labels")


@pytest.fixture
def write(places: Folders) -> Callable[..., None]:
    """`write("data/xnli/test-de.tsv", "a\\tb\\n")`."""

    def run(name: str, *lines: str) -> None:
        path = places.data.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    return run


@pytest.fixture
def check(places: Folders, registry: Registry, colours: Registry) -> Check:
    def run(task: str) -> list[Finding]:
        known = registry if task in registry.names("task") else colours
        return list(check_parts(parts_of(known.task(task), known, places), known))

    return run


Write = Callable[..., None]


def told(findings: list[Finding], root: Path, sizes: bool = False) -> list[str]:
    """The findings on rows, or on sizes: those of tasks that are XTREME's are all too small here."""
    return [str(one).replace(f"{root}/", "") for one in findings if one.is_size == sizes]


def test_nothing_there_is_nothing_wrong(check: Check) -> None:
    assert check("xnli") == []


def test_the_first_fault_of_each_part(check: Check, write: Write, tmp_path: Path) -> None:
    write("data/xnli/train-en.tsv", "a\tb\tneutral", "a\tb", "a")
    write("data/xnli/dev-en.tsv", "a\tb\tneutral", "a\tb\tentailment")
    write("data/xnli/test-de.tsv", "a\tb", "a")
    write("data/xnli/test-sw.tsv", "a\tb", "c\td")
    write("labels/xnli/test-sw.tsv", "neutral", "maybe")
    write("labels/xnli/test-ur.tsv", "neutral", "entailment")
    assert told(check("xnli"), tmp_path) == [
        "xnli train en: data/xnli/train-en.tsv, line 2: has 2 tab-separated columns, expected 3",
        "xnli test de: data/xnli/test-de.tsv, line 2: has 1 tab-separated columns, expected 2",
        "xnli gold sw: labels/xnli/test-sw.tsv, line 2: label 'maybe' is not one of contradiction, entailment, neutral",
    ]


def test_gold_that_does_not_belong_to_the_test_part(check: Check, write: Write, tmp_path: Path) -> None:
    write("data/xnli/test-sw.tsv", "a\tb", "c\td", "e\tf")
    write("labels/xnli/test-sw.tsv", "neutral", "entailment")
    write("data/panx/test-sw.tsv", "Juma", "anaishi", "", "Oslo")
    write("labels/panx/test-sw.tsv", "B-PER", "", "B-LOC")
    write("data/panx/test-de.tsv", "Anna", "lacht", "", "Oslo")
    write("labels/panx/test-de.tsv", "O", "O", "", "O")
    assert told(check("xnli"), tmp_path) == ["xnli gold sw: labels/xnli/test-sw.tsv: holds 2 gold items for 3 examples"]
    lost, cut = sorted(told(check("panx"), tmp_path))
    assert lost.startswith("panx gold de: labels/panx/test-de.tsv: every gold tag is 'O': the labels were taken out")
    assert cut == "panx gold sw: labels/panx/test-sw.tsv: sentence 1 (id 0) has 1 gold tags for 2 words"


def test_retrieval_gold_must_name_sentences(check: Check, write: Write, tmp_path: Path) -> None:
    write("data/tatoeba/sw-en.en", "One.", "Two.")
    write("data/tatoeba/sw-en.sw", "Moja.", "Mbili.")
    write("labels/tatoeba/test-sw.tsv", "1")
    write("data/tatoeba/de-en.en")
    write("data/tatoeba/de-en.de", "Eins.")
    empty, few = told(check("tatoeba"), tmp_path)
    assert empty.endswith("there is no query text at all")
    assert "labels/tatoeba/test-sw.tsv, line 1: names row 1, but the 1 rows" in few


def test_bucc_gold_stands_in_the_dev_part_and_beside_the_test_part(check: Check, write: Write, tmp_path: Path) -> None:
    for split, gold in (("dev", "data/bucc2018/de-en.dev.gold"), ("test", "labels/bucc2018/test-de.tsv")):
        write(f"data/bucc2018/de-en.{split}.de", "de-000000001\tEins", "de-000000002\tZwei")
        write(f"data/bucc2018/de-en.{split}.en", "en-000000001\tOne", "en-000000002\tTwo")
        write(gold, "de-000000001\ten-000000009")
    wrong = "the gold id 'en-000000009' is not among the candidate sentences"
    assert told(check("bucc2018"), tmp_path) == [
        f"bucc2018 dev de: data/bucc2018/de-en.dev.gold: {wrong}",
        f"bucc2018 gold de: labels/bucc2018/test-de.tsv: {wrong}",
    ]


def test_gold_inside_the_test_file_is_checked_there(check: Check, registry: Registry) -> None:
    assert check("topics") == []
    assert check("twins") == []


def test_other_sizes_are_told_once(check: Check, write: Write, tmp_path: Path) -> None:
    write("data/colours/train-en.tsv", "red\twarm", "blue\tcold")
    write("data/colours/test-de.tsv", "rot", "blau")
    write("labels/colours/test-de.tsv", "warm", "cold")
    found = check("colours")
    assert told(found, tmp_path, sizes=True) == [
        "colours train en: data/colours/train-en.tsv: holds 2 examples, the benchmark has 4",
        "colours test de: data/colours/test-de.tsv: holds 2 examples, the benchmark has 3",
    ]
    assert {one.is_size for one in found} == {True}
    place = {"task": "colours", "split": "test", "language": "de"}
    file = str(tmp_path / "data" / "colours" / "test-de.tsv")
    wrong = {"file": file, "line": None, "what": "holds 2 examples, the benchmark has 3", "kind": "size"}
    assert found[1].as_json() == {**place, **wrong}
