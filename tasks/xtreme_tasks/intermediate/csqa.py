"""CommonsenseQA (Talmor et al. 2019), random split: which of five words answers a question that needs common sense?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Source, Task, hookimpl, read_jsonl
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, text

TRAIN, DEV = "train_rand_split.jsonl", "dev_rand_split.jsonl"
ADDRESS = "https://s3.amazonaws.com/commensenseqa"  # sic
SOURCES = (
    Source(
        file=TRAIN,
        address=f"{ADDRESS}/{TRAIN}",
        bytes=3_785_890,
        sha256="58ffa3c8472410e24b8c43f423d89c8a003d8284698a6ed7874355dedd09a2fb",
        licence="MIT",
    ),
    Source(
        file=DEV,
        address=f"{ADDRESS}/{DEV}",
        bytes=471_653,
        sha256="3210497fdaae614ac085d9eb873dd7f4d49b6f965a93adadc803e1229fd8a02a",
        licence="MIT",
    ),
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    path = files[0]
    for number, row in read_jsonl(path):
        stem, choices = _asked(path, number, row)
        letters = list(choices)
        yield {
            "id": text(path, number, row, "id"),
            "question": stem,
            "choices": list(choices.values()),
            "label": letters.index(one_of(path, number, row, "answerKey", letters)),
        }


def _asked(path: Path, number: int, row: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The question, and its choices by their letters, in the file's order."""
    question = row.get("question")
    try:
        stem, choices = question["stem"], {one["label"]: one["text"] for one in question["choices"]}  # type: ignore[index]
    except (KeyError, TypeError):
        raise DataError(path, number, "question must have stem and choices of label and text") from None
    return stem, choices


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="csqa",
            kind="choose",
            languages=("en",),
            read=read,
            files=part_files(train=(f"csqa/{TRAIN}",), dev=(f"csqa/{DEV}",)),
            sources=SOURCES,
            import_files=importer({name: f"csqa/{name}" for name in (TRAIN, DEV)}),
            sizes={"train": {"en": 9_741}, "dev": {"en": 1_221}},
            homepage="https://www.tau-nlp.org/commonsenseqa",
            citation="Talmor et al. 2019, CommonsenseQA: A Challenge Targeting Commonsense Knowledge",
            licence="MIT",
        )
    )
