"""What the core and a kind tell each other (provisional until 1.0).

The core gives an Assignment (one task in one row); the kind lays out its units as one Cell a language. Later the core
hands each unit back to the kind's method of the unit's type: `prepare`, `predict`, `embed` or `score`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from xtreme_harness.definitions import Example, Method, Model, Task
from xtreme_harness.job import Job
from xtreme_harness.models.reference import Encoder
from xtreme_harness.unit import Unit


@dataclass(frozen=True, kw_only=True)
class Files:
    """Data files of one split and language: where they are, and their hashes, which go into keys."""

    paths: tuple[str, ...]
    hashes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """One task in one row of a run, with everything resolved: a target, or one that is trained on in between.

    `files(task, split, language)` and `gold(task, language)` look files up in the request's folders; `gold` gives None
    when there are none. `reader(task)` is the version of the code that reads the task's files, `scorer(task)` that of
    its metrics. `limit` is the most examples a language that a part (`train`, `dev`, `test`) may have; else all.
    `target_dev` asks for the figures on the dev parts of other languages too. `method_files` are the paths of the
    files that the method's parameters name; the parameters themselves hold their hashes.
    """

    task: Task
    training_task: Task
    languages: tuple[str, ...]
    model: Model
    encoder: Encoder
    recipe: Mapping[str, Any]
    method: Method
    seed: int
    dtype: str
    files: Callable[[Task, str, str], Files]
    gold: Callable[[Task, str], Files | None]
    reader: Callable[[Task], str]
    scorer: Callable[[Task], str]
    limit: Mapping[str, int] = field(default_factory=dict)
    target_dev: bool = False
    method_files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainingPart:
    """What one task brings to a training: its encoded English parts and what makes and trains its head.

    `options` are those of head, loss and decoding; `modules` the kind's, whose code decides the result.
    """

    task: Task
    train: Unit
    dev: Unit | None
    epochs: int
    batch_size: int
    options: Mapping[str, Any]
    modules: tuple[str, ...]
    scorer: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The units that end in one language's score. `score` is None where there is no gold.

    `tuning` chooses a value on dev gold (a `score` unit); its result's `options` go into the record, gold or not.
    `target_dev` scores the language's own dev part, where it was asked for and there is one; nothing depends on it.
    """

    predict: Unit
    score: Unit | None
    train: Unit | None = None
    tuning: Unit | None = None
    target_dev: Unit | None = None
    options: Mapping[str, Any]


class KindWork(Protocol):
    """An implementation of a kind; what each unit type needs is a method of that name."""

    @property
    def gold_fields(self) -> tuple[str, ...]:
        """Fields of an example that hold its gold."""

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        """The units of every language of the assignment."""

    def input_problem(self, example: Example) -> str | None:
        """What is wrong with an example's input fields; None when they are sound."""

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        """What is wrong with an example's gold; None when it is sound."""

    def is_item(self, example: Example) -> bool:
        """Whether `Task.sizes` counts it: every example, or one side of retrieval."""

    def part_problem(self, inputs: Sequence[Example]) -> str | None:
        """What a part lacks although its examples are sound; None when it lacks nothing."""

    def check_gold(self, inputs: Sequence[Example], gold: Sequence[Example], file: str) -> None:
        """Raises DataError where sound gold cannot be that of these inputs, or was taken out."""

    def prepare(self, job: Job) -> dict[str, Any]:
        """Encodes one split of one language; returns counts."""

    def predict(self, job: Job) -> dict[str, Any]:
        """Writes predictions.jsonl."""

    def score(self, job: Job) -> dict[str, Any]:
        """Writes scores.jsonl; returns {"metrics", "n", "groups"}."""


class TrainableWork(KindWork, Protocol):
    """What training asks of a trainable kind."""

    @property
    def whole_updates(self) -> bool:
        """Whether the loss compares all examples of an update: it is then one micro-batch, whatever the budget."""

    def training_part(self, assignment: Assignment) -> TrainingPart:
        """What the assignment's training task brings to a training, alone or in a mix."""

    def training_languages(self, task: Task) -> tuple[str, ...]:
        """The languages of the task's `train` and `dev` parts: English, where they have labels."""

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        """A fresh head for an encoder (nn.Module taking hidden states and mask).

        One with `begin_with(folder, pickle)` looks for its own weights in the checkpoint; `taken` then names them.
        """

    def in_epoch(self, encoded: Any, seed: int, epoch: int) -> Any:
        """The training windows as an epoch (from 0) has them: the same ones in number, length and order."""

    def targets(self, columns: Any, rows: list[int], width: int) -> Any:
        """The labels of a micro-batch, as one array."""

    def weights(self, encoded: Any) -> Any:
        """[windows] how much each window counts in the mean loss of an update."""

    def loss(self, logits: Any, targets: Any) -> Any:
        """The summed loss of a micro-batch (a scalar tensor)."""

    def decode(self, outputs: list[Any], encoded: Any, options: Mapping[str, Any]) -> list[Example]:
        """Predictions, one an item, from one output a window."""

    def figures(self, predictions: list[Example], gold: list[Example], metrics: Mapping[str, Any]) -> dict[str, float]:
        """The value of each metric."""
