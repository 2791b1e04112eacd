"""The command `score`: the numbers of XTREME's official scorer for a submission folder and a label folder.

Here stands what the harness must know of XTREME's layout; reading and scoring is `xtreme_harness.scoring.folders`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xtreme_harness import hookimpl

if TYPE_CHECKING:
    from xtreme_harness.scoring.folders.layout import Format, Layout
    from xtreme_harness.scoring.folders.score import Report

GROUPS = {
    "classification": ("pawsx", "xnli"),
    "tagging": ("udpos", "panx"),
    "qa": ("xquad", "mlqa", "tydiqa"),
    "retrieval": ("bucc2018", "tatoeba"),
}
LANGUAGES = {
    "pawsx": "de en es fr ja ko zh",
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh",
    "panx": "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl "
    "tr ur vi yo zh",
    "xquad": "en es de el ru tr ar vi th zh hi",
    "mlqa": "en es de ar hi vi zh",
    "tydiqa": "en ar bn fi id ko ru sw te",
    "bucc2018": "de fr ru zh",
    "tatoeba": "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et "
    "fi hu",
}
UPOS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
ENTITIES = "B-LOC B-ORG B-PER I-LOC I-ORG I-PER O"
TATOEBA_LINES = 1000
TATOEBA_SHORT = {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}


def layout() -> Layout:
    """XTREME's nine tasks as its evaluator lists them."""
    from xtreme_harness.scoring.folders.layout import FolderTask, Layout

    formats = _formats()
    tasks = tuple(
        FolderTask(name=name, languages=tuple(codes.split()), format=formats[name]) for name, codes in LANGUAGES.items()
    )
    return Layout(tasks=tasks, groups=GROUPS)


def _formats() -> dict[str, Format]:
    from xtreme_harness.scoring.folders.answers import Answers
    from xtreme_harness.scoring.folders.lines import Labels, Pairs, Rows
    from xtreme_harness.scoring.folders.tags import Tags

    return {
        "pawsx": Labels(values=("0", "1"), placeholder="0"),
        "xnli": Labels(values=("contradiction", "entailment", "neutral"), placeholder="neutral"),
        "udpos": Tags(values=tuple(UPOS.split()), placeholder="X"),
        "panx": Tags(values=tuple(ENTITIES.split()), placeholder="O"),
        "xquad": Answers(),
        "mlqa": Answers(by_language=True),
        "tydiqa": Answers(),
        "bucc2018": Pairs(target="en"),
        "tatoeba": Rows(candidates={**dict.fromkeys(LANGUAGES["tatoeba"].split(), TATOEBA_LINES), **TATOEBA_SHORT}),
    }


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("predictions", type=FOLDER)
@click.argument("labels", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--strict", is_flag=True, help="Refuse whatever the official scorer lets pass although it must be wrong.")
@click.option("--partial", is_flag=True, help="Leave out languages that lack a file; averages that need one are null.")
def score(predictions: Path, labels: Path, as_json: bool, strict: bool, partial: bool) -> None:
    """Score a folder of predictions as XTREME's official scorer does.

    PREDICTIONS and LABELS hold a folder a task, with test-LANGUAGE.tsv or .json in it. A task is scored when both have
    its folder.
    """
    from xtreme_harness.scoring.folders.score import score_folders

    report = score_folders(predictions, labels, layout(), strict=strict, partial=partial)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        return
    click.echo(report_text(report))
    for warning in report.warnings:
        click.echo(f"xtreme-harness: {warning}", err=True)


def report_text(report: Report) -> str:
    """Two decimals, as the official scorer prints them: every task with its averages, then groups and mean."""
    rows = [
        (task, len(report.languages[task]), "  ".join(f"{name} {_number(value)}" for name, value in averages.items()))
        for task, averages in report.averages.items()
    ]
    lines = [f"{task:<10} {count:>2} languages  {figures}" for task, count, figures in rows]
    return "\n".join([*lines, *(f"{name:<24} {_number(value)}" for name, value in report.overall.items())])


def _number(value: float | None) -> str:
    return "incomplete" if value is None else f"{value:.2f}"


@hookimpl
def register_commands(cli: click.Group) -> None:
    cli.add_command(score)
