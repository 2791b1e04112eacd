"""What the page's table consists of: its columns, its rows by track, and the facets by which languages are chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote

from xtreme_harness.errors import UnknownName
from xtreme_harness.languages import Language, language
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings


@dataclass(frozen=True)
class Column:
    """A column of figures. `kind`: average, without_english, gap, group or task; `name` that of the group or task."""

    kind: str
    name: str
    title: str
    group: str = ""  # the heading it stands under

    def of(self, row: Standing) -> Shown:
        if self.kind == "task":
            return row.tasks[self.name]
        return row.groups[self.name] if self.kind == "group" else getattr(row, self.kind)


@dataclass(frozen=True)
class Line:
    """One row of the table. `index`: its place in the standings; `link`: its records, relative to the page."""

    index: int
    row: Standing
    link: str
    cells: Sequence[Shown]


OVERALL = (
    Column("average", "", "average"),
    Column("without_english", "", "without English"),
    Column("gap", "", "transfer gap"),
)


def columns(standings: Standings) -> tuple[Column, ...]:
    """The overall figures, then group by group its mean and its tasks; a group of one task is that task."""
    return (*OVERALL, *(column for group, tasks in standings.groups.items() for column in _of_group(group, tasks)))


def _of_group(group: str, tasks: Sequence[str]) -> Iterator[Column]:
    if group and len(tasks) > 1:
        yield Column("group", group, "mean", group)
    yield from (Column("task", task, task, group) for task in tasks)


def header_groups(shown: Sequence[Column]) -> list[tuple[str, int]]:
    """(heading, how many columns stand under it), from left to right; a column without heading is one of its own."""
    return [(group, len(list(members))) for group, members in groupby(shown, lambda column: column.group)]


def bodies(standings: Standings, shown: Sequence[Column]) -> list[tuple[str, list[Line]]]:
    """(track, its rows), in the order shown; a track without rows is left out."""
    lines: dict[str, list[Line]] = {track: [] for track in standings.tracks}
    for index, row in enumerate(standings.rows):
        cells = [column.of(row) for column in shown]
        lines.setdefault(row.track, []).append(Line(index, row, records_link(row), cells))
    return [(track, found) for track, found in lines.items() if found]


def has_intervals(standings: Standings, shown: Sequence[Column]) -> bool:
    return any(column.of(row).low is not None for row in standings.rows for column in shown)


def records_link(row: Standing) -> str:
    """A path made of path segments alone, whatever stands in it."""
    return f"./{quote(row.records)}" if row.records else ""


def codes(standings: Standings) -> tuple[str, ...]:
    """All languages of the board, in the order of their codes."""
    return tuple(sorted({code for of_task in standings.languages.values() for code in of_task}))


def facts(code: str) -> Language | None:
    """What is known about a language; None for one that XTREME has not."""
    try:
        return language(code)
    except UnknownName:
        return None


def facets(standings: Standings) -> Mapping[str, Mapping[str, str]]:
    """The choices of each language filter: {filter: {value: what people read}}; a filter with one choice is none."""
    known = [one for code in codes(standings) if (one := facts(code))]
    classes = sorted({one.joshi_class for one in known}, reverse=True)
    ends = {0: " (hardly any data)", 5: " (most data)"}
    found = {
        "family": {name: name for name in sorted({one.family for one in known})},
        "script": {name: name for name in sorted({one.script for one in known})},
        "class": {str(number): f"class {number}{ends.get(number, '')}" for number in classes},
        "represented": _represented(known),
    }
    return {name: choices for name, choices in found.items() if len(choices) > 1}


def _represented(known: Sequence[Language]) -> dict[str, str]:
    titles = {True: ("under", "under-represented"), False: ("high", "high-resource")}
    there = {one.xtreme_up_under_represented for one in known}
    return dict(title for is_under, title in titles.items() if is_under in there)
