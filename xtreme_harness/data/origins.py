"""Where the files of a data or label folder came from: FOLDER/origins.json, kept by import, fetch and labels.

`{relative file: {"source": text, "sha256": of the file as it was written, "unofficial": reason or null}}`. A file that
was changed since no longer has this origin: its hash tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError
from xtreme_harness.files import sha256_file, write_text

NAME = "origins.json"

Origin = dict[str, Any]


def read_origins(folder: Path) -> dict[str, Origin]:
    """The origins recorded in `folder`, none where there is no record. Raises DataError for a damaged record."""
    path = folder / NAME
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DataError(path, None, f"is damaged ({error}); remove it and import the data again") from None
    if not isinstance(known, dict) or not all(is_origin(one) for one in known.values()):
        raise DataError(path, None, "is no record of origins; remove it and import the data again")
    return known


def is_origin(value: Any) -> bool:
    reason = value.get("unofficial", "") if isinstance(value, dict) else ""
    return isinstance(value, dict) and isinstance(value.get("sha256"), str) and isinstance(reason, str | None)


def origins_of(folder: Path, names: Iterable[str], source: str, unofficial: str | None) -> dict[str, Origin]:
    """What is to be recorded of files that are all from one source."""
    return {name: {"source": source, "sha256": sha256_file(folder / name), "unofficial": unofficial} for name in names}


def record_origins(folder: Path, new: Mapping[str, Origin]) -> None:
    """Merges `new` into the record of `folder`, whole or not at all; the caller holds the folder's lock."""
    if new:
        merged = {**read_origins(folder), **new}
        folder.mkdir(parents=True, exist_ok=True)
        ordered = {name: merged[name] for name in sorted(merged)}
        write_text(folder / NAME, json.dumps(ordered, ensure_ascii=False, indent=1) + "\n")


def unofficial_reasons(
    folder: Path,
    files: Iterable[Path],
    sha256: Callable[[Path], str] = sha256_file,
    known: Mapping[str, Origin] | None = None,
) -> list[str]:
    """Why some of `files` are not the benchmark's data, each reason once, in the order of the files.

    `folder` is a data folder or a label folder: each keeps a record of its own. Files outside it, those that are not
    there and those that were changed since they were written give no reason. Only files recorded as unofficial are
    hashed. `known` is the folder's record, where it has been read before.
    """
    known = read_origins(folder) if known is None else known
    root = folder.resolve()
    reasons: dict[str, None] = {}
    for resolved in (file.resolve() for file in files):
        name = resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else ""
        origin = known.get(name, {})
        if (reason := origin.get("unofficial")) and resolved.is_file() and sha256(resolved) == origin["sha256"]:
            reasons.setdefault(reason)
    return list(reasons)
