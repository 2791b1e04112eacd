"""What the tasks of CodeXGLUE share: where their files are to be had, and code in one line."""

from __future__ import annotations

from xtreme_harness import Source

HOMEPAGE = "https://github.com/microsoft/CodeXGLUE"
CONTROLS = {"size-matched": "mnli"}  # English sentence pairs, as many and as often by the study's limit and steps
OF_CONTRAST = {"no-code": "mnli.entailed", **CONTROLS}
LICENCE = "C-UDA for the collection; the code keeps the licences of its projects"
LABELS = ("0", "1")


def source(task: str, page: str, files: str) -> Source:
    """The folder of a task among the originals. There is no download: parts lie outside the repository."""
    steps = f"by hand: as {HOMEPAGE}/tree/main/{page} says, and put {files} into a folder {task} of the originals"
    return Source(file=task, address=f"{HOMEPAGE}/tree/main/{page}", licence=LICENCE, steps=steps)


def one_line(code: str) -> str:
    """White space as one space each, as CodeXGLUE's scripts have it."""
    return " ".join(code.split())
