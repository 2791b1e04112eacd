"""What tells an effect of code from one of mere training: answers of others, and code that nothing is asked about."""

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


@dataclass(frozen=True)
class CodeAlone:
    """A reader of the code in the examples (`fields`) and of nothing else: no query, no label, no pair.

    Each text is read once, as {id, text}; texts that are blank are left out. Its id is that of the first example that
    holds it, with the field behind it where there are several.
    """

    read: Read
    fields: tuple[str, ...]

    def __call__(self, split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
        seen = set[str]()
        for example in self.read(split, language, files):
            for field in self.fields:
                if (text := example[field]).strip() and text not in seen:
                    seen.add(text)
                    yield {"id": example["id"] if len(self.fields) == 1 else f"{example['id']}-{field}", "text": text}


def with_controls(task: Task, code: tuple[str, ...], others: Mapping[str, str]) -> tuple[Task, Task, Task]:
    """A task of kind `classify` or `contrast` that names its controls, `others` among them; its shuffled one; and one
    of kind `mask` over its code (the fields `code`).

    The last is code exposure without labels. Continued masked language modelling beside a task is Phang et al.'s
    (2020); alone, over the code of the task that it is held against, it is this project's own.
    """
    field = "label" if task.kind == "classify" else "positive"
    shuffled = replace(task, name=f"{task.name}.shuffled", read=Shuffled(task.read, field))
    of_pairs: dict[str, Any] = {"options": {}, "metrics": (), "headline": (), "sizes": {}}  # which a text is none of
    masked = replace(task, name=f"{task.name}.no-labels", kind="mask", read=CodeAlone(task.read, code), **of_pairs)
    controls = {"shuffled-labels": shuffled.name, "no-labels": masked.name, **others}
    return replace(task, controls=controls), shuffled, masked
