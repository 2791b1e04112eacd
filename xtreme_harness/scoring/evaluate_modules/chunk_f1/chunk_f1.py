"""Chunk F1 of PAN-X and UDPOS for `evaluate`: the rule of 2020 (seqeval 0.0.12), and token accuracy.

A local module of the `evaluate` package: `evaluate.load("<folder of this file>")` reads it from disk, without network.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from xtreme_harness.scoring.chunks import chunk_counts, f1_scores, token_accuracy


class ChunkF1(evaluate.Metric):  # type: ignore[misc]
    """F1, precision and recall over chunks of tags, and token accuracy, in percent."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.__class__.__doc__,
            citation="Hu et al. 2020, XTREME",
            inputs_description="predictions and references: lists of sentences, each a list of tags",
            features=datasets.Features(
                {side: datasets.Sequence(datasets.Value("string")) for side in ("predictions", "references")}
            ),
        )

    def _compute(self, predictions: list[list[str]], references: list[list[str]]) -> dict[str, float]:
        counts = [chunk_counts(*pair) for pair in zip(predictions, references, strict=True)]
        return {**f1_scores(counts), "token_accuracy": token_accuracy(predictions, references).figure}
