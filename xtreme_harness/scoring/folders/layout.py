"""What a submission folder looks like: tasks, their languages, the format of their files, the groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from xtreme_harness.scoring.folders.findings import Findings


@dataclass(frozen=True)
class Cell:
    """The two files of one task and language."""

    language: str
    predictions: Path
    labels: Path


class Format(Protocol):
    """How the files of a task are read and compared; one module of this package each.

    `metrics` are the figures of a cell in order, `headline` those whose mean is the task's number.
    """

    @property
    def suffix(self) -> str: ...

    @property
    def metrics(self) -> tuple[str, ...]: ...

    @property
    def headline(self) -> tuple[str, ...]: ...

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        """Every metric in percent. Raises DataError where the official scorer crashes or the gold is no gold."""


@dataclass(frozen=True, kw_only=True)
class FolderTask:
    """A task with a folder of its name on both sides, holding `test-<language>.<suffix>` for each language."""

    name: str
    languages: tuple[str, ...]
    format: Format

    def cell(self, language: str, predictions: Path, labels: Path) -> Cell:
        name = f"test-{language}.{self.format.suffix}"
        return Cell(language, predictions / self.name / name, labels / self.name / name)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All tasks of a benchmark, by name, and the groups that have an average of their own."""

    tasks: tuple[FolderTask, ...]
    groups: Mapping[str, tuple[str, ...]]
