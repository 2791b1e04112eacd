"""SQuAD 1.1 (Rajpurkar et al. 2016), the English training data of XQuAD and MLQA.

Trained on only. No dev part is named although the download has one: XQuAD's English questions are a part of SQuAD's dev
set, so selecting on it would be selecting on a test set. XTREME keeps the final model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from xtreme_harness import DataError, Folders, HubSet, Source, Task, hookimpl
from xtreme_tasks.squad.document import Row, read_first, read_squad
from xtreme_tasks.squad.parts import Part, import_parts
from xtreme_tasks.squad.rows import rows_writer

TRAIN = Part(split="train", language="en", data="squad/train-v1.1.json")
CORPORA = ("squad",)
SIZES = {"train": {"en": 87_599}}
XQUAD_FILES = "xquad.*.json"  # the same questions in all languages, whether emptied or not
SOURCE = Source(
    file="train-v1.1.json",
    address="https://raw.githubusercontent.com/rajpurkar/SQuAD-explorer/master/dataset/train-v1.1.json",
    bytes=30_288_272,
    sha256="3527663986b8295af4f7fcdff1ba1ff3f72d07d61a20f487cb238a6ef92fd955",
    licence="CC BY-SA 4.0",
)


def files(split: str, language: str) -> tuple[str, ...]:
    return (TRAIN.data,) if split == TRAIN.split else ()


def import_files(folders: Folders) -> None:
    """The training file, as it is."""
    import_parts(folders, {SOURCE.file: TRAIN}, SIZES, check=check_training)


def check_training(where: Path | str, part: Part, rows: list[Row], folders: Folders) -> None:
    """Refuses XQuAD's questions, where XQuAD is at hand: copies of SQuAD's dev set go by the name of its train set."""
    known = [*sorted(folders.data.glob(f"xquad/{XQUAD_FILES}")), *sorted(folders.originals.rglob(XQUAD_FILES))]
    for path in known[:1]:
        refuse_common(where, (row["id"] for row in rows), (row["id"] for row in read_squad(path)))


def refuse_common(train: Path | str, trained: Iterable[str], tested: Iterable[str]) -> None:
    """Raises DataError when questions of SQuAD's training file are questions of XQuAD."""
    tests = set(tested)
    if common := [id for id in trained if id in tests]:
        what = f"holds {len(common)} questions of XQuAD's test set, {common[0]} among them"
        raise DataError(train, None, f"{what}: it has SQuAD's dev set in it and must not be trained on")


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="squad_v1",
            kind="span",
            languages=("en",),
            read=read_first,
            files=files,
            sources=(SOURCE,),
            import_files=import_files,
            hub=tuple(
                HubSet(id=id, write=rows_writer(id, {(config, "train"): TRAIN}, SIZES, check_training))
                for id, config in (("rajpurkar/squad", "plain_text"), ("google/xtreme", "SQuAD"))
            ),
            sizes=SIZES,
            corpora=CORPORA,
            homepage="https://rajpurkar.github.io/SQuAD-explorer/",
            citation="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text",
            licence="CC BY-SA 4.0",
        )
    )
