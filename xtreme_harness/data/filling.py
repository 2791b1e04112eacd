"""Where a task's data can be taken from (original files, or a set on the hub), and the filling of a staged folder.

What was filled in is read as a run would read it, and refused if it is not sound. What is sound but not the benchmark's
passes as unofficial only, with the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from xtreme_harness.data.checks import check_parts
from xtreme_harness.data.hub import OpenSet
from xtreme_harness.data.parts import parts_of
from xtreme_harness.data.stage import staged
from xtreme_harness.definitions import Folders, HubSet, Task
from xtreme_harness.errors import DataError, HarnessError, MissingData, UnknownName
from xtreme_harness.files import sha256_file
from xtreme_harness.registry import Registry

ORIGINAL, HUB = "original", "hub"
MOST_NAMED = 12  # original files, in the record of each file that was made of them

Say = Callable[[str], None]
Fill = Callable[[Folders], str]  # fills data and labels; says where they came from


@dataclass(frozen=True)
class Way:
    """One way to a task's data. `unfit`: why it must not pass as the benchmark's."""

    fill: Fill
    unfit: str = ""


@dataclass(frozen=True)
class Filled:
    """A staged folder: where its data came from, and why that is unofficial (or None).

    Where there are `problems`, it is refused; `reason` is the first of them without places, as records may tell it.
    """

    folders: Folders
    source: str = ""
    unofficial: str | None = None
    problems: tuple[str, ...] = ()
    reason: str = ""


def way_of(task: Task, source: str, offline: bool, say: Say) -> Way:
    """The way that `source` names: `original`, `hub` (the first set that is fit), or a set's id on the hub.

    Raises MissingData where the task has no such way.
    """
    if source == ORIGINAL:
        return _original(task, say)
    named = [one for one in task.hub if one.id == source] or [one for one in task.hub if source == HUB]
    chosen = next((one for one in named if not one.unfit), named[0] if named else None)
    if chosen is None:
        raise MissingData(task.name, None, f"has no set {source} on the hub" if source != HUB else "is not on the hub")
    return Way(lambda folders: _fill_from_hub(chosen, folders, offline, say), chosen.unfit)


def check_source(source: str, tasks: Sequence[Task]) -> None:
    """Raises UnknownName for a source that none of the tasks has."""
    ids = list(dict.fromkeys(one.id for task in tasks for one in task.hub))
    if source not in (ORIGINAL, HUB, *ids):
        raise UnknownName("source", source, [ORIGINAL, HUB, *ids])


def _original(task: Task, say: Say) -> Way:
    if task.import_files is None:
        raise MissingData(task.name, None, "cannot be imported from original files")

    def fill(folders: Folders) -> str:
        assert task.import_files is not None
        require_originals(folders)
        say(f"{task.name}: importing from {folders.originals}")
        task.import_files(folders)
        return originals_named(task, folders.originals)

    return Way(fill)


def require_originals(folders: Folders) -> None:
    """Raises MissingData where there is no folder of originals at all."""
    if not folders.originals.is_dir():
        raise MissingData(folders.originals, None, "there is no such folder of original files")


def originals_named(task: Task, originals: Path) -> str:
    """The task's original files that are there, with their hashes: names, no paths. Many get one hash over all."""
    paths = [originals / source.file for source in task.sources]
    named = [f"{path.name} sha256:{sha256_file(path)}" if path.is_file() else path.name for path in paths]
    found = [name for name, path in zip(named, paths, strict=True) if path.exists()]
    if len(found) > MOST_NAMED:
        listed = hashlib.sha256("\n".join(found).encode()).hexdigest()
        return f"{len(found)} original files from {paths[0].name} to {paths[-1].name}, sha256 of their list:{listed}"
    return ", ".join(found) or "original files"


def _fill_from_hub(chosen: HubSet, folders: Folders, offline: bool, say: Say) -> str:
    opened = OpenSet(chosen, offline, say)
    chosen.write(opened.rows, folders)
    return f"hub {opened.name}"


@contextmanager
def filled(task: Task, registry: Registry, folders: Folders, way: Way) -> Iterator[Filled]:
    """The task's data in a staged folder. Unofficial is only what would be refused otherwise, and if that is allowed.

    Raises MissingData where the way leads to nothing: no originals, no such set.
    """
    with ExitStack() as stack:
        if way.unfit and folders.official:
            what = f"{way.unfit} (--unofficial takes it, marked as not comparable)"
            yield Filled(folders, problems=(f"{task.name}: {what}",))
            return
        yield _filled(task, registry, folders, way, stack)


def _filled(task: Task, registry: Registry, folders: Folders, way: Way, stack: ExitStack) -> Filled:
    reason = way.unfit
    if not reason:
        try:
            first = _attempt(task, registry, replace(folders, official=True), way, stack)
        except MissingData as error:
            if folders.official:
                raise
            reason = error.what
        else:
            if folders.official or not first.problems:
                return first
            reason = first.reason
    return replace(_attempt(task, registry, folders, way, stack), unofficial=reason)


def _attempt(task: Task, registry: Registry, folders: Folders, way: Way, stack: ExitStack) -> Filled:
    new = stack.enter_context(staged(folders))
    _lend(task, registry, folders, new)
    try:
        source = way.fill(new)
    except MissingData:
        raise
    except DataError as error:
        return Filled(new, problems=(plain_names(str(error), new),), reason=error.what)
    except (HarnessError, OSError, MemoryError):
        raise
    except Exception as error:
        what = f"the task's import failed: {type(error).__name__}: {error}"
        return Filled(new, problems=(f"{task.name}: {what}",), reason=what)
    parts = [part for part in parts_of(task, registry, new) if part.own_names]
    findings = [one for one in check_parts(parts, registry) if new.official or not one.is_size]
    begun = {part.split for part in parts if not part.missing and new.official}
    gaps = [f"{part}: there is no file" for part in parts if part.missing and part.split in begun]
    problems = (*(plain_names(str(one), new) for one in findings), *gaps)
    reasons = [*(f"{one.part} {one.error.what}" for one in findings), *gaps]
    return Filled(new, source, problems=problems, reason=reasons[0] if reasons else "")


def _lend(task: Task, registry: Registry, folders: Folders, new: Folders) -> None:
    """Links to what the task trains on: an import may compare its test questions with that."""
    source = registry.task(task.train_on) if task.train_on else None
    for part in parts_of(source, registry, folders) if source else ():
        for name in part.own_names:
            if part.folder == folders.data and (folders.data / name).is_file():
                (new.data / name).parent.mkdir(parents=True, exist_ok=True)
                (new.data / name).symlink_to((folders.data / name).resolve())


def plain_names(text: str, new: Folders) -> str:
    """Names of staged files as they will be."""
    return text.replace(f"{new.data}/", "").replace(f"{new.labels}/", "")
