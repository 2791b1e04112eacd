"""`xtreme-harness leaderboard serve`: a board's page in a browser of this machine."""

from __future__ import annotations

from contextlib import suppress

import click

from xtreme_harness.cli.options import plugin_option


@click.command()
@click.argument("board")
@click.option("--dir", "folder", default="leaderboards", show_default=True, help="The folder with the board's runs.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Of 127.0.0.1; 0 takes any free one."
)
@plugin_option
def serve(board: str, folder: str, port: int, plugins: tuple[str, ...]) -> None:
    """Show the page of BOARD (a name, or a TOML file) at an address of this machine, until Ctrl-C.

    It is made from the records as they are now; nothing is written.
    """
    from xtreme_harness.cli.leaderboard import cache, find_board
    from xtreme_harness.leaderboard.board.placing import standings_of
    from xtreme_harness.leaderboard.formats.page.server import PageServer

    described, suite, root = find_board(board, folder, plugins)
    with PageServer(standings_of(described, suite, root, cache()), root, port) as server:
        click.echo(f"{described.title}: {server.address} (Ctrl-C ends it)")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
