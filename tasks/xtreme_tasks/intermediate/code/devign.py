"""Defect detection (Devign, Zhou et al. 2019): is a C function of FFmpeg or QEMU vulnerable?

A weak signal: CodeXGLUE's best listed system is right in 62 % where 54 % have the same label.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, Task, hookimpl, read_jsonl, read_text_lines
from xtreme_tasks.importing import staged
from xtreme_tasks.intermediate.code.codexglue import CONTROLS, HOMEPAGE, LABELS, LICENCE, one_line, source
from xtreme_tasks.intermediate.code.controls import with_controls
from xtreme_tasks.intermediate.originals import FOLDER, originals_by_end, part_files
from xtreme_tasks.intermediate.tables import Rows, one_of, text
from xtreme_tasks.squad.document import read_json

FUNCTIONS = "devign/function.json"
PARTS = ("train", "valid")


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """The split JSON lines; ids are line numbers from 0."""
    for number, row in read_jsonl(files[0]):
        function = one_line(text(files[0], number, row, "func"))
        label = one_of(files[0], number, row, "target", (0, 1))
        yield {"id": str(number - 1), "text_a": function, "label": str(label)}


def import_files(folders: Folders) -> None:
    """Splits function.json by the index files, as CodeXGLUE's own script does. Raises DataError for a wrong index."""
    ends = (FUNCTIONS, *(f"devign/{part}.txt" for part in PARTS))
    with staged(folders) as new:
        found = originals_by_end(folders.originals, ends, "", new.data.parent)
        functions = read_json(found[FUNCTIONS])
        if not isinstance(functions, list) or not all(isinstance(one, dict) for one in functions):
            raise DataError(found[FUNCTIONS], None, "is not a list of functions")
        for part in PARTS:
            target = new.data / FOLDER / f"devign/{part}.jsonl"
            target.parent.mkdir(parents=True, exist_ok=True)
            rows = (json.dumps(row) + "\n" for row in _chosen(functions, found[f"devign/{part}.txt"]))
            target.write_text("".join(rows), encoding="utf-8", newline="\n")


def _chosen(functions: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """The functions whose indices are the lines of a file, in their own order."""
    indices = set()
    for number, line in read_text_lines(path):
        if not line.strip().isdecimal() or int(line) >= len(functions):
            raise DataError(path, number, f"{line!r} is not the index of one of {len(functions)} functions")
        indices.add(int(line))
    return [{**functions[index], "idx": index} for index in sorted(indices)]


TASK = Task(
    name="devign",
    kind="classify",
    languages=("en",),
    options={"labels": LABELS},
    read=read,
    files=part_files(train=("devign/train.jsonl",), dev=("devign/valid.jsonl",)),
    sources=(source("devign", "Code-Code/Defect-detection", "function.json, train.txt and valid.txt"),),
    import_files=import_files,
    sizes={"train": {"en": 21_854}, "dev": {"en": 2_732}},
    homepage=HOMEPAGE,
    citation="Zhou et al. 2019, Devign; Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in with_controls(TASK, ("text_a",), CONTROLS):
        register(task)
