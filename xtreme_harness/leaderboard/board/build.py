"""Builds a board's files from committed records, and says whether files on disk have drifted from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.leaderboard.board.placing import standings_of
from xtreme_harness.leaderboard.formats.outputs import rendered


@dataclass(frozen=True)
class Built:
    """The text of every file of a board, by its path below the folder it is built in."""

    files: Mapping[str, str]

    def drifted(self, folder: Path) -> list[str]:
        """The files whose text on disk is another, or which are not there."""
        return [name for name, text in self.files.items() if _text(folder / name) != text]


def _text(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else None


def build(board: Board, suite: Suite, folder: Path, cache: Path | None = None) -> Built:
    """Reads the records of the board's runs and renders its outputs; `cache` and errors as in `standings_of`."""
    return Built(rendered(standings_of(board, suite, folder, cache), board.outputs))
