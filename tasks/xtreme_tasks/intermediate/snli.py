"""SNLI (Bowman et al. 2015): does a caption entail, contradict or leave open another sentence?"""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.nli import LABELS, read_first
from xtreme_tasks.intermediate.originals import importer, part_files

TRAIN, DEV = "snli_1.0_train.jsonl", "snli_1.0_dev.jsonl"
SOURCE = Source(
    file="snli_1.0.zip",
    address="https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
    bytes=94_550_081,
    sha256="afb3d70a5af5d8de0d9d81e2637e0fb8c22d1235c2749d83125ca43dab0dbd3e",
    licence="CC BY-SA 4.0",
)
SIZES = {"train": {"en": 549_367}, "dev": {"en": 9_842}}  # of 550,152 and 10,000 pairs; on the others nobody agrees

import_files = importer({name: f"snli/{name}" for name in (TRAIN, DEV)}, SOURCE.file)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="snli",
            kind="classify",
            languages=("en",),
            options={"labels": LABELS},
            read=read_first,
            files=part_files(train=(f"snli/{TRAIN}",), dev=(f"snli/{DEV}",)),
            sources=(SOURCE,),
            import_files=import_files,
            sizes=SIZES,
            homepage="https://nlp.stanford.edu/projects/snli/",
            citation="Bowman et al. 2015, A large annotated corpus for learning natural language inference",
            licence="CC BY-SA 4.0",
        )
    )
