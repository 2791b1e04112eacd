"""A study's report from the folder of its finished runs, or of what was published of them: records and scores.

No model, no data, no torch: whoever has a study's records can make its tables again, and see whether they are those
that stand beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.files import write_text
from xtreme_harness.intermediate import control_names, named_mixes
from xtreme_harness.plan import languages_of, targets
from xtreme_harness.records import Record, read_records
from xtreme_harness.registry import Registry
from xtreme_harness.rows import rows_of
from xtreme_harness.study.arms import Arm, arms, folder_name
from xtreme_harness.study.cells import cells_of
from xtreme_harness.study.file import Study
from xtreme_harness.study.report import Part, Report
from xtreme_harness.study.selection import Tried

RECORDS = "records.jsonl"
MOST_SHOWN = 3  # cells in a message


def finished_report(study: Study, registry: Registry, folder: Path) -> Report:
    """The report over the runs in `<folder>/<model>.<recipe>[.<point>]/`.

    Raises DataError for records or scores that are not there, damaged, or not of the cells that the study asks for.
    """
    tried: dict[tuple[str, str], list[Tried]] = {}
    made, headlines = arms(study, registry), _headlines(registry)
    for arm in made:
        run = folder / folder_name(arm, registry)
        records = _records(run / RECORDS, arm, registry)
        model, recipe = records[0]["model"]["name"], records[0]["recipe"]
        tried.setdefault((model, recipe), []).append(Tried(point=arm.point, cells=cells_of(records, run, headlines)))
    parts = [Part(model=model, recipe=recipe, tried=runs) for (model, recipe), runs in tried.items()]
    _, tasks = targets(made[0].request, registry)
    without_language = [task.name for task in tasks if not languages_of(task, study.languages)]
    return Report.make(study, parts, without_language, not_run(study, registry))


def not_run(study: Study, registry: Registry) -> dict[str, tuple[str, ...]]:
    """By intermediate the controls that it has and that the study does not run, where there are any."""
    mixes = {name: named_mixes([name], study.sampler, registry)[0] for name in study.intermediates}
    lacking = {name: [one for one in control_names(mix) if one not in study.controls] for name, mix in mixes.items()}
    return {name: tuple(controls) for name, controls in lacking.items() if controls}


def _headlines(registry: Registry) -> dict[str, list[str]]:
    """The headline metrics of every task, as records name them."""
    tasks = [registry.task(name) for name in registry.names("task")]
    return {task.name: [registry.metric(name).shown for name in task.headline] for task in tasks}


def _records(path: Path, arm: Arm, registry: Registry) -> list[Record]:
    if not path.is_file():
        raise MissingData(path, None, "is not there; the study's runs lie in folders <model>.<recipe>")
    records = read_records(path)
    there = Counter(_place(record["row"], record["task"], record["language"]) for record in records)
    asked = dict.fromkeys(_asked(arm, registry))
    for what, cells in {
        "lacks cells that the study file asks for": [cell for cell in asked if cell not in there],
        "has cells that the study file does not ask for": [cell for cell in there if cell not in asked],
        "has cells twice": [cell for cell, times in there.items() if times > 1],
    }.items():
        if cells:
            rest = f" and {len(cells) - MOST_SHOWN} more" if len(cells) > MOST_SHOWN else ""
            raise DataError(path, None, f"{what}: {', '.join(cells[:MOST_SHOWN])}{rest}")
    return records


def _asked(arm: Arm, registry: Registry) -> Iterator[str]:
    """The cells of a run, as they are told of."""
    _, tasks = targets(arm.request, registry)
    for row in rows_of(arm.request, registry):
        for task in tasks:
            yield from (_place(row.label, task.name, code) for code in languages_of(task, arm.request.languages))


def _place(row: str, task: str, language: str) -> str:
    return f"{row} {task} {language}"


def write_report(report: Report, folder: Path) -> None:
    """Writes study.md and study.json."""
    for name, text in report.files().items():
        write_text(folder / name, text)


def differing(report: Report, folder: Path) -> list[Path]:
    """Those of study.md and study.json in `folder` that are not there or are not what the report makes."""
    wanted = {folder / name: text.encode() for name, text in report.files().items()}
    return [path for path, text in wanted.items() if not path.is_file() or path.read_bytes() != text]
