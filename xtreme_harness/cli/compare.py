"""`xtreme-harness compare`: two runs or packs, row by row, on the same items."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.cli.options import json_option, print_json


@click.command()
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@click.option("--row", "named", nargs=2, metavar="ROW_A ROW_B", help="The two rows, where they are not of one arm.")
@click.option(
    "--flips",
    default=5,
    show_default=True,
    metavar="N",
    type=click.IntRange(min=0),
    help="Ids to name of the examples that flipped, for each cell and side.",
)
@json_option
def compare(run_a: Path, run_b: Path, named: tuple[str, str] | None, flips: int, as_json: bool) -> None:
    """Say what differs between RUN_A and RUN_B (runs or packs), by how much, and which examples flipped.

    Rows with the same intermediate, control, method and seed are compared with each other, or the only row of each.
    """
    from xtreme_harness.leaderboard.comparison import text as compare_text
    from xtreme_harness.leaderboard.comparison.compare import compare as compare_rows
    from xtreme_harness.leaderboard.comparison.matching import matched, read_rows

    rows = read_rows(run_a), read_rows(run_b)
    pairs = matched(*rows, named)
    found = (compare_rows(ours, theirs, flips) for ours, theirs in pairs)
    if as_json:
        print_json([compare_text.as_json(one) for one in found])
        return
    click.echo("\n\n".join(compare_text.document(one) for one in found))
    for side, known, taken in zip("AB", rows, zip(*pairs, strict=True), strict=True):
        if named is None and (left := [row.label for row in known if row not in taken]):
            click.echo(f"xtreme-harness: not compared, only in {side}: {', '.join(left)}", err=True)
