"""XNLI (Conneau et al. 2018) as XTREME has it: trained on English MultiNLI, 15 languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl
from xtreme_tasks.generalised import generalised
from xtreme_tasks.hub_rows import rows_of
from xtreme_tasks.importing import HUB_SPLITS, HubRows, originals, staged
from xtreme_tasks.pairs import PairSet, cell_as_written, cell_unquoted, pair_files, read_labels, read_pairs
from xtreme_tasks.pairs_import import Pair, Parts, by_language, hub_pair, raw_rows, sound_pair, write_parts

LABELS = ("contradiction", "entailment", "neutral")  # the original's order; other distributions number them otherwise
LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
XNLI = PairSet(
    name="xnli",
    labels=LABELS,
    placeholder="neutral",
    sizes={
        "train": {"en": 392_702},
        "dev": dict.fromkeys(LANGUAGES, 2_490),
        "test": dict.fromkeys(LANGUAGES, 5_010),
    },
    per_premise=3,  # a hypothesis of each label, one after the other
)
MULTINLI, XNLI_ONLY = "XNLI-MT-1.0.zip", "XNLI-1.0.zip"
RAW_TRAIN, RAW_TESTS = "multinli.train.en.tsv", {"dev": "xnli.dev.tsv", "test": "xnli.test.tsv"}
# where the headers of these files have the columns that are used
TRAIN_COLUMNS = {"premise": 0, "hypo": 1, "label": 2}
TEST_COLUMNS = {"language": 0, "gold_label": 1, "sentence1": 6, "sentence2": 7}

FACEBOOK, XTREME = "facebook/xnli", "google/xtreme"


def import_files(folders: Folders) -> None:
    """From both archives, packed or unpacked, to `xnli/` in the data and in the label folder."""
    with staged(folders) as new:
        write_parts(XNLI, _raw_parts(folders.originals, new.data.parent), folders.originals, new)


def _raw_parts(source: Path, workplace: Path) -> Parts:
    """All parts that are in `source`; archives are unpacked in `workplace`."""

    def files(name: str, archive: str) -> list[Path]:
        return originals(source, re.compile(re.escape(name)), archive, workplace / archive)

    trains = files(RAW_TRAIN, MULTINLI)
    tests = [(split, path) for split, name in RAW_TESTS.items() for path in files(name, XNLI_ONLY)]
    if not trains and not tests:
        raise MissingData(source, None, f"holds neither {MULTINLI} nor {XNLI_ONLY}, packed or unpacked")
    yield from (("train", "en", _raw_train(path)) for path in trains)
    for split, path in tests:
        yield from ((split, language, pairs) for language, pairs in by_language(XNLI, _raw_tests(path)))


def _raw_train(path: Path) -> Iterator[Pair]:
    for line, row in raw_rows(path, TRAIN_COLUMNS):
        yield sound_pair(XNLI, (row["premise"], row["hypo"], row["label"]), path, line)


def _raw_tests(path: Path) -> Iterator[tuple[str, Pair]]:
    """All languages stand in one file."""
    for line, row in raw_rows(path, TEST_COLUMNS):
        language = row["language"].strip()
        if language not in LANGUAGES:
            raise DataError(path, line, f"language {language!r} is not one of {', '.join(LANGUAGES)}")
        yield language, sound_pair(XNLI, (row["sentence1"], row["sentence2"], row["gold_label"]), path, line)


def write_facebook(rows: HubRows, folders: Folders) -> None:
    """A configuration for each language; labels go by name, their numbers are not XTREME's."""
    parts = [("train", "en"), *((split, language) for split in ("dev", "test") for language in LANGUAGES)]

    def pairs(split: str, language: str) -> Iterator[Pair]:
        for row in rows_of(FACEBOOK, rows, language, HUB_SPLITS[split]):
            yield hub_pair(XNLI, row, ("premise", "hypothesis", "label"))

    with staged(folders) as new:
        write_parts(XNLI, ((*part, pairs(*part)) for part in parts), FACEBOOK, new)


def write_xtreme(rows: HubRows, folders: Folders) -> None:
    """All languages in one configuration; there is no training part."""

    def pairs(split: str) -> Iterator[tuple[str, Pair]]:
        for row in rows_of(XTREME, rows, "XNLI", HUB_SPLITS[split]):
            yield row.text("language"), hub_pair(XNLI, row, ("sentence1", "sentence2", "gold_label"), mend=True)

    with staged(folders) as new:
        parts = ((split, *part) for split in ("dev", "test") for part in by_language(XNLI, pairs(split)))
        write_parts(XNLI, parts, XTREME, new)


def _xnli(name: str, cell: Callable[[str], str], why_not: str = "", **fields: Any) -> Task:
    return Task(
        name=name,
        kind="classify",
        languages=LANGUAGES,
        options={"labels": LABELS},
        read=read_pairs(LABELS, cell),
        files=pair_files(XNLI.name),
        read_gold=read_labels(XNLI),
        gold_files=pair_files(XNLI.name),
        sizes=XNLI.sizes,
        corpora=("multinli",),
        homepage="https://github.com/facebookresearch/XNLI",
        citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence Representations",
        licence="CC BY-NC 4.0",
        comparable=not why_not,
        not_comparable_because=why_not,
        **fields,
    )


SOURCES = (
    Source(
        file=MULTINLI,
        address="https://dl.fbaipublicfiles.com/XNLI/XNLI-MT-1.0.zip",
        licence="CC BY-NC 4.0; MultiNLI in it: mixed, mostly OANC",
    ),
    Source(file=XNLI_ONLY, address="https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip", licence="CC BY-NC 4.0"),
)
HUB = (
    HubSet(id=FACEBOOK, write=write_facebook),
    HubSet(
        id=XTREME,
        write=write_xtreme,
        unfit="quotes in its sentences are not those of XNLI, and it has no training part",
    ),
)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    xnli = _xnli("xnli", cell_unquoted, sources=SOURCES, hub=HUB, import_files=import_files)
    register(xnli)
    register(generalised(xnli))
    register(_xnli("xnli.doubled-quotes", cell_as_written, "reads quotes doubled, as the original scripts do"))
