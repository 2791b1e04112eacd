"""Which files a task needs in the data folder and in the label folder, part by part, and which are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from xtreme_harness.definitions import Folders, Task
from xtreme_harness.errors import DefinitionError
from xtreme_harness.registry import Registry

SPLITS = ("train", "dev", "test", "gold")  # gold: of the test part, where it is kept apart


@dataclass(frozen=True)
class Part:
    """One split of a task in one language: the names of its files as the task gives them, and the folder they are in.

    An absolute name is data that a plugin brings along.
    """

    task: Task
    split: str
    language: str
    names: tuple[str, ...]
    folder: Path

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.names)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if not (self.folder / name).is_file())

    @property
    def own_names(self) -> tuple[str, ...]:
        """Those that lie in the folder; raises DefinitionError for one that leads out of it."""
        own = tuple(name for name in self.names if not Path(name).is_absolute())
        if astray := [name for name in own if not is_inside(name)]:
            raise DefinitionError(f"Task {self.task.name!r}", [f"{name} is no name of a file" for name in astray])
        return own

    def __str__(self) -> str:
        return f"{self.task.name} {self.split} {self.language}"


def is_inside(name: str) -> bool:
    """Whether a relative name, with `/` between its parts, stays in the folder it is meant for, and is plain."""
    path = PurePosixPath(name)
    plain = name == path.as_posix() and "\\" not in name and "\0" not in name
    return plain and bool(path.parts) and not path.is_absolute() and ".." not in path.parts


def chosen_tasks(registry: Registry, suite: str | None, names: Sequence[str]) -> tuple[Task, ...]:
    """The tasks of a suite, of them those named; or any tasks by name; or every target task. Each once, in order.

    A task that trains on another one's data brings that along, before itself; one that reads that task's files only
    (pairs of languages) must be named. Raises UnknownName or RequestError.
    """
    if suite:
        chosen = registry.suite_tasks(registry.suite(suite), names)
    elif names:
        chosen = tuple(registry.task(name) for name in names)
    else:
        targets = (registry.task(name) for name in registry.names("task", "target"))
        chosen = tuple(task for task in targets if not _has_no_own_file(task, registry))
    needed = [task for one in chosen for task in (*((registry.task(one.train_on),) if one.train_on else ()), one)]
    return tuple({task.name: task for task in needed}.values())


def _has_no_own_file(task: Task, registry: Registry) -> bool:
    """Whether its test files are all test files of the task that it trains on."""
    return task.train_on is not None and _test_files(task) <= _test_files(registry.task(task.train_on))


def _test_files(task: Task) -> set[str]:
    return {name for code in task.languages for name in task.files("test", code)}


def parts_of(task: Task, registry: Registry, folders: Folders) -> list[Part]:
    """Every part that a run of the task can need, by split and language; a part without a file is none.

    A trained kind needs training and development data, English ones unless it says otherwise, and unless another task
    gives them; a target task its test part in every language, and whatever else its kind asks for.
    """
    kind = registry.kind(task.kind)
    is_target = "target" in registry.entry("task", task.name).roles
    languages = kind.load().training_languages(task) if kind.trainable and task.train_on is None else ()
    wanted = [(split, code) for split in ("train", "dev") for code in languages]
    wanted += [(split, code) for split in kind.splits if is_target for code in task.languages]
    parts = [Part(task, *one, tuple(task.files(*one)), folders.data) for one in dict.fromkeys(wanted)]
    return [part for part in (*parts, *_gold_parts(task, folders)) if part.names]


def _gold_parts(task: Task, folders: Folders) -> Iterator[Part]:
    if task.gold_files is not None:
        for code in task.languages:
            yield Part(task, "gold", code, tuple(task.gold_files("test", code)), folders.labels)


def by_split(parts: Iterable[Part]) -> dict[str, list[Part]]:
    """The parts of each split that there are, in the order of SPLITS."""
    parts = list(parts)
    found = {split: [part for part in parts if part.split == split] for split in SPLITS}
    return {split: ones for split, ones in found.items() if ones}
