"""F1 of BUCC for `evaluate`: over sets of pairs.

A local module of the `evaluate` package: `evaluate.load("<folder of this file>")` reads it from disk, without network.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from xtreme_harness.scoring.pairs import pair_scores


class PairF1(evaluate.Metric):  # type: ignore[misc]
    """F1, precision and recall over sets of id pairs, in percent. The two lists need not be equally long."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.__class__.__doc__,
            citation="Hu et al. 2020, XTREME",
            inputs_description="predictions and references: one list of pairs a corpus",
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Sequence(datasets.Value("string"))),
                    "references": datasets.Sequence(datasets.Sequence(datasets.Value("string"))),
                }
            ),
        )

    def _compute(self, predictions: list[list[list[str]]], references: list[list[list[str]]]) -> dict[str, float]:
        sides = ([tuple(pair) for pairs in side for pair in pairs] for side in (predictions, references))
        return pair_scores(*sides)
