"""The rows of one track beside each other: ranks, and the best figures of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from xtreme_harness.definitions import Suite
from xtreme_harness.leaderboard.board.evidence import Evidence
from xtreme_harness.leaderboard.board.ranking import best, ranks
from xtreme_harness.leaderboard.board.runs import Entry
from xtreme_harness.leaderboard.board.seeds import Figures
from xtreme_harness.leaderboard.standings import Shown


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A row of a board with what it shows; `mixed` says which cells are of other data than their column."""

    entry: Entry
    name: str
    figures: Figures
    mixed: Sequence[str]
    rank: int | None = None


def ranked(placed: Mapping[str, Placed], evidence: Evidence, suite: Suite) -> dict[str, Placed]:
    """The rows of one track by id, with their ranks and the best figures marked."""
    places = ranks(
        _known({name: one.figures.average for name, one in placed.items()}),
        partial(evidence.p_value, suite.tasks),
    )
    groups = {group: members for group, members in suite.groups.items() if group}
    in_tasks = _marked(placed, "tasks", {task: (task,) for task in suite.tasks}, evidence)
    in_groups = _marked(placed, "groups", groups, evidence)
    return {
        name: replace(
            one,
            rank=places.get(name),
            figures=replace(
                one.figures,
                tasks=in_tasks[name],
                groups=in_groups[name],
                average=replace(one.figures.average, is_best=places.get(name) == 1),
            ),
        )
        for name, one in placed.items()
    }


def _marked(
    placed: Mapping[str, Placed], table: str, columns: Mapping[str, Sequence[str]], evidence: Evidence
) -> dict[str, dict[str, Shown]]:
    """A table of the rows' figures, with the best of every column marked; `columns` are the tasks under each."""
    marked: dict[str, dict[str, Shown]] = {name: {} for name in placed}
    for column, tasks in columns.items():
        figures = {name: getattr(one.figures, table)[column] for name, one in placed.items()}
        chosen = best(_known(figures), partial(evidence.p_value, tasks))
        for name, shown in figures.items():
            marked[name][column] = replace(shown, is_best=name in chosen)
    return marked


def _known(figures: Mapping[str, Shown]) -> dict[str, float]:
    return {name: one.value for name, one in figures.items() if one.value is not None}
