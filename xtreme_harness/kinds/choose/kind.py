"""Kind `choose` put together: a window and a score a choice, softmax and cross entropy over a question's choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example, Metric, Scored
from xtreme_harness.kinds import results
from xtreme_harness.kinds.choose.decode import choice_places, decode_choices
from xtreme_harness.kinds.choose.encode import encode_choices, input_problem, label_problem
from xtreme_harness.kinds.trainable import Columns, Trainable


class Choose(Trainable):
    """One of several choices; normal form {id, question, choices, label, group?}, `label` the right one's place from 0.

    Questions may have different numbers of choices. `batch_size` counts questions.
    """

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length",)
    gold_fields: ClassVar[tuple[str, ...]] = ("label",)
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.frame",
        "xtreme_harness.kinds.choose.encode",
        "xtreme_harness.kinds.choose.decode",
        "xtreme_harness.kinds.choose.kind",
    )

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return label_problem(example)

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_choices(tokenizer, examples, options)

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.heads import SentenceHead, head_dropout
        from xtreme_harness.models.load import hidden_size

        dropout = head_dropout(encoder, options["dropout"])
        return SentenceHead(hidden_size(encoder), 1, options["sentence_pooling"], dropout)

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[questions, most choices] where each question's choices stand in `rows`, the right one first."""
        return choice_places(columns, rows)

    def weights(self, encoded: Encoded) -> Any:
        """[windows] 1 for a question's first window, else 0: the mean loss of an update is one over questions."""
        import numpy as np

        weights = np.zeros(len(encoded))
        weights[encoded.bounds[:-1]] = 1.0
        return weights

    def loss(self, logits: Any, targets: Any) -> Any:
        from xtreme_harness.models.heads import summed_choice_loss

        return summed_choice_loss(logits, targets)

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        return decode_choices(outputs, encoded)

    def scoring_problem(self, predictions: Sequence[Example], gold: Sequence[Example]) -> str | None:
        return results.constant_gold([str(row["label"]) for row in gold])

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        predicted = [row["prediction"] for row in predictions]
        return results.compute(metrics, predicted, [row["label"] for row in gold])
