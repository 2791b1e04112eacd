"""Exact match and F1 of MLQA for `evaluate`: rules by language, which is the configuration's name.

A local module of the `evaluate` package: `evaluate.load("<folder of this file>")` reads it from disk, without network.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate

from xtreme_harness.scoring.answers import mean_mlqa_exact_match, mean_mlqa_f1


class MlqaAnswerF1(evaluate.Metric):  # type: ignore[misc]
    """Exact match and F1 by MLQA's rules for the language `config_name`, in percent."""

    def _info(self) -> Any:
        return evaluate.MetricInfo(
            description=self.__class__.__doc__,
            citation="Hu et al. 2020, XTREME",
            inputs_description="predictions: list of answers; references: for each the list of gold answers",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Sequence(datasets.Value("string"))}
            ),
        )

    def _compute(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        exact = mean_mlqa_exact_match(predictions, references, self.config_name)
        return {"exact_match": exact.figure, "f1": mean_mlqa_f1(predictions, references, self.config_name).figure}
