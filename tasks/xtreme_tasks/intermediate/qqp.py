"""Quora question pairs as GLUE has them: do two questions ask the same? Scored by the mean of accuracy and F1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, read_tsv

LABELS = ("0", "1")
METRICS = ("accuracy", "positive_f1")
COLUMNS = ("question1", "question2", "is_duplicate")
# GLUE's first archive, QQP.zip, has rows that are broken over two lines, which are refused
SOURCE = Source(
    file="QQP-clean.zip",
    address="https://dl.fbaipublicfiles.com/glue/data/QQP-clean.zip",
    sha256="40e7c862c04eb26ee04b67fd900e76c45c6ba8e6d8fab4f8f1f8072a1a3fbae0",
    licence="Quora's terms of service",
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Ids are numbers of rows from 0."""
    for number, row in read_tsv(files[0], COLUMNS):
        label = one_of(files[0], number, row, "is_duplicate", LABELS)
        yield {"id": str(number - 2), "text_a": row["question1"], "text_b": row["question2"], "label": label}


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="qqp",
            kind="classify",
            languages=("en",),
            options={"labels": LABELS},
            metrics=METRICS,
            headline=METRICS,
            read=read,
            files=part_files(train=("qqp/train.tsv",), dev=("qqp/dev.tsv",)),
            sources=(SOURCE,),
            import_files=importer({f"QQP/{name}": f"qqp/{name}" for name in ("train.tsv", "dev.tsv")}, SOURCE.file),
            sizes={"train": {"en": 363_846}, "dev": {"en": 40_430}},
            homepage="https://gluebenchmark.com/tasks",
            citation="Iyer, Dandekar and Csernai 2017, First Quora Dataset Release; Wang et al. 2019, GLUE",
            licence="Quora's terms of service",
        )
    )
