"""PAN-X: names in Wikipedia sentences (WikiAnn in the splits of Rahimi et al. 2019), 40 languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl
from xtreme_tasks.archives import unpacked
from xtreme_tasks.importing import HUB_SPLITS, HubRows, check_count, staged
from xtreme_tasks.tagged import (
    Row,
    hub_sentences,
    read_tag_labels,
    read_tagged,
    sentences,
    tag_problem,
    tagged_files,
    tags_by_words,
    write_part,
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
# training, dev and test sentences: the splits are balanced by how much a language has
COUNTS = {
    (20_000, 10_000, 10_000): "ar bg de el en es fa fi fr he hu id it ja ko nl pt ru th tr vi zh",
    (15_000, 10_000, 10_000): "et",
    (10_000, 10_000, 10_000): "eu ka",
    (20_000, 1_000, 1_000): "ms ur",
    (15_000, 1_000, 1_000): "ta",
    (10_000, 1_000, 1_000): "bn ml tl",
    (5_000, 1_000, 1_000): "af hi mr",
    (1_000, 1_000, 1_000): "kk sw te",
    (100, 100, 100): "jv my yo",
}
SPLITS = ("train", "dev", "test")
SIZES = {
    split: {code: counts[place] for counts, codes in COUNTS.items() for code in codes.split()}
    for place, split in enumerate(SPLITS)
}
RAW_FILE = re.compile("|".join(SPLITS))
RAW = Source(
    file="panx_dataset",
    address="https://www.amazon.com/clouddrive/share/d3KGCRCIYwhKJF0H3eWA26hjg2ZCRhjpEQtDL70FSBN",
    licence="not stated by the authors; the text is Wikipedia's, CC BY-SA",
    steps="by hand: unzip it in the folder of originals (<language>.tar.gz each); may be gone",
)
HUB = {"unimelb-nlp/wikiann": "{}", "google/xtreme": "PAN-X.{}"}  # configurations


def raw_sentences(path: Path) -> Iterator[list[Row]]:
    """Rows of a raw file of `language:word<TAB>tag` lines: what follows the first colon, stripped.

    The original drops words without a prefix, breaks the sentence at lines of other than two columns, and writes an
    empty line for an empty word, which then reads as a break (docs/traps.md, 13); all are refused.
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
    if problem := tag_problem(fields[1].strip(), LABELS):
        raise DataError(path, number, problem)
    return word.strip(), fields[1].strip()


def import_files(folders: Folders) -> None:
    """From the raw files to `panx/` in the data and in the label folder; an official import checks the counts."""
    with staged(folders) as new:
        seen: set[tuple[str, str]] = set()
        for language, split, path in raw_files(folders.originals, new.data.parent):
            if (language, split) in seen:
                raise DataError(path, None, f"is not the only {split} file of {language} in {folders.originals}")
            seen.add((language, split))
            write(new, language, split, path, raw_sentences(path))


def write(new: Folders, language: str, split: str, where: Path | str, rows: Iterable[list[Row]]) -> None:
    """Writes one part, which must hold a sentence and, where official, as many as the benchmark has."""
    count = write_part(new, "panx", split, language, rows)
    if not count:
        raise DataError(where, None, "holds no sentence")
    if new.official:
        check_count(where, SIZES, split, language, count)


def raw_files(source: Path, workplace: Path) -> Iterator[tuple[str, str, Path]]:
    """(language, split, file) of every `<language>/train|dev|test` in `source`, or in its `<language>.tar.gz`.

    The language is the folder's or the archive's own name: nothing else in a path decides what a file is (the original
    took every file for a test file below a folder like `my_test_data`; docs/traps.md, 11).
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


def build_labels(folders: Folders) -> None:
    """Labels for the test files of a download, in their order, from the raw files."""
    with staged(folders) as new:
        for language, split, path in raw_files(folders.originals, new.data.parent):
            test = folders.data / "panx" / f"test-{language}.tsv"
            if split == "test" and test.is_file():
                write_tags(tags_by_words(test, raw_sentences(path)), new.labels / "panx" / test.name)


def hub_set(id: str, config: str) -> HubSet:
    """Order of sentences and counts are those of the raw files; labels go by name."""

    def write_rows(rows: HubRows, folders: Folders) -> None:
        with staged(folders) as new:
            for language in LANGUAGES:
                for split in SPLITS:
                    where = f"{id}, {config.format(language)}, {HUB_SPLITS[split]}"
                    found = rows(config.format(language), HUB_SPLITS[split])
                    write(new, language, split, where, hub_sentences(where, found, "ner_tags", LABELS))

    return HubSet(id=id, write=write_rows)


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
            sources=(RAW,),
            import_files=import_files,
            build_labels=build_labels,
            hub=tuple(hub_set(id, config) for id, config in HUB.items()),
            sizes=SIZES,
            homepage="https://github.com/afshinrahimi/mmner",
            citation="Pan et al. 2017, Cross-lingual Name Tagging and Linking for 282 Languages; Rahimi et al. 2019",
            licence="not stated by the authors",
        )
    )
