"""Boards that come with the harness: every TOML file beside this module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import hookimpl


@hookimpl
def register_boards(register: Callable[[Path], None]) -> None:
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        register(path)
