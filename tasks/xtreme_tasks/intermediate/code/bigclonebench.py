"""Clone detection (BigCloneBench, Svajlenko et al. 2014): do two Java functions do the same? Scored by F1 of clones.

CodeXGLUE's scripts train and select on a tenth of the pairs, drawn anew by every run's seed; here it is one tenth for
all, chosen by the ids of the functions. `bigclonebench.full` has all pairs. Functions recur in many pairs and across
the parts, and what counts as no clone is not reliable: its figure is no measure of understanding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from xtreme_harness import DataError, Task, hookimpl, read_jsonl, read_text_lines
from xtreme_tasks.intermediate.code.codexglue import CONTROLS, HOMEPAGE, LABELS, LICENCE, one_line, source
from xtreme_tasks.intermediate.code.controls import share_of, with_controls
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows, text

FUNCTIONS = "bigclonebench/data.jsonl"
TRAIN, DEV = "bigclonebench/train.txt", "bigclonebench/valid.txt"
METRICS = ("positive_f1", "accuracy")
SAMPLE = 0.1


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    return _read(files, SAMPLE)


def read_all(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    return _read(files, 1.0)


def _read(files: tuple[Path, ...], sample: float) -> Rows:
    """Pairs of data file and index file; ids are line numbers from 0, groups the first function.

    A pair of which the data file lacks a function is left out, as in the original.
    """
    functions = dict(_functions(files[0]))
    for number, line in read_text_lines(files[1]):
        cells = line.split("\t")
        if len(cells) != 3 or cells[2] not in LABELS:
            raise DataError(files[1], number, "must be two ids and a label 0 or 1, with tabs between")
        first, second, label = cells
        if share_of(f"{first}\t{second}") < sample and first in functions and second in functions:
            pair = {"text_a": functions[first], "text_b": functions[second]}
            yield {"id": str(number - 1), "group": first, **pair, "label": label}


def _functions(path: Path) -> Iterator[tuple[str, str]]:
    for number, row in read_jsonl(path):
        yield text(path, number, row, "idx"), one_line(text(path, number, row, "func"))


TASK = Task(
    name="bigclonebench",
    kind="classify",
    languages=("en",),
    options={"labels": LABELS},
    metrics=METRICS,
    headline=("positive_f1",),
    read=read,
    files=part_files(train=(FUNCTIONS, TRAIN), dev=(FUNCTIONS, DEV)),
    sources=(
        source("bigclonebench", "Code-Code/Clone-detection-BigCloneBench", "data.jsonl, train.txt and valid.txt"),
    ),
    import_files=importer({name: name for name in (FUNCTIONS, TRAIN, DEV)}),
    homepage=HOMEPAGE,
    citation="Svajlenko et al. 2014, Towards a Big Data Curated Benchmark of Inter-Project Code Clones; "
    "Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)
FULL_SIZES = {"train": {"en": 901_028}, "dev": {"en": 415_416}}
FULL = replace(TASK, name="bigclonebench.full", read=read_all, sizes=FULL_SIZES)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in (TASK, FULL):
        for one in with_controls(task, ("text_a", "text_b"), CONTROLS):
            register(one)
