"""BUCC from the shared task's archives and from the hub; what of the hub is no BUCC."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Folders, HubSet
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry
from xtreme_tasks import bucc2018
from xtreme_tasks.bucc2018 import LANGUAGES

Scores = Callable[[str, Folders], dict[str, dict[str, float]]]
Texts = dict[str, str]  # by path in the archive of a language and part


def part(language: str, name: str) -> Texts:
    """Three foreign and four English sentences, two of them pairs, one of which is said twice."""
    foreign = "".join(f"{language}-{row:09}\tSatz {name} {row % 2}\n" for row in range(1, 4))
    english = "".join(f"en-{row:09}\tsentence {name} {row}\u2028\n" for row in range(4))
    gold = f"{language}-000000001\ten-000000003\n{language}-000000002\ten-000000001\n"
    return {language: foreign, "en": english, "gold": gold}


@pytest.fixture
def files() -> dict[tuple[str, str], Texts]:
    """By language and the shared task's name of the part."""
    return {(language, name): part(language, name) for language in LANGUAGES for name in ("sample", "training")}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark's parts have two pairs."""
    monkeypatch.setattr(bucc2018, "GOLD_PAIRS", {split: dict.fromkeys(LANGUAGES, 2) for split in ("dev", "test")})


@pytest.fixture
def folders(places: Callable[..., Folders]) -> Folders:
    return places(official=True)


def unofficial(folders: Folders) -> Folders:
    return replace(folders, official=False)


def lay(folder: Path, files: dict[tuple[str, str], Texts]) -> None:
    for (language, name), texts in files.items():
        for side, text in texts.items():
            path = folder / "bucc2018" / f"{language}-en" / f"{language}-en.{name}.{side}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")


def pack(folder: Path, files: dict[tuple[str, str], Texts]) -> None:
    folder.mkdir(parents=True)
    for (language, name), texts in files.items():
        with tarfile.open(folder / f"bucc2018-{language}-en.{name}-gold.tar.bz2", "w:bz2") as archive:
            for side, text in {**texts, "about": "licence"}.items():
                member = tarfile.TarInfo(f"bucc2018/{language}-en/{language}-en.{name}.{side}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))


def written(folders: Folders) -> dict[str, str]:
    found = {}
    for root in (folders.data, folders.labels):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            found[f"{root.name}/{path.relative_to(root).as_posix()}"] = path.read_bytes().decode()
    return found


def test_sample_is_dev_training_is_test_and_test_gold_a_label(
    folders: Folders, files: dict[tuple[str, str], Texts]
) -> None:
    """Dev gold lies where it is looked for, test gold in the label folder only (docs/traps.md, 21)."""
    lay(folders.originals, files)
    bucc2018.import_files(folders)
    expected = {}
    for language in LANGUAGES:
        for split, name in (("dev", "sample"), ("test", "training")):
            stem, texts = f"data/bucc2018/{language}-en.{split}", files[language, name]
            expected |= {f"{stem}.{side}": texts[side] for side in (language, "en")}
            expected[f"{stem}.gold" if split == "dev" else f"labels/bucc2018/test-{language}.tsv"] = texts["gold"]
    assert written(folders) == expected
    for split in ("dev", "test"):
        assert all((folders.data / name).is_file() for name in bucc2018.files(split, "zh"))


def test_packed_archives_give_the_same(folders: Folders, tmp_path: Path, files: dict[tuple[str, str], Texts]) -> None:
    lay(folders.originals, files)
    bucc2018.import_files(folders)
    other = Folders(originals=tmp_path / "o", data=tmp_path / "other" / "data", labels=tmp_path / "other" / "labels")
    pack(other.originals, files)
    bucc2018.import_files(other)
    assert written(other) == written(folders)
    assert [path.name for path in other.data.iterdir()] == ["bucc2018"]


def test_gold_sent_in_scores_100(folders: Folders, files: dict[tuple[str, str], Texts], score_gold: Scores) -> None:
    lay(folders.originals, files)
    bucc2018.import_files(folders)
    figures = score_gold("bucc2018", folders)
    assert figures == {code: dict.fromkeys(("f1", "precision", "recall"), 100.0) for code in LANGUAGES}


def test_equal_sentences_stay(folders: Folders, files: dict[tuple[str, str], Texts]) -> None:
    """Mining merges them, and only it (docs/traps.md, 25)."""
    lay(folders.originals, files)
    bucc2018.import_files(folders)
    rows = bucc2018.read("test", "de", tuple(folders.data / name for name in bucc2018.files("test", "de")))
    assert [row["text"] for row in rows][:3] == ["Satz training 1", "Satz training 0", "Satz training 1"]


def test_an_official_import_has_all_parts_whole(folders: Folders, files: dict[tuple[str, str], Texts]) -> None:
    """Item 1 of test_refusals."""
    del files["fr", "sample"]
    pack(folders.originals, files)
    told = r"holds no bucc2018-fr-en\.sample-gold\.tar\.bz2: task bucc2018, language fr has no dev file"
    with pytest.raises(MissingData, match=told):
        bucc2018.import_files(folders)
    assert written(folders) == {}
    bucc2018.import_files(unofficial(folders))
    assert len(written(folders)) == 3 * 7


def test_a_part_without_one_of_its_files_is_refused(folders: Folders, files: dict[tuple[str, str], Texts]) -> None:
    del files["ru", "training"]["gold"]
    lay(folders.originals, files)
    for some in (folders, unofficial(folders)):
        with pytest.raises(MissingData, match=r"no ru-en\.training\.gold: task bucc2018, language ru has no test file"):
            bucc2018.import_files(some)


def test_an_official_import_has_the_benchmark_s_number_of_pairs(
    folders: Folders, files: dict[tuple[str, str], Texts]
) -> None:
    files["zh", "training"]["gold"] = "zh-000000001\ten-000000003\n"
    lay(folders.originals, files)
    told = r"zh-en\.training\.gold: holds 1 pairs, the benchmark's test part of zh has 2"
    with pytest.raises(DataError, match=told):
        bucc2018.import_files(folders)
    bucc2018.import_files(unofficial(folders))


@pytest.mark.parametrize(
    ("side", "text", "told"),
    [
        (
            "gold",
            "de-000000001\ten-000000009\n",
            "gold, line 1: names en-000000009, which is no sentence of the corpus",
        ),
        ("gold", "de-000000001\ten-000000001\nde-000000009\ten-000000001\n", "gold, line 2: names de-000000009"),
        ("gold", "en-000000001\tde-000000001\n", "gold, line 1: holds the id 'en-000000001', expected de-"),
        ("gold", "de-000000001\n", "gold, line 1: has 1 tab-separated fields, expected 2"),
        ("gold", "", "gold: holds no pair"),
        ("en", "", "en: holds no sentence"),
        ("en", "en-000000001\ta\nen-000000001\tb\n", "en, line 2: the id en-000000001 is there twice"),
        ("de", "fr-000000001\ta\n", "de, line 1: holds the id 'fr-000000001', expected de- and nine digits"),
        ("de", "de-000000001\ta\tb\n", "de, line 1: has 3 tab-separated fields, expected 2"),
        ("de", "\ufeffde-000000001\ta\n", "de, line 1: begins with a byte order mark"),
        ("en", "en-000000001\ta\0\n", "en, line 1: holds a NUL character"),
    ],
)
def test_unsound_lines_are_refused(side: str, text: str, told: str, folders: Folders) -> None:
    """Items 4, 8, 15 and 19 of test_refusals."""
    lay(folders.originals, {("de", "training"): {**part("de", "training"), side: text}})
    with pytest.raises(DataError, match=re.escape(f"de-en.training.{told}")):
        bucc2018.import_files(unofficial(folders))
    assert written(folders) == {}


def test_no_file_at_all_is_missing_data(folders: Folders) -> None:
    folders.originals.mkdir()
    for some in (folders, unofficial(folders)):
        with pytest.raises(MissingData, match=r"holds no bucc2018-de-en\.training-gold\.tar\.bz2 or its like"):
            bucc2018.import_files(some)


def hub_set(registry: Registry, id: str) -> HubSet:
    return next(one for one in registry.task("bucc2018").hub if one.id == id)


def test_google_xtreme_s_bucc_is_unfit_for_want_of_distractors(folders: Folders, registry: Registry) -> None:
    """Ids stand in the columns for languages."""
    chosen = hub_set(registry, "google/xtreme")
    assert "gold pairs only" in chosen.unfit

    def rows(configuration: str, split: str) -> Iterator[dict[str, Any]]:
        language = configuration.removeprefix("bucc18.")
        for row in (3, 5):
            ids = {"source_lang": f"{language}-{row:09}", "target_lang": f"en-{row + 1:09}"}
            yield {"source_sentence": f'a {split}\t"{row}\n', "target_sentence": "", **ids}

    chosen.write(rows, unofficial(folders))
    files = written(folders)
    assert len(files) == 4 * 6
    assert files["data/bucc2018/fr-en.dev.fr"] == 'fr-000000003\ta validation "3 \nfr-000000005\ta validation "5 \n'
    assert files["data/bucc2018/fr-en.test.en"] == "en-000000004\t\nen-000000006\t\n"
    assert files["labels/bucc2018/test-fr.tsv"] == "fr-000000003\ten-000000004\nfr-000000005\ten-000000006\n"


def mteb_row(language: str) -> dict[str, Any]:
    return {
        "sentence1": [f"{language} one", f"{language} two"],
        "sentence2": ["a", "b", "c\n"],
        "gold": [[2, 1], [1, 3]],
    }


def test_mteb_s_bucc_is_unfit_for_want_of_a_dev_part(folders: Folders, registry: Registry, score_gold: Scores) -> None:
    """The corpora of a language stand in one row; gold counts from 1."""
    chosen = hub_set(registry, "mteb/BUCC")
    assert "no dev part" in chosen.unfit and "threshold" in chosen.unfit

    def rows(configuration: str, split: str) -> list[dict[str, Any]]:
        assert split == "test"
        return [mteb_row(configuration.removesuffix("-en"))]

    chosen.write(rows, unofficial(folders))
    files = written(folders)
    assert len(files) == 4 * 3
    assert files["data/bucc2018/ru-en.test.ru"] == "ru-000000001\tru one\nru-000000002\tru two\n"
    assert files["data/bucc2018/ru-en.test.en"] == "en-000000001\ta\nen-000000002\tb\nen-000000003\tc \n"
    assert files["labels/bucc2018/test-ru.tsv"] == "ru-000000002\ten-000000001\nru-000000001\ten-000000003\n"
    figures = score_gold("bucc2018", folders)
    assert figures == {code: dict.fromkeys(("f1", "precision", "recall"), 100.0) for code in LANGUAGES}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"gold": [[0, 1]]}, "line 1: names de-000000000, which is no sentence"),
        ({"gold": [[1, 4]]}, "line 1: names en-000000004, which is no sentence"),
        ({"gold": [[1]]}, "mteb/BUCC (de-en, test), row 1: is not two lists of sentences"),
        ({"gold": None}, "mteb/BUCC (de-en, test), row 1: is not two lists of sentences"),
        ({"sentence1": [None]}, "mteb/BUCC (de-en, test), row 1: is not two lists of sentences"),
    ],
)
def test_unsound_rows_of_mteb_are_refused(
    changed: dict[str, Any], told: str, folders: Folders, registry: Registry
) -> None:
    with pytest.raises(DataError, match=re.escape(told)):
        hub_set(registry, "mteb/BUCC").write(lambda name, split: [{**mteb_row("de"), **changed}], unofficial(folders))
    assert written(folders) == {}


def test_sources_are_the_eight_archives_and_sizes_count_gold_pairs(registry: Registry) -> None:
    task = registry.task("bucc2018")
    assert len({source.file for source in task.sources}) == 8
    for source in task.sources:
        assert source.address == f"https://comparable.limsi.fr/bucc2018/{source.file}"
    assert task.sizes["test"] == {"de": 9_580, "fr": 9_086, "ru": 14_435, "zh": 1_899}
