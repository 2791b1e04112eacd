"""Kind `contrast` put together: one encoder for both sides, cosine, cross entropy over the texts of an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import POOLINGS, Example, Metric, Scored
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds import results
from xtreme_harness.kinds.contrast.decode import compared, decode_ranks
from xtreme_harness.kinds.contrast.encode import encode_pairs, input_problem, text_problem
from xtreme_harness.kinds.interface import Assignment, Cell, TrainingPart
from xtreme_harness.kinds.trainable import Columns, Trainable


class Contrast(Trainable):
    """For every query its own text; normal form {id, query, positive, group?}.

    The other texts of an update are the wrong ones. An update is therefore one micro-batch whatever the token budget:
    it is `batch_size` that says how many wrong ones there are, and what memory it takes. The updates are drawn anew in
    every epoch, of pairs of like length. The last update of an epoch may have fewer.

    Options: `temperature` divides cosines (0.05: a usual value for sentence vectors, and our choice; the sources of the
    code tasks have plain products); `pooling`, mean or cls, None for the model's `sentence_pooling`.
    """

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length",)
    gold_fields: ClassVar[tuple[str, ...]] = ("positive",)
    decoding_options: ClassVar[tuple[str, ...]] = ("temperature", "pooling")
    whole_updates: ClassVar[bool] = True
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.contrast.encode",
        "xtreme_harness.kinds.contrast.decode",
        "xtreme_harness.kinds.contrast.kind",
    )

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        """Raises RequestError: what is right for a query is what its test would have to find."""
        name = assignment.task.name
        raise RequestError(f"{name} is of kind contrast, to be trained on: name it with --intermediate {name}.")

    def training_part(self, assignment: Assignment) -> TrainingPart:
        """Raises RequestError for a temperature or pooling that is none."""
        options = assignment.training_task.options
        if not options["temperature"] > 0:
            raise RequestError(f"{assignment.training_task.name}: temperature must be above 0.")
        if options["pooling"] not in (None, *POOLINGS):
            raise RequestError(
                f"{assignment.training_task.name}: pooling must be one of {', '.join(POOLINGS)} or None."
            )
        return super().training_part(assignment)

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return text_problem(example, "positive")

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_pairs(tokenizer, examples, options)

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.heads import VectorHead

        return VectorHead(options["pooling"] or options["sentence_pooling"], options["temperature"])

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[pairs, pairs] which texts each query is compared with."""
        return compared(columns, rows)

    def weights(self, encoded: Encoded) -> Any:
        """[windows] 1 for queries, 0 for texts: the mean loss of an update is one over pairs."""
        import numpy as np

        weights = np.zeros(len(encoded))
        weights[0::2] = 1.0
        return weights

    def loss(self, logits: Any, targets: Any) -> Any:
        from xtreme_harness.models.heads import summed_contrast_loss

        return summed_contrast_loss(logits, targets)

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        return decode_ranks(outputs, encoded)

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        """Of ranks, each of which should be 1."""
        return results.compute(metrics, [row["rank"] for row in predictions], [1] * len(gold))
