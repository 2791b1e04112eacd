"""What a run's folder or a pack holds to check its records by; and the data files that are at hand besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from xtreme_harness.data.access import data_files, gold_files
from xtreme_harness.definitions import Task
from xtreme_harness.errors import MissingData
from xtreme_harness.files import sha256_file
from xtreme_harness.leaderboard.averages import SOURCE
from xtreme_harness.leaderboard.verification.form import json_object
from xtreme_harness.leaderboard.verification.manifest import Manifest, hashes_of, read_manifest
from xtreme_harness.records import Record
from xtreme_harness.unit import digest


@dataclass(frozen=True)
class Held:
    """A run or pack. `hashes` are those of the files that are there, whatever the manifest says."""

    folder: Path
    manifest: Manifest
    hashes: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path) -> Held:
        """Raises MissingData or DataError where there is no manifest to read."""
        return cls(folder, read_manifest(folder), hashes_of(folder))

    @property
    def root(self) -> str:
        return self.manifest.run or self.manifest.root

    def holds(self, name: str) -> bool:
        """Whether the file is there: names from records lead nowhere else."""
        return name in self.hashes

    def hash_of(self, name: str) -> str | None:
        """The hash of a file of the run: as it is, or as the manifest of the pack that withholds it says."""
        value = self.hashes.get(name) or self.manifest.withheld.get(name)
        return f"sha256:{value}" if value else None

    def json(self, name: str) -> Any:
        """What a JSON file holds; raises MissingData or DataError."""
        path = self.folder / name
        if not self.holds(name):
            raise MissingData(path, None, "there is no such file")
        return json_object(path)


@dataclass(frozen=True)
class Parts:
    """Files of a task in one language, as `Task.read` and `Task.read_gold` take them; None: not at hand.

    `dev`: those by which an option of the cell was chosen, inputs and gold in one.
    `is_other`: there are files, but not those that the record was scored on.
    """

    inputs: tuple[Path, ...] | None
    gold: tuple[Path, ...] | None
    dev: tuple[Path, ...] | None
    is_other: bool
    comes_along: bool  # a plugin brings the data, nobody chose a folder


@dataclass(frozen=True)
class Data:
    """The data and label folders of whoever verifies; data that a plugin brings along need neither."""

    data: Path | None = None
    labels: Path | None = None
    _known: dict[Path, str] = field(default_factory=dict)

    def parts(self, task: Task, record: Record) -> Parts:
        """The test part of a record's language and its gold, as far as they are what the record's hashes say.

        Of the dev part only where predictions for it are part of the record.
        """
        language, hashes = record["language"], record["data"]
        inputs = _found(data_files, task, "test", language, self.data)
        gold = _found(gold_files, task, "test", language, self.data, self._label_folder)
        same_inputs, same_gold = self._same(inputs, hashes.get("test")), self._same(gold, hashes.get("gold"))
        others = [inputs and not same_inputs, gold and not same_gold and "gold" in hashes]
        return Parts(
            inputs=inputs if same_inputs else None,
            gold=gold if same_gold else None,
            dev=self._dev(task, record) if "dev_predictions" in record else None,
            is_other=any(others),
            comes_along=all(Path(name).is_absolute() for name in task.files("test", language)),
        )

    def _dev(self, task: Task, record: Record) -> tuple[Path, ...] | None:
        files = _found(data_files, task, "dev", record["language"], self.data)
        return files if self._same(files, record["data"].get("dev")) else None

    def other_training(self, task: Task, record: Record) -> list[str]:
        """Which English parts that a target trained on are at hand and not those of the record's hashes.

        `task` is the one whose parts they are. Of a cell without training of its own there is none.
        """
        parts = ("train", "dev") if "train" in record["data"] else ()
        found = {part: _found(data_files, task, part, SOURCE, self.data) for part in parts if part in record["data"]}
        return [part for part, paths in found.items() if paths and not self._same(paths, record["data"][part])]

    @cached_property
    def _label_folder(self) -> Path | None:
        return self.labels or (self.data / "labels" if self.data else None)

    def _same(self, paths: Sequence[Path] | None, expected: str | None) -> bool:
        """Hashes stand in records as plans make them: over the hashes of the files, by their places."""
        if not paths:
            return False
        return expected == f"sha256:{digest({str(place): self._sha256(path) for place, path in enumerate(paths)})}"

    def _sha256(self, path: Path) -> str:
        if path not in self._known:
            self._known[path] = sha256_file(path)
        return self._known[path]


def _found(look_up: Any, *place: Any) -> tuple[Path, ...] | None:
    try:
        return look_up(*place) or None
    except MissingData:
        return None
