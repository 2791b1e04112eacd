"""The files of a QA task, written from original SQuAD JSON: tests lose their answers, which go to the label folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, MissingData
from xtreme_tasks.importing import check_count, originals, staged
from xtreme_tasks.squad.document import Row, read_json, sound_questions, without_answers, write_json


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a task: `data` in the data folder; `gold`, of a test, is the label file that keeps its answers."""

    split: str
    language: str
    data: str
    gold: str = ""


Check = Callable[[Path | str, Part, list[Row], Folders], None]
Sizes = Mapping[str, Mapping[str, int]]


def unchecked(where: Path | str, part: Part, rows: list[Row], folders: Folders) -> None:
    """For tasks whose questions need to be sound, and nothing else."""


def write_part(part: Part, document: Any, where: Path | str, new: Folders, sizes: Sizes) -> list[Row]:
    """Writes a document as a part, if it is sound, and returns its questions.

    `where` is its own file, which is copied, or names where it came from. Raises DataError as `sound_questions` does,
    and, for an official import, on a count that is not the benchmark's.
    """
    rows = sound_questions(where, document)
    if new.official:
        check_count(where, sizes, part.split, part.language, len(rows))
    whole = new.labels / part.gold if part.gold else new.data / part.data
    whole.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(where, Path):
        shutil.copyfile(where, whole)
    else:
        write_json(whole, document)
    if part.gold:
        write_json(new.data / part.data, without_answers(document))
    return rows


def import_parts(
    folders: Folders,
    parts: Mapping[str, Part],
    sizes: Sizes,
    *,
    wanted: re.Pattern[str] | None = None,
    archive: str = "",
    check: Check = unchecked,
) -> None:
    """Writes the parts whose original files, by name, are in the folder of originals or in its `archive`.

    `wanted` is what file names the task's data has, where that is more than `parts`: others are refused.
    """
    wanted = wanted or re.compile("|".join(map(re.escape, parts)))
    with staged(folders) as new:
        paths = originals(folders.originals, wanted, archive, new.data.parent)
        for path in paths:
            if path.name not in parts:
                languages = dict.fromkeys(part.language for part in parts.values())
                raise DataError(path, None, f"is in none of the task's languages ({', '.join(languages)})")
            part = parts[path.name]
            check(path, part, write_part(part, read_json(path), path, new, sizes), folders)
        if not paths:
            what = f"holds nothing of {archive or ', '.join(parts)}"
            raise MissingData(folders.originals, None, f"{what}: xtreme-harness data status tells where to get it")
