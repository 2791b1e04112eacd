"""PAN-X: names in Wikipedia sentences (WikiAnn in the splits of Rahimi et al. 2019), 40 languages (spec 4.4)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from xtreme_harness import DataError, Folders, MissingData, Source, Task, hookimpl
from xtreme_tasks.archives import unpacked
from xtreme_tasks.tagged import (
    Row,
    move_written,
    read_tag_labels,
    read_tagged,
    sentences,
    tagged_files,
    tags_by_words,
    write_sentences,
    write_tags,
)

LABELS = ("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O")  # sorted, as in the original's labels file
# fmt: off
LANGUAGES = (
    "ar", "he", "vi", "id", "jv", "ms", "tl", "eu", "ml", "ta", "te", "af", "nl", "en", "de", "el", "bn", "hi", "mr",
    "ur", "fa", "fr", "it", "pt", "es", "bg", "ru", "ja", "ka", "ko", "th", "sw", "yo", "my", "zh", "kk", "tr", "et",
    "fi", "hu",
)
# fmt: on
SPLITS = ("train", "dev", "test")
RAW_FILE = re.compile("|".join(SPLITS))


def raw_sentences(path: Path) -> Iterator[list[Row]]:
    """Rows of a raw file of `language:word<TAB>tag` lines: what follows the first colon, stripped.

    The original drops words without a prefix, breaks the sentence at lines of other than two columns, and writes an
    empty line for an empty word, which then reads as a break (spec 7, item 13); all are refused (spec 8, item 17).
    """
    for lines in sentences(path):
        yield [_row(path, number, line) for number, line in lines]


def _row(path: Path, number: int, line: str) -> Row:
    fields = line.split("\t")
    if len(fields) != 2:
        raise DataError(path, number, f"has {len(fields)} tab-separated columns, expected 2")
    prefix, colon, word = fields[0].partition(":")
    if not prefix.strip() or not colon:
        raise DataError(path, number, f"{fields[0]!r} has no language before a colon, as in en:word")
    if not word.strip():
        raise DataError(path, number, "has an empty word")
    tag = fields[1].strip()
    if tag not in LABELS:
        raise DataError(path, number, f"tag {tag!r} is not one of {', '.join(LABELS)}")
    return word.strip(), tag


def import_raw(source: Path, data: Path, labels: Path) -> dict[tuple[str, str], int]:
    """Writes `data/panx/` and `labels/panx/` from the raw files in `source`; returns sentences by language and split.

    Nothing is written unless all is sound.
    """
    counts = {}
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data, prefix=".panx-") as place:
        new = Path(place)
        for language, split, path in raw_files(source, new / "raw"):
            name = f"{split}-{language}.tsv"
            if (language, split) in counts:
                raise DataError(path, None, f"is not the only {split} file of {language} in {source}")
            gold = new / "labels" / name if split == "test" else None
            counts[language, split] = write_sentences(raw_sentences(path), new / "data" / name, gold)
            if not counts[language, split]:
                raise DataError(path, None, "holds no sentence")
        move_written(new / "data", data / "panx")
        move_written(new / "labels", labels / "panx")
    return counts


def raw_files(source: Path, workplace: Path) -> Iterator[tuple[str, str, Path]]:
    """(language, split, file) of every `<language>/train|dev|test` in `source`, or in its `<language>.tar.gz`.

    The language is the folder's or the archive's own name: nothing else in a path decides what a file is (the original
    took every file for a test file below a folder like `my_test_data`; spec 7, item 11).
    """
    found = False
    for language in LANGUAGES:
        folders = [path for path in sorted(source.rglob(language)) if path.is_dir()]
        paths = [folder / split for folder in folders for split in SPLITS if (folder / split).is_file()]
        archives = [path for path in sorted(source.rglob(f"{language}.tar.gz")) if not paths and path.is_file()]
        for archive in archives:
            (workplace / language).mkdir(parents=True, exist_ok=True)
            paths += unpacked(archive, RAW_FILE, workplace / language)
        for path in paths:
            found = True
            yield language, path.name, path
    if not found:
        raise MissingData(source, None, "holds no WikiAnn (<language>.tar.gz, or folders with train, dev and test)")


def label_tests(source: Path, data: Path, labels: Path) -> None:
    """Writes `labels/panx/` for the test files in `data/panx/`, in their order, from the raw files in `source`."""
    with tempfile.TemporaryDirectory(dir=data, prefix=".panx-") as place:
        for language, split, path in raw_files(source, Path(place)):
            test = data / "panx" / f"test-{language}.tsv"
            if split == "test" and test.is_file():
                write_tags(tags_by_words(test, raw_sentences(path)), labels / "panx" / test.name)


def import_files(folders: Folders) -> None:
    """From the raw files to `panx/` in the data and in the label folder."""
    import_raw(folders.originals, folders.data, folders.labels)


def build_labels(folders: Folders) -> None:
    """Labels for the test files of a download, from the raw files."""
    label_tests(folders.originals, folders.data, folders.labels)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="panx",
            kind="tag",
            languages=LANGUAGES,
            options={"labels": LABELS},
            read=read_tagged(LABELS),
            files=tagged_files("panx"),
            read_gold=read_tag_labels(LABELS),
            gold_files=tagged_files("panx"),
            sources=(
                Source(
                    file="panx_dataset",
                    address="https://www.amazon.com/clouddrive/share/d3KGCRCIYwhKJF0H3eWA26hjg2ZCRhjpEQtDL70FSBN",
                    steps="by hand: unzip it in the folder of originals (<language>.tar.gz each); may be gone",
                ),
            ),
            import_files=import_files,
            build_labels=build_labels,
            homepage="https://github.com/afshinrahimi/mmner",
            citation="Pan et al. 2017, Cross-lingual Name Tagging and Linking for 282 Languages; Rahimi et al. 2019",
            licence="not stated by the authors",
        )
    )
