"""A study's report from the folder of its finished runs, or of what was published of them: records and scores.

No model, no data, no torch: whoever has a study's records can make its tables again, and see whether they are those
that stand beside them.
"""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.files import write_text
from xtreme_harness.records import Record, read_records
from xtreme_harness.registry import Registry
from xtreme_harness.rows import rows_of
from xtreme_harness.study.arms import Arm, arms, folder_name
from xtreme_harness.study.cells import cells_of
from xtreme_harness.study.file import Study
from xtreme_harness.study.report import Part, Report
from xtreme_harness.study.selection import Tried

RECORDS = "records.jsonl"


def finished_report(study: Study, registry: Registry, folder: Path) -> Report:
    """The report over the runs in `<folder>/<model>.<recipe>[.<point>]/`.

    Raises DataError for records or scores that are not there, damaged, or not of the rows that the study asks for.
    """
    tried: dict[tuple[str, str], list[Tried]] = {}
    for arm in arms(study, registry):
        run = folder / folder_name(arm, registry)
        records = _records(run / RECORDS, arm, registry)
        model, recipe = records[0]["model"]["name"], records[0]["recipe"]
        tried.setdefault((model, recipe), []).append(Tried(point=arm.point, cells=cells_of(records, run)))
    parts = [Part(model=model, recipe=recipe, tried=runs) for (model, recipe), runs in tried.items()]
    return Report.make(study, parts)


def _records(path: Path, arm: Arm, registry: Registry) -> list[Record]:
    if not path.is_file():
        raise MissingData(path, None, "is not there; the study's runs lie in folders <model>.<recipe>")
    records = read_records(path)
    asked = [row.label for row in rows_of(arm.request, registry)]
    there = list(dict.fromkeys(record["row"] for record in records))
    if lacking := [label for label in asked if label not in there]:
        raise DataError(path, None, f"lacks rows that the study file asks for: {', '.join(lacking)}")
    if others := [label for label in there if label not in asked]:
        raise DataError(path, None, f"has rows that the study file does not ask for: {', '.join(others)}")
    return records


def write_report(report: Report, folder: Path) -> None:
    """Writes study.md and study.json."""
    for name, text in report.files().items():
        write_text(folder / name, text)


def differing(report: Report, folder: Path) -> list[Path]:
    """Those of study.md and study.json in `folder` that are not there or are not what the report makes."""
    wanted = {folder / name: text.encode() for name, text in report.files().items()}
    return [path for path, text in wanted.items() if not path.is_file() or path.read_bytes() != text]
