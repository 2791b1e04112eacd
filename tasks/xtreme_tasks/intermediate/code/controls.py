"""What tells an effect of code from one of mere training: the same examples with the answers of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness import Task

Read = Callable[[str, str, tuple[Path, ...]], Iterable[dict[str, Any]]]


def order(text: str) -> str:
    """A key that sorts texts at random, the same everywhere."""
    import hashlib  # costs `list` as much as ten of these modules

    return hashlib.sha256(text.encode()).hexdigest()


def share_of(text: str) -> float:
    """A number from 0 to below 1 that stands for a text: those below 0.1 are a tenth of all, the same everywhere."""
    return int(order(text)[:8], 16) / 16**8


@dataclass(frozen=True)
class Shuffled:
    """A reader whose training examples each have the answer (`field`) of another one.

    It is the next one's in the random order of ids, so every answer is given as often as before. Other parts stay true.
    """

    read: Read
    field: str

    def __call__(self, split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
        if split != "train":
            yield from self.read(split, language, files)
            return
        examples = list(self.read(split, language, files))
        places = sorted(range(len(examples)), key=lambda place: order(examples[place]["id"]))
        following = dict(zip(places, [*places[1:], *places[:1]], strict=True))
        for place, example in enumerate(examples):
            yield {**example, self.field: examples[following[place]][self.field]}


def with_controls(task: Task, others: Mapping[str, str]) -> tuple[Task, Task]:
    """A task of kind `classify` or `contrast` that names its controls, `others` among them, and its shuffled one."""
    field = "label" if task.kind == "classify" else "positive"
    control = replace(task, name=f"{task.name}.shuffled", read=Shuffled(task.read, field))
    return replace(task, controls={"shuffled-labels": control.name, **others}), control
