"""PAWS-X (Yang et al. 2019) as XTREME has it: trained on English PAWS-Wiki, 7 languages.

Rows that hold the placeholder sentence `NS` stay in: the hidden labels cover all rows. Training files of the other
languages, which are machine translated, are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl
from xtreme_tasks.archives import unpacked
from xtreme_tasks.generalised import Untranslated, generalised
from xtreme_tasks.hub_rows import rows_of
from xtreme_tasks.importing import HUB_SPLITS, HubRows, staged
from xtreme_tasks.pairs import PairSet, cell_as_written, cell_unquoted, pair_files, read_labels, read_pairs
from xtreme_tasks.pairs_import import Pair, Parts, hub_pair, raw_rows, sound_pair, write_parts

LABELS = ("0", "1")
LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")
PAWSX = PairSet(
    name="pawsx",
    labels=LABELS,
    placeholder="0",
    sizes={"train": {"en": 49_401}, "dev": dict.fromkeys(LANGUAGES, 2_000), "test": dict.fromkeys(LANGUAGES, 2_000)},
)
UNTRANSLATED = Untranslated(text="NS", label="0")
PARTS = (("train", "en"), *((split, language) for split in ("dev", "test") for language in LANGUAGES))
ARCHIVE, FOLDER = "x-final.tar.gz", "x-final"
RAW = {"train": "train.tsv", "dev": "dev_2k.tsv", "test": "test_2k.tsv"}
RAW_FILE = re.compile(rf"{FOLDER}/({'|'.join(LANGUAGES)})/({'|'.join(map(re.escape, RAW.values()))})")
RAW_COLUMNS = {"sentence1": 1, "sentence2": 2, "label": 3}

PAWS_X, XTREME = "google-research-datasets/paws-x", "google/xtreme"


def import_files(folders: Folders) -> None:
    """From the archive, packed or unpacked, to `pawsx/` in the data and in the label folder."""
    with staged(folders) as new:
        write_parts(PAWSX, _raw_parts(folders.originals, new.data.parent), folders.originals, new)


def _raw_parts(source: Path, workplace: Path) -> Parts:
    """All parts that are in `source`; the archive is unpacked in `workplace`."""
    roots = _roots(source) or _unpacked_roots(source, workplace)
    for split, language in PARTS:
        here = [path for root in roots if (path := root / language / RAW[split]).is_file()]
        if len(here) > 1:
            raise DataError(here[1], None, f"is there twice: also as {here[0]}")
        yield from ((split, language, _raw_pairs(path)) for path in here)


def _roots(source: Path) -> list[Path]:
    """The folders called x-final: `source` itself, and what lies below."""
    folder = source.resolve()
    return [path for path in (folder, *sorted(folder.rglob(FOLDER))) if path.name == FOLDER and path.is_dir()]


def _unpacked_roots(source: Path, workplace: Path) -> list[Path]:
    archives = sorted(source.rglob(ARCHIVE))
    if not archives:
        raise MissingData(source, None, f"holds no {ARCHIVE}, packed or unpacked (a folder {FOLDER})")
    for archive in archives:
        list(unpacked(archive, RAW_FILE, workplace / ARCHIVE))
    return [workplace / ARCHIVE / FOLDER]


def _raw_pairs(path: Path) -> Iterator[Pair]:
    """Cells after the fourth are passed over, as the original does."""
    for line, row in raw_rows(path, RAW_COLUMNS, may_have_more=True):
        yield sound_pair(PAWSX, (row["sentence1"], row["sentence2"], row["label"]), path, line)


def write_paws_x(rows: HubRows, folders: Folders) -> None:
    """A configuration for each language; labels are classes whose names are XTREME's."""
    _write_hub(PAWS_X, "{language}", rows, folders)


def write_xtreme(rows: HubRows, folders: Folders) -> None:
    """Rows are missing, and some hold two."""
    _write_hub(XTREME, "PAWS-X.{language}", rows, folders, mend=True)


def _write_hub(hub_id: str, configuration: str, rows: HubRows, folders: Folders, mend: bool = False) -> None:
    def pairs(split: str, language: str) -> Iterator[Pair]:
        for row in rows_of(hub_id, rows, configuration.format(language=language), HUB_SPLITS[split]):
            yield hub_pair(PAWSX, row, ("sentence1", "sentence2", "label"), mend)

    with staged(folders) as new:
        write_parts(PAWSX, ((*part, pairs(*part)) for part in PARTS), hub_id, new)


def _pawsx(name: str, cell: Callable[[str], str], why_not: str = "", **fields: Any) -> Task:
    return Task(
        name=name,
        kind="classify",
        languages=LANGUAGES,
        options={"labels": LABELS},
        read=read_pairs(LABELS, cell),
        files=pair_files(PAWSX.name),
        read_gold=read_labels(PAWSX),
        gold_files=pair_files(PAWSX.name),
        sizes=PAWSX.sizes,
        homepage="https://github.com/google-research-datasets/paws",
        citation="Yang et al. 2019, PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase Identification",
        licence="free to use",
        comparable=not why_not,
        not_comparable_because=why_not,
        **fields,
    )


SOURCES = (
    Source(
        file=ARCHIVE,
        address="https://storage.googleapis.com/paws/pawsx/x-final.tar.gz",
        licence="free to use, with acknowledgement of Google",
    ),
)
HUB = (
    HubSet(id=PAWS_X, write=write_paws_x),
    HubSet(
        id=XTREME,
        write=write_xtreme,
        unfit="rows were lost and joined where sentences hold quotes: later lines stand beside other labels",
    ),
)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    pawsx = _pawsx("pawsx", cell_unquoted, sources=SOURCES, hub=HUB, import_files=import_files)
    register(pawsx)
    register(generalised(pawsx, UNTRANSLATED))
    register(_pawsx("pawsx.doubled-quotes", cell_as_written, "reads quotes doubled, as the original scripts do"))
