"""A board's figures: heat maps by task, by row and by group of languages, and the transfer gap; SVG for a board.

Each is also a Picture, which `xtreme-harness report figures` writes as PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from xtreme_harness.drawing.dumbbells import Ends, dumbbells
from xtreme_harness.drawing.heatmap import Cell, Grid, heat_map
from xtreme_harness.drawing.picture import Picture, file_stem
from xtreme_harness.leaderboard.averages import SOURCE, Figure, mean
from xtreme_harness.leaderboard.formats.group_means import (
    AVERAGE,
    TABLES,
    board_groups,
    figure_of,
    group_means,
    group_tables,
)
from xtreme_harness.leaderboard.language_groups import GROUPINGS, by_size, in_words
from xtreme_harness.leaderboard.markdown import escaped
from xtreme_harness.leaderboard.standings import Standing, Standings

MEAN = "mean"
WIDE = 20  # languages
BY_SIZE = "English first, then from most to least pretraining data (CC-100)"
IN_A_COLUMN = "Compare within a column: the groups' averages are over different tasks"


def render(standings: Standings) -> dict[str, str]:
    """`<board>.figures.md`, a page with all figures and the tables by group, and `<board>.figures/<figure>.svg`."""
    drawn = pictures(standings)
    files = {f"{folder_name(standings)}/{name}.svg": picture.svg() for name, picture in drawn.items()}
    return {f"{folder_name(standings)}.md": page(standings, drawn), **files}


def folder_name(standings: Standings) -> str:
    return f"{file_stem(standings.name)}.figures"


def page(standings: Standings, drawn: dict[str, Picture]) -> str:
    """Markdown that shows every figure, and in words what they show by group."""
    folder = folder_name(standings)
    shown = [f"![{_alternative(one.title)}]({folder}/{name}.svg)" for name, one in drawn.items()]
    notes = "\n".join(f"- {escaped(remark)}" for remark in standings.remarks)
    parts = [f"# {escaped(standings.title)}: figures", notes, *shown, "## By group", group_tables(standings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def pictures(standings: Standings) -> dict[str, Picture]:
    """Every figure by its file's stem. Rows of another track stand apart: they are not comparable."""
    if not standings.rows:
        return {}
    drawn = {f"task.{file_stem(task)}": _of_task(standings, task) for task in standings.tasks}
    if gaps := _gaps(standings):
        drawn["gap"] = gaps
    drawn |= {f"by.{by}": _by_group(standings, by) for by in TABLES if board_groups(standings, by)}
    return drawn | {f"row.{file_stem(row.id)}": _of_row(standings, row) for row in standings.rows}


def _of_task(standings: Standings, task: str) -> Picture:
    """Rows x languages; many languages are set one below the other, so that the figure fits on a page."""
    codes = by_size(standings.languages[task])
    rows = [[*(figure_of(row, task, code) for code in codes), row.tasks[task]] for row in _ordered(standings)]
    grid = _grid(standings, rows, [*codes, MEAN], gaps=(len(codes),))
    if len(codes) > WIDE:
        grid = _turned(standings, grid, [*(in_words(code) for code in codes), MEAN])
    metrics = f" ({' and '.join(standings.metrics[task])})" if standings.metrics[task] else ""
    return heat_map(grid, f"{task}{metrics}", f"{standings.title}. {BY_SIZE}.")


def _turned(standings: Standings, grid: Grid, languages: Sequence[str]) -> Grid:
    """Languages x rows: a row's name says its track where there are several."""
    several = len(grid.blocks) > 1
    names = [f"{_name(row)}, {row.track}" if several else _name(row) for row in _ordered(standings)]
    starts = list(accumulate(size for _, size in grid.blocks))[:-1]
    cells = [list(line) for line in zip(*grid.cells, strict=True)]
    return Grid(rows=languages, columns=names, cells=cells, row_gaps=grid.gaps, gaps=starts)


def _by_group(standings: Standings, by: str) -> Picture:
    groups = board_groups(standings, by)
    rows = [[group_means(standings, row, codes)[AVERAGE] for codes in groups.values()] for row in _ordered(standings)]
    names = [f"{group} ({len(codes)})" for group, codes in groups.items()]
    title = f"By {GROUPINGS[by].title}"
    return heat_map(_grid(standings, rows, names), title, f"{standings.title}. {IN_A_COLUMN}.")


def _of_row(standings: Standings, row: Standing) -> Picture:
    codes = by_size(code for codes in standings.languages.values() for code in codes)
    cells: list[list[Cell]] = [
        [_cell(figure_of(row, task, code)) if code in standings.languages[task] else None for task in standings.tasks]
        for code in codes
    ]
    means: list[Cell] = [_cell(row.tasks[task]) for task in standings.tasks]
    grid = Grid(
        rows=[*(in_words(code) for code in codes), MEAN],
        columns=standings.tasks,
        cells=[*cells, means],
        row_gaps=(len(codes),),
    )
    return heat_map(grid, _name(row), f"{standings.title}, {row.track}. {BY_SIZE}.")


def _gaps(standings: Standings) -> Picture | None:
    """None where no task has English."""
    tasks = [task for task in standings.tasks if SOURCE in standings.languages[task] and _others(standings, task)]
    if not tasks:
        return None
    panels = {task: [_ends(standings, row, task) for row in _ordered(standings)] for task in tasks}
    names = [_name(row) for row in _ordered(standings)]
    note = f"{standings.title}. The number is English minus the mean of the other languages."
    return dumbbells(names, panels, ("English", "mean of the other languages"), "Transfer gap", note)


def _others(standings: Standings, task: str) -> list[str]:
    return [code for code in standings.languages[task] if code != SOURCE]


def _ends(standings: Standings, row: Standing, task: str) -> Ends:
    english = figure_of(row, task, SOURCE)
    others = mean(figure_of(row, task, code) for code in _others(standings, task))
    if english.value is None or others.value is None:
        return mean([english, others]).state
    return english.value, others.value


def _grid(
    standings: Standings, rows: Sequence[Sequence[Figure]], columns: Sequence[str], gaps: Sequence[int] = ()
) -> Grid:
    """Figures of the board's rows, a block for each track where there are several."""
    sizes = [(track, len(standings.of_track(track))) for track in standings.tracks if standings.of_track(track)]
    return Grid(
        rows=[_name(row) for row in _ordered(standings)],
        columns=columns,
        cells=[[_cell(figure) for figure in row] for row in rows],
        blocks=sizes if len(sizes) > 1 else (),
        gaps=gaps,
    )


def _ordered(standings: Standings) -> list[Standing]:
    return [row for track in standings.tracks for row in standings.of_track(track)]


def _name(row: Standing) -> str:
    return f"{row.name} (published)" if row.is_published else row.name


def _cell(figure: Figure) -> Cell:
    return figure.state if figure.value is None else figure.value


def _alternative(title: str) -> str:
    """The text in place of a picture, whose brackets must not end it."""
    return escaped(title).replace("]", r"\]")
