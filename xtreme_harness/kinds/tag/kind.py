"""Kind `tag` put together: words to windows, a linear layer on every token, cross entropy over labelled ones, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.access import TRAINING_LANGUAGE, label_names
from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example, Metric, Scored, Task
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment
from xtreme_harness.kinds.tag.decode import decode_tags, scoring_problem, token_targets
from xtreme_harness.kinds.tag.encode import encode_sentences, gold_problem, input_problem
from xtreme_harness.kinds.trainable import Columns, Trainable


class Tag(Trainable):
    """One tag for every word; normal form {id, tokens, tags, group?}. Labels are a task's, or its training part's."""

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length",)
    gold_fields: ClassVar[tuple[str, ...]] = ("tags",)
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.frame",
        "xtreme_harness.kinds.tag.encode",
        "xtreme_harness.kinds.tag.decode",
        "xtreme_harness.kinds.tag.kind",
    )

    def options(self, assignment: Assignment, task: Task) -> dict[str, Any]:
        """With `open_labels`, the labels are those of the English part that is trained on."""
        options = super().options(assignment, task)
        if options["open_labels"]:
            source = assignment.training_task
            files = assignment.files(source, "train", TRAINING_LANGUAGE)
            options["labels"] = label_names(source, files.paths, files.hashes)
        return options

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return gold_problem(example, options)

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_sentences(tokenizer, examples, options)

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.heads import TagHead, head_dropout
        from xtreme_harness.models.load import hidden_size

        dropout = head_dropout(encoder, options["dropout"])
        return TagHead(hidden_size(encoder), len(options["labels"]), dropout)

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[rows, width] index of the label, -100 where there is none."""
        return token_targets(columns, rows, width)

    def weights(self, encoded: Encoded) -> Any:
        """[windows] labelled tokens: the mean loss of an update is one over tokens."""
        import numpy as np

        return np.asarray(encoded.columns["places"].lengths, dtype=np.float64)

    def loss(self, logits: Any, targets: Any) -> Any:
        from xtreme_harness.models.heads import summed_cross_entropy

        return summed_cross_entropy(logits.flatten(0, 1), targets.flatten())

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        return decode_tags(outputs, encoded, options["labels"])

    def prediction_like(self, example: Example) -> Example:
        return {"id": example["id"], "prediction": example["tokens"]}

    def scoring_problem(self, predictions: Sequence[Example], gold: Sequence[Example]) -> str | None:
        return scoring_problem(predictions, gold)

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        predicted = [row["prediction"] for row in predictions]
        return results.compute(metrics, predicted, [row["tags"] for row in gold])
