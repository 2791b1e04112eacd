"""What imports share: original files by name, the benchmark's counts, and files that are moved in when all is sound."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders
from xtreme_tasks.archives import unpacked

HubRows = Callable[[str, str], Iterable[dict[str, Any]]]
HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test"}  # ours and the hub's, where a set has all three


@contextmanager
def staged(folders: Folders) -> Iterator[Folders]:
    """The same folders, but for data and labels that are empty; what is in them then moves to the true ones.

    Nothing moves when the block fails. Files of the same name are replaced, all others stay. Raises DataError for one
    folder that is to be both: a test's words and its tags go by the same name.
    """
    if folders.data.resolve() == folders.labels.resolve():
        raise DataError(folders.labels, None, "is the data folder too; give the labels a folder of their own")
    folders.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folders.data, prefix=".import-") as place:
        new = replace(folders, data=Path(place) / "data", labels=Path(place) / "labels")
        for folder in (new.data, new.labels):
            folder.mkdir()
        yield new
        for folder, final in ((new.data, folders.data), (new.labels, folders.labels)):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                target = final / path.relative_to(folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)


def originals(folder: Path, wanted: re.Pattern[str], archive: str = "", workplace: Path | None = None) -> list[Path]:
    """The files in or below `folder` whose name is `wanted`, in the order of their names.

    Where there is none they are taken from the files called `archive`, unpacked in `workplace`. Raises DataError when
    a name is there twice.
    """
    found = [path for path in sorted(folder.rglob("*")) if wanted.fullmatch(path.name) and path.is_file()]
    if not found and archive and workplace:
        found = [path for one in sorted(folder.rglob(archive)) for path in unpacked(one, wanted, workplace)]
    found.sort(key=lambda path: path.name)
    for first, second in pairwise(found):
        if first.name == second.name:
            raise DataError(second, None, f"is there twice: also as {first}")
    return found


def check_count(
    where: Path | str, sizes: Mapping[str, Mapping[str, int]], split: str, language: str, count: int
) -> None:
    """Raises DataError where the benchmark is known to have another number of examples in a split and language."""
    known = sizes.get(split, {}).get(language)
    if known not in (None, count):
        what = f"{count} {split} examples of {language} are here, the benchmark has {known}"
        raise DataError(where, None, f"{what}: a file is missing, cut, or of another release")
