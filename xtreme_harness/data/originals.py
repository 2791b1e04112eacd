"""The folder of original files: what tasks want in it, which of that is there, and what was seen when it came."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xtreme_harness.data.parts import is_inside
from xtreme_harness.definitions import Source, Task
from xtreme_harness.errors import DataError, DefinitionError
from xtreme_harness.files import sha256_file, write_text

NAME = "downloads.json"  # {file: {"address", "bytes", "sha256"}} of what was downloaded


def sources_of(tasks: Iterable[Task]) -> tuple[Source, ...]:
    """Every original file of the tasks once. Raises DefinitionError where two mean different files by one name."""
    found: dict[str, Source] = {}
    for task in tasks:
        for source in task.sources:
            if not is_inside(source.file):
                raise DefinitionError(f"Task {task.name!r}", [f"{source.file!r} is no name of an original file"])
            if found.setdefault(source.file, source) != source:
                raise DefinitionError(f"Task {task.name!r}", [f"another task has another original {source.file!r}"])
    return tuple(found.values())


def fault(source: Source, originals: Path, with_hash: bool) -> str | None:
    """Why the file that is there cannot be the one that is wanted; None when it can. The hash takes its time.

    Where the source names none, size and hash are those of the download.
    """
    path = originals / source.file
    if not path.is_file():
        return None  # an unpacked folder, say
    seen = read_downloads(originals).get(source.file, {})
    size = seen.get("bytes") if source.bytes is None else source.bytes
    if size not in (None, path.stat().st_size):
        return f"has {path.stat().st_size} bytes, expected {size}"
    sha256 = source.sha256 or seen.get("sha256")
    if with_hash and sha256 and (found := sha256_file(path)) != sha256:
        return f"has SHA-256 {found}, expected {sha256}"
    return None


def read_downloads(originals: Path) -> dict[str, dict[str, Any]]:
    """What was noted of downloads; raises DataError for a damaged note."""
    path = originals / NAME
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DataError(path, None, f"is damaged ({error}); remove it") from None
    if not isinstance(known, dict) or not all(isinstance(one, dict) for one in known.values()):
        raise DataError(path, None, "is no note of downloads; remove it")
    return known


def note_download(originals: Path, source: Source, sha256: str) -> None:
    """The caller holds the folder's lock."""
    size = (originals / source.file).stat().st_size
    noted = {**read_downloads(originals), source.file: {"address": source.address, "bytes": size, "sha256": sha256}}
    ordered = {name: noted[name] for name in sorted(noted)}
    write_text(originals / NAME, json.dumps(ordered, ensure_ascii=False, indent=1) + "\n")
