"""`xtreme-harness leaderboard`: builds boards from committed records; `--check` says whether they drifted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xtreme_harness.cli.leaderboard_pack import pack
from xtreme_harness.cli.leaderboard_serve import serve
from xtreme_harness.cli.leaderboard_verify import verify
from xtreme_harness.cli.options import plugin_option
from xtreme_harness.collector import paused_collector
from xtreme_harness.errors import CheckFailed, RequestError

if TYPE_CHECKING:
    from xtreme_harness.definitions import Board, Suite


@click.group()
def leaderboard() -> None:
    """Build leaderboards from the records of runs; pack, verify and serve them."""


def find_board(board: str, folder: str, plugins: tuple[str, ...]) -> tuple[Board, Suite, Path]:
    """The board by its name or TOML file, its suite, and the folder with its runs."""
    from xtreme_harness.definitions import Suite
    from xtreme_harness.registry import load_registry, read_board

    root = Path(folder)
    if not root.is_dir():
        raise RequestError(f"--dir {folder}: there is no such folder.")
    registry = load_registry(plugins)
    described = read_board(Path(board)) if board.endswith(".toml") else registry.board(board)
    if described.suite:
        return described, registry.suite(described.suite), root
    tasks = tuple(registry.target_task(name).name for name in described.tasks)
    return described, Suite(name="tasks", groups={"": tasks}), root


def cache() -> Path:
    """Where what boards computed is kept."""
    from xtreme_harness.store import default_store

    return default_store() / "boards"


@leaderboard.command()
@click.argument("board")
@click.option("--dir", "folder", default="leaderboards", show_default=True, help="The folder with the board's runs.")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a file differs from its records.")
@plugin_option
def build(board: str, folder: str, check: bool, plugins: tuple[str, ...]) -> None:
    """Build BOARD (a name, or a TOML file) in a folder that holds its runs' records."""
    from xtreme_harness.files import write_text
    from xtreme_harness.leaderboard.board.build import build as build_board

    described, suite, root = find_board(board, folder, plugins)
    with paused_collector():
        built = build_board(described, suite, root, cache())
    drifted = built.drifted(root)
    if check and drifted:
        raise CheckFailed(f"{', '.join(drifted)} in {folder} differ from their records; build the board again.")
    if not check:
        for name in drifted:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            write_text(root / name, built.files[name])
    click.echo(f"{described.name}: {len(built.files)} files, {len(drifted)} changed")


for command in (verify, pack, serve):
    leaderboard.add_command(command)
