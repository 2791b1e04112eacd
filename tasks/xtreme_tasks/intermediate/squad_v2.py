"""SQuAD 2.0 (Rajpurkar et al. 2018): questions on a context, a third of them without an answer there.

"No answer" stands at the first position; it wins where it scores better than the best span (null threshold 0).
Its training part holds SQuAD 1.1's questions, so for XQuAD and MLQA it is no transfer. The dev part is shown, and must
not be selected on: it shares its articles with SQuAD 1.1's, of which XQuAD is a part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Folders, Source, Task, hookimpl
from xtreme_tasks.intermediate.originals import FOLDER, part_files
from xtreme_tasks.squad import CORPORA, check_training
from xtreme_tasks.squad.document import Row, read_first
from xtreme_tasks.squad.parts import Part, import_parts

TRAIN, DEV = "train-v2.0.json", "dev-v2.0.json"
SIZES = {"train": {"en": 130_319}, "dev": {"en": 11_873}}
PARTS = {
    name: Part(split=split, language="en", data=f"{FOLDER}/squad_v2/{name}")
    for split, name in (("train", TRAIN), ("dev", DEV))
}
ADDRESS = "https://rajpurkar.github.io/SQuAD-explorer/dataset"
METRICS = ("squad_v2_exact_match", "squad_v2_answer_f1")
SOURCES = (
    Source(
        file=TRAIN,
        address=f"{ADDRESS}/{TRAIN}",
        bytes=42_123_633,
        sha256="68dcfbb971bd3e96d5b46c7177b16c1a4e7d4bdef19fb204502738552dede002",
        licence="CC BY-SA 4.0",
    ),
    Source(
        file=DEV,
        address=f"{ADDRESS}/{DEV}",
        bytes=4_370_528,
        sha256="80a5225e94905956a6446d296ca1093975c4d3b3260f1d6c8f68bc2ab77182d8",
        licence="CC BY-SA 4.0",
    ),
)


def import_files(folders: Folders) -> None:
    """Both files, as they are."""
    import_parts(folders, PARTS, SIZES, check=check)


def check(where: Path | str, part: Part, rows: list[Row], folders: Folders) -> None:
    """Refuses XQuAD's questions in the training part; the dev part has them by right."""
    if part.split == "train":
        check_training(where, part, rows, folders)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="squad_v2",
            kind="span",
            languages=("en",),
            options={"null_threshold": 0.0},
            metrics=METRICS,
            headline=METRICS,
            read=read_first,
            files=part_files(train=(f"squad_v2/{TRAIN}",), dev=(f"squad_v2/{DEV}",)),
            sources=SOURCES,
            import_files=import_files,
            sizes=SIZES,
            corpora=CORPORA,
            homepage="https://rajpurkar.github.io/SQuAD-explorer/",
            citation="Rajpurkar, Jia and Liang 2018, Know What You Don't Know: Unanswerable Questions for SQuAD",
            licence="CC BY-SA 4.0",
        )
    )
