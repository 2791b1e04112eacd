"""A board as one long table, for statistics programs and spreadsheets: a line a figure.

`task` is empty in the lines of averages over tasks, whose name stands in `metric` (`average`, `without_english`, `gap`,
`group:<name>`), and `language` in those of whole tasks. The metric `headline` is what the board shows; a cell's other
lines are all its metrics. Intervals belong to headline figures.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from xtreme_harness.leaderboard.standings import Shown, Standing, Standings

FIELDS = ("row", "name", "track", "rank", "task", "language", "metric", "value", "low", "high", "deviation", "state")
HEADLINE = "headline"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would calculate
Line = tuple[str, str, str, Shown]  # task, language, metric


def render(standings: Standings) -> Mapping[str, str]:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in standings.rows:
        about = [row.id, _text(row.name), _text(row.track), row.rank]
        for task, language, metric, shown in _lines(row):
            figures = [shown.value, shown.low, shown.high, shown.deviation]
            writer.writerow([*about, *map(_text, (task, language, metric)), *figures, shown.state])
    return {f"{standings.name}.csv": stream.getvalue()}


def _text(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA) else name


def _lines(row: Standing) -> Iterator[Line]:
    for name in ("average", "without_english", "gap"):
        yield "", "", name, getattr(row, name)
    for group, shown in row.groups.items():
        yield "", "", f"group:{group}", shown
    for task, shown in row.tasks.items():
        yield task, "", HEADLINE, shown
        yield from _metrics(task, "", shown)
    for task, cells in row.languages.items():
        for language, shown in cells.items():
            yield task, language, HEADLINE, shown
            yield from _metrics(task, language, shown)


def _metrics(task: str, language: str, shown: Shown) -> Iterator[Line]:
    for metric, value in shown.metrics.items():
        yield task, language, metric, Shown(value=value)
