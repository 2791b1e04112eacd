"""`xtreme-harness leaderboard verify`: computes runs and packs again; what differs is named, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xtreme_harness.cli.options import json_option, labels_option, plugin_option, print_json
from xtreme_harness.errors import RequestError
from xtreme_harness.legible import legible

if TYPE_CHECKING:
    from xtreme_harness.leaderboard.verification.verify import Verified
    from xtreme_harness.registry import Registry


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--data", metavar="DIR", type=click.Path(path_type=Path), help="The data folder, in XTREME's layout.")
@labels_option
@click.option("--repository", is_flag=True, help="Also check the conventions of a results repository.")
@plugin_option
@json_option
def verify(
    paths: tuple[Path, ...],
    data: Path | None,
    labels: str | None,
    repository: bool,
    plugins: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compute every cell of runs and packs again, without a model.

    PATH is a run's folder, a pack, or a folder that holds several, up to two folders down. Exits 3 and names each cell
    or file that differs, is missing or was edited; 5 when something cannot be read.
    """
    from xtreme_harness.leaderboard.verification.at_hand import Data
    from xtreme_harness.leaderboard.verification.verify import find_runs
    from xtreme_harness.leaderboard.verification.verify import verify as verify_run
    from xtreme_harness.registry import load_registry

    for option, folder in (("--data", data), ("--labels", Path(labels) if labels else None)):
        if folder is not None and not folder.is_dir():
            raise RequestError(f"{option} {folder}: there is no such folder.")
    registry, at_hand = load_registry(plugins), Data(data, Path(labels) if labels else None)
    found = list(dict.fromkeys(run for path in paths for run in find_runs(path, may_be_empty=repository)))
    done = [verify_run(folder, registry, at_hand) for folder in found]
    broken = _broken_conventions(paths, registry) if repository else []
    _tell(done, broken, as_json)
    if code := max([*(one.exit_code for one in done), 3 if broken else 0], key=(0, 5, 3).index):
        raise SystemExit(code)


def _broken_conventions(paths: tuple[Path, ...], registry: Registry) -> list[str]:
    from xtreme_harness.leaderboard.verification.repository import repository_problems

    return [legible(f"{path}/{problem}") for path in paths for problem in repository_problems(path, registry)]


def _tell(done: list[Verified], broken: list[str], as_json: bool) -> None:
    problems = [f"{one.folder}: {problem}" for one in done for problem in one.problems] + broken
    if as_json:
        print_json({"runs": [one.as_json() for one in done], "repository": broken, "verified": not problems})
        return
    for problem in problems:
        click.echo(problem)
    for one in done:
        for line in [*(f"{one.folder}: note: {note}" for note in one.notes), one.summary()]:
            click.echo(line)
    bad = sum(bool(one.problems) for one in done)
    click.echo(f"{len(problems)} differences in {bad} of {len(done)}" if problems else f"{len(done)} verified")
