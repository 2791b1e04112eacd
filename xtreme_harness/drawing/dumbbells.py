"""Dumbbells: two figures of one thing and the distance between them, in a panel for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from xtreme_harness.drawing.picture import FAINT, INK, PALETTE, SMALL, Picture, head

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels beside each other
PANEL = 2.5  # inches
LINE = 0.27
BETWEEN = 0.6  # panels, for the axis of the upper and the title of the lower one

Ends = tuple[float, float] | str  # both figures, or the state that stands in their place


def dumbbells(
    rows: Sequence[str], panels: Mapping[str, Sequence[Ends]], ends: tuple[str, str], title: str, note: str = ""
) -> Picture:
    """A panel for each of `panels`, a line in it for each of `rows`; `ends` names the filled and the open mark."""
    return Picture(title, lambda: _draw(rows, panels, ends, title, note))


def _draw(
    rows: Sequence[str], panels: Mapping[str, Sequence[Ends]], ends: tuple[str, str], title: str, note: str
) -> Figure:
    from matplotlib.figure import Figure

    across = min(ACROSS, len(panels))
    down = ceil(len(panels) / across)
    panel = (len(rows) + 0.2) * LINE
    height = down * panel + (down - 1) * BETWEEN
    figure = Figure(figsize=(across * PANEL, height))
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    figure.subplots_adjust(0.0, 0.0, 1.0, 1.0, wspace=0.12, hspace=BETWEEN / panel)
    places = list(grid.flat)
    for axes, (name, lines) in zip(places, panels.items(), strict=False):
        _panel(axes, name, rows, lines)
    for axes in places[len(panels) :]:
        axes.set_visible(False)
    _legend(figure, ends, 1 + 0.22 / height)
    head(figure, title, note, 1 + 0.35 / height)
    return figure


def _panel(axes: Axes, name: str, rows: Sequence[str], lines: Sequence[Ends]) -> None:
    axes.set_title(name, pad=4)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.margins(x=0.12)
    for place, line in enumerate(lines):
        if isinstance(line, str):
            axes.annotate(
                line, (0.5, place), xycoords=("axes fraction", "data"), fontsize=SMALL, color=FAINT, va="center"
            )
            continue
        first, second = line
        axes.plot([first, second], [place, place], color="#b8b8b8", linewidth=2, zorder=2, solid_capstyle="butt")
        axes.plot([first], [place], "o", color=PALETTE[0], markersize=5.5, zorder=3)
        axes.plot([second], [place], "o", markerfacecolor="white", color=PALETTE[1], markersize=5.5, zorder=3)
        axes.annotate(
            f"{first - second:.1f}",
            ((first + second) / 2, place),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=SMALL - 1,
            color=INK,
        )


def _legend(figure: Figure, ends: tuple[str, str], top: float) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", marker="o", color=PALETTE[0], label=ends[0]),
        Line2D([], [], linestyle="", marker="o", color=PALETTE[1], markerfacecolor="white", label=ends[1]),
    ]
    figure.legend(
        handles=marks, loc="lower left", bbox_to_anchor=(0.0, top), ncols=2, frameon=False, fontsize=SMALL,
        borderpad=0.0, handletextpad=0.2, borderaxespad=0.0,
    )  # fmt: skip
