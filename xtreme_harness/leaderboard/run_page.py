"""The page of one run, leaderboard.md: the row a task table, aggregates, and a table of languages for every task."""

from __future__ import annotations

from collections.abc import Sequence

from xtreme_harness.definitions import Suite
from xtreme_harness.leaderboard.averages import TableRow, figure_at, mean, table_rows
from xtreme_harness.leaderboard.markdown import EXPLAINED, GAP, WITHOUT_ENGLISH, table
from xtreme_harness.leaderboard.remarks import remarks
from xtreme_harness.records import Record, signature, versioned


def run_page(records: Sequence[Record], suite: Suite, languages: Sequence[str]) -> str:
    """The whole page; the title says when only some `languages` were asked for."""
    rows = table_rows(records, suite)
    only = f" (only {', '.join(languages)})" if languages else ""
    parts = [
        f"# {records[0]['model']['name']}: {suite.title or ', '.join(suite.tasks)}{only}",
        "\n".join(f"- {remark}" for remark in remarks(records)),
        overview(rows, suite),
        "## Aggregates",
        EXPLAINED,
        aggregates(rows, suite),
        "## Languages",
        by_language(rows, suite),
        "## Signatures",
        "\n".join(f"- `{row.label}`: `{signature(row.records, versioned(suite))}`" for row in rows if row.cells),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def overview(rows: Sequence[TableRow], suite: Suite) -> str:
    """The table of task numbers and their average, one line a row."""
    lines = [[row.label, *(row.tasks[task].text() for task in suite.tasks), row.average.text()] for row in rows]
    return table(["row", *suite.tasks, "average"], lines)


def aggregates(rows: Sequence[TableRow], suite: Suite) -> str:
    """Group scores; the mean of the tasks' means without English, and of the gaps of those tasks that have English."""
    groups = [name for name in suite.groups if name]
    lines = [
        [
            row.label,
            *(row.groups[name].text() for name in groups),
            mean(row.without_english.values()).text(),
            mean(row.gaps.values()).text(),
        ]
        for row in rows
    ]
    return table(["row", *groups, WITHOUT_ENGLISH, GAP], lines)


def by_language(rows: Sequence[TableRow], suite: Suite) -> str:
    """For every task the headline figure of each language and the task's means."""
    return "\n\n".join(_languages_of(task, rows) for task in suite.tasks)


def _languages_of(task: str, rows: Sequence[TableRow]) -> str:
    """Where the task has English, also the mean without it and the transfer gap."""
    codes = list(dict.fromkeys(code for row in rows for name, code in row.cells if name == task))
    has_english = any(task in row.gaps for row in rows)
    lines = []
    for row in rows:
        figures = [figure_at(row.cells, (task, code)) for code in codes] + [row.tasks[task]]
        figures += [row.without_english[task], row.gaps[task]] if has_english else []
        lines.append([row.label, *(figure.text() for figure in figures)])
    titles = ["row", *codes, "mean", *([WITHOUT_ENGLISH, GAP] if has_english else [])]
    return f"### {task} ({_metric_of(rows, task)})\n\n{table(titles, lines)}"


def _metric_of(rows: Sequence[TableRow], task: str) -> str:
    headlines = [record["headline"] for row in rows for (name, _), record in row.cells.items() if name == task]
    return " and ".join(headlines[0]) if headlines else "no cell"
