"""Kind `span` put together: windows, two logits a token, cross entropy of start and end, the answer's code points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.encoded import Encoded, load_encoded
from xtreme_harness.definitions import Example, Metric, Scored
from xtreme_harness.job import Job
from xtreme_harness.kinds import results
from xtreme_harness.kinds.span.encode import answers_problem, encode_spans, input_problem
from xtreme_harness.kinds.trainable import Columns, Trainable, named


class Span(Trainable):
    """A part of a context; normal form {id, group?, context, question, answers: [{text, start}], impossible?}.

    Offsets count code points. The metrics a task names decide the rules of scoring (SQuAD's, or MLQA's by language).
    """

    encoding_values: ClassVar[tuple[str, ...]] = ("max_length", "max_query_length", "doc_stride", "max_answer_length")
    decoding_options: ClassVar[tuple[str, ...]] = ("max_answer_length", "legacy_word_extension", "null_threshold")
    gold_fields: ClassVar[tuple[str, ...]] = ("answers", "impossible")
    scores_texts: ClassVar[bool] = True
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.trainable",
        "xtreme_harness.kinds.frame",
        "xtreme_harness.kinds.span.pieces",
        "xtreme_harness.kinds.span.encode",
        "xtreme_harness.kinds.span.decode",
        "xtreme_harness.kinds.span.kind",
    )

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return answers_problem(example)

    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        return encode_spans(tokenizer, examples, options)

    def item(self, example: Example, options: Mapping[str, Any]) -> Example:
        """With the context, which cuts answers, where something is predicted."""
        context = {} if options["split"] == "train" else {"context": example["context"]}
        return {**named(example), **context}

    def gold_of(self, example: Example) -> Example:
        return {**super().gold_of(example), "context": example["context"]}

    def completed_gold(self, job: Job, gold: list[Example]) -> list[Example]:
        contexts = {item["id"]: item["context"] for item in load_encoded(job.inputs["texts"].folder).items}
        language = job.unit.parameters["language"]
        return [{**row, "context": contexts.get(row["id"], ""), "language": language} for row in gold]

    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any:
        from xtreme_harness.models.heads import SpanHead
        from xtreme_harness.models.load import hidden_size

        return SpanHead(hidden_size(encoder))

    def targets(self, columns: Mapping[str, Any], rows: list[int], width: int) -> Any:
        """[rows, 2] positions of start and end."""
        return columns["labels"].values.reshape(-1, 2)[rows].astype("int64")

    def weights(self, encoded: Encoded) -> Any:
        import numpy as np

        return np.ones(len(encoded))

    def loss(self, logits: Any, targets: Any) -> Any:
        """The mean of the start's and the end's cross entropy over all tokens, summed over windows."""
        from xtreme_harness.models.heads import summed_cross_entropy

        return summed_cross_entropy(logits, targets) / 2

    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]:
        from xtreme_harness.kinds.span.decode import decode_spans

        return decode_spans(outputs, encoded, options)

    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        """`gold` rows carry their context, and their language where metrics need one."""
        rows = zip(predictions, gold, strict=True)
        texts = [true["context"][row["start"] : row["end"]] for row, true in rows]
        # a question without an answer is answered rightly by nothing (SQuAD v2)
        answers = [[answer["text"] for answer in row["answers"]] or [""] for row in gold]
        return results.compute(metrics, texts, answers, gold[0].get("language", "en"))
