"""The bundled suite: small tasks in ten languages, written for this project (CC0; README.md beside this file)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import Suite, Task, hookimpl, read_jsonl

LANGUAGES = ("en", "de", "zh", "ar", "hi", "ru", "sw", "te", "eu", "tr")
ABOUT: dict[str, Any] = {
    "licence": "CC0",
    "citation": "the mini corpus of xtreme-harness",
    "comparable": False,
    "not_comparable_because": "bundled miniature data",
}
FOLDER = Path(__file__).parent


def parallel_files(split: str, language: str) -> tuple[str, str]:
    return str(FOLDER / "parallel" / f"{split}.en.jsonl"), str(FOLDER / "parallel" / f"{split}.{language}.jsonl")


def read_parallel(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """English sentences are the queries; the sentence with the same id is the gold candidate."""
    for side, path in zip(("query", "candidate"), files, strict=True):
        for _, row in read_jsonl(path):
            yield {"side": side, **row}
            if side == "query":
                yield {"side": "gold", "query": row["id"], "candidate": row["id"]}


NLI = Task.from_jsonl(
    name="mini.nli",
    kind="classify",
    languages=LANGUAGES,
    labels=("contradiction", "entailment", "neutral"),
    path="nli/{split}.{language}.jsonl",
    **ABOUT,
)
PARAPHRASE = Task.from_jsonl(
    name="mini.paraphrase",
    kind="classify",
    languages=LANGUAGES,
    labels=("0", "1"),
    path="paraphrase/{split}.{language}.jsonl",
    **ABOUT,
)
RETRIEVAL = Task(
    name="mini.retrieval",
    kind="nearest",
    languages=LANGUAGES[1:],
    read=read_parallel,
    files=parallel_files,
    **ABOUT,
)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    for task in (NLI, PARAPHRASE, RETRIEVAL):
        register(task)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in (NLI, PARAPHRASE):
        register(task)


@hookimpl
def register_suites(register: Callable[[Suite], None]) -> None:
    register(
        Suite(
            name="mini",
            title="Bundled suite (not comparable)",
            groups={"classification": ("mini.nli", "mini.paraphrase"), "retrieval": ("mini.retrieval",)},
            recipe="mini",
        )
    )
