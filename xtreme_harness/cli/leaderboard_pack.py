"""`xtreme-harness leaderboard pack`: the published form of runs, for a repository."""

from __future__ import annotations

from pathlib import Path

import click

from xtreme_harness.errors import RequestError


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder of the packs.")
def pack(runs: tuple[Path, ...], out: Path) -> None:
    """Write DIR/<run name> for each run: records, per-example values and a manifest.

    RUN is a run's folder, or a folder that holds several (a study's). Predictions stay out, the manifest lists their
    hashes; `leaderboard verify` checks a pack from its per-example values.
    """
    from xtreme_harness.leaderboard.verification.pack import pack as pack_run
    from xtreme_harness.leaderboard.verification.verify import find_runs

    found = list(dict.fromkeys(run.resolve() for path in runs for run in find_runs(path)))
    names = [run.name for run in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RequestError(f"Two runs are called {twice}; pack them into folders of their own.")
    for run in found:
        pack_run(run, out / run.name)
        click.echo(out / run.name)
