"""Where the files of intermediate tasks lie, and how they get there: copied as they are, from folders or an archive."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from xtreme_harness import DataError, Folders, MissingData
from xtreme_tasks.archives import unpacked
from xtreme_tasks.importing import staged

FOLDER = "intermediate"
GITHUB = "https://raw.githubusercontent.com"


def part_files(**parts: tuple[str, ...]) -> Callable[[str, str], tuple[str, ...]]:
    """A task's `files`, from the names by split; there are English ones only."""
    return lambda split, language: tuple(f"{FOLDER}/{name}" for name in parts.get(split, ()))


def importer(places: Mapping[str, str], archive: str = "") -> Callable[[Folders], None]:
    """An import that copies original files as they are.

    `places` gives each one's place below FOLDER by the end of its path among the originals, or else in `archive`.
    The import raises MissingData when one is nowhere, DataError when one is there twice; nothing is copied then.
    """

    def import_files(folders: Folders) -> None:
        with staged(folders) as new:
            found = originals_by_end(folders.originals, places, archive, new.data.parent / "archive")
            for end, place in places.items():
                target = new.data / FOLDER / place
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(found[end], target)

    return import_files


def originals_by_end(originals: Path, places: Iterable[str], archive: str, workplace: Path) -> dict[str, Path]:
    """The original file of each end of a path, unpacked in `workplace` where it is in `archive`.

    Raises MissingData when one is nowhere, DataError when one is there twice.
    """
    found = {end: path for end in places if (path := _lying(originals, end)) is not None}
    lacking = [end for end in places if end not in found]
    wanted = re.compile("|".join(map(re.escape, lacking)))
    for packed in sorted(originals.rglob(archive)) if archive and lacking else ():
        found |= {path.relative_to(workplace).as_posix(): path for path in unpacked(packed, wanted, workplace)}
    if lacking := [end for end in places if end not in found]:
        what = f"holds no {', no '.join(lacking)}{f' and no {archive}' if archive else ''}"
        raise MissingData(originals, None, f"{what}: xtreme-harness data status tells where to get it")
    return found


def _lying(originals: Path, end: str) -> Path | None:
    """The file whose path ends so, where it lies unpacked."""
    paths = [path for path in sorted(originals.rglob(Path(end).name)) if path.as_posix().endswith(f"/{end}")]
    paths = [path for path in paths if path.is_file()]
    if len(paths) > 1:
        raise DataError(paths[1], None, f"is there twice: also as {paths[0]}")
    return paths[0] if paths else None
