"""What `data status` tells: which parts of each task are there, and the manifest of original files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xtreme_harness.data.originals import fault, sources_of
from xtreme_harness.data.parts import Part, by_split, parts_of
from xtreme_harness.definitions import Folders, Source, Task
from xtreme_harness.registry import Registry


def all_parts(tasks: Iterable[Task], registry: Registry, folders: Folders) -> list[Part]:
    return [part for task in tasks for part in parts_of(task, registry, folders)]


def tasks_status(tasks: Sequence[Task], parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """By task and split: how many languages are there, of how many, and which are not."""
    return {
        task.name: {
            split: {
                "there": sum(not part.missing for part in ones),
                "of": len(ones),
                "missing": [part.language for part in ones if part.missing],
            }
            for split, ones in by_split(part for part in parts if part.task.name == task.name).items()
        }
        for task in tasks
    }


def sources_status(tasks: Sequence[Task], folders: Folders, with_hash: bool) -> list[dict[str, Any]]:
    """The manifest: every original file with its address, size, hash and licence, whose it is, and its state."""
    return [
        {
            **vars(source),
            "tasks": [task.name for task in tasks if source in task.sources],
            "state": source_state(source, folders, with_hash),
        }
        for source in sources_of(tasks)
    ]


def source_state(source: Source, folders: Folders, with_hash: bool) -> str:
    """`there`, `begun`, `missing`, or what is wrong with the file that is there."""
    path = folders.originals / source.file
    if path.exists():
        return fault(source, folders.originals, with_hash) or "there"
    return "begun" if path.with_name(f"{path.name}.part").is_file() else "missing"
