"""Whether files are written as a run and `leaderboard pack` write them: JSON that every program reads alike.

Of a name that stands twice some programs take the first value and some the last; NaN and 1e400 are no JSON to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import dump_line
from xtreme_harness.unit import canonical_json


def json_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. Raises DataError for anything else, a name given twice, and no finite number.

    Whoever calls makes sure that the file is there.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
        canonical_json(value).encode()  # raises for what is no number, and for half a surrogate pair
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(path, None, f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DataError(path, None, "holds no JSON object")
    return value


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} stands in it twice")
    return found


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is not true. What is no JSON, as NaN, is like nothing."""
    try:
        return canonical_json(one) == canonical_json(other)
    except ValueError:
        return False


def line_problems(path: Path) -> Iterator[str]:
    """Lines of a JSON lines file that no run writes so."""
    *lines, rest = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not _is_dumped(line):
            yield f"line {number}: is not written as a run writes it (a name twice, NaN, another line end, spaces)"
    if rest:
        yield f"line {len(lines) + 1}: has no line end"


def _is_dumped(line: bytes) -> bool:
    try:
        return dump_line(json.loads(line)).encode() == line + b"\n"
    except (ValueError, RecursionError):
        return False
