"""Checks one record of a run or pack against what it was made from, and says how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xtreme_harness.definitions import Example, Task
from xtreme_harness.errors import MissingData
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.leaderboard.verification.at_hand import Held, Parts
from xtreme_harness.leaderboard.verification.pack import sha256_of
from xtreme_harness.leaderboard.verification.recompute import (
    MALFORMED,
    Recomputed,
    chosen_on_dev,
    from_predictions,
    from_values,
    id_problem,
    inputs_of,
)
from xtreme_harness.records import CHOSEN, Record
from xtreme_harness.registry import Registry
from xtreme_harness.scores import Rows, cell_names, dev_predictions_name, packed_scores, unpacked

TOLERANCE = 1e-9  # of a figure: sums in another order

PREDICTIONS = "from predictions and gold"
VALUES = "from per-example values"
UNCHECKED = "with a figure that does not follow from per-example values"
NO_FIGURE = "without a figure"


@dataclass(frozen=True)
class Cell:
    """A record with its task, and everything that it can be checked by."""

    record: Record
    task: Task
    held: Held
    parts: Parts
    registry: Registry
    other_training: Sequence[str] = ()  # parts trained on that are others than those at hand

    @cached_property
    def predictions_file(self) -> Path | None:
        """None where predictions are withheld, or lost."""
        return self._file(cell_names(self.record)[0])

    @cached_property
    def dev_predictions_file(self) -> Path | None:
        """The same of those by which an option was chosen."""
        return self._file(dev_predictions_name(self.record))

    def _file(self, name: str) -> Path | None:
        return self.held.folder / name if self.held.holds(name) else None

    @cached_property
    def inputs(self) -> list[Example] | None:
        """The examples of the data; None where it is not at hand."""
        files = self.parts.inputs
        return inputs_of(self.record, self.task, "test", files, self.registry) if files else None

    @cached_property
    def values(self) -> Rows:
        """The per-example values, from the file of a run or of a pack. Raises DataError."""
        folder, (_, plain) = self.held.folder, cell_names(self.record)
        packed = packed_scores(Path(), self.record["task"], self.record["language"]).as_posix()
        if self.held.holds(plain):
            return [row for _, row in read_jsonl(folder / plain)]
        if self.held.holds(packed):
            return unpacked(folder / packed, self.record["row"])
        raise MissingData(packed if self.held.manifest.is_pack else plain, None, "there is no such file")

    @cached_property
    def again(self) -> Recomputed:
        """The cell computed again in the way that `how` names. Raises one of MALFORMED."""
        if self.predictions_file and self.parts.gold and self.inputs is not None:
            files = (self.predictions_file, self.parts.gold, self.inputs)
            return from_predictions(self.record, self.task, *files, self.registry)
        return from_values(self.record, self.task, self.values, self.registry)


def how_checked(cell: Cell) -> str:
    """What the figures of a cell were computed from."""
    if cell.record["state"] != "ok":
        return NO_FIGURE
    if cell.predictions_file and cell.parts.inputs and cell.parts.gold:
        return PREDICTIONS
    try:
        return VALUES if cell.record["metrics"].keys() <= cell.again.metrics.keys() else UNCHECKED
    except MALFORMED:
        return UNCHECKED


def cell_problems(cell: Cell) -> Iterator[str]:
    """What differs in a cell, each in a sentence."""
    yield from _file_problems(cell)
    if cell.parts.is_other and cell.parts.comes_along:
        yield f"was scored on other data than version {cell.task.version} of task {cell.task.name} has here"
    if cell.other_training and cell.parts.comes_along:
        named = " and ".join(cell.other_training)
        yield f"was trained on other data ({named}) than version {cell.task.version} of task {cell.task.name} has here"
    yield from _guarded(_prediction_id_problems(cell))
    if cell.record["state"] != "ok":
        if cell.record["metrics"] or cell.record["scores"] or cell.record["n"] is not None:
            yield f"is {cell.record['state']}, but has figures"
        return
    yield from _guarded(_figure_problems(cell))
    yield from _guarded(_value_problems(cell))
    yield from _guarded(_choice_problems(cell))


def _guarded(problems: Iterable[str]) -> Iterator[str]:
    try:
        yield from problems
    except MALFORMED as error:
        yield f"cannot be computed again: {error if str(error) else type(error).__name__}"


def _file_problems(cell: Cell) -> Iterator[str]:
    """Records name predictions and values by their hashes, of which a pack keeps the lists."""
    names = (*cell_names(cell.record), dev_predictions_name(cell.record))
    for name, field in zip(names, ("predictions", "scores", "dev_predictions"), strict=True):
        expected, found = cell.record.get(field), cell.held.hash_of(name)
        if expected is None and found is not None:
            yield f"{name} is there, but the record names no {field}"
        elif expected is not None and found is None:
            yield f"{name} is missing"
        elif expected != found:
            yield f"{name} is not the file whose hash the record gives"


def _prediction_id_problems(cell: Cell) -> Iterator[str]:
    if cell.inputs is not None and cell.predictions_file:
        rows = [row for _, row in read_jsonl(cell.predictions_file)]
        if told := id_problem(rows, cell.inputs, cell.task, cell.registry):
            yield f"its predictions {told}"


def _figure_problems(cell: Cell) -> Iterator[str]:
    record, again, how = cell.record, cell.again, how_checked(cell)
    for name, figure in again.metrics.items():
        if name not in record["metrics"]:
            yield f"{name} is missing, and {figure} {how}"
        elif not abs(record["metrics"][name] - figure) <= TOLERANCE:
            yield f"{name} is {record['metrics'][name]} in the record and {figure} {how}"
    for name, number in (("n", again.n), ("groups", again.groups)):
        if record[name] != number:
            yield f"{name} is {record[name]} in the record and {number} {how}"


def _value_problems(cell: Cell) -> Iterator[str]:
    """The values are those whose hash the record gives, of the data's examples, and what the predictions come to."""
    values = cell.values
    if cell.held.manifest.is_pack and f"sha256:{sha256_of(values)}" != cell.record["scores"]:
        yield "its per-example values are not those whose hash the record gives"
    if cell.inputs is not None and (told := id_problem(values, cell.inputs, cell.task, cell.registry)):
        yield f"its per-example values {told}"
    if how_checked(cell) == PREDICTIONS:
        again = cell.again.values
        lines = (line for line, pair in enumerate(zip(values, again, strict=False), start=1) if pair[0] != pair[1])
        if first := next(lines, None if len(values) == len(again) else min(len(values), len(again)) + 1):
            yield f"line {first} of its per-example values is not what predictions and gold give"


def _choice_problems(cell: Cell) -> Iterator[str]:
    """An option that was chosen on dev gold, as a mining threshold, is the one that dev predictions and gold give."""
    record, predictions, files = cell.record, cell.dev_predictions_file, cell.parts.dev
    if predictions and files:
        for name, value in chosen_on_dev(record, cell.task, predictions, files, cell.registry).items():
            if record["options"].get(name) != value:
                yield f"{name} is {record['options'].get(name)} in the record and {value} from dev predictions and gold"


def trusts_choice(cell: Cell) -> bool:
    """Whether figures were computed again with an option that dev gold chose and nothing at hand can choose again."""
    has_choice = any(name in cell.record["options"] for name in CHOSEN)
    return has_choice and how_checked(cell) == PREDICTIONS and not (cell.dev_predictions_file and cell.parts.dev)
