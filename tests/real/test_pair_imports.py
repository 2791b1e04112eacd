"""XNLI, PAWS-X, Tatoeba and BUCC's layout imported from real records, which lie beside the repository."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Folders
from xtreme_harness.errors import DataError
from xtreme_harness.registry import Registry
from xtreme_tasks import bucc2018, pawsx, tatoeba, xnli

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the slices of real data in ../shared")

Scores = Callable[[str, Folders], dict[str, dict[str, float]]]


def folders(tmp_path: Path, originals: Path, official: bool = False) -> Folders:
    return Folders(originals=originals, data=tmp_path / "data", labels=tmp_path / "labels", official=official)


def examples(registry: Registry, task: str, split: str, language: str, data: Path) -> list[dict[str, Any]]:
    definition = registry.task(task)
    return list(definition.read(split, language, tuple(data / name for name in definition.files(split, language))))


def test_xnli_s_records(layouts: Path, tmp_path: Path, registry: Registry, score_gold: Scores) -> None:
    places = folders(tmp_path, layouts / "xnli")
    xnli.import_files(places)
    trained = examples(registry, "xnli", "train", "en", places.data)
    assert [row["label"] for row in trained] == ["neutral", "entailment", "entailment", "entailment"]
    assert trained[0]["text_b"] == "Product and geography are what make cream skimming work ."
    for language in xnli.LANGUAGES:
        for split in ("dev", "test"):
            (row,) = examples(registry, "xnli", split, language, places.data)
            assert row["text_a"] and row["text_b"]
    assert score_gold("xnli", places) == {code: {"accuracy": 100.0} for code in xnli.LANGUAGES}


def test_xnli_s_records_packed(layouts: Path, tmp_path: Path) -> None:
    places, packed = folders(tmp_path / "a", layouts / "xnli"), folders(tmp_path / "b", tmp_path / "packed")
    packed.originals.mkdir()
    for name in ("XNLI-1.0.zip", "XNLI-MT-1.0.zip"):
        with zipfile.ZipFile(packed.originals / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in (layouts / "xnli" / name).rglob("*") if path.is_file()):
                archive.writestr(str(path.relative_to(layouts / "xnli" / name)), path.read_bytes())
    xnli.import_files(places)
    xnli.import_files(packed)
    assert contents(packed) == contents(places) and len(contents(places)) == 1 + 3 * 15


def contents(places: Folders) -> dict[str, bytes]:
    files = [(root, path) for root in (places.data, places.labels) for path in root.rglob("*") if path.is_file()]
    return {f"{root.name}/{path.relative_to(root)}": path.read_bytes() for root, path in files}


def test_pawsx_s_records(layouts: Path, tmp_path: Path, registry: Registry, score_gold: Scores) -> None:
    places = folders(tmp_path, layouts / "paws-x")
    pawsx.import_files(places)
    assert {row["label"] for row in examples(registry, "pawsx", "train", "en", places.data)} == {"0", "1"}
    for language in pawsx.LANGUAGES:
        raw = layouts / "paws-x" / language / "x-final.tar.gz" / "x-final" / language
        for split, name in (("dev", "dev_2k.tsv"), ("test", "test_2k.tsv")):
            lines = (raw / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")[1:]
            rows = examples(registry, "pawsx", split, language, places.data)
            assert [[row["text_a"], row["text_b"]] for row in rows] == [line.split("\t")[1:3] for line in lines]
    assert score_gold("pawsx", places) == {code: {"accuracy": 100.0} for code in pawsx.LANGUAGES}


def test_one_to_three_records_are_no_xnli_and_no_pawsx(layouts: Path, tmp_path: Path) -> None:
    for task, import_files in (("xnli", xnli.import_files), ("paws-x", pawsx.import_files)):
        with pytest.raises(DataError, match="train examples of en are here, the benchmark has"):
            import_files(folders(tmp_path, layouts / task, official=True))
    assert not contents(folders(tmp_path, layouts))


def test_german_pawsx_is_what_the_downloader_made_of_it(tmp_path: Path) -> None:
    """To the byte, quoted cells among it, but for CRLF, which the copies at hand lost."""
    raw = tmp_path / "originals" / "x-final" / "de"
    raw.mkdir(parents=True)
    for split in ("dev", "test"):
        (raw / f"{split}_2k.tsv").write_bytes(unzipped(DATA / "pawsx" / "de_with_header" / f"{split}.tsv.gz"))
    places = folders(tmp_path, tmp_path / "originals")
    pawsx.import_files(places)
    for split in ("dev", "test"):
        made = unzipped(DATA / "pawsx" / "xtreme_processed" / f"{split}-de.tsv.gz")
        assert (places.data / "pawsx" / f"{split}-de.tsv").read_bytes() == made.replace(b"\n", b"\r\n")
        assert split == "test" or b'""' in made
    assert (places.labels / "pawsx" / "test-de.tsv").read_bytes() == unzipped(DATA / "pawsx" / "test.labels.txt.gz")


def test_tatoeba_is_whole(tmp_path: Path, registry: Registry, score_gold: Scores) -> None:
    """All 36 languages have the benchmark's counts, and gold sent in scores 100."""
    places = folders(tmp_path, DATA / "tatoeba", official=True)
    tatoeba.import_files(places)
    counts = {}
    for language in tatoeba.LANGUAGES:
        rows = examples(registry, "tatoeba", "test", language, places.data)
        counts[language] = sum(row["side"] == "query" for row in rows)
    assert counts == registry.task("tatoeba").sizes["test"]
    figures = score_gold("tatoeba", places)
    assert figures == {language: {"accuracy": 100.0} for language in tatoeba.LANGUAGES}


def test_tatoeba_s_hashes_are_those_of_the_files(tmp_path: Path, registry: Registry) -> None:
    with tarfile.open(DATA / "tatoeba" / "tatoeba-v1-xtreme36.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    for source in registry.task("tatoeba").sources:
        content = (tmp_path / "data" / "tatoeba" / "v1" / source.file).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (source.bytes, source.sha256)


def test_news_in_bucc_s_layout(tmp_path: Path, registry: Registry, score_gold: Scores) -> None:
    """NTREX stands in for BUCC, without French: an unofficial import takes what is there."""
    english = news("src.eng")
    for language, name in (("de", "ref.deu"), ("ru", "ref.rus"), ("zh", "ref.zho-CN")):
        foreign = news(name)
        for part, rows in (("sample", range(200)), ("training", range(200, 1200))):
            folder = tmp_path / "originals" / "bucc2018" / f"{language}-en"
            folder.mkdir(parents=True, exist_ok=True)
            stem = folder / f"{language}-en.{part}"
            write(stem.with_suffix(f".{part}.{language}"), [(f"{language}-{row:09}", foreign[row]) for row in rows])
            write(stem.with_suffix(f".{part}.en"), [(f"en-{row:09}", english[row]) for row in rows])
            gold = [(f"{language}-{row:09}", f"en-{row:09}") for row in rows if row % 4]
            write(stem.with_suffix(f".{part}.gold"), gold)
    places = folders(tmp_path, tmp_path / "originals")
    bucc2018.import_files(places)
    assert len(contents(places)) == 3 * 6
    for language in ("de", "ru", "zh"):
        rows = examples(registry, "bucc2018", "dev", language, places.data)
        counts = {side: sum(row["side"] == side for row in rows) for side in ("query", "candidate", "gold")}
        assert counts == {"query": 200, "candidate": 200, "gold": 150}
    figures = score_gold("bucc2018", places)
    assert figures == {code: dict.fromkeys(("f1", "precision", "recall"), 100.0) for code in ("de", "ru", "zh")}


def unzipped(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def news(name: str) -> list[str]:
    return unzipped(DATA / "ntrex" / f"newstest2019-{name}.txt.gz").decode("utf-8").removesuffix("\r\n").split("\r\n")


def write(path: Path, lines: Sequence[tuple[str, str]]) -> None:
    path.write_text("".join(f"{one}\t{other}\n" for one, other in lines), encoding="utf-8", newline="\n")
