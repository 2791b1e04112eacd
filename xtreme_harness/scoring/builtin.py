"""Registers the metrics that come with the harness."""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Metric, hookimpl
from xtreme_harness.scoring import answers, chunks, pairs
from xtreme_harness.scoring.accuracy import accuracy
from xtreme_harness.scoring.positive import positive_f1
from xtreme_harness.scoring.ranks import mean_reciprocal_rank

METRICS = (
    Metric(name="accuracy", compute=accuracy),
    Metric(name="positive_f1", shown="f1", compute=positive_f1),
    Metric(name="mean_reciprocal_rank", shown="mrr", compute=mean_reciprocal_rank),
    Metric(name="chunk_f1", shown="f1", compute=chunks.chunk_f1),
    Metric(name="chunk_precision", shown="precision", compute=chunks.chunk_precision),
    Metric(name="chunk_recall", shown="recall", compute=chunks.chunk_recall),
    Metric(name="token_accuracy", compute=chunks.token_accuracy),
    Metric(name="exact_match", compute=answers.mean_exact_match),
    Metric(name="answer_f1", shown="f1", compute=answers.mean_f1),
    Metric(name="squad_v2_exact_match", shown="exact_match", compute=answers.mean_squad_v2_exact_match),
    Metric(name="squad_v2_answer_f1", shown="f1", compute=answers.mean_squad_v2_f1),
    Metric(name="mlqa_exact_match", shown="exact_match", compute=answers.mean_mlqa_exact_match, by_language=True),
    Metric(name="mlqa_answer_f1", shown="f1", compute=answers.mean_mlqa_f1, by_language=True),
    Metric(name="pair_f1", shown="f1", compute=pairs.pair_f1),
    Metric(name="pair_precision", shown="precision", compute=pairs.pair_precision),
    Metric(name="pair_recall", shown="recall", compute=pairs.pair_recall),
)


@hookimpl
def register_metrics(register: Callable[[Metric], None]) -> None:
    for metric in METRICS:
        register(metric)
