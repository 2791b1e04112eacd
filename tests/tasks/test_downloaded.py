"""XNLI, PAWS-X and Tatoeba as an XTREME download has them: their readers against the original's golden vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Example, Task
from xtreme_harness.errors import DataError
from xtreme_harness.registry import Registry


def read(task: Task, split: str, language: str, folder: Path) -> list[Example]:
    return list(task.read(split, language, tuple(folder / name for name in task.files(split, language))))


def written(task: Task, split: str, language: str, folder: Path, *contents: str) -> None:
    for name, content in zip(task.files(split, language), contents, strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode())


def sentences(vector: dict[str, Any]) -> tuple[str, str]:
    """What the data set's authors wrote."""
    given = vector["input"]
    if given["task"] == "xnli":
        return given["sentence1"], given["sentence2"]
    _, first, second, *_ = given["raw_line"].split("\t")
    return first, second


@pytest.mark.golden("pair_convert")
def test_pairs_are_read_as_their_authors_wrote_them(vector: dict[str, Any], tmp_path: Path, registry: Registry) -> None:
    given = vector["input"]
    task, split, language = registry.task(given["task"]), given["split"], given.get("language", "en")
    written(task, split, language, tmp_path, vector["expected"]["file_text"])
    (row,) = read(task, split, language, tmp_path)
    assert (row["id"], row["text_a"], row["text_b"]) == ("0", *sentences(vector))
    assert row.get("label") == (None if split == "test" else vector["expected"]["file_text"].strip().split("\t")[-1])


@pytest.mark.golden("pair_convert")
def test_the_doubled_quotes_variant_reads_what_the_original_reads(
    vector: dict[str, Any], tmp_path: Path, registry: Registry
) -> None:
    given, expected = vector["input"], vector["expected"]
    task, split = registry.task(f"{given['task']}.doubled-quotes"), given["split"]
    language = given.get("language", "en")
    written(task, split, language, tmp_path, expected["file_text"])
    (row,) = read(task, split, language, tmp_path)
    cells = expected.get("as_read_back_by_the_shipped_reader", [expected["file_text"].rstrip("\r\n").split("\t")])[0]
    assert [row["text_a"], row["text_b"]] == cells[:2]
    assert not task.comparable


@pytest.mark.parametrize("name", ["xnli", "pawsx"])
@pytest.mark.parametrize(
    ("split", "line", "told"),
    [
        ("train", "a\tb", "has 2 tab-separated columns, expected 3"),
        ("train", "a\tb\t0\tentailment", "has 4 tab-separated columns, expected 3"),
        ("test", "a\tb\t0", "has 3 tab-separated columns, expected 2"),
        ("test", "a", "has 1 tab-separated columns, expected 2"),
        ("dev", "a\tb\tmaybe", "label 'maybe' is not one of"),
        ("dev", "a\tb\t", "label '' is not one of"),
    ],
)
def test_wrong_lines_are_named(name: str, split: str, line: str, told: str, tmp_path: Path, registry: Registry) -> None:
    task = registry.task(name)
    good = "a\tb" if split == "test" else f"a\tb\t{task.options['labels'][0]}"
    written(task, split, "en", tmp_path, f"{good}\r\n{line}\r\n")
    with pytest.raises(DataError, match=f"{split}-en.tsv, line 2: ") as caught:
        read(task, split, "en", tmp_path)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["xnli", "pawsx"])
def test_label_files_belong_to_test_lines_by_number(name: str, tmp_path: Path, registry: Registry) -> None:
    task = registry.task(name)
    assert task.read_gold is not None and task.gold_files is not None
    labels = task.options["labels"]
    path = tmp_path / "labels.tsv"
    path.write_text("".join(f"{label}\n" for label in labels))
    gold = list(task.read_gold("test", "en", (path,)))
    group = {"group": "0"} if name == "xnli" else {}  # three hypotheses of one premise
    assert gold == [{"id": str(row), **group, "label": label} for row, label in enumerate(labels)]
    path.write_text(f"{labels[0]}\nneither\n")
    with pytest.raises(DataError, match="line 2: label 'neither'"):
        list(task.read_gold("test", "en", (path,)))


@pytest.mark.golden("tatoeba_shuffle")
def test_tatoeba_gold_leads_from_sorted_english_to_the_source_line(
    vector: dict[str, Any], tmp_path: Path, registry: Registry
) -> None:
    """The released English file is sorted; the label of a line is the row of its translation."""
    task = registry.task("tatoeba")
    original, expected = vector["input"]["english_lines_in_source_order"], vector["expected"]
    english = "".join(f"{line}\n" for line in expected["released_english_lines"])
    foreign = "".join(f"{place}: {line.strip()}\n" for place, line in enumerate(original))
    written(task, "test", "sw", tmp_path, english, foreign)
    rows = read(task, "test", "sw", tmp_path)
    texts = {(row["side"], row["id"]): row["text"] for row in rows}
    assert task.read_gold is not None
    (tmp_path / "labels.tsv").write_text("".join(f"{row}\n" for row in expected["gold"]))
    gold = list(task.read_gold("test", "sw", (tmp_path / "labels.tsv",)))
    assert [row["query"] for row in gold] == [row["id"] for row in rows if row["side"] == "query"]
    for row, place in zip(gold, expected["gold"], strict=True):
        translation = texts["candidate", row["candidate"]]
        assert translation == f"{place}: {texts['query', row['query']]}".strip()


@pytest.mark.parametrize(
    ("line", "told"),
    [("[3]", "without brackets"), ("3.0", "expected a row number"), ("-1", "'-1'"), ("", "''"), ("٣", "'٣'")],
)
def test_tatoeba_labels_are_bare_numbers(line: str, told: str, tmp_path: Path, registry: Registry) -> None:
    task = registry.task("tatoeba")
    assert task.read_gold is not None
    path = tmp_path / "test-sw.tsv"
    path.write_text(f"0\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2: ") as caught:
        list(task.read_gold("test", "sw", (path,)))
    assert told in str(caught.value)


def test_languages_are_xtreme_s(registry: Registry) -> None:
    counts = {name: len(registry.task(name).languages) for name in ("xnli", "pawsx", "tatoeba")}
    assert counts == {"xnli": 15, "pawsx": 7, "tatoeba": 36}
    assert "en" not in registry.task("tatoeba").languages
