"""TyDiQA-GoldP (Clark et al. 2020) as XTREME has it: trained on its English part, nine languages (spec 4.7).

The files called "dev" are the test set, and there is no English dev part: nothing may be selected on it. SQuAD's rules
score every language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl
from xtreme_tasks.squad import label_files, read_squad

NAMES = {
    "en": "english",
    "ar": "arabic",
    "bn": "bengali",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}
ENGLISH_TRAINING_QUESTIONS = 3_696


def files(split: str, language: str) -> tuple[str, ...]:
    parts = {
        "train": "tydiqa/tydiqa-goldp-v1.1-train.json",  # all languages; the split files cut the ids, which then repeat
        "test": f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json",
    }
    return (parts[split],) if split in parts else ()


def language_name(question: str) -> str:
    """The language that an id names. What follows may begin with `-` itself: only the first one separates."""
    return question.split("-", 1)[0]


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """The questions of one language.

    The training file holds nine languages and must be filtered: jiant once trained "English" on all of them. Its
    English part must be whole. A test or label file must hold one language alone.
    """
    kept = 0
    for row in read_squad(files[0]):
        if language_name(row["id"]) == NAMES[language]:
            kept += 1
            yield row
        elif split != "train":
            raise DataError(files[0], None, f"holds {row['id']}, which is no {NAMES[language]} question")
    if split == "train" and kept != ENGLISH_TRAINING_QUESTIONS:
        what = f"holds {kept} English questions, expected {ENGLISH_TRAINING_QUESTIONS} (ids that begin with english-)"
        raise DataError(files[0], None, what)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="tydiqa",
            kind="span",
            languages=tuple(NAMES),
            read=read,
            files=files,
            read_gold=read,
            gold_files=label_files("tydiqa"),
            homepage="https://github.com/google-research-datasets/tydiqa",
            citation="Clark et al. 2020, TyDi QA: A Benchmark for Information-Seeking Question Answering",
            licence="Apache 2.0",
        )
    )
