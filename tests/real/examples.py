"""Examples of intermediate tasks, read from slices as a run would read them."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.data.access import checked
from xtreme_harness.definitions import Example
from xtreme_harness.registry import Registry


def sound(registry: Registry, name: str, files: tuple[Path, ...]) -> list[Example]:
    """The examples of a part, as `prepare` checks them."""
    task = registry.intermediate_task(name)
    kind = registry.kind(task.kind).load()

    def problem(example: Example) -> str | None:
        found: str | None = kind.input_problem(example) or kind.gold_problem(example, task.options)
        return found

    return list(checked(task.read("dev", "en", files), files, problem))
