"""A board's standings from its runs and published rows: what every output is rendered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.leaderboard.analyses import CURVES, Analyses
from xtreme_harness.leaderboard.board.cache import Cache
from xtreme_harness.leaderboard.board.columns import without_mixed
from xtreme_harness.leaderboard.board.command import command
from xtreme_harness.leaderboard.board.evidence import Evidence, Row
from xtreme_harness.leaderboard.board.names import ids, names, parameters
from xtreme_harness.leaderboard.board.references import References, read_references, standing_of
from xtreme_harness.leaderboard.board.runs import Entry, entries_of
from xtreme_harness.leaderboard.board.seeds import Figures, figures_of, with_intervals
from xtreme_harness.leaderboard.board.track import Placed, ranked
from xtreme_harness.leaderboard.remarks import remarks_on
from xtreme_harness.leaderboard.standings import Standing, Standings
from xtreme_harness.leaderboard.verification.manifest import root_of
from xtreme_harness.records import signature, versioned
from xtreme_harness.unit import digest

DECIDING = tuple(  # the modules whose code decides what the cache keeps
    f"xtreme_harness.{name}"
    for name in (
        *("stats", "scores", "records", "legible", "leaderboard.averages", "leaderboard.board.evidence"),
        *("leaderboard.board.condensed", "leaderboard.board.series", "leaderboard.remarks"),
    )
)
Languages = Mapping[str, tuple[str, ...]]  # by task


def standings_of(board: Board, suite: Suite, folder: Path, cache: Path | None = None) -> Standings:
    """The standings of `board` from the runs below `folder`.

    `cache` is a folder for what was computed, which anybody may delete. Raises MissingData where the board finds
    nothing, DataError for records or values that are damaged or come twice.
    """
    kept = Cache(cache / f"{digest([board.name, str(folder.resolve())])[:32]}.json" if cache else None, DECIDING)
    entries = entries_of(board, suite.tasks, folder, kept)
    published = _published(board, suite, folder)
    languages = {task: _languages(task, entries) or published.languages(task) for task in suite.tasks}
    metrics = {task: _metrics(task, entries) or published.metrics.get(task, ()) for task in suite.tasks}
    placed = _placed(entries, languages, suite, board, kept)
    kept.save()
    printed = [standing_of(row, suite.groups, languages, metrics) for row in published.rows]
    ours = [_standing(name, one, board, suite) for name, one in placed.items()]
    return Standings(
        name=board.name,
        title=board.title,
        suite=versioned(suite),
        groups=suite.groups,
        languages=languages,
        metrics=metrics,
        tracks=board.tracks,
        rows=tuple(row for track in board.tracks for row in [*_in_order(track, ours), *_of(track, printed)]),
        analyses=_analyses(placed),
        hub=board.hub,
        remarks=(*_remarks(placed), *published.remarks),
    )


def _analyses(placed: Mapping[str, Placed]) -> dict[str, Analyses]:
    """By run; a training with the ids of the rows that it is behind, since the rows of a run share few."""
    runs: dict[str, dict[str, Entry]] = {}
    for name, one in placed.items():
        if one.entry.analyses:
            runs.setdefault(one.entry.run, {})[name] = one.entry
    return {run: _with_rows(rows) for run, rows in runs.items()}


def _with_rows(rows: Mapping[str, Entry]) -> Analyses:
    analyses = next(iter(rows.values())).analyses
    if CURVES not in analyses:
        return analyses
    behind = [
        {**one, "rows": [name for name, entry in rows.items() if one["unit"] in entry.series.trainings]}
        for one in analyses[CURVES]
    ]
    return {**analyses, CURVES: behind}


def _published(board: Board, suite: Suite, folder: Path) -> References:
    if not board.references:
        return References()
    return read_references(folder / board.references, suite.tasks, board.tracks)


def _languages(task: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Those that any row has; in the order of the row with most."""
    found = [
        tuple(code for name, code in cells if name == task)
        for entry in entries
        for cells in entry.series.cells.values()
    ]
    longest_first = sorted(dict.fromkeys(found), key=len, reverse=True)
    return tuple(dict.fromkeys(code for codes in longest_first for code in codes))


def _metrics(task: str, entries: Sequence[Entry]) -> tuple[str, ...]:
    headlines = (
        cell.version.headline
        for entry in entries
        for cells in entry.series.cells.values()
        for (name, _), cell in cells.items()
        if name == task
    )
    return next(headlines, ())


def _placed(
    entries: Sequence[Entry], languages: Languages, suite: Suite, board: Board, cache: Cache
) -> dict[str, Placed]:
    """By id: figures with their intervals, then ranks and best figures within each track."""
    found = [(entry.series, entry.run) for entry in entries]
    named = dict(zip(ids(found), entries, strict=True))
    sound, mixed = without_mixed({name: entry.series for name, entry in named.items()})
    rows = {name: Row(series=sound[name], folder=named[name].folder, languages=languages) for name in named}
    evidence = Evidence(rows, suite.groups, cache)
    placed = {
        name: Placed(
            entry=entry, name=title, figures=_figures(name, evidence, languages, suite), mixed=mixed.get(name, ())
        )
        for (name, entry), title in zip(named.items(), names(found), strict=True)
    }
    for track in board.tracks:
        placed |= ranked(
            {name: one for name, one in placed.items() if one.entry.series.track == track}, evidence, suite
        )
    return placed


def _figures(name: str, evidence: Evidence, languages: Languages, suite: Suite) -> Figures:
    figures = figures_of(evidence.rows[name].series, languages, suite.groups)
    intervals = evidence.intervals(name)
    return figures if intervals is None else with_intervals(figures, intervals)


def _standing(name: str, placed: Placed, board: Board, suite: Suite) -> Standing:
    series, entry = placed.entry.series, placed.entry
    about = series.first
    return Standing(
        id=name,
        name=placed.name,
        track=series.track,
        rank=placed.rank,
        **vars(placed.figures),
        model=about["model"]["name"],
        intermediate=about["intermediate"],
        control=about["control"],
        method=about["method"],
        recipe=about["recipe"],
        seeds=series.seeds,
        signature=signature([{**about, "seed": seed} for seed in series.seeds], versioned(suite)),
        command=command(series, board, entry.folder),
        run=entry.run,
        records=f"{entry.run}/records.jsonl",
        root=root_of(entry.folder),
        created=series.created,
        notes=tuple(_notes(placed)),
    )


def _notes(placed: Placed) -> list[str]:
    given = parameters(placed.entry.series)
    without = [task for task, one in placed.figures.tasks.items() if one.value is not None and one.low is None]
    which = "" if len(without) == len(placed.figures.tasks) else f" of {', '.join(without)}"
    shared = "" if placed.rank is None else ", and no rank shared"
    return [
        *([f"parameters of the method: {given}"] if given else []),
        *placed.mixed,
        *([f"no per-example values{which} at hand: no interval{shared}"] if without else []),
    ]


def _in_order(track: str, rows: Sequence[Standing]) -> list[Standing]:
    """By rank, equal ones by average; then those without."""
    return sorted(_of(track, rows), key=lambda row: (row.rank is None, row.rank, -(row.average.value or 0.0)))


def _of(track: str, rows: Sequence[Standing]) -> list[Standing]:
    return [row for row in rows if row.track == track]


def _remarks(placed: Mapping[str, Placed]) -> list[str]:
    """On the records, gathered over the rows; what was mixed, row by row."""
    told = [
        cell.told
        for one in placed.values()
        for cells in one.entry.series.cells.values()
        for cell in cells.values()
        if cell.told is not None
    ]
    return [*remarks_on(told), *(f"{one.name}: {remark}" for one in placed.values() for remark in one.mixed)]
