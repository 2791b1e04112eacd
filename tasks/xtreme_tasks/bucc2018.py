"""BUCC 2018 (Zweigenbaum et al. 2018) as XTREME has it: parallel sentences mined from two corpora.

Dev is the shared task's sample part, test its training part. The dev gold comes with an XTREME download and tunes the
threshold; the test gold is a label file of the same shape.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl, read_text_lines
from xtreme_tasks.hub_rows import HubRow, on_one_line, rows_of
from xtreme_tasks.importing import HUB_SPLITS, HubRows, originals, staged

LANGUAGES = ("de", "fr", "ru", "zh")
PARTS = {"dev": "sample", "test": "training"}  # XTREME's names and the shared task's
GOLD_PAIRS = {  # what a score counts as its examples; how many sentences the corpora have is not known for sure
    "dev": {"de": 1_038, "fr": 929, "ru": 2_374, "zh": 257},
    "test": {"de": 9_580, "fr": 9_086, "ru": 14_435, "zh": 1_899},
}
HOMEPAGE = "https://comparable.limsi.fr/bucc2018"
LICENCE = "shared-task data, terms not stated"
XTREME, MTEB = "google/xtreme", "mteb/BUCC"

Corpus = dict[str, str]  # sentences by id
ID = re.compile(r"([a-z]{2})-[0-9]{9}", re.ASCII)


def files(split: str, language: str) -> tuple[str, ...]:
    """Foreign and English sentences; for dev also the gold pairs."""
    stem = f"bucc2018/{language}-en.{split}"
    return (f"{stem}.{language}", f"{stem}.en", *((f"{stem}.gold",) if split == "dev" else ()))


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """`id<TAB>sentence` lines: foreign sentences are the queries, English ones the candidates."""
    for side, code, path in zip(("query", "candidate"), (language, "en"), files[:2], strict=True):
        for number, (name, text) in _fields(path):
            yield {"side": side, "id": _checked(name, code, path, number), "text": text.strip()}
    if split == "dev":
        yield from read_gold(split, language, files[2:])


def gold_files(split: str, language: str) -> tuple[str]:
    return (f"bucc2018/{split}-{language}.tsv",)


def read_gold(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """`foreign id<TAB>English id` lines, in the last of the files."""
    for number, (foreign, english) in _fields(files[-1]):
        query, candidate = (
            _checked(name, code, files[-1], number) for name, code in ((foreign, language), (english, "en"))
        )
        yield {"side": "gold", "query": query, "candidate": candidate}


def _fields(path: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    for number, line in read_text_lines(path):
        fields = line.split("\t")
        if len(fields) != 2:
            raise DataError(path, number, f"has {len(fields)} tab-separated fields, expected 2")
        yield number, (fields[0], fields[1])


def _checked(name: str, code: str, path: Path, number: int) -> str:
    found = ID.fullmatch(name.strip())
    if found is None or found[1] != code:
        raise DataError(path, number, f"holds the id {name!r}, expected {code}- and nine digits")
    return found[0]


def import_files(folders: Folders) -> None:
    """From the archives, packed or unpacked, to `bucc2018/` in the data folder; test gold to the label folder only."""
    with staged(folders) as new:
        parts = [(split, language) for language in LANGUAGES for split in PARTS]
        found = {part: raw for part in parts if (raw := _originals(folders.originals, *part, new.data.parent))}
        if not found:
            raise MissingData(folders.originals, None, f"holds no {_archive('de', 'test')} or its like, nor its files")
        for split, language in parts if new.official else found:
            if (split, language) not in found:
                what = f"holds no {_archive(language, split)}: task bucc2018, language {language} has no {split} file"
                raise MissingData(folders.originals, None, what)
            _import_part(split, language, found[split, language], new)


def _archive(language: str, split: str) -> str:
    return f"bucc2018-{language}-en.{PARTS[split]}-gold.tar.bz2"


def _originals(source: Path, split: str, language: str, workplace: Path) -> tuple[Path, ...]:
    """Foreign sentences, English sentences and gold; or nothing."""
    stem, sides = f"{language}-en.{PARTS[split]}", (language, "en", "gold")
    wanted = re.compile(rf"{re.escape(stem)}\.({'|'.join(sides)})")
    archive = _archive(language, split)
    found = {path.suffix[1:]: path for path in originals(source, wanted, archive, workplace / archive)}
    if found and (missing := [side for side in sides if side not in found]):
        what = f"holds no {stem}.{missing[0]}: task bucc2018, language {language} has no {split} file"
        raise MissingData(source, None, what)
    return tuple(found[side] for side in sides if found)


def _import_part(split: str, language: str, raw: tuple[Path, ...], new: Folders) -> None:
    """Copies the files of a part, whose lines must be sound; the gold of the test part is a label file."""
    corpora = [_ids(path, code) for path, code in zip(raw[:2], (language, "en"), strict=True)]
    gold = [(row["query"], row["candidate"]) for row in read_gold(split, language, raw)]
    for number, pair in enumerate(gold, start=1):
        for id, corpus in zip(pair, corpora, strict=True):
            if id not in corpus:
                raise DataError(raw[-1], number, f"names {id}, which is no sentence of the corpus")
    if not gold:
        raise DataError(raw[-1], None, "holds no pair")
    if new.official and len(gold) != GOLD_PAIRS[split][language]:
        what = f"holds {len(gold)} pairs, the benchmark's {split} part of {language} has {GOLD_PAIRS[split][language]}"
        raise DataError(raw[-1], None, f"{what}: it is cut, or of another release")
    labels = [new.labels / name for name in gold_files(split, language) if split == "test"]
    for path, target in zip(raw, (*(new.data / name for name in files(split, language)), *labels), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _ids(path: Path, code: str) -> set[str]:
    ids: set[str] = set()
    for number, (name, _) in _fields(path):
        id = _checked(name, code, path, number)
        if id in ids:
            raise DataError(path, number, f"the id {id} is there twice")
        ids.add(id)
    if not ids:
        raise DataError(path, None, "holds no sentence")
    return ids


def write_xtreme(rows: HubRows, folders: Folders) -> None:
    """Gold pairs and no other sentence; ids stand in the columns that are called languages."""
    sides = (("source_lang", "source_sentence"), ("target_lang", "target_sentence"))
    with staged(folders) as new:
        for language in LANGUAGES:
            for split in PARTS:
                here = list(rows_of(XTREME, rows, f"bucc18.{language}", HUB_SPLITS[split]))
                corpora = [{row.text(id): on_one_line(row.text(text)) for row in here} for id, text in sides]
                gold = [(row.text("source_lang"), row.text("target_lang")) for row in here]
                _write_part(split, language, corpora, gold, new)


def write_mteb(rows: HubRows, folders: Folders) -> None:
    """The test part. A row holds both corpora, and gold as places in them counted from 1."""
    with staged(folders) as new:
        for language in LANGUAGES:
            for row in rows_of(MTEB, rows, f"{language}-en", "test"):
                _write_part("test", language, *_numbered(row, language), new)


def _numbered(row: HubRow, language: str) -> tuple[list[Corpus], list[tuple[str, str]]]:
    """Both corpora and the gold of a row, with ids made of places."""
    try:
        corpora = [
            {_id(code, place): on_one_line(text) for place, text in enumerate(row.values[column], start=1)}
            for code, column in ((language, "sentence1"), ("en", "sentence2"))
        ]
        return corpora, [(_id(language, one), _id("en", other)) for one, other in row.values["gold"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = "is not two lists of sentences, sentence1 and sentence2, and a list of pairs of places, gold"
        raise DataError(row.place, None, what) from error


def _id(code: str, place: int) -> str:
    return f"{code}-{place:09}"


def _write_part(
    split: str, language: str, corpora: Sequence[Corpus], gold: Sequence[tuple[str, str]], new: Folders
) -> None:
    """By way of files in the original's layout."""
    folder = new.data.parent / "rows"
    folder.mkdir(exist_ok=True)
    raw = tuple(folder / f"{language}-en.{split}.{side}" for side in (language, "en", "gold"))
    for path, lines in zip(raw, (*(corpus.items() for corpus in corpora), gold), strict=True):
        path.write_text("".join(f"{one}\t{other}\n" for one, other in lines), encoding="utf-8", newline="\n")
    _import_part(split, language, raw, new)


SOURCES = tuple(
    Source(
        file=_archive(language, split),
        address=f"{HOMEPAGE}/{_archive(language, split)}",
        licence=LICENCE,
    )
    for language in LANGUAGES
    for split in PARTS
)
HUB = (
    HubSet(
        id=XTREME,
        write=write_xtreme,
        unfit="it holds gold pairs only: without the other sentences of the corpora there is nothing to mine",
    ),
    HubSet(
        id=MTEB,
        write=write_mteb,
        unfit="it has no dev part, on whose gold the threshold is tuned, and no ids of sentences",
    ),
)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="bucc2018",
            kind="mine",
            languages=LANGUAGES,
            read=read,
            files=files,
            read_gold=read_gold,
            gold_files=gold_files,
            sources=SOURCES,
            hub=HUB,
            import_files=import_files,
            sizes=GOLD_PAIRS,
            homepage=HOMEPAGE,
            citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the Third BUCC Shared Task",
            licence=LICENCE,
        )
    )
