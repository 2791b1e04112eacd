"""Social IQa (Sap et al. 2019): why people act, and what follows; three answers. Labels lie in a file of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import DataError, Source, Task, hookimpl, read_jsonl, read_text_lines
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, text

ANSWERS = ("answerA", "answerB", "answerC")
NUMBERS = ("1", "2", "3")
TRAIN, DEV = ("train.jsonl", "train-labels.lst"), ("dev.jsonl", "dev-labels.lst")
ARCHIVE_FOLDER = "socialiqa-train-dev"
SOURCE = Source(
    file=f"{ARCHIVE_FOLDER}.zip",
    address=f"https://storage.googleapis.com/ai2-mosaic/public/socialiqa/{ARCHIVE_FOLDER}.zip",
    bytes=2_198_056,
    sha256="ee073914a0fc33265cfbcfc50ec20df9b2e07809c3f420f599138d1f394ef5c3",
    licence="CC BY 4.0",
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Line i of the labels belongs to line i of the questions; the question follows its context, a space between."""
    path, labels = files[0], _labels(files[1])
    rows = list(read_jsonl(path))
    if len(rows) != len(labels):
        raise DataError(files[1], None, f"holds {len(labels)} labels for {len(rows)} questions in {path.name}")
    for (number, row), label in zip(rows, labels, strict=True):
        context, question = (text(path, number, row, name) for name in ("context", "question"))
        yield {
            "id": str(number - 1),
            "question": f"{context} {question}",
            "choices": [text(path, number, row, answer) for answer in ANSWERS],
            "label": label,
        }


def _labels(path: Path) -> list[int]:
    """Counted from 0, where the file counts from 1."""
    labels = []
    for number, line in read_text_lines(path):
        if line.strip() not in NUMBERS:
            raise DataError(path, number, f"label {line.strip()!r} is not one of {', '.join(NUMBERS)}")
        labels.append(NUMBERS.index(line.strip()))
    return labels


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    names = (*TRAIN, *DEV)
    register(
        Task(
            name="socialiqa",
            kind="choose",
            languages=("en",),
            read=read,
            files=part_files(
                train=tuple(f"socialiqa/{name}" for name in TRAIN), dev=tuple(f"socialiqa/{name}" for name in DEV)
            ),
            sources=(SOURCE,),
            import_files=importer({f"{ARCHIVE_FOLDER}/{name}": f"socialiqa/{name}" for name in names}, SOURCE.file),
            sizes={"train": {"en": 33_410}, "dev": {"en": 1_954}},
            homepage="https://leaderboard.allenai.org/socialiqa/submissions/get-started",
            citation="Sap et al. 2019, Social IQa: Commonsense Reasoning about Social Interactions",
            licence="CC BY 4.0",
        )
    )
