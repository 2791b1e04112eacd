"""Continued masked language modelling, to mix with a task: plain text that you have, and the bundled suite's own.

`mlm` reads one file a language, `intermediate/mlm/<language>.txt` of the data folder, a passage a line, and trains one
head for all of them; `mlm.<language>` is that language alone. Phang et al. (2020) took Wikipedia text of the XTREME
languages. `mini.mlm` needs no file: it reads the English training and dev texts of the bundled suite, which has no
other text that is no test item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import Source, Task, hookimpl, read_jsonl, read_text_lines
from xtreme_tasks.intermediate.originals import FOLDER, importer
from xtreme_tasks.mini import ABOUT as MINI_ABOUT
from xtreme_tasks.mini import FOLDER as MINI

# fmt: off
LANGUAGES = (
    "en", "af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl", "tr", "ur", "vi",
    "yo", "zh",
)
# fmt: on
DEV_LINES = 50  # one line of so many is in the dev part, the first one is
MINI_TEXTS = {"nli": ("text_a", "text_b"), "paraphrase": ("text_a", "text_b"), "qa": ("context", "question")}
STEPS = (
    "plain text of your own, a passage a line, such as extracts of Wikipedia: put it into intermediate/mlm of the data "
    "folder, named after its language (sw.txt)"
)


def files(split: str, language: str) -> tuple[str, ...]:
    return (f"{FOLDER}/mlm/{language}.txt",) if split in ("train", "dev") else ()


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """The distinct lines that are not blank; ids are line numbers from 1."""
    seen = set[str]()
    for number, line in read_text_lines(files[0]):
        text = line.strip()
        if text and text not in seen:
            is_dev = len(seen) % DEV_LINES == 0
            seen.add(text)
            if is_dev is (split == "dev"):
                yield {"id": str(number), "text": text}


def mini_files(split: str, language: str) -> tuple[str, ...]:
    return tuple(str(MINI / name / f"{split}.en.jsonl") for name in MINI_TEXTS) if split in ("train", "dev") else ()


def read_mini(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """The distinct texts of the part; ids are task, line and field."""
    seen = set[str]()
    for (name, fields), path in zip(MINI_TEXTS.items(), files, strict=True):
        for number, row in read_jsonl(path):
            for field in fields:
                if row[field] not in seen:
                    seen.add(row[field])
                    yield {"id": f"{name}-{number}-{field}", "text": row[field]}


def task(name: str, languages: tuple[str, ...]) -> Task:
    return Task(
        name=name,
        kind="mask",
        languages=languages,
        read=read,
        files=files,
        sources=tuple(
            Source(file=f"{code}.txt", address="https://dumps.wikimedia.org/", steps=STEPS) for code in languages
        ),
        import_files=importer({f"{code}.txt": f"mlm/{code}.txt" for code in languages}),
        citation="your own text",
        licence="that of your text",
    )


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(task("mlm", LANGUAGES))
    for language in LANGUAGES:
        register(task(f"mlm.{language}", (language,)))
    register(Task(name="mini.mlm", kind="mask", languages=("en",), read=read_mini, files=mini_files, **MINI_ABOUT))
