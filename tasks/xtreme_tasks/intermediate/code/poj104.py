"""Clone detection (POJ-104, Mou et al. 2016) as pairs: do two C or C++ programs solve the same problem?

CodeXGLUE ranks all programs by likeness (MAP@R); these pairs are ours. Every program makes two: with another one of its
problem, and with one of another problem, so half are clones. Both are chosen by hash, the same everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, MissingData, Task, hookimpl, read_jsonl
from xtreme_tasks.archives import unpacked
from xtreme_tasks.importing import staged
from xtreme_tasks.intermediate.code.codexglue import CONTROLS, HOMEPAGE, LABELS, LICENCE, one_line, source
from xtreme_tasks.intermediate.code.controls import order, share_of, with_controls
from xtreme_tasks.intermediate.originals import FOLDER, part_files
from xtreme_tasks.intermediate.tables import Rows, text

ARCHIVE = "programs.tar.gz"
PROGRAM = re.compile(r"ProgramData/\d+/\d+\.txt")
PROBLEMS = {"train": range(1, 65), "valid": range(65, 81)}  # 81 to 104 are the test's


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Pairs of the programs of a file of JSON lines; groups are problems. Raises DataError for one problem alone."""
    programs = [_program(files[0], number, row) for number, row in read_jsonl(files[0])]
    problems: dict[str, list[dict[str, str]]] = {}
    for one in sorted(programs, key=lambda one: order(one["index"])):
        problems.setdefault(one["label"], []).append(one)
    if len(problems) == 1:
        raise DataError(files[0], None, "holds programs of one problem only; pairs need two")
    names = list(problems)
    for place, problem in enumerate(names):
        own = problems[problem]
        for number, one in enumerate(own):
            others = problems[names[(place + 1 + _drawn(len(names) - 1, one, "problem")) % len(names)]]
            pairs = [("0", others[_drawn(len(others), one, "program")])]
            pairs += [("1", own[(number + 1) % len(own)])] if len(own) > 1 else []
            for label, other in pairs:
                texts = {"text_a": one["code"], "text_b": other["code"]}
                yield {"id": f"{one['index']}-{label}", "group": problem, **texts, "label": label}


def _program(path: Path, number: int, row: dict[str, Any]) -> dict[str, str]:
    fields = {name: text(path, number, row, name) for name in ("label", "index", "code")}
    return {**fields, "code": one_line(fields["code"])}


def _drawn(count: int, program: dict[str, str], what: str) -> int:
    """A number below `count`."""
    return int(share_of(f"{what} {program['index']}") * count)


def import_files(folders: Folders) -> None:
    """Puts the programs of ProgramData (or of the archive) into files of JSON lines, as CodeXGLUE's script does.

    `index` counts all programs by problem and number, and not in the order in which a folder lists them, which differs
    from machine to machine.
    """
    with staged(folders) as new:
        programs = _sorted_programs(folders.originals, new.data.parent / "archive")
        for part, problems in PROBLEMS.items():
            target = new.data / FOLDER / f"poj104/{part}.jsonl"
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w", encoding="utf-8", newline="\n") as stream:
                for index, path in enumerate(programs):
                    if int(path.parent.name) in problems:
                        code = path.read_bytes().decode("latin-1")
                        row = {"label": path.parent.name, "index": str(index), "code": code}
                        stream.write(json.dumps(row) + "\n")


def _sorted_programs(originals: Path, workplace: Path) -> Sequence[Path]:
    paths = [path for path in originals.rglob("*.txt") if PROGRAM.fullmatch("/".join(path.parts[-3:]))]
    if not paths:
        paths = [path for packed in sorted(originals.rglob(ARCHIVE)) for path in unpacked(packed, PROGRAM, workplace)]
    if not paths:
        told = f"holds no folder ProgramData and no {ARCHIVE}: xtreme-harness data status tells where to get it"
        raise MissingData(originals, None, told)
    paths.sort(key=lambda path: (int(path.parent.name), int(path.stem), path))
    return paths


TASK = Task(
    name="poj104",
    kind="classify",
    languages=("en",),
    options={"labels": LABELS},
    read=read,
    files=part_files(train=("poj104/train.jsonl",), dev=("poj104/valid.jsonl",)),
    sources=(source("poj104", "Code-Code/Clone-detection-POJ-104", f"{ARCHIVE} (or the folder ProgramData)"),),
    import_files=import_files,
    sizes={"train": {"en": 64_000}, "dev": {"en": 16_000}},
    homepage=HOMEPAGE,
    citation="Mou et al. 2016, Convolutional Neural Networks over Tree Structures for Programming Language Processing; "
    "Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in with_controls(TASK, ("text_a", "text_b"), CONTROLS):
        register(task)
