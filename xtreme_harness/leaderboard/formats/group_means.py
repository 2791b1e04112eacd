"""A board's means by family, script and resource class of the languages: the figures, and their tables in markdown."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.leaderboard.averages import Figure, mean
from xtreme_harness.leaderboard.language_groups import GROUPINGS, Groups, grouped
from xtreme_harness.leaderboard.markdown import escaped, table
from xtreme_harness.leaderboard.standings import Standing, Standings

TABLES = tuple(name for name in GROUPINGS if name != "language")  # the board's own tables are by language
AVERAGE = "average"
EXPLAINED = (
    "English, in which everything is trained, is in no group. The average is over the tasks that have a language of "
    "the group: compare systems within a group, not groups with each other, which other tasks make up."
)


def board_groups(standings: Standings, by: str) -> Groups:
    """The groups of all languages of the board."""
    return grouped((code for codes in standings.languages.values() for code in codes), by)


def figure_of(row: Standing, task: str, code: str) -> Figure:
    """The figure of a cell, or its state; a cell that the row does not have was skipped, or is not published."""
    shown = row.languages.get(task, {}).get(code)
    return shown or Figure(None, "not-published" if row.is_published else "skipped")


def group_means(standings: Standings, row: Standing, codes: Sequence[str]) -> dict[str, Figure]:
    """The means of a row over those languages of each task that are among `codes`, and their average, last.

    Tasks without such a language are not there.
    """
    means = {
        task: mean(figure_of(row, task, code) for code in chosen)
        for task in standings.tasks
        if (chosen := [code for code in standings.languages[task] if code in codes])
    }
    return {**means, AVERAGE: mean(means.values())}


def group_tables(standings: Standings) -> str:
    """For each grouping a table with a line for every group and row."""
    parts = [EXPLAINED]
    for by in TABLES:
        parts += [f"### By {GROUPINGS[by].title}", _table(standings, board_groups(standings, by))]
    return "\n\n".join(parts)


def _table(standings: Standings, groups: Groups) -> str:
    columns = [*standings.tasks, AVERAGE]
    lines = []
    for group, codes in groups.items():
        for row in standings.rows:
            means = group_means(standings, row, codes)
            figures = [means[column].text() if column in means else "" for column in columns]
            lines.append([escaped(f"{group}: {', '.join(codes)}"), escaped(row.name), *figures])
    return table(["languages", "row", *map(escaped, columns)], lines, names=2)
