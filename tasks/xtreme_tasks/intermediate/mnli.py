"""MultiNLI (Williams et al. 2018), selected on its matched dev part. It is the English training set of XNLI too.

So for XNLI this phase is further training on the target's own data, not transfer.
"""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.nli import LABELS, read_first
from xtreme_tasks.intermediate.originals import importer, part_files

TRAIN, DEV = "multinli_1.0_train.jsonl", "multinli_1.0_dev_matched.jsonl"
SOURCE = Source(
    file="multinli_1.0.zip",
    address="https://cims.nyu.edu/~sbowman/multinli/multinli_1.0.zip",
    bytes=226_850_426,
    sha256="049f507b9e36b1fcb756cfd5aeb3b7a0cfcb84bf023793652987f7e7e0957822",
    licence="OANC and others",
)
CORPORA = ("multinli",)
SIZES = {"train": {"en": 392_702}, "dev": {"en": 9_815}}

import_files = importer({name: f"mnli/{name}" for name in (TRAIN, DEV)}, SOURCE.file)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="mnli",
            kind="classify",
            languages=("en",),
            options={"labels": LABELS},
            read=read_first,
            files=part_files(train=(f"mnli/{TRAIN}",), dev=(f"mnli/{DEV}",)),
            sources=(SOURCE,),
            import_files=import_files,
            sizes=SIZES,
            corpora=CORPORA,
            homepage="https://cims.nyu.edu/~sbowman/multinli/",
            citation="Williams, Nangia and Bowman 2018, A Broad-Coverage Challenge Corpus for Sentence Understanding",
            licence="OANC and others",
        )
    )
