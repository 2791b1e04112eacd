"""Kind `classify` put together: encoding, head on the pooled vector, cross entropy, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example, Metric, Scored
from xtreme_harness.kinds import results
from xtreme_harness.kinds.classify.encode import encode_texts, input_problem, label_problem
from xtreme_harness.kinds.trainable import Columns, Trainable


class Classify(Trainable):
    """One label for a text or a pair; normal form {id, text_a, text_b?, label, group?}."""

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length",)
    gold_fields: ClassVar[tuple[str, ...]] = ("label",)
    text_fields: ClassVar[tuple[str, ...]] = ("text_a", "text_b")
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.classify.encode",
        "xtreme_harness.kinds.classify.decode",
        "xtreme_harness.kinds.classify.kind",
    )

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return label_problem(example, options)

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_texts(tokenizer, examples, options)

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.heads import SentenceHead, head_dropout
        from xtreme_harness.models.load import hidden_size

        dropout = head_dropout(encoder, options["dropout"])
        return SentenceHead(hidden_size(encoder), len(options["labels"]), options["sentence_pooling"], dropout)

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[rows] index of the label."""
        return columns["labels"].values[rows].astype("int64")

    def weights(self, encoded: Encoded) -> Any:
        import numpy as np

        return np.ones(len(encoded))

    def loss(self, logits: Any, targets: Any) -> Any:
        from xtreme_harness.models.heads import summed_cross_entropy

        return summed_cross_entropy(logits, targets)

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        from xtreme_harness.kinds.classify.decode import decode_labels

        return decode_labels(outputs, encoded.items, options["labels"])

    def scoring_problem(self, predictions: Sequence[Example], gold: Sequence[Example]) -> str | None:
        return results.constant_gold([row["label"] for row in gold])

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        predicted = [row["prediction"] for row in predictions]
        return results.compute(metrics, predicted, [row["label"] for row in gold])
