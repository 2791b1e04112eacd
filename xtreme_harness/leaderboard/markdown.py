"""A leaderboard as markdown: the row a task table, and a table of languages for every task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xtreme_harness.definitions import Suite
from xtreme_harness.leaderboard.averages import TableRow, figure_at, mean
from xtreme_harness.leaderboard.board.remarks import NOT_COMPARABLE as NOT_COMPARABLE
from xtreme_harness.leaderboard.board.remarks import remarks as remarks
from xtreme_harness.records import Record, signature

WITHOUT_ENGLISH = "without en"
GAP = "gap"
GAIN, LOSS = "▲", "▼"
EXPLAINED = (
    f"Groups are means of their tasks; `{WITHOUT_ENGLISH}` is the mean of the tasks' means over all languages but "
    f"English, `{GAP}` the mean over the tasks with English of English minus the mean of the others."
)


def overview(rows: Sequence[TableRow], suite: Suite, names: Mapping[str, str] | None = None) -> str:
    """The table of task numbers and their average, one line a row; `names` gives rows other names than their labels."""
    titles = ["row", *suite.tasks, "average"]
    lines = [
        [(names or {}).get(row.label, row.label), *(row.tasks[task].text() for task in suite.tasks), row.average.text()]
        for row in rows
    ]
    return table(titles, lines)


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


def languages(rows: Sequence[TableRow], suite: Suite) -> str:
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


def document(title: str, records: Sequence[Record], rows: Sequence[TableRow], suite: Suite) -> str:
    """The whole markdown page of a run or board."""
    notes = "\n".join(f"- {remark}" for remark in remarks(records))
    signatures = "\n".join(f"- `{row.label}`: `{signature(row.records, _suite(suite))}`" for row in rows if row.cells)
    parts = [
        f"# {title}",
        notes,
        overview(rows, suite),
        "## Aggregates",
        EXPLAINED,
        aggregates(rows, suite),
        "## Languages",
        languages(rows, suite),
        "## Signatures",
        signatures,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def run_title(model: str, suite: Suite, languages: Sequence[str]) -> str:
    """What a run's page is called; it says when only some `languages` were asked for."""
    only = f" (only {', '.join(languages)})" if languages else ""
    return f"{model}: {suite.title or ', '.join(suite.tasks)}{only}"


def _suite(suite: Suite) -> str:
    return f"{suite.name}.{suite.version}"


def difference_text(
    difference: float, low: float | None, high: float | None, is_significant: bool, remark: str = ""
) -> str:
    """`+1.2 [-0.3, +2.7]`; bold and with an arrow where it is significant. `remark` stands behind the number."""
    number = f"{difference:+.1f}"
    if low is None or high is None:
        return f"{number}{remark} [no interval]"
    interval = f"[{low:+.1f}, {high:+.1f}]"
    if not is_significant:
        return f"{number}{remark} {interval}"
    return f"**{number}**{remark} {interval} {GAIN if difference > 0 else LOSS}"


def table(titles: list[str], lines: list[list[str]], names: int = 1) -> str:
    """A markdown table whose first `names` columns are text, the others figures."""
    from tabulate import tabulate

    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    alignment = ["left"] * names + ["right"] * (len(titles) - names)
    return str(tabulate(escaped, headers=titles, tablefmt="pipe", colalign=alignment, disable_numparse=True))
