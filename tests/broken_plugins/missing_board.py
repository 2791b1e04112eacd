"""A board file that is not there."""

from pathlib import Path

from xtreme_harness import hookimpl


@hookimpl
def register_boards(register):
    register(Path(__file__).parent / "nowhere.toml")
