"""Code translation (CodeXGLUE): for a Java function, the same one in C#.

The original task is generation; here the pairs are trained on by contrast, as those of `advtest` are. What is written
alike in both languages can be paired without reading further: its figure is high, and no measure of understanding.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from xtreme_harness import DataError, Task, hookimpl, read_text_lines
from xtreme_tasks.intermediate.code.codexglue import HOMEPAGE, LICENCE, OF_CONTRAST, one_line, source
from xtreme_tasks.intermediate.code.controls import with_controls
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows


def pair_of(split: str) -> tuple[str, str]:
    """A part's two files, which are parallel by line."""
    return f"{split}.java-cs.txt.java", f"{split}.java-cs.txt.cs"


ORIGINALS = (*pair_of("train"), *pair_of("valid"))


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Ids are line numbers from 0. Raises DataError where one file has fewer lines than the other."""
    for java, sharp in zip_longest(*map(read_text_lines, files)):
        if java is None or sharp is None:
            short = files[0] if java is None else files[1]
            raise DataError(short, None, f"has fewer lines than {files[1 if java is None else 0].name}: not parallel")
        yield {"id": str(java[0] - 1), "query": one_line(java[1]), "positive": one_line(sharp[1])}


TASK = Task(
    name="code_translation",
    kind="contrast",
    languages=("en",),
    read=read,
    files=part_files(
        train=tuple(f"code_translation/{name}" for name in pair_of("train")),
        dev=tuple(f"code_translation/{name}" for name in pair_of("valid")),
    ),
    sources=(source("code_translation", "Code-Code/code-to-code-trans", "the four train and valid files of its data"),),
    import_files=importer({name: f"code_translation/{name}" for name in ORIGINALS}),
    sizes={"train": {"en": 10_300}, "dev": {"en": 500}},
    homepage=HOMEPAGE,
    citation="Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in with_controls(TASK, ("query", "positive"), OF_CONTRAST):
        register(task)
