"""Kind `mask` put together: windows of text, masks drawn in every epoch, cross entropy of what they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.access import read_texts
from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example, Metric, Scored, Task
from xtreme_harness.errors import RequestError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment, Cell
from xtreme_harness.kinds.layout import texts_unit
from xtreme_harness.kinds.mask.decode import decode_pieces, masked_targets
from xtreme_harness.kinds.mask.encode import encode_texts, input_problem
from xtreme_harness.kinds.mask.masking import chosen_counts, masked_windows
from xtreme_harness.kinds.trainable import Columns, Trainable, named
from xtreme_harness.unit import Unit


class Mask(Trainable):
    """Text whose masked pieces are found; normal form {id, text, group?}, no gold.

    Nothing is labelled, so a task is trained on text of its own languages, all with one head: those that its option
    `languages` names (codes with commas between), or all that it has. The head is the checkpoint's own where it has
    one. An update's loss is the mean over its masked pieces.
    """

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length",)
    gold_fields: ClassVar[tuple[str, ...]] = ()
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.frame",
        "xtreme_harness.kinds.mask.masking",
        "xtreme_harness.kinds.mask.encode",
        "xtreme_harness.kinds.mask.decode",
        "xtreme_harness.kinds.mask.kind",
        "xtreme_harness.models.masked_head",
    )

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        """Raises RequestError: how well masked pieces are found is no task's figure."""
        name = assignment.task.name
        raise RequestError(f"{name} is of kind mask, to be trained on: name it with --intermediate {name}.")

    def training_languages(self, task: Task) -> tuple[str, ...]:
        """Raises RequestError for a language that the task does not have."""
        named = str(task.options["languages"] or "")
        chosen = tuple(code.strip() for code in named.split(",")) if named.strip() else task.languages
        if strange := [code for code in chosen if code not in task.languages]:
            has = ", ".join(task.languages)
            raise RequestError(f"--set {task.name}.languages: it has no text in {strange[0]!r}, but in {has}.")
        return tuple(dict.fromkeys(chosen))

    def _prepare_unit(self, assignment: Assignment, task: Task, split: str, language: str) -> Unit:
        """Of all the task's languages together."""
        encoding = {name: assignment.recipe[name] for name in self.encoding_values}
        return texts_unit(assignment, task, split, self.training_languages(task), encoding, self.modules)

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return None

    def prepare(self, job: Job) -> dict[str, Any]:
        examples = read_texts(job, self.input_problem)
        write_jsonl(job.folder / "gold.jsonl", map(named, examples))  # what is right stands in the columns
        return self.save(job, examples)

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_texts(tokenizer, examples, options)

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.masked_head import MaskedHead

        return MaskedHead(encoder)

    def in_epoch(self, encoded: Encoded, seed: int, epoch: int) -> Encoded:
        """With masks of its own."""
        return masked_windows(encoded, seed, epoch)

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[masked, 2] the place of each masked token in the batch, and what stood there."""
        return masked_targets(columns, rows, width)

    def weights(self, encoded: Encoded) -> Any:
        """[windows] masked pieces, equally many in every epoch: the mean loss of an update is one over pieces."""
        return chosen_counts(encoded.columns["maskable"].lengths).astype(float)

    def loss(self, logits: Any, targets: Any) -> Any:
        from xtreme_harness.models.masked_head import summed_masked_loss

        return summed_masked_loss(logits, targets)

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        return decode_pieces(outputs, encoded)

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        """Over all masked pieces; a prediction holds what is right too."""
        said, right = ([id for row in predictions for id in row[name]] for name in ("prediction", "masked"))
        return results.compute(metrics, said, right)
