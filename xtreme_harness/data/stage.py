"""New data on its way in: filled and checked in a hidden folder, moved to where it belongs when all of it is sound."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from xtreme_harness.data.origins import Origin, record_origins
from xtreme_harness.definitions import Folders
from xtreme_harness.files import locked, sync

BEGIN = ".incoming-"
LOCK = ".xtreme-harness.lock"


@contextmanager
def writing_to(*folders: Path, waiting: Callable[[Path], None] = lambda folder: None) -> Iterator[None]:
    """Makes the folders, holds their locks, and removes what a process that was killed here left behind."""
    with ExitStack() as stack:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for folder in sorted({folder.resolve() for folder in folders}):
            stack.enter_context(locked(folder / LOCK, lambda folder=folder: waiting(folder)))  # type: ignore[misc]
            for left in sorted(folder.glob(f"{BEGIN}*")):
                shutil.rmtree(left, ignore_errors=True)
        yield


@contextmanager
def staged(folders: Folders) -> Iterator[Folders]:
    """`folders` with empty data and label folders, each inside the one it is for: files move without being copied."""
    with ExitStack() as stack:
        made = (
            stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix=BEGIN))
            for folder in (folders.data, folders.labels)
        )
        data, labels = map(Path, made)
        yield replace(folders, data=data, labels=labels)


def written(folder: Path) -> list[str]:
    """Relative names of the files in a staged folder; links are what an import was lent."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [path.relative_to(folder).as_posix() for path in paths]


def move_in(new: Path, final: Path, origins: Mapping[str, Origin]) -> None:
    """Moves the files that `origins` names from `new` to `final`; the record of their origins is written first.

    A record whose file is not there yet is harmless, unofficial data without its record is not.
    """
    record_origins(final, origins)
    for name in origins:
        target = final / name
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(new / name)
        (new / name).replace(target)
