"""What a reader must know before comparing figures, gathered over the cells of a run or board."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from xtreme_harness.legible import legible
from xtreme_harness.records import Record

NOT_COMPARABLE = "not comparable"
Key = TypeVar("Key")


class Told(NamedTuple):
    """What there is to say of one cell. `lengths`: the longest input, and what the recipe asked for; both or none."""

    task: str
    language: str
    not_comparable_because: str
    lengths: tuple[int, int] | None
    state: str
    why: str


def told(record: Record) -> Told | None:
    """None where there is nothing to say."""
    because = "" if record["comparable"] else legible(record["not_comparable_because"])
    lengths = (record["options"].get("max_length"), record["options"].get("max_length_asked"))
    shortened = lengths if record["phases"] and all(lengths) else None
    why = "" if record["state"] == "ok" else legible(record["why"] or "")
    if not because and not shortened and not why:
        return None
    return Told(record["task"], record["language"], because, shortened, record["state"], why)


def remarks(records: Iterable[Record]) -> list[str]:
    return remarks_on([one for one in map(told, records) if one is not None])


def remarks_on(cells: Sequence[Told]) -> list[str]:
    """Why tasks are not comparable, which had inputs cut shorter than the recipe asks for, why cells have no figure."""
    reasons = _gathered((one.not_comparable_because, one.task) for one in cells if one.not_comparable_because)
    lengths = _gathered((one.lengths, one.task) for one in cells if one.lengths)
    return [
        *(f"{NOT_COMPARABLE}: {', '.join(tasks)} ({reason})" for reason, tasks in reasons.items()),
        *(
            f"max_length {used} instead of {asked}: {', '.join(tasks)} (the model has no more positions)"
            for (used, asked), tasks in lengths.items()
        ),
        *_why_remarks([one for one in cells if one.why]),
    ]


def _why_remarks(cells: Sequence[Told]) -> Iterator[str]:
    """A reason that several languages share is told once, and so are files that each of many languages lacks."""
    alike: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for (state, task, why), codes in _gathered(((one.state, one.task, one.why), one.language) for one in cells).items():
        of_any = _of_any(codes[0], why) if len(codes) == 1 else why
        alike.setdefault((state, task, of_any), {})[why] = codes
    for (state, task, of_any), whys in alike.items():
        codes = [code for found in whys.values() for code in found]
        yield f"{state}: {task} {', '.join(codes)}: {of_any if len(whys) > 1 else next(iter(whys))}"


def _of_any(language: str, why: str) -> str:
    """`why` with the code in the names of files as a place holder."""
    return re.sub(rf"(?<=[-/.]){re.escape(language)}(?=[-/.:])", "{language}", why)


def _gathered(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Every second part once, under its first; both in order."""
    found: dict[Key, dict[str, None]] = {}
    for first, second in pairs:
        found.setdefault(first, {})[second] = None
    return {first: list(seconds) for first, seconds in found.items()}
