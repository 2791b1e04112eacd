"""Where the files of intermediate tasks lie, and how they get there: copied as they are, from folders or an archive."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from xtreme_harness import DataError, Folders, MissingData
from xtreme_tasks.archives import unpacked

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
        folders.data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folders.data, prefix=".import-") as name:
            workplace = Path(name)
            found = _found(folders.originals, places, archive, workplace / "archive")
            for end, path in found.items():
                shutil.copyfile(path, workplace / end.replace("/", "-"))
            for end, place in places.items():
                target = folders.data / FOLDER / place
                target.parent.mkdir(parents=True, exist_ok=True)
                (workplace / end.replace("/", "-")).replace(target)

    return import_files


def _found(originals: Path, places: Mapping[str, str], archive: str, workplace: Path) -> dict[str, Path]:
    """The original file of each end of a path."""
    found = {end: path for end in places if (path := _lying(originals, end)) is not None}
    lacking = [end for end in places if end not in found]
    wanted = re.compile("|".join(map(re.escape, lacking)))
    for packed in sorted(originals.rglob(archive)) if archive and lacking else ():
        if packed.is_file():
            found |= {path.relative_to(workplace).as_posix(): path for path in unpacked(packed, wanted, workplace)}
    if lacking := [end for end in places if end not in found]:
        also = f" or {archive}" if archive else ""
        raise MissingData(originals, None, f"holds no {', no '.join(lacking)}{also}")
    return found


def _lying(originals: Path, end: str) -> Path | None:
    """The file whose path ends so, where it lies unpacked."""
    paths = [path for path in sorted(originals.rglob(Path(end).name)) if path.as_posix().endswith(f"/{end}")]
    paths = [path for path in paths if path.is_file()]
    if len(paths) > 1:
        raise DataError(paths[1], None, f"is there twice: also as {paths[0]}")
    return paths[0] if paths else None
