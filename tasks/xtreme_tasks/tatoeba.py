"""Tatoeba (Artetxe and Schwenk 2019) as XTREME has it: English queries, foreign candidates, 36 languages (spec 4.10).

The English file of an XTREME download is sorted, so the gold (a label file of row numbers) is a permutation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl, read_text_lines

# fmt: off
LANGUAGES = (
    "ar", "he", "vi", "id", "jv", "tl", "eu", "ml", "ta", "te", "af", "nl", "de", "el", "bn", "hi", "mr", "ur",
    "fa", "fr", "it", "pt", "es", "bg", "ru", "ja", "ka", "ko", "th", "sw", "zh", "kk", "tr", "et", "fi", "hu",
)
# fmt: on


def files(split: str, language: str) -> tuple[str, str]:
    return f"tatoeba/{language}-en.en", f"tatoeba/{language}-en.{language}"


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """English lines are the queries en-0, en-1, ...; foreign lines the candidates <language>-0, ..."""
    for side, code, path in zip(("query", "candidate"), ("en", language), files, strict=True):
        for number, line in read_text_lines(path):
            yield {"side": side, "id": f"{code}-{number - 1}", "text": line.strip()}


def gold_files(split: str, language: str) -> tuple[str]:
    return (f"tatoeba/test-{language}.tsv",)


def read_gold(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """Line k holds the 0-based row of the foreign file that translates line k of the sorted English file."""
    lines = list(read_text_lines(files[0]))
    for number, line in lines:
        text = line.strip()
        if not (text.isascii() and text.isdigit()):
            hint = "; row numbers stand without brackets" if text.startswith("[") else ""
            raise DataError(files[0], number, f"holds {text!r}, expected a row number{hint}")
        if int(text) >= len(lines):
            raise DataError(files[0], number, f"names row {text}, but the {len(lines)} rows are counted from 0")
        yield {"side": "gold", "query": f"en-{number - 1}", "candidate": f"{language}-{int(text)}"}


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="tatoeba",
            kind="nearest",
            languages=LANGUAGES,
            read=read,
            files=files,
            read_gold=read_gold,
            gold_files=gold_files,
            homepage="https://github.com/facebookresearch/LASER",
            citation="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings",
            licence="CC BY 2.0 FR",
        )
    )
