"""Line charts: what becomes of figures along an axis, a panel for each figure, a line for each thing compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xtreme_harness.drawing.picture import DASHES, PALETTE, SMALL, Picture, head

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.0, 2.2  # inches of a panel
FEW = 25  # points of a line that are marked one by one


class Line(NamedTuple):
    """Points (x, y) under a name; the point at `marked`, if there is one, has a ring."""

    name: str
    points: Sequence[tuple[int, float]]
    marked: int | None = None


def line_charts(panels: Mapping[str, Sequence[Line]], along: str, title: str, note: str = "") -> Picture:
    """Panels side by side; lines of one name look alike in all of them."""
    return Picture(title, lambda: _draw(panels, along, title, note))


def _draw(panels: Mapping[str, Sequence[Line]], along: str, title: str, note: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * len(panels), HEIGHT))
    names = list(dict.fromkeys(line.name for lines in panels.values() for line in lines))
    places = figure.subplots(1, len(panels), squeeze=False)[0]
    figure.subplots_adjust(0.0, 0.0, 1.0, 1.0, wspace=0.22)
    for axes, (name, lines) in zip(places, panels.items(), strict=True):
        _panel(axes, name, lines, names, along)
    drawn = {name: handle for axes in places for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(
        [drawn[name] for name in names],
        names,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=SMALL,
        borderaxespad=0.0,
    )
    head(figure, title, note, 1 + 0.2 / HEIGHT)
    return figure


def _panel(axes: Axes, name: str, lines: Sequence[Line], names: Sequence[str], along: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(name, pad=4)
    axes.set_xlabel(along, fontsize=SMALL)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    for line in lines:
        place = names.index(line.name)
        colour, dashes = PALETTE[place % len(PALETTE)], DASHES[place // len(PALETTE) % len(DASHES)]
        xs, ys = zip(*line.points, strict=True)
        mark = "o" if len(xs) < FEW else ""
        axes.plot(xs, ys, label=line.name, color=colour, linestyle=dashes, linewidth=1.3, marker=mark, markersize=2.5)
        for x, y in line.points:
            if x == line.marked:
                axes.plot([x], [y], "o", markersize=7, markerfacecolor="none", markeredgecolor=colour)
