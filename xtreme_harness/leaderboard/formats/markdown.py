"""A board as a markdown page (GitHub-flavoured): for each track the ranks, then its published rows, groups, languages;
signatures at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from xtreme_harness.leaderboard.markdown import EXPLAINED, GAP, WITHOUT_ENGLISH, escaped, table
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings
from xtreme_harness.stats import LEVEL

NOTHING = ""
SHORT = 8  # digits of a root hash
HOW_TO_READ = (
    f"Rows that do not differ significantly share a rank; a figure in bold is one that no row of the track beats "
    f"significantly ({1 - LEVEL:.0%}, approximate randomisation paired by example, corrected for the number of "
    f"pairs of rows). In brackets behind an average stands its {LEVEL:.0%} interval for other items, behind ± the "
    f"standard deviation over seeds, which no interval holds."
)
PUBLISHED = (
    "Published, not rerun: figures as printed in the source, unranked. What it does not print is `not-published`."
)


def render(standings: Standings) -> Mapping[str, str]:
    parts = [
        f"# {escaped(standings.title)}",
        "\n".join(f"- {escaped(remark)}" for remark in standings.remarks),
        HOW_TO_READ if any(row.rank is not None for row in standings.rows) else "",
        *(part for track in standings.tracks for part in _track(track, standings)),
        *_signatures([row for row in standings.rows if not row.is_published]),
    ]
    return {f"{standings.name}.md": "\n\n".join(part for part in parts if part) + "\n"}


def _code(text: str) -> str:
    """A code span in one line, whatever backticks stand in it."""
    text = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _track(track: str, standings: Standings) -> Iterator[str]:
    rows = standings.of_track(track)
    ours, published = ([row for row in rows if row.is_published is is_published] for is_published in (False, True))
    if rows:
        yield f"## {track}"
    if ours:
        yield _overview(ours, standings)
        yield _notes(ours)
    if published:
        yield "### Published, not rerun"
        yield PUBLISHED
        yield _printed(published, standings)
        yield _notes(published)
    if ours:
        yield "### Aggregates"
        yield EXPLAINED
        yield _aggregates(ours, standings)
    yield from _languages(rows, standings)


def _overview(rows: Sequence[Standing], standings: Standings) -> str:
    lines = [
        [
            NOTHING if row.rank is None else str(row.rank),
            escaped(row.name),
            *(_figure(row.tasks[task], rows) for task in standings.tasks),
            _average(row.average, rows),
        ]
        for row in rows
    ]
    return table(["rank", "row", *map(escaped, standings.tasks), "average"], lines, names=2)


def _figure(shown: Shown, rows: Sequence[Standing]) -> str:
    return f"**{shown.text()}**" if shown.is_best and len(rows) > 1 else shown.text()


def _average(shown: Shown, rows: Sequence[Standing]) -> str:
    interval = NOTHING if shown.low is None or shown.high is None else f" [{shown.low:.1f}, {shown.high:.1f}]"
    deviation = NOTHING if shown.deviation is None else f" ± {shown.deviation:.1f}"
    return _figure(shown, rows) + interval + deviation


def _printed(rows: Sequence[Standing], standings: Standings) -> str:
    lines = [
        [
            escaped(row.name),
            *(_partly(row.tasks[task]) for task in standings.tasks),
            row.average.text(),
            escaped(row.source),
        ]
        for row in rows
    ]
    return table(["row", *map(escaped, standings.tasks), "average", "source"], lines)


def _partly(shown: Shown) -> str:
    """With those metrics that were printed where the figure needs more."""
    metrics = ", ".join(f"{name} {value:.1f}" for name, value in shown.metrics.items() if shown.value is None)
    return f"{shown.text()} ({escaped(metrics)})" if metrics else shown.text()


def _notes(rows: Sequence[Standing]) -> str:
    """What is to be said of rows, under it the rows."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for note in row.notes:
            found.setdefault(note, []).append(row.name)
    return "\n".join(f"- {escaped(', '.join(named))}: {escaped(note)}" for note, named in found.items())


def _aggregates(rows: Sequence[Standing], standings: Standings) -> str:
    groups = [group for group in standings.groups if group]
    lines = [
        [
            escaped(row.name),
            *(_figure(row.groups[group], rows) for group in groups),
            row.without_english.text(),
            row.gap.text(),
        ]
        for row in rows
    ]
    return table(["row", *map(escaped, groups), WITHOUT_ENGLISH, GAP], lines)


def _languages(rows: Sequence[Standing], standings: Standings) -> Iterator[str]:
    """A table for each task that has languages; of published rows those that print any."""
    tables = [(task, _languages_of(task, rows, standings)) for task in standings.tasks]
    if any(lines for _, lines in tables):
        yield "### Languages"
    for task, lines in tables:
        if lines:
            metrics = " and ".join(standings.metrics[task])
            yield f"#### {escaped(task)}" + (f" ({escaped(metrics)})" if metrics else "")
            yield table(["row", *map(escaped, standings.languages[task]), "mean"], lines)


def _languages_of(task: str, rows: Sequence[Standing], standings: Standings) -> list[list[str]]:
    codes = standings.languages[task]
    return [
        [
            escaped(f"{row.name} (published)" if row.is_published else row.name),
            *(row.languages[task][code].text() for code in codes),
            row.tasks[task].text(),
        ]
        for row in rows
        if codes and (not row.is_published or any(row.languages[task][code].value is not None for code in codes))
    ]


def _signatures(rows: Sequence[Standing]) -> Iterator[str]:
    if rows:
        yield "## Signatures"
        yield "\n".join(_signature(row) for row in rows)


def _signature(row: Standing) -> str:
    root = f", root {_code(row.root[:SHORT])}" if row.root else ""
    return f"- {escaped(row.name)} ({_code(row.run)}{root}): {_code(row.signature)}"
