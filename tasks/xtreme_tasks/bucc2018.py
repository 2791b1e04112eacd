"""BUCC 2018 (Zweigenbaum et al. 2018) as XTREME has it: parallel sentences mined from two corpora (spec 2.1, 4.8).

Dev is the shared task's sample part, test its training part. The dev gold comes with an XTREME download and tunes the
threshold; the test gold is a label file of the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl, read_text_lines

LANGUAGES = ("de", "fr", "ru", "zh")
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
            homepage="https://comparable.limsi.fr/bucc2018",
            citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the Third BUCC Shared Task",
            licence="shared-task data, terms not stated",
        )
    )
