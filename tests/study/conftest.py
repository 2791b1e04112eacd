"""Finished runs made of thin air: records and the per-example scores behind them, in a folder as `run` leaves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.records import Record
from xtreme_harness.study.cells import Cells, cells_of

HEADLINES = {"xnli": ["accuracy"], "mnli": ["accuracy"], "squad": ["exact_match", "f1"]}
Scores = Sequence[float]  # of each example: 100 or 0
Figures = Mapping[str, Mapping[str, Mapping[str, Scores]]]  # row: task: language


class Runs:
    """`add(name, {row: {task: {language: scores}}})` writes a run and gives its records and cells.

    A row is `<intermediate>[~<control>].<method>.<seed>`. `fields(row, task, language)` are more fields of a record.
    """

    def __init__(self, folder: Path, record_of: Callable[..., Record]) -> None:
        self.folder, self.record_of = folder, record_of

    def add(
        self, name: str, figures: Figures, fields: Callable[[str, str, str], dict[str, Any]] = lambda *place: {}
    ) -> Cells:
        return cells_of(list(self._records(name, figures, fields)), self.folder / name, HEADLINES)

    def _records(self, name: str, figures: Figures, fields: Callable[..., dict[str, Any]]) -> Any:
        for row, tasks in figures.items():
            arm, method, _ = row.rsplit(".", 2)
            intermediate, _, control = arm.partition("~")
            for task, languages in tasks.items():
                for language, scores in languages.items():
                    self._write(self.folder / name / "predictions" / row / task / f"{language}.scores.jsonl", scores)
                    known: dict[str, Any] = {"row": row, "intermediate": intermediate, "control": control or None}
                    known |= {"method": method, "phases": []}
                    known |= {"task": task, "language": language, "metrics": {"accuracy": sum(scores) / len(scores)}}
                    yield self.record_of(**{**known, **fields(row, task, language)})

    def _write(self, path: Path, scores: Scores) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(path, [{"id": f"i{place}", "accuracy": score} for place, score in enumerate(scores)])


@pytest.fixture
def runs(tmp_path: Path, record_of: Callable[..., Record]) -> Runs:
    return Runs(tmp_path / "runs", record_of)
