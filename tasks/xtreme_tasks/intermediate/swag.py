"""SWAG (Zellers et al. 2018), HellaSwag's forerunner: which of four endings continues a video's caption?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.originals import GITHUB, importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, read_csv

ENDINGS = ("ending0", "ending1", "ending2", "ending3")
ADDRESS = f"{GITHUB}/rowanz/swagaf/master/data"
SOURCES = (
    Source(
        file="swag-train.csv",
        address=f"{ADDRESS}/train.csv",
        bytes=28_243_333,
        sha256="5748b51126ac255c5a6f26e1ba473b51116d6c822aeb25e63ecba282c9d0e610",
        licence="not stated with the data",
    ),
    Source(
        file="swag-val.csv",
        address=f"{ADDRESS}/val.csv",
        bytes=7_893_588,
        sha256="c0497b2cd7f3e6b7df995524b1853f62285d60d110d659b19545ca80b2903234",
        licence="not stated with the data",
    ),
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Choices hold the second sentence's beginning, as HellaSwag's; ids are numbers of rows from 0."""
    rows = read_csv(files[0], ("sent1", "sent2", *ENDINGS, "label"))
    for place, (number, row) in enumerate(rows):
        yield {
            "id": str(place),
            "question": row["sent1"],
            "choices": [f"{row['sent2']} {row[ending]}".strip() for ending in ENDINGS],
            "label": int(one_of(files[0], number, row, "label", "0123")),
        }


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="swag",
            kind="choose",
            languages=("en",),
            read=read,
            files=part_files(train=("swag/train.csv",), dev=("swag/val.csv",)),
            sources=SOURCES,
            import_files=importer({"swag-train.csv": "swag/train.csv", "swag-val.csv": "swag/val.csv"}),
            sizes={"train": {"en": 73_546}, "dev": {"en": 20_006}},
            homepage="https://rowanzellers.com/swag/",
            citation="Zellers et al. 2018, SWAG: A Large-Scale Adversarial Dataset for Grounded Commonsense Inference",
            licence="not stated with the data",
        )
    )
