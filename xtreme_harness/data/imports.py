"""`data import`, from originals, hub or a pack: task by task into data and label folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.data.checks import check_parts
from xtreme_harness.data.filling import Filled, Way, filled, plain_names
from xtreme_harness.data.origins import Origin, origins_of
from xtreme_harness.data.pack import SIDES, Entry, read_pack, side_of
from xtreme_harness.data.parts import Part, by_split, parts_of
from xtreme_harness.data.stage import move_in, staged, written
from xtreme_harness.definitions import Folders, Source, Task
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry

DONE, MISSING, REFUSED = "done", "missing", "refused"
MOST_TOLD = 3  # addresses of downloads


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
        if task.import_files is None and not any(part.missing for part in parts_of(task, registry, folders)):
            return Outcome(task=task.name, state=DONE)  # it reads what another task imports
        return not_found(task, folders, error)


def _moved(task: Task, registry: Registry, folders: Folders, found: Filled) -> Outcome:
    names = []
    for new, final in ((found.folders.data, folders.data), (found.folders.labels, folders.labels)):
        names.append(written(new))
        move_in(new, final, origins_of(new, names[-1], found.source, found.unofficial))
    lacking = [part for part in parts_of(task, registry, folders) if part.missing]
    return Outcome(
        task=task.name,
        state=MISSING if lacking else DONE,
        data=tuple(names[0]),
        labels=tuple(names[1]),
        unofficial=found.unofficial,
        remarks=tuple(told_by_split(lacking, "was not among what was imported, and is not there yet")),
    )


def import_pack(pack: Path, registry: Registry, folders: Folders, tasks: Collection[str] = ()) -> list[Outcome]:
    """Takes the tasks of a pack over (or only `tasks`), once everything in it is what its manifest says.

    Raises DataError for a pack that is damaged, or of tasks that are not registered. A task whose rows are wrong, or
    with files that it does not read, is refused; other sizes and missing parts came with the pack and are told by
    `data status`. The caller holds the locks of the data and the label folder.
    """
    with staged(folders) as new:
        files = read_pack(pack, new)
        names = dict.fromkeys(entry["task"] for entry in files.values())
        if unknown := [name for name in names if name not in registry.names("task")]:
            what = f"has data of {unknown[0]}, which is not registered here; name its plugin with --plugin"
            raise DataError(pack, None, what)
        wanted = [name for name in names if not tasks or name in tasks]
        taken = [_from_pack(pack, registry.task(name), registry, folders, new, files) for name in wanted]
        return taken + [
            Outcome(task=name, state=MISSING, remarks=(f"{pack.name} has no data of {name}",))
            for name in tasks
            if name not in names
        ]


def _from_pack(
    pack: Path, task: Task, registry: Registry, folders: Folders, new: Folders, files: Mapping[str, Entry]
) -> Outcome:
    parts = [part for part in parts_of(task, registry, new) if part.own_names]
    own = {f"{side_of(part)}/{name}" for part in parts for name in part.own_names}
    mine = {name: entry for name, entry in files.items() if entry["task"] == task.name}
    wrong = [f"{pack.name}: {name} is no file of {task.name}" for name in mine if name not in own]
    wrong += [plain_names(str(one), new) for one in check_parts(parts, registry) if not one.is_size]
    if wrong:
        return Outcome(task=task.name, state=REFUSED, remarks=tuple(wrong))
    moved: dict[str, dict[str, Origin]] = {side: {} for side in SIDES}
    for name, entry in mine.items():
        side, _, rest = name.partition("/")
        plain = {"source": f"pack {pack.name}", "sha256": entry["sha256"], "unofficial": None}
        moved[side][rest] = entry["origin"] or plain
    move_in(new.data, folders.data, moved["data"])
    move_in(new.labels, folders.labels, moved["labels"])
    reasons = dict.fromkeys(one["unofficial"] for side in SIDES for one in moved[side].values() if one["unofficial"])
    return Outcome(
        task=task.name,
        state=DONE,
        data=tuple(moved["data"]),
        labels=tuple(moved["labels"]),
        unofficial="; ".join(reasons) or None,
    )


def told_by_split(parts: Iterable[Part], what: str) -> Iterator[str]:
    """A sentence for each split of one task, with its languages."""
    for split, ones in by_split(parts).items():
        yield f"{ones[0].task.name} {split} {what}: {' '.join(part.language for part in ones)}"


def not_found(task: Task, folders: Folders, error: MissingData) -> Outcome:
    """What to tell when originals are not there: how to get by hand what must be, and where the others are."""
    absent = [source for source in task.sources if not (folders.originals / source.file).exists()]
    by_hand = [how_to_get(source) for source in absent if source.steps]
    online = [how_to_get(source) for source in absent if not source.steps]
    more = f"... and {len(online) - MOST_TOLD} more; xtreme-harness data fetch downloads them"
    told = online if len(online) <= MOST_TOLD else [*online[:MOST_TOLD], more]
    return Outcome(task=task.name, state=MISSING, remarks=(str(error), *by_hand, *told))


def how_to_get(source: Source) -> str:
    """One sentence on an original file: what to do by hand, or where it is downloaded from."""
    return f"{source.file}: {source.steps} ({source.address})" if source.steps else f"{source.file}: {source.address}"
