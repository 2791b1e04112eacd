"""Walks two folders, scores every file pair and averages: the numbers of XTREME's evaluator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import MissingData
from xtreme_harness.scoring.folders.findings import Findings
from xtreme_harness.scoring.folders.layout import FolderTask, Layout

Figures = dict[str, float]
Averages = dict[str, float | None]
FILE = re.compile(r"test-([^.]+)\.(tsv|json)")


@dataclass(frozen=True)
class Report:
    """Group scores and the mean over all tasks; averages by task; figures by task and language; what to know."""

    overall: Averages
    averages: dict[str, Averages]
    languages: dict[str, dict[str, Figures]]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def score_folders(
    predictions: Path, labels: Path, layout: Layout, *, strict: bool = False, partial: bool = False
) -> Report:
    """Scores the tasks that have a folder on both sides; each needs a file on both sides for every language.

    `strict` refuses what the official scorer lets pass. `partial` leaves out the languages that lack a file; a task
    average, group score or overall mean that needs one of them is None. Raises DataError (file, line, counts).
    """
    findings = Findings(strict)
    shared = _shared_tasks(predictions, labels, layout, findings)
    languages = {task.name: _score_task(task, predictions, labels, partial, findings) for task in shared}
    if not any(languages.values()):
        raise MissingData(predictions, None, f"shares no file with {labels}; there is nothing to score")
    averages = {task.name: _averages(task, languages[task.name]) for task in shared}
    overall = _overall(layout, {name: one["avg_metric"] for name, one in averages.items()}, partial)
    return Report(overall, averages, languages, findings.warnings)


def _shared_tasks(predictions: Path, labels: Path, layout: Layout, findings: Findings) -> list[FolderTask]:
    shared = []
    for task in layout.tasks:
        missing = [side for side in (predictions, labels) if not (side / task.name).is_dir()]
        if not missing:
            shared.append(task)
        else:
            what = f"there is no such folder: {task.name} is not scored, nor any average that needs it"
            findings.remark(missing[0] / task.name, None, "folder", what)
    if not shared:
        known = ", ".join(task.name for task in layout.tasks)
        raise MissingData(predictions, None, f"shares no task folder with {labels}; known: {known}")
    for side in (predictions, labels):
        _check_names(side, layout, findings)
    return shared


def _check_names(side: Path, layout: Layout, findings: Findings) -> None:
    """Folders that are no task, and files that are no language of theirs, are passed over by the official scorer."""
    tasks = {task.name: task for task in layout.tasks}
    for folder in sorted(path for path in side.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if folder.name not in tasks:
            findings.lenient(folder, None, "task", "is no task; it is not scored")
            continue
        task, seen = tasks[folder.name], set[str]()
        for file in sorted(folder.iterdir()):
            if not (match := FILE.fullmatch(file.name)):
                continue
            code = match[1]
            if code not in task.languages:
                findings.lenient(file, None, "language", f"{code} is no language of {task.name}; it is not scored")
            elif code in seen:
                findings.lenient(file, None, "twice", f"language {code} is given twice")
            seen.add(code)


def _score_task(
    task: FolderTask, predictions: Path, labels: Path, partial: bool, findings: Findings
) -> dict[str, Figures]:
    scores = {}
    for language in task.languages:
        cell = task.cell(language, predictions, labels)
        missing = [file for file in (cell.predictions, cell.labels) if not file.is_file()]
        if missing and not partial:
            raise MissingData(missing[0], None, f"task {task.name}: language {language} has no file")
        if missing:
            what = f"task {task.name}: language {language} has no file; it is left out, and averages that need it"
            findings.remark(missing[0], None, "missing", what)
        else:
            scores[language] = task.format.score(cell, findings)
    return scores


def _averages(task: FolderTask, scores: Mapping[str, Figures]) -> Averages:
    """Unweighted means over languages, and `avg_metric`, the task's number; None where a language is missing."""
    means = {
        name: mean(scores[code][name] if code in scores else None for code in task.languages)
        for name in task.format.metrics
    }
    number = mean(means[name] for name in task.format.headline)
    return {**{f"avg_{name}": value for name, value in means.items()}, "avg_metric": number}


def _overall(layout: Layout, numbers: Mapping[str, float | None], partial: bool) -> Averages:
    """The mean over all tasks (not over groups: docs/traps.md, 1) and the group scores.

    As the official scorer has it, those that lack a task are left out; with `partial` they stand there as None.
    """
    members: dict[str, Sequence[str]] = {"all_task": [task.name for task in layout.tasks], **layout.groups}
    return {
        name: mean(numbers.get(task) for task in tasks)
        for name, tasks in members.items()
        if partial or all(task in numbers for task in tasks)
    }


def mean(values: Iterable[float | None]) -> float | None:
    """The unweighted mean; None if one is missing."""
    known = list(values)
    numbers = [value for value in known if value is not None]
    return sum(numbers) / len(numbers) if numbers and len(numbers) == len(known) else None
