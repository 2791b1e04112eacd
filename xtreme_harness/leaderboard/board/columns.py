"""Columns of a board: which cells may stand in one. Figures on other data are not figures of the same thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from xtreme_harness.leaderboard.averages import MIXED, Figure
from xtreme_harness.leaderboard.board.series import Cell, Place, Series, Version

SHOWN = 8  # digits of a hash
DIFFERENCES = (
    ("task_version", "task version {0} where the column has {1}"),
    ("headline", "the mean of {0} where the column has {1}"),
    ("test", "test data {0} where the column has {1}"),
    ("gold", "gold {0} where the column has {1}"),
    ("examples", "{0} examples where the column has {1}"),
)


def without_mixed(series: Mapping[str, Series]) -> tuple[dict[str, Series], dict[str, list[str]]]:
    """The rows by id, without the figures of cells that are of other data than most of their column's; and why, by row.

    Where no version of a column has more than half of its cells nobody can say which is the right one: none counts.
    """
    usual = {place: _most(versions) for place, versions in _versions(series).items()}
    kept: dict[str, Series] = {}
    remarks: dict[str, list[str]] = {}
    for name, one in series.items():
        refused = _refused(one, usual)
        kept[name] = _without(one, refused) if refused else one
        if refused:
            remarks[name] = _told(refused)
    return kept, remarks


def _versions(series: Mapping[str, Series]) -> dict[Place, Counter[Version]]:
    found: dict[Place, Counter[Version]] = {}
    for one in series.values():
        for cells in one.cells.values():
            for place, cell in cells.items():
                if cell.figure.value is not None:
                    found.setdefault(place, Counter())[cell.version] += 1
    return found


def _most(versions: Counter[Version]) -> tuple[Version, bool]:
    """The commonest version, and whether more than half of the cells have it."""
    ((version, count),) = versions.most_common(1)
    return version, 2 * count > versions.total()


def _refused(series: Series, usual: Mapping[Place, tuple[Version, bool]]) -> dict[tuple[str, Place], str]:
    """Why, by the row's label and place."""
    return {
        (label, place): why
        for label, cells in series.cells.items()
        for place, cell in cells.items()
        if (why := _why_mixed(cell, place, usual))
    }


def _without(series: Series, refused: Collection[tuple[str, Place]]) -> Series:
    cells = {
        label: {place: _emptied(cell) if (label, place) in refused else cell for place, cell in members.items()}
        for label, members in series.cells.items()
    }
    return replace(series, cells=cells)


def _emptied(cell: Cell) -> Cell:
    return replace(cell, figure=Figure(None, MIXED), metrics={}, scores=None)


def _told(refused: Mapping[tuple[str, Place], str]) -> list[str]:
    places: dict[str, list[Place]] = {}
    for (_, place), why in refused.items():
        places.setdefault(why, []).append(place)
    return [f"{MIXED}: {_places(members)}: {why}" for why, members in places.items()]


def _why_mixed(cell: Cell, place: Place, usual: Mapping[Place, tuple[Version, bool]]) -> str:
    if cell.figure.value is None:
        return ""
    version, is_usual = usual[place]
    if cell.version == version:
        return "" if is_usual else "no version of the data has most of the column's rows"
    told = (
        text.format(_short(getattr(cell.version, name)), _short(getattr(version, name)))
        for name, text in DIFFERENCES
        if getattr(cell.version, name) != getattr(version, name)
    )
    return "; ".join(told)


def _short(value: str | int | Sequence[str] | None) -> str:
    if isinstance(value, tuple):
        return " and ".join(value)
    text = "unknown" if value is None else str(value)
    return text[: len("sha256:") + SHOWN] if text.startswith("sha256:") else text


def _places(places: Sequence[Place]) -> str:
    """`xnli sw, te; pawsx de`."""
    codes: dict[str, list[str]] = {}
    for task, code in places:
        members = codes.setdefault(task, [])
        members += [] if code in members else [code]
    return "; ".join(f"{task} {', '.join(members)}" for task, members in codes.items())
