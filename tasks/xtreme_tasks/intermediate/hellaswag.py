"""HellaSwag (Zellers et al. 2019): which of four endings continues a scene?

The question is the scene's whole sentences, a choice what has begun of the next one with an ending. Items from WikiHow
have no such beginning, and marks like `[title]` in their text, which stay.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import DataError, Source, Task, hookimpl, read_jsonl
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, text

TRAIN, DEV = "hellaswag_train.jsonl", "hellaswag_val.jsonl"
ADDRESS = "https://github.com/rowanz/hellaswag/raw/master/data"
SOURCES = (
    Source(
        file=TRAIN,
        address=f"{ADDRESS}/{TRAIN}",
        bytes=47_496_131,
        sha256="dae5e69249868cb9fe4e23ff925c60b66169564cfb7072d793cd7356a2b69f8d",
        licence="MIT",
    ),
    Source(
        file=DEV,
        address=f"{ADDRESS}/{DEV}",
        bytes=12_246_618,
        sha256="0aa3b88843990f3f10a97b9575c94d7b71fb2205240ba04ae4884d9e9c992588",
        licence="MIT",
    ),
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Ids are line numbers from 0."""
    path = files[0]
    for number, row in read_jsonl(path):
        begun, endings = text(path, number, row, "ctx_b"), row.get("endings")
        if not isinstance(endings, list) or not all(isinstance(ending, str) for ending in endings):
            raise DataError(path, number, "endings must be a list of texts")
        yield {
            "id": str(number - 1),
            "question": text(path, number, row, "ctx_a"),
            "choices": [f"{begun} {ending}".strip() for ending in endings],
            "label": one_of(path, number, row, "label", range(len(endings))),
        }


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="hellaswag",
            kind="choose",
            languages=("en",),
            read=read,
            files=part_files(train=(f"hellaswag/{TRAIN}",), dev=(f"hellaswag/{DEV}",)),
            sources=SOURCES,
            import_files=importer({name: f"hellaswag/{name}" for name in (TRAIN, DEV)}),
            sizes={"train": {"en": 39_905}, "dev": {"en": 10_042}},
            homepage="https://rowanzellers.com/hellaswag/",
            citation="Zellers et al. 2019, HellaSwag: Can a Machine Really Finish Your Sentence?",
            licence="MIT",
        )
    )
