"""`data import` and `data fetch --from hub`: task by task into the data and the label folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.data.filling import Filled, Way, filled
from xtreme_harness.data.parts import parts_of
from xtreme_harness.data.stage import move_in, written
from xtreme_harness.definitions import Folders, Source, Task
from xtreme_harness.errors import MissingData
from xtreme_harness.registry import Registry

DONE, MISSING, REFUSED = "done", "missing", "refused"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one task: files written, and remarks on what is missing or refused."""

    task: str
    state: str
    data: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    unofficial: str | None = None
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def exit_code(states: Sequence[str]) -> int:
    """0 when all is there, 4 when something is missing, 5 when something was refused."""
    return 5 if REFUSED in states else 4 if MISSING in states else 0


def import_task(task: Task, registry: Registry, folders: Folders, way_of: Callable[[Task], Way]) -> Outcome:
    """Fills and moves in one task; where that fails, what was there stays.

    The caller holds the locks of the data and the label folder.
    """
    if not any(part.own_names for part in parts_of(task, registry, folders)):
        return Outcome(task=task.name, state=DONE)  # its plugin brings all of it along
    try:
        with filled(task, registry, folders, way_of(task)) as found:
            if found.problems:
                return Outcome(task=task.name, state=REFUSED, remarks=found.problems)
            return _moved(task, registry, folders, found)
    except MissingData as error:
        return Outcome(task=task.name, state=MISSING, remarks=(str(error), *map(how_to_get, task.sources)))


def _moved(task: Task, registry: Registry, folders: Folders, found: Filled) -> Outcome:
    names = []
    for new, final in ((found.folders.data, folders.data), (found.folders.labels, folders.labels)):
        names.append(written(new))
        move_in(new, final, names[-1], found.source, found.unofficial)
    lacking = [part for part in parts_of(task, registry, folders) if part.missing]
    return Outcome(
        task=task.name,
        state=MISSING if lacking else DONE,
        data=tuple(names[0]),
        labels=tuple(names[1]),
        unofficial=found.unofficial,
        remarks=tuple(f"{part} is not there yet: {found.source} has none" for part in lacking),
    )


def how_to_get(source: Source) -> str:
    """One sentence on an original file: what to do by hand, or where it is downloaded from."""
    return f"{source.file}: {source.steps} ({source.address})" if source.steps else f"{source.file}: {source.address}"
