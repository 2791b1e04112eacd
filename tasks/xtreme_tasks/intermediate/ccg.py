"""CCGbank supertags (Hockenmaier and Steedman 2007): the lexical category of every word, over a thousand of them.

CCGbank is licensed by the LDC and cannot be downloaded here: whoever has it imports its derivations (`AUTO`). Training
is on sections 02 to 21 of the Wall Street Journal, dev is section 00, as is usual.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from xtreme_harness import DataError, Folders, MissingData, Source, Task, hookimpl, read_text_lines
from xtreme_tasks.importing import staged
from xtreme_tasks.intermediate.originals import FOLDER, part_files
from xtreme_tasks.intermediate.tables import Rows

SECTIONS = {"train": tuple(f"{number:02}" for number in range(2, 22)), "dev": ("00",)}
# a leaf of a derivation: (<L category changed-POS POS word category-with-indices>)
LEAF = re.compile(r"<L (?P<category>\S+) \S+ \S+ (?P<word>\S+) \S+>")
STEPS = "CCGbank (LDC2005T13) needs a licence of the LDC; put its folder data/AUTO among the originals"
SOURCE = Source(
    file="AUTO", address="https://catalog.ldc.upenn.edu/LDC2005T13", licence="LDC User Agreement", steps=STEPS
)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """`words<TAB>categories` lines, both separated by spaces, as jiant has them; ids are line numbers from 0."""
    for number, line in read_text_lines(files[0]):
        sides = [side.split(" ") for side in line.split("\t")]
        if len(sides) != 2:
            raise DataError(files[0], number, f"has {len(sides)} tab-separated columns, expected words and categories")
        if len(sides[0]) != len(sides[1]):
            raise DataError(files[0], number, f"has {len(sides[0])} words and {len(sides[1])} categories")
        yield {"id": str(number - 1), "tokens": sides[0], "tags": sides[1]}


def derivations(path: Path) -> Iterator[list[tuple[str, str]]]:
    """The words of every sentence with their categories, from a file of machine-readable derivations (`.auto`)."""
    for number, line in read_text_lines(path):
        if not line.strip() or line.startswith("ID="):
            continue
        words = [(match["word"], match["category"]) for match in LEAF.finditer(line)]
        if not words:
            raise DataError(path, number, "is no derivation: it has no leaf <L category POS POS word category>")
        yield words


def import_files(folders: Folders) -> None:
    """Writes train.tsv and dev.tsv from `AUTO/<section>/*.auto`."""
    with staged(folders) as new:
        for split in SECTIONS:
            path = new.data / FOLDER / "ccg" / f"{split}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            sentences = (words for file in _section_files(folders.originals, split) for words in derivations(file))
            with path.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(map(_line, sentences))


def _line(words: list[tuple[str, str]]) -> str:
    return "\t".join(" ".join(side) for side in zip(*words, strict=True)) + "\n"


def _section_files(originals: Path, split: str) -> list[Path]:
    paths = [path for section in SECTIONS[split] for path in sorted(originals.rglob(f"AUTO/{section}/*.auto"))]
    found = {path.parent.name for path in paths}
    if lacking := [section for section in SECTIONS[split] if section not in found]:
        raise MissingData(originals, None, f"holds no AUTO/{lacking[0]}/*.auto ({STEPS})")
    return paths


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="ccg",
            kind="tag",
            languages=("en",),
            options={"labels": (), "open_labels": True},
            metrics=("token_accuracy",),
            headline=("token_accuracy",),
            read=read,
            files=part_files(train=("ccg/train.tsv",), dev=("ccg/dev.tsv",)),
            sources=(SOURCE,),
            import_files=import_files,
            homepage="https://catalog.ldc.upenn.edu/LDC2005T13",
            citation="Hockenmaier and Steedman 2007, CCGbank",
            licence="LDC User Agreement",
        )
    )
