"""The bundled suite: small tasks in ten languages, written for this project (CC0; README.md beside this file)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import Suite, Task, hookimpl, read_jsonl
from xtreme_tasks.generalised import generalised

LANGUAGES = ("en", "de", "zh", "ar", "hi", "ru", "sw", "te", "eu", "tr")
# fmt: off
UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ",
    "SYM", "VERB", "X",
)
# fmt: on
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


def mining_files(split: str, language: str) -> tuple[str, ...]:
    names = (f"{split}.{language}.{part}.jsonl" for part in ("source", "target", "gold"))
    return tuple(str(FOLDER / "mining" / name) for name in names)


def read_mining(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """Foreign sentences are the queries, English ones the candidates, distractors among both."""
    source, target, gold = files
    for side, path in (("query", source), ("candidate", target)):
        for _, row in read_jsonl(path):
            yield {"side": side, **row}
    for _, row in read_jsonl(gold):
        yield {"side": "gold", "query": row["source"], "candidate": row["target"]}


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
POS = Task.from_jsonl(
    name="mini.pos",
    kind="tag",
    languages=LANGUAGES,
    labels=UPOS,
    path="pos/{split}.{language}.jsonl",
    options={"first_content_subword": True},
    **ABOUT,
)
NER = Task.from_jsonl(
    name="mini.ner",
    kind="tag",
    languages=LANGUAGES,
    labels=("B-LOC", "B-ORG", "B-PER", "I-LOC", "I-ORG", "I-PER", "O"),
    path="ner/{split}.{language}.jsonl",
    options={"first_content_subword": True},
    **ABOUT,
)
QA = Task.from_jsonl(
    name="mini.qa",
    kind="span",
    languages=LANGUAGES,
    path="qa/{split}.{language}.jsonl",
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
MINING = Task(
    name="mini.mining",
    kind="mine",
    languages=LANGUAGES[1:],
    read=read_mining,
    files=mining_files,
    **ABOUT,
)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    for task in (NLI, PARAPHRASE, POS, NER, QA, RETRIEVAL, MINING):
        register(task)
    for parent in (NLI, PARAPHRASE):
        register(generalised(parent))


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in (NLI, PARAPHRASE, POS, NER, QA):
        register(task)


@hookimpl
def register_suites(register: Callable[[Suite], None]) -> None:
    register(
        Suite(
            name="mini",
            title="Bundled suite (not comparable)",
            groups={
                "classification": ("mini.nli", "mini.paraphrase"),
                "tagging": ("mini.pos", "mini.ner"),
                "qa": ("mini.qa",),
                "retrieval": ("mini.retrieval", "mini.mining"),
            },
            recipe="mini",
        )
    )
