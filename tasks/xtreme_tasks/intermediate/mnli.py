"""MultiNLI (Williams et al. 2018), selected on its matched dev part. It is the English training set of XNLI too.

So for XNLI this phase is further training on the target's own data, not transfer. `mnli.entailed` is the objective of
code search without code: for a premise, the sentence that it entails, among those of others (kind `contrast`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from xtreme_harness import Source, Task, hookimpl
from xtreme_tasks.intermediate.nli import LABELS, read_first
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows

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


def read_entailed(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """The premises with what they entail."""
    for row in read_first(split, language, files):
        if row.pop("label") == "entailment":
            pair = {"query": row.pop("text_a"), "positive": row.pop("text_b")}
            yield {**row, **pair}


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    task = Task(
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
    register(task)
    third = {split: of["en"] // 3 for split, of in SIZES.items()}  # labels are about even
    of_labels: dict[str, Any] = {"options": {}, "sizes": {}, "rough_sizes": third}
    register(replace(task, name="mnli.entailed", kind="contrast", read=read_entailed, **of_labels))
