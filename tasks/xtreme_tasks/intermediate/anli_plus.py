"""ANLI+ (Phang et al. 2020): ANLI's three rounds (Nie et al. 2020) with MultiNLI and SNLI, one head for all five sets.

Its dev part is the five sets' dev parts, MultiNLI's the matched one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import Folders, Source, Task, hookimpl, read_jsonl
from xtreme_tasks.intermediate import mnli, snli
from xtreme_tasks.intermediate.nli import LABELS, read_nli
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, text

ROUNDS = ("R1", "R2", "R3")
NAMES = dict(zip("cen", LABELS, strict=True))
SOURCE = Source(
    file="anli_v1.0.zip",
    address="https://dl.fbaipublicfiles.com/anli/anli_v1.0.zip",
    bytes=18_708_061,
    sha256="e5c058f2bb4e6190b0651badca2c590e45db95248f8b28cde674615ee40820bf",
    licence="CC BY-NC 4.0",
)
TRAIN = (f"snli/{snli.TRAIN}", f"mnli/{mnli.TRAIN}", *(f"anli/{one}/train.jsonl" for one in ROUNDS))
DEV = (f"snli/{snli.DEV}", f"mnli/{mnli.DEV}", *(f"anli/{one}/dev.jsonl" for one in ROUNDS))
ROUND_SIZES = {"train": 16_946 + 45_460 + 100_459, "dev": 1_000 + 1_000 + 1_200}
SIZES = {
    split: {"en": of_rounds + snli.SIZES[split]["en"] + mnli.SIZES[split]["en"]}
    for split, of_rounds in ROUND_SIZES.items()
}

import_rounds = importer(
    {f"{one}/{split}.jsonl": f"anli/{one}/{split}.jsonl" for one in ROUNDS for split in ROUND_SIZES}, SOURCE.file
)


def read_round(path: Path, prefix: str) -> Rows:
    """One part of one round, whose labels are the letters c, e and n."""
    for number, row in read_jsonl(path):
        yield {
            "id": f"{prefix}{number - 1}",
            "text_a": text(path, number, row, "context"),
            "text_b": text(path, number, row, "hypothesis"),
            "label": NAMES[one_of(path, number, row, "label", NAMES)],
        }


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """SNLI, MultiNLI and the three rounds, one after the other; the trainer shuffles them."""
    for path, prefix in zip(files[:2], ("snli-", "mnli-"), strict=True):
        yield from read_nli(path, prefix)
    for path, name in zip(files[2:], ROUNDS, strict=True):
        yield from read_round(path, f"anli-{name.lower()}-")


def import_files(folders: Folders) -> None:
    for one in (snli.import_files, mnli.import_files, import_rounds):
        one(folders)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="anli_plus",
            kind="classify",
            languages=("en",),
            options={"labels": LABELS},
            read=read,
            files=part_files(train=TRAIN, dev=DEV),
            sources=(SOURCE, mnli.SOURCE, snli.SOURCE),
            import_files=import_files,
            sizes=SIZES,
            corpora=mnli.CORPORA,
            homepage="https://github.com/facebookresearch/anli",
            citation="Nie et al. 2020, Adversarial NLI; Williams et al. 2018 (MultiNLI); Bowman et al. 2015 (SNLI)",
            licence="CC BY-NC 4.0 (ANLI), OANC and others (MultiNLI), CC BY-SA 4.0 (SNLI)",
        )
    )
