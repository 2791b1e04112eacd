"""A comparison as markdown for people, and as plain values for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from xtreme_harness.leaderboard.comparison.compare import MCNEMAR, Comparison, Delta, Flips
from xtreme_harness.leaderboard.comparison.differences import Place
from xtreme_harness.leaderboard.comparison.matching import Row
from xtreme_harness.leaderboard.markdown import difference_text, table
from xtreme_harness.legible import legible

ABSENT = "–"
EXPLAINED = (
    "Differences are B - A, with 95 % intervals by paired bootstrap on the same items; bold with an arrow where the "
    "test is significant at 5 %. p is Holm's over its table, the average's its own; by approximate randomisation, "
    f"by {MCNEMAR}'s exact test (m) where items are independent and right or wrong."
)
FLIPPED = (
    "Better: right on that side and wrong on the other; where an example is not just right or wrong (answers, tags, "
    "mined pairs), its own figure is higher. Columns B, A and same count examples."
)
SHORT = len("sha256:") + 8
WIDEST = 60  # characters of a value in the table


def document(found: Comparison) -> str:
    """The whole comparison of two rows."""
    parts = [
        f"A: {_origin(found.a)}\nB: {_origin(found.b)}",
        "## What differs",
        _differences(found),
        "## Tasks",
        EXPLAINED,
        _deltas([*found.tasks, *([found.average] if found.average else [])], by_language=False),
        "## Languages",
        _deltas(found.cells, by_language=True),
        "\n".join(f"- {remark}" for remark in remarks(found)),
        "## Examples that flipped",
        _flips(found.flips),
    ]
    return "\n\n".join(part for part in parts if part)


def _origin(row: Row) -> str:
    return f"{row.folder} `{row.label}`"


def _differences(found: Comparison) -> str:
    if not found.differences:
        return "Nothing that the records tell."
    both = [place for place in found.a.records if place in found.b.records]
    lines = [[one.part, one.what, _value(one.a), _value(one.b), _where(one.places, both)] for one in found.differences]
    return table(["part", "what", "A", "B", "where"], lines, names=5)


def _value(value: Any) -> str:
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith("sha256:"):
        return text[:SHORT]
    text = legible(text)
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _where(places: Sequence[Place], both: Sequence[Place]) -> str:
    """Tasks; with languages where not all of a task's are meant."""
    if len(places) == len(both):
        return "everywhere"
    return ", ".join(
        task if codes == _by_task(both)[task] else f"{task} ({' '.join(codes)})"
        for task, codes in _by_task(places).items()
    )


def _by_task(places: Iterable[Place]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task, language in places:
        found.setdefault(task, []).append(language)
    return found


def _deltas(deltas: Sequence[Delta], by_language: bool) -> str:
    titles = ["task", *(["language"] if by_language else []), "A", "B", "B - A", "p"]
    lines = [
        [one.task, *([one.language] if by_language else []), one.a.text(), one.b.text(), delta_text(one), _p(one)]
        for one in deltas
    ]
    return table(titles, lines, names=2 if by_language else 1)


def delta_text(delta: Delta) -> str:
    """`+1.2 [-0.3, +2.7]`; bold and with an arrow where the corrected test is significant."""
    if delta.difference is None:
        return ABSENT
    return difference_text(delta.difference, delta.low, delta.high, delta.is_significant)


def _p(delta: Delta) -> str:
    if delta.corrected is None:
        return ABSENT
    number = "<0.001" if delta.corrected < 0.001 else f"{delta.corrected:.3f}"
    return f"{number} m" if delta.test == MCNEMAR else number


def remarks(found: Comparison) -> list[str]:
    """Why cells have no interval, and which cells only one side has."""
    reasons: dict[str, list[Place]] = {}
    for one in found.cells:
        if one.why:
            reasons.setdefault(one.why, []).append((one.task, one.language))
    both = [(one.task, one.language) for one in found.cells]
    alone = (("A", found.only_a), ("B", found.only_b))
    return [
        *(f"no interval for {_where(places, both)}: {why}" for why, places in reasons.items()),
        *(f"only in {side}, left out: {_listed(places)}" for side, places in alone if places),
    ]


def _listed(places: Sequence[Place]) -> str:
    return ", ".join(f"{task} ({' '.join(codes)})" for task, codes in _by_task(places).items())


def _flips(flips: Sequence[Flips]) -> str:
    """Cells in which nothing flipped are left out."""
    flipped = [one for one in flips if one.better_in_a or one.better_in_b]
    if not flipped:
        return "None." if flips else "No cell has per-example values of the same items on both sides."
    counts = [[str(one.better_in_b), str(one.better_in_a), str(one.same)] for one in flipped]
    lines = [
        [one.task, one.language, _ids(one.ids_b), _ids(one.ids_a), *numbers]
        for one, numbers in zip(flipped, counts, strict=True)
    ]
    titles = ["task", "language", "first ids better in B", "first ids better in A", "B", "A", "same"]
    return f"{FLIPPED}\n\n{table(titles, lines, names=4)}"


def _ids(ids: Sequence[str]) -> str:
    return " ".join(map(legible, ids)) or ABSENT


def as_json(found: Comparison) -> dict[str, Any]:
    """Plain values; a figure that is not there is null, with the state that stands in its place."""
    return {
        "a": {"path": str(found.a.folder), "row": found.a.label},
        "b": {"path": str(found.b.folder), "row": found.b.label},
        "differences": [asdict(one) for one in found.differences],
        "average": None if found.average is None else _delta_json(found.average),
        "tasks": [_delta_json(one) for one in found.tasks],
        "languages": [_delta_json(one) for one in found.cells],
        "flips": [asdict(one) for one in found.flips],
        "only_a": found.only_a,
        "only_b": found.only_b,
    }


def _delta_json(delta: Delta) -> dict[str, Any]:
    sides = {"a": delta.a.value, "b": delta.b.value, "a_state": delta.a.state, "b_state": delta.b.state}
    return {**asdict(delta), **sides, "difference": delta.difference, "significant": delta.is_significant}
