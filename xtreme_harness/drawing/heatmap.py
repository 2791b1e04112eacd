"""Heat maps: a table whose cells are coloured by their figures, darker for more, and carry them in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from xtreme_harness.drawing.picture import INK, PAPER, SMALL, Picture, head

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

COLOURS = "YlGnBu"  # ColorBrewer: safe for the colour-blind, monotone in lightness and so in grey
FRAME: dict[str, Any] = {"fill": False, "edgecolor": "#D55E00", "linewidth": 1.3, "zorder": 3}
CELL = (0.44, 0.25)  # inches
SHOWN = {"failed": "fail", "missing-data": "miss", "unlabelled": "unl.", "skipped": "skip", "not-published": "n/p"}

Cell = float | str | None  # a figure, the state that stands in its place, or nothing to be told


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table to be coloured. `blocks` cut the rows into named parts (title, number of rows); empty: one part.

    `gaps` and `row_gaps` are columns and rows with room before them, `best` the column of every row that is framed.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    blocks: Sequence[tuple[str, int]] = ()
    gaps: Sequence[int] = ()
    row_gaps: Sequence[int] = ()
    best: Sequence[int | None] = ()
    digits: int = 1

    @property
    def numbers(self) -> list[float]:
        return [cell for row in self.cells for cell in row if isinstance(cell, float)]


def heat_map(grid: Grid, title: str, note: str = "") -> Picture:
    """One cell a figure; a hatched cell has none and says why."""
    return Picture(title, lambda: _draw(grid, title, note))


def _draw(grid: Grid, title: str, note: str) -> Figure:
    from matplotlib.figure import Figure

    across, down = _places(len(grid.columns), dict.fromkeys(grid.gaps, 0.25)), _row_places(grid)
    width, height = across[-1] + 1, down[-1] + 1
    figure = Figure(figsize=(width * CELL[0], height * CELL[1]))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, width), ylim=(height, 0))
    _draw_cells(axes, grid, across, down)
    _draw_blocks(axes, grid, down, width)
    axes.set_xticks([x + 0.5 for x in across], grid.columns)
    axes.set_yticks([y + 0.5 for y in down], grid.rows)
    longest = max((len(name) for name in grid.columns), default=0)
    slanted = longest > 6
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=3)
    for label in axes.get_xticklabels():
        label.set(rotation=40 if slanted else 0, ha="left" if slanted else "center", rotation_mode="anchor")
    for spine in axes.spines.values():
        spine.set_visible(False)
    room = 0.25 + (longest * 0.036 if slanted else 0.0)
    head(figure, title, note, 1 + room / figure.get_figheight())
    return figure


def _places(number: int, room: Mapping[int, float]) -> list[float]:
    """Where each of `number` lines begins, in cells; `room` is what lies before some of them."""
    return [place + sum(size for before, size in room.items() if before <= place) for place in range(number)]


def _row_places(grid: Grid) -> list[float]:
    """Named blocks have a line of room above them for their name."""
    starts = list(accumulate((size for _, size in grid.blocks), initial=0))[:-1]
    return _places(len(grid.rows), {**dict.fromkeys(grid.row_gaps, 0.35), **dict.fromkeys(starts, 1.0)})


def _draw_cells(axes: Axes, grid: Grid, across: Sequence[float], down: Sequence[float]) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    numbers = grid.numbers or [0.0]
    scale = Normalize(min(numbers), max(max(numbers), min(numbers) + 1e-6))
    colours = colormaps[COLOURS]
    for y, row in zip(down, grid.cells, strict=True):
        for x, cell in zip(across, row, strict=True):
            if isinstance(cell, str):
                _draw_state(axes, x, y, cell)
            elif cell is not None:
                _draw_figure(axes, x, y, f"{cell:.{grid.digits}f}", colours(_share(scale, cell)))
    for y, place in zip(down, grid.best, strict=False):
        if place is not None:
            axes.add_patch(Rectangle((across[place] + 0.04, y + 0.06), 0.92, 0.88, **FRAME))


def _share(scale: Normalize, cell: float) -> float:
    """Of the colours: the palest stays off paper white, the darkest off black."""
    return 0.05 + 0.80 * float(scale(cell))


def _draw_box(axes: Axes, x: float, y: float, **how: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), 1, 1, **how))


def _draw_figure(axes: Axes, x: float, y: float, text: str, colour: tuple[float, float, float, float]) -> None:
    red, green, blue, _ = colour
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
    _draw_box(axes, x, y, facecolor=colour, edgecolor=PAPER, linewidth=0.8)
    axes.text(x + 0.5, y + 0.53, text, ha="center", va="center", fontsize=SMALL, color=PAPER if is_dark else INK)


def _draw_state(axes: Axes, x: float, y: float, state: str) -> None:
    _draw_box(axes, x, y, facecolor="#f4f4f4", edgecolor="#c8c8c8", linewidth=0.4, hatch="////")
    text = axes.text(x + 0.5, y + 0.53, SHOWN.get(state, state), ha="center", va="center", fontsize=SMALL - 1)
    text.set_bbox({"facecolor": "#f4f4f4", "edgecolor": "none", "pad": 0.8})


def _draw_blocks(axes: Axes, grid: Grid, down: Sequence[float], width: float) -> None:
    place = 0
    for title, size in grid.blocks:
        axes.text(0, down[place] - 0.2, title, ha="left", va="bottom", fontsize=SMALL, fontstyle="italic", color=INK)
        axes.plot([0, width], [down[place] - 0.1] * 2, color="#b0b0b0", linewidth=0.5)
        place += size
