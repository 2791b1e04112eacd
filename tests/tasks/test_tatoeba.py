"""Tatoeba from LASER's aligned files and from the hub: sorted English sides, and the order they had as labels."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Folders, HubSet
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry
from xtreme_tasks import tatoeba
from xtreme_tasks.tatoeba import ISO3, LANGUAGES, originals_of

Scores = Callable[[str, Folders], dict[str, dict[str, float]]]
Rows = Callable[[str, str], Iterator[dict[str, Any]]]

ENGLISH = ["They sing.", ' "Ah" ', "They sing.", "a bird"]  # in order: 1, 0, 2, 3


def foreign_lines(language: str) -> list[str]:
    return [f"{language} {place}\u2028" for place in range(4)]


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture
def folders(places: Callable[..., Folders]) -> Folders:
    return places(official=True)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark's files have four lines."""
    monkeypatch.setattr(tatoeba, "SIZES", {"test": dict.fromkeys(LANGUAGES, 4)})


def unofficial(folders: Folders) -> Folders:
    return replace(folders, official=False)


def lay(folder: Path, *languages: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for language in languages or LANGUAGES:
        foreign, english = originals_of(language)
        (folder / foreign).write_text(text_of(foreign_lines(language)), encoding="utf-8", newline="\n")
        (folder / english).write_text(text_of(ENGLISH), encoding="utf-8", newline="\n")


def written(folders: Folders) -> dict[str, bytes]:
    found = {}
    for root in (folders.data, folders.labels):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            found[f"{root.name}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return found


def test_the_english_side_is_sorted_and_its_order_is_the_label(folders: Folders) -> None:
    lay(folders.originals)
    tatoeba.import_files(folders)
    files = written(folders)
    assert len(files) == 3 * 36
    assert files["data/tatoeba/sw-en.en"] == b'"Ah"\nThey sing.\nThey sing.\na bird\n'
    assert files["data/tatoeba/sw-en.sw"] == (folders.originals / "tatoeba.swh-eng.swh").read_bytes()
    assert files["labels/tatoeba/test-sw.tsv"] == b"1\n0\n2\n3\n"


def test_gold_leads_to_translations_under_the_names_that_are_read(folders: Folders, registry: Registry) -> None:
    """The original wrote `sw-en.sw` and looked for `tatoeba.sw-eng.sw`, once for unsorted files (docs/traps.md, 19)."""
    lay(folders.originals)
    tatoeba.import_files(folders)
    task = registry.task("tatoeba")
    rows = task.read("test", "sw", tuple(folders.data / name for name in task.files("test", "sw")))
    texts = {(row["side"], row["id"]): row["text"] for row in rows}
    aligned = {english.strip(): set[str]() for english in ENGLISH}
    for english, foreign in zip(ENGLISH, foreign_lines("sw"), strict=True):
        aligned[english.strip()].add(foreign.strip())
    assert task.read_gold is not None and task.gold_files is not None
    gold = list(task.read_gold("test", "sw", tuple(folders.labels / name for name in task.gold_files("test", "sw"))))
    assert len(gold) == 4
    for row in gold:
        assert texts["candidate", row["candidate"]] in aligned[texts["query", row["query"]]]


def test_gold_sent_in_scores_100(folders: Folders, score_gold: Scores) -> None:
    """As bare numbers under the names that the scorer reads (docs/traps.md, 9)."""
    lay(folders.originals)
    tatoeba.import_files(folders)
    assert score_gold("tatoeba", folders) == {code: {"accuracy": 100.0} for code in LANGUAGES}


@pytest.mark.golden("tatoeba_shuffle")
def test_files_are_those_of_the_original(vector: dict[str, Any], folders: Folders, registry: Registry) -> None:
    """From LASER's files as from the hub's aligned rows."""
    given, expected = vector["input"]["english_lines_in_source_order"], vector["expected"]
    lay(folders.originals, "kk")
    foreign, english = originals_of("kk")
    (folders.originals / english).write_text(text_of(given), encoding="utf-8", newline="\n")
    (folders.originals / foreign).write_text(text_of([str(row) for row in range(len(given))]), encoding="utf-8")
    tatoeba.import_files(unofficial(folders))
    files = written(folders)
    assert files["data/tatoeba/kk-en.en"].decode() == text_of(expected["released_english_lines"])
    assert files["labels/tatoeba/test-kk.tsv"].decode() == text_of([str(row) for row in expected["gold"]])


def pack_tar(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "LASER-main/data/tatoeba/v1")


def pack_zip(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("LASER-main/README.md", b"about it")
        for path in sorted(folder.iterdir()):
            packed.write(path, f"LASER-main/data/tatoeba/v1/{path.name}")


@pytest.mark.parametrize(
    ("name", "pack"),
    [("main.zip", pack_zip), ("LASER-main.zip", pack_zip), ("laser.tgz", pack_tar), ("tatoeba-v1.tar.gz", pack_tar)],
)
def test_an_archive_of_laser_gives_the_same(
    name: str, pack: Callable[[Path, Path], None], folders: Folders, tmp_path: Path
) -> None:
    lay(folders.originals)
    tatoeba.import_files(folders)
    other = replace(folders, originals=tmp_path / "o", data=tmp_path / "a" / "data", labels=tmp_path / "a" / "labels")
    other.originals.mkdir()
    pack(folders.originals, other.originals / name)
    tatoeba.import_files(other)
    assert written(other) == written(folders)
    assert [path.name for path in other.data.iterdir()] == ["tatoeba"]


def test_an_official_import_has_all_languages_whole(folders: Folders) -> None:
    """Item 1 of test_refusals."""
    lay(folders.originals)
    (folders.originals / "tatoeba.swh-eng.swh").rename(folders.originals / "kept")
    with pytest.raises(MissingData, match=r"no tatoeba\.swh-eng\.swh: task tatoeba, language sw has no file"):
        tatoeba.import_files(folders)
    with pytest.raises(MissingData, match=r"no tatoeba\.swh-eng\.swh: task tatoeba, language sw has no file"):
        tatoeba.import_files(unofficial(folders))  # half a language is none
    (folders.originals / "tatoeba.swh-eng.eng").unlink()
    tatoeba.import_files(unofficial(folders))
    assert len(written(folders)) == 3 * 35


def test_an_official_import_has_the_benchmark_s_counts(folders: Folders) -> None:
    lay(folders.originals)
    for name in originals_of("hu"):
        path = folders.originals / name
        path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:1]), encoding="utf-8")
    with pytest.raises(DataError, match=r"tatoeba\.hun-eng\.eng: 1 test examples of hu are here, the benchmark has 4"):
        tatoeba.import_files(folders)
    assert written(folders) == {}
    tatoeba.import_files(unofficial(folders))
    assert written(folders)["labels/tatoeba/test-hu.tsv"] == b"0\n"


@pytest.mark.parametrize(
    ("foreign", "english", "told"),
    [
        (b"a\nb\n", b"x\n", "tatoeba.swh-eng.eng: holds 1 lines, but tatoeba.swh-eng.swh holds 2"),
        (b"a\n", b"", "tatoeba.swh-eng.eng: holds 0 lines, but tatoeba.swh-eng.swh holds 1"),
        (b"", b"", "tatoeba.swh-eng.eng: holds no sentence"),
        (b"a\n\xff\n", b"x\ny\n", "tatoeba.swh-eng.swh, line 2: is not UTF-8"),
        (b"a\n", b"\xef\xbb\xbfx\n", "tatoeba.swh-eng.eng, line 1: begins with a byte order mark"),
        (b"a\0\n", b"x\n", "tatoeba.swh-eng.swh, line 1: holds a NUL character"),
        (b"a\n", b"version https://git-lfs.github.com/spec/v1\n", "tatoeba.swh-eng.eng, line 1: is a Git LFS pointer"),
    ],
)
def test_unsound_files_are_refused(foreign: bytes, english: bytes, told: str, folders: Folders) -> None:
    """Items 2, 4 and 19 of test_refusals; a mark at the start would be sorted with the first sentence."""
    folders.originals.mkdir()
    for name, content in zip(originals_of("sw"), (foreign, english), strict=True):
        (folders.originals / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(told)):
        tatoeba.import_files(unofficial(folders))
    assert written(folders) == {}


def test_no_file_at_all_is_missing_data(folders: Folders) -> None:
    folders.originals.mkdir()
    (folders.originals / "tatoeba.amh-eng.amh").write_text("none of XTREME's\n")
    for some in (folders, unofficial(folders)):
        with pytest.raises(MissingData, match="holds none of LASER's files"):
            tatoeba.import_files(some)


def hub_set(registry: Registry, id: str) -> HubSet:
    return next(one for one in registry.task("tatoeba").hub if one.id == id)


def xtreme_rows(configuration: str, split: str) -> Iterator[dict[str, Any]]:
    """As the loader made them: lines with their ends, names of a cache file for languages."""
    assert split == "validation"
    language = {f"tatoeba.{iso3}": language for language, iso3 in ISO3.items()}[configuration]
    for foreign, english in zip(foreign_lines(language), ENGLISH, strict=True):
        row = {"source_sentence": f"{foreign}\n", "target_sentence": f"{english}\n"}
        yield {**row, "source_lang": "/cache/5f3a", "target_lang": "eng"}


def mteb_rows(configuration: str, split: str) -> Iterator[dict[str, Any]]:
    assert split == "test"
    language = {f"{iso3}-eng": language for language, iso3 in ISO3.items()}[configuration]
    for foreign, english in zip(foreign_lines(language), ENGLISH, strict=True):
        yield {"sentence1": foreign, "sentence2": english}


@pytest.mark.parametrize(("id", "rows"), [("google/xtreme", xtreme_rows), ("mteb/tatoeba-bitext-mining", mteb_rows)])
def test_aligned_rows_of_the_hub_become_the_same_files(
    id: str, rows: Rows, folders: Folders, tmp_path: Path, registry: Registry
) -> None:
    """Rows are sorted and their order kept as labels; XTREME's test is called validation."""
    chosen = hub_set(registry, id)
    assert chosen.unfit == ""
    lay(folders.originals)
    tatoeba.import_files(folders)
    other = replace(folders, data=tmp_path / "hub" / "data", labels=tmp_path / "hub" / "labels")
    chosen.write(rows, other)
    assert written(other) == written(folders)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sentence1": "a\nb"}, "(swh-eng, test), row 1: has a tab or line break inside its column 'sentence1'"),
        ({"sentence2": None}, "(swh-eng, test), row 1: has no text in a column 'sentence2'"),
    ],
)
def test_unsound_rows_of_the_hub_are_named(
    changed: dict[str, Any], told: str, folders: Folders, registry: Registry
) -> None:
    def rows(configuration: str, split: str) -> Iterator[dict[str, Any]]:
        return ({**row, **changed} if "swh" in configuration else row for row in mteb_rows(configuration, split))

    with pytest.raises(DataError, match=re.escape(told)):
        hub_set(registry, "mteb/tatoeba-bitext-mining").write(rows, folders)
    assert written(folders) == {}


def test_a_hub_set_of_other_counts_is_refused(folders: Folders, registry: Registry) -> None:
    def rows(configuration: str, split: str) -> Iterator[dict[str, Any]]:
        return (row for row in list(mteb_rows(configuration, split))[1:])

    with pytest.raises(DataError, match=r"\(ara-eng, test\): 3 test examples of ar are here, the benchmark has 4"):
        hub_set(registry, "mteb/tatoeba-bitext-mining").write(rows, folders)


def test_sources_are_laser_s_72_files(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    task = registry.task("tatoeba")
    wanted = {name for language in task.languages for name in originals_of(language)}
    assert len(task.sources) == 72 and {source.file for source in task.sources} == wanted
    for source in task.sources:
        assert source.address.endswith(f"/data/tatoeba/v1/{source.file}")
        assert source.bytes and re.fullmatch("[0-9a-f]{64}", source.sha256 or "")
    sizes = task.sizes["test"]
    short = {language: size for language, size in sizes.items() if size != 1000}
    assert list(sizes) == list(task.languages)
    assert short == {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}
