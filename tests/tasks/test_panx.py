"""PAN-X from raw WikiAnn to XTREME's files, and the readers that UDPOS and PAN-X share."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import Folders
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry
from xtreme_tasks.panx import LABELS, build_labels, import_files, raw_sentences
from xtreme_tasks.tagged import read_tag_labels, read_tagged, write_sentences

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tagging.json").read_text(encoding="utf-8"))["vectors"]
PANX_CONVERT = [vector for vector in GOLDEN if vector["scorer"] == "panx_convert"]
# What the original loses or crashes on, and what is said instead
REFUSED = {
    "panx_convert-003": "line 1: 'noprefix' has no language before a colon",
    "panx_convert-005": "line 1: has 3 tab-separated columns, expected 2",
    "panx_convert-013": "line 1: has an empty word",
}
LABELLED = {"panx_convert-014"}  # the original takes the labels off all files below a folder with `test` in its name


def wrote(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("vector", PANX_CONVERT, ids=lambda vector: vector["id"])
def test_files_are_those_of_the_original(vector: dict[str, Any], tmp_path: Path) -> None:
    given, expected = vector["input"], vector["expected"]
    raw = wrote(tmp_path / given["folder_name"] / "train", given["raw"])
    if vector["id"] in REFUSED:
        with pytest.raises(DataError) as caught:
            list(raw_sentences(raw))
        assert REFUSED[vector["id"]] in str(caught.value)
        return
    write_sentences(raw_sentences(raw), tmp_path / "train.tsv")
    write_sentences(raw_sentences(raw), tmp_path / "test.tsv", tmp_path / "labels.tsv")
    train = "Ada\tB-PER\n" if vector["id"] in LABELLED else expected.get("train_tsv", "")
    assert (tmp_path / "train.tsv").read_text(encoding="utf-8") == train
    assert (tmp_path / "test.tsv").read_text(encoding="utf-8") == expected.get("test_tsv", "")


@pytest.fixture
def wikiann(tmp_path: Path) -> Path:
    """English as folder, Swahili as archive; below a folder that the original would take for test data."""
    source = tmp_path / "my_test_data" / "panx_dataset"
    for split in ("train", "dev", "test"):
        wrote(source / "en" / split, f"en:{split}\tO\nen:Ada\tB-PER\n\nen:New\u00a0York\tB-LOC\n")
        wrote(tmp_path / "sw" / split, f"sw:{split}\tO\n\nsw:Zawadi\tB-PER\n")
    wrote(tmp_path / "sw" / "extra", "not used\n")
    with tarfile.open(source / "sw.tar.gz", "w:gz") as tar:
        for path in sorted((tmp_path / "sw").iterdir()):
            tar.add(path, arcname=path.name)
            path.unlink()
    (tmp_path / "sw").rmdir()
    return tmp_path / "my_test_data"


def test_every_language_gets_its_files_and_only_tests_lose_their_tags(
    wikiann: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    import_files(places(originals=wikiann))
    texts = {
        str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8")
        for name in ("data", "labels")
        for path in (tmp_path / name).rglob("*.tsv")
    }
    assert len(texts) == 8
    assert texts["data/panx/train-en.tsv"] == "train\tO\nAda\tB-PER\n\nNew\u00a0York\tB-LOC\n"
    assert texts["data/panx/test-en.tsv"] == "test\nAda\n\nNew\u00a0York\n"
    assert texts["labels/panx/test-en.tsv"] == "O\nB-PER\n\nB-LOC\n"
    assert texts["labels/panx/test-sw.tsv"] == "O\n\nB-PER\n"


def test_labels_for_a_download(wikiann: Path, tmp_path: Path, places: Callable[..., Folders]) -> None:
    wrote(tmp_path / "data" / "panx" / "test-sw.tsv", "Zawadi\n\ntest\n")
    build_labels(places(originals=wikiann))
    assert [path.name for path in (tmp_path / "labels" / "panx").iterdir()] == ["test-sw.tsv"]
    assert (tmp_path / "labels/panx/test-sw.tsv").read_text(encoding="utf-8") == "B-PER\n\nO\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("en:a\tO\nen:b\tPER\n", "line 2: tag 'PER' is not one of B-LOC"),
        ("en:a\tO\n:b\tO\n", "line 2: ':b' has no language before a colon"),
        ("en:a\tO\nen:b\n", "line 2: has 1 tab-separated columns, expected 2"),
        ("\n", "holds no sentence"),
    ],
)
def test_unsound_raw_files_are_refused_and_nothing_is_written(
    text: str, told: str, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    wrote(tmp_path / "raw" / "en" / "train", text)
    with pytest.raises(DataError) as caught:
        import_files(places(originals=tmp_path / "raw"))
    assert told in str(caught.value)
    assert not list(tmp_path.rglob("*.tsv"))


def test_two_files_of_one_split_and_none_at_all_are_refused(
    wikiann: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    wrote(wikiann / "more" / "en" / "dev", "en:a\tO\n")
    with pytest.raises(DataError, match="is not the only dev file of en"):
        import_files(places(originals=wikiann))
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match="holds no WikiAnn"):
        import_files(places(originals=tmp_path / "empty"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xef\xbb\xbfen:a\tO\n", "line 1: begins with a byte order mark"),
        (b"en:a\tO\nen:\xfc\tO\n", "line 2: is not UTF-8"),
        (b"en:a\tO\n\nen:\0\tO\n", "line 3: holds a NUL character"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, told: str, tmp_path: Path, places: Callable[..., Folders]) -> None:
    wrote(tmp_path / "originals" / "en" / "test", "").write_bytes(content)
    with pytest.raises(DataError, match=f"en/test.*{told}"):
        import_files(places())


def test_an_official_import_needs_the_benchmark_s_counts(
    wikiann: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    with pytest.raises(DataError, match="2 train examples of en are here, the benchmark has 20000: a file is missing"):
        import_files(places(originals=wikiann, official=True))
    assert not list(tmp_path.rglob("*.tsv"))


def read(split: str, text: str, folder: Path) -> list[dict[str, Any]]:
    return list(read_tagged(LABELS)(split, "en", (wrote(folder / f"{split}-en.tsv", text),)))


def test_lines_are_split_on_tabs_only(tmp_path: Path) -> None:
    """The original cuts them at any white space and loses the label of `10<no-break space>000` (docs/traps.md, 12)."""
    (row,) = read("train", "10\u00a0000\tO\n\u3000\tO\nNew York\tB-LOC\n", tmp_path)
    assert row == {"id": "0", "tokens": ["10\u00a0000", "\u3000", "New York"], "tags": ["O", "O", "B-LOC"]}
    (row,) = read("test", "10\u00a0000\n\u3000\n", tmp_path)
    assert row == {"id": "0", "tokens": ["10\u00a0000", "\u3000"]}


@pytest.mark.parametrize("text", ["a\nb\n\nc\n", "a\nb\n\nc", "\na\nb\n \n\nc\n\n\n", "a\r\nb\r\n\r\nc\r\n"])
def test_blank_lines_end_sentences(text: str, tmp_path: Path) -> None:
    assert [row["tokens"] for row in read("test", text, tmp_path)] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("split", "line", "told"),
    [
        ("train", "b", "has 1 tab-separated columns, expected 2"),
        ("train", "b\tO\tO", "has 3 tab-separated columns, expected 2"),
        ("train", "b\to", "tag 'o' is not one of"),
        ("train", "\tO", "has no word before its tag"),
        ("test", "b\tO", "has 2 tab-separated columns, expected 1"),
    ],
)
def test_wrong_lines_are_named(split: str, line: str, told: str, tmp_path: Path) -> None:
    good = "a" if split == "test" else "a\tO"
    with pytest.raises(DataError, match=f"{split}-en.tsv, line 2: ") as caught:
        read(split, f"{good}\n{line}\n", tmp_path)
    assert told in str(caught.value)


def test_label_files_hold_tags_only(tmp_path: Path) -> None:
    path = wrote(tmp_path / "labels.tsv", "O\nB-PER \n\nO\n")
    gold = list(read_tag_labels(LABELS)("test", "en", (path,)))
    assert gold == [{"id": "0", "tags": ["O", "B-PER"]}, {"id": "1", "tags": ["O"]}]
    path.write_text("O\nAda\tB-PER\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 2: tag .* is not one of .*; a label file has tags only, no words"):
        list(read_tag_labels(LABELS)("test", "en", (path,)))


def test_the_tasks_are_xtreme_s(registry: Registry) -> None:
    udpos, panx = registry.task("udpos"), registry.task("panx")
    assert (len(udpos.languages), len(panx.languages)) == (33, 40)
    assert (len(udpos.options["labels"]), len(panx.options["labels"])) == (17, 7)
    assert (udpos.sizes["train"], udpos.sizes["test"]["de"]) == ({"en": 21_253}, 22_358)
    assert [panx.sizes[split][code] for code in ("en", "sw") for split in ("train", "dev", "test")] == [
        *(20_000, 10_000, 10_000),
        *(1_000, 1_000, 1_000),
    ]
    for task, every in ((udpos, 500), (panx, 1000)):
        assert task.headline == ("chunk_f1",) and task.comparable
        assert set(task.languages) - set(task.sizes["test"]) == ({"ru"} if task is udpos else set())
        assert task.options["first_content_subword"] is False
        assert tuple(sorted(task.options["labels"])) == tuple(task.options["labels"])
        values = registry.recipe("xtreme").values(task.kind, task.name)
        assert (values["learning_rate"], values["epochs"], values["max_length"], values["seed"]) == (2e-5, 10, 128, 1)
        assert (values["evaluate_every"], values["selection"], values["warmup"]) == (every, "english-dev", 0)
        assert registry.recipe("jiant").values(task.kind, task.name)["max_length"] == 256


def test_the_bundled_tasks_label_the_first_content_subword(registry: Registry) -> None:
    for name in ("mini.pos", "mini.ner"):
        task = registry.task(name)
        assert task.options["first_content_subword"] is True and not task.comparable
        for language in task.languages:
            files = tuple(map(Path, task.files("test", language)))
            rows = list(task.read("test", language, files))
            assert len(rows) == 60
            assert {tag for row in rows for tag in row["tags"]} <= set(task.options["labels"])
