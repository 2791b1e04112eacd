"""The command `submission`: the folder that XTREME's own scorer reads, written from a run's predictions.

Works from the run's folder alone; only the answers of QA tasks are cut from the data (`--data`). A task outside
XTREME's nine is left out with a sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import click

from xtreme_harness import DataError, MissingData, Task, hookimpl, read_jsonl

Row = dict[str, Any]
LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9+~._-]*", re.ASCII)
INCOMPLETE = 4  # exit code: what there is was written, some cells have no predictions


class Cell(NamedTuple):
    """One record with its predictions, in the order of the data, and the data folder for the answers of QA tasks."""

    record: Mapping[str, Any]
    rows: Sequence[Row]
    file: Path
    data: Path | None


def label_lines(cell: Cell) -> str:
    """One label a line."""
    return _lines(str(row["prediction"]) for row in cell.rows)


def tag_lines(cell: Cell) -> str:
    """One tag a line, a blank line between sentences, no words."""
    return "\n".join(_lines(row["prediction"]) for row in cell.rows)


def row_numbers(cell: Cell) -> str:
    """The 0-based row of the foreign file, bare, in the order of the sorted English file.

    The original's script wrote brackets around it, which its scorer counts as wrong (docs/traps.md, 9).
    """
    prefix = f"{cell.record['language']}-"
    return _lines(str(int(row["prediction"].removeprefix(prefix))) for row in cell.rows)


def pair_lines(cell: Cell) -> str:
    """`foreign id<TAB>English id` of every mined pair that reaches the record's threshold."""
    if "threshold" not in cell.record["options"]:
        raise DataError(cell.file, None, "its record holds no threshold; mined pairs cannot be cut")
    threshold = cell.record["options"]["threshold"]
    return _lines(f"{row['source']}\t{row['target']}" for row in cell.rows if row["score"] >= threshold)


def answer_json(cell: Cell) -> str:
    """A JSON object from question id to the answer, cut from its context."""
    contexts = _contexts(cell)
    missing = [row["id"] for row in cell.rows if row["id"] not in contexts]
    if missing:
        raise DataError(cell.file, None, f"the data holds no question {missing[0]!r}; --data names another folder?")
    answers = {row["id"]: contexts[row["id"]][row["start"] : row["end"]] for row in cell.rows}
    return json.dumps(answers, ensure_ascii=False) + "\n"


class Form(NamedTuple):
    """How the predictions of a kind are written."""

    write: Callable[[Cell], str]
    ending: str = "tsv"


FORMS = {
    "classify": Form(label_lines),
    "tag": Form(tag_lines),
    "nearest": Form(row_numbers),
    "mine": Form(pair_lines),
    "span": Form(answer_json, "json"),
}
KINDS = {
    "xnli": "classify",
    "pawsx": "classify",
    "udpos": "tag",
    "panx": "tag",
    "xquad": "span",
    "mlqa": "span",
    "tydiqa": "span",
    "bucc2018": "mine",
    "tatoeba": "nearest",
}


def _lines(values: Iterator[str] | Sequence[str]) -> str:
    return "".join(f"{value}\n" for value in values)


def _contexts(cell: Cell) -> dict[str, str]:
    """The context of every question, by the reader of the task."""
    if cell.data is None:
        raise MissingData(cell.file, None, "answers are cut from the contexts; say where they are with --data DIR")
    task, language = _task(cell.record["task"]), cell.record["language"]
    files = tuple(cell.data / name for name in task.files("test", language))
    return {row["id"]: row["context"] for row in task.read("test", language, files)}


def _task(name: str) -> Task:
    found: list[Task] = []
    import_module(f"xtreme_tasks.{name}").register_target_tasks(found.append)
    return next(task for task in found if task.name == name)


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The folder to write.")
@click.option("--row", "label", help="Which row of the run; needed when it has several.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR", help="For QA.")
def submission(run: Path, out: Path, label: str | None, data: Path | None) -> None:
    """Write the folder that XTREME's own scorer reads.

    RUN is a run's folder. Exits 4 when a language of the run has no predictions to write.
    """
    records = _records(run, label)
    for name in dict.fromkeys(record["task"] for record in records if record["task"] not in KINDS):
        _tell(f"{name} is none of XTREME's nine tasks; it is left out")
    official = [record for record in records if record["task"] in KINDS]
    if not official:
        raise DataError(run, None, f"holds none of XTREME's tasks ({', '.join(KINDS)})")
    empty = [record for record in official if record["predictions"] is None]
    texts = {_place(record): _text(run, record, data) for record in official if record not in empty}
    _write(out, texts)
    for record in empty:
        _tell(f"{record['task']} {record['language']} has no predictions ({record['state']}): no file is written")
    click.echo(f"{len(texts)} files in {out}")
    if empty:
        raise SystemExit(INCOMPLETE)


def _tell(sentence: str) -> None:
    click.echo(f"xtreme-harness: {sentence}", err=True)


def _records(run: Path, label: str | None) -> list[Row]:
    """The records of one row of the run; raises UsageError where `label` does not say which."""
    path = run / "records.jsonl"
    records = [record for _, record in read_jsonl(path)]
    labels = list(dict.fromkeys(record["row"] for record in records))
    if label is None and len(labels) > 1:
        raise click.UsageError(f"{run} has several rows; choose one with --row: {', '.join(labels)}")
    if label is not None and label not in labels:
        raise click.UsageError(f"{run} has no row {label!r}; it has {', '.join(labels)}")
    for number, record in enumerate(records, start=1):
        # both become parts of paths
        if not LABEL.fullmatch(record["row"]) or not LANGUAGE.fullmatch(record["language"]):
            raise DataError(path, number, "holds a row or a language that cannot be the name of a file")
    return [record for record in records if label in (None, record["row"])]


def _place(record: Row) -> str:
    return f"{record['task']}/test-{record['language']}.{FORMS[KINDS[record['task']]].ending}"


def _text(run: Path, record: Row, data: Path | None) -> str:
    """What stands in the submission for one record; raises DataError for predictions that are not the record's."""
    import hashlib  # costs 2 ms, which `list` should not pay

    file = run / "predictions" / record["row"] / record["task"] / f"{record['language']}.jsonl"
    if not file.is_file():
        raise MissingData(file, None, "the record's predictions are not there")
    if record["predictions"] != f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}":
        raise DataError(file, None, "is not what the record says: it was changed after the run")
    cell = Cell(record, [row for _, row in read_jsonl(file)], file, data)
    return FORMS[KINDS[record["task"]]].write(cell)


def _write(out: Path, texts: Mapping[str, str]) -> None:
    """Writes the files and removes those of an earlier submission, which the scorer would take for this one's."""
    for form in FORMS.values():
        for old in (path for task in KINDS for path in (out / task).glob(f"test-??.{form.ending}")):
            old.unlink(missing_ok=True)
    for place, text in texts.items():
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        (out / place).write_text(text, encoding="utf-8", newline="\n")


@hookimpl
def register_commands(cli: click.Group) -> None:
    cli.add_command(submission)
