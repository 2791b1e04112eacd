"""Cosmos QA (Huang et al. 2019): what lies between the lines of a narrative? One of four answers, often "none"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, read_csv

ANSWERS = ("answer0", "answer1", "answer2", "answer3")
ADDRESS = "https://github.com/wilburOne/cosmosqa/raw/master/data"
SOURCES = (
    Source(
        file="cosmosqa-train.csv",
        address=f"{ADDRESS}/train.csv",
        bytes=16_660_449,
        sha256="d8d5ca1f9f6534b6530550718591af89372d976a8fc419360fab4158dee4d0b2",
        licence="CC BY 4.0",
    ),
    Source(
        file="cosmosqa-valid.csv",
        address=f"{ADDRESS}/valid.csv",
        bytes=2_128_345,
        sha256="a6a94fc1463ca82bb10f98ef68ed535405e6f5c36e044ff8e136b5c19dea63f3",
        licence="CC BY 4.0",
    ),
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """The question follows its context, with a space between."""
    for number, row in read_csv(files[0], ("id", "context", "question", *ANSWERS, "label")):
        yield {
            "id": row["id"],
            "question": f"{row['context']} {row['question']}",
            "choices": [row[answer] for answer in ANSWERS],
            "label": int(one_of(files[0], number, row, "label", "0123")),
        }


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="cosmosqa",
            kind="choose",
            languages=("en",),
            read=read,
            files=part_files(train=("cosmosqa/train.csv",), dev=("cosmosqa/valid.csv",)),
            sources=SOURCES,
            import_files=importer(
                {"cosmosqa-train.csv": "cosmosqa/train.csv", "cosmosqa-valid.csv": "cosmosqa/valid.csv"}
            ),
            sizes={"train": {"en": 25_262}, "dev": {"en": 2_985}},
            homepage="https://wilburone.github.io/cosmos/",
            citation="Huang et al. 2019, Cosmos QA: Machine Comprehension with Contextual Commonsense Reasoning",
            licence="CC BY 4.0",
        )
    )
