"""Accuracy of XNLI, PAWS-X and Tatoeba for `evaluate`.

A local module of the `evaluate` package: `evaluate.load("<folder of this file>")` reads it from disk, without network.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from xtreme_harness.scoring.accuracy import accuracy


class LabelAccuracy(evaluate.Metric):  # type: ignore[misc]
    """Share of predictions that equal the reference as text, in percent."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.__class__.__doc__,
            citation="Hu et al. 2020, XTREME",
            inputs_description="predictions and references: lists of labels",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, float]:
        return {"accuracy": accuracy(predictions, references).figure}
