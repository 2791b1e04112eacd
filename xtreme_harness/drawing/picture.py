"""A picture: how it is drawn, and its bytes as SVG and PNG, which are the same whenever and wherever it is drawn.

Text stays text in the SVG, so that it can be searched, read out and set in the reader's own fonts.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xtreme_harness.errors import RequestError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, PAPER = "#222222", "#8a8a8a", "#ffffff"
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")  # Okabe and Ito 2008
DASHES = ("-", "--", "-.", ":")  # with the palette: 32 lines that differ, in grey too
FONT = "DejaVu Sans"  # comes with matplotlib, so that figures are laid out alike everywhere
READERS_FONTS = f"'{FONT}', Verdana, sans-serif"  # as wide, where a reader lacks it
SMALL, MEDIUM, LARGE = 7.0, 8.0, 10.0  # points
STYLE: dict[str, Any] = {
    "font.family": FONT,
    "font.size": MEDIUM,
    "text.parse_math": False,  # a dollar in a name is a dollar
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": MEDIUM,
    "axes.titlelocation": "left",
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#e2e2e2",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "svg.fonttype": "none",
    "svg.hashsalt": "xtreme-harness",  # else ids are random, and no drift check would hold
}


def require_matplotlib() -> None:
    """Raises RequestError (exit 2) where matplotlib is not installed: asked before anything is computed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise RequestError("Figures need matplotlib: pip install 'xtreme-harness[plots]'.") from None


def file_stem(name: str) -> str:
    """`name` as part of a file's name: records may hold rows and tasks that others named."""
    return re.sub(r"[^A-Za-z0-9._+-]", "-", name)


@dataclass(frozen=True)
class Picture:
    """`draw` makes the figure in the house style; `title` says what is seen, for those who cannot see it too."""

    title: str
    draw: Callable[[], Figure]

    def svg(self) -> str:
        """The SVG, without date or version of the program that drew it."""
        out = io.StringIO()
        self._save(out, "svg", {"Title": self.title, "Date": None, "Creator": None})
        text = out.getvalue().replace(f"'{FONT}'", READERS_FONTS)
        return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"

    def png(self, dots_per_inch: int = 200) -> bytes:
        out = io.BytesIO()
        self._save(out, "png", {"Title": self.title, "Software": None}, dpi=dots_per_inch)
        return out.getvalue()

    def _save(self, out: Any, form: str, metadata: dict[str, str | None], **how: Any) -> None:
        with style(), warnings.catch_warnings():
            if form == "svg":  # whose text the reader's fonts set
                warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
            self.draw().savefig(
                out, format=form, metadata=metadata, facecolor=PAPER, bbox_inches="tight", pad_inches=0.12, **how
            )


@contextmanager
def style() -> Iterator[None]:
    """The house style, whatever the user's own settings of matplotlib are."""
    require_matplotlib()
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def head(figure: Figure, title: str, note: str, top: float) -> None:
    """Title and, below it, a note in small print, above `top` (a share of the figure's height)."""
    height = figure.get_figheight()
    figure.text(0.0, top + 0.30 / height, title, fontsize=LARGE, fontweight="bold", va="bottom", ha="left")
    figure.text(0.0, top + 0.13 / height, note, fontsize=SMALL, color="#555555", va="bottom", ha="left")
