"""MLQA (Lewis et al. 2020) as XTREME has it: SQuAD's model, seven languages, each with its own rules (spec 4.6).

Of the 49 pairs of context and question language only those with both the same are scored.
"""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Task, hookimpl
from xtreme_tasks.squad import label_files, read_first

LANGUAGES = ("en", "es", "de", "ar", "hi", "vi", "zh")
METRICS = ("mlqa_exact_match", "mlqa_answer_f1")


def files(split: str, language: str) -> tuple[str, ...]:
    return (f"mlqa/MLQA_V1/test/test-context-{language}-question-{language}.json",) if split == "test" else ()


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="mlqa",
            kind="span",
            languages=LANGUAGES,
            metrics=METRICS,
            headline=METRICS,
            read=read_first,
            files=files,
            read_gold=read_first,
            gold_files=label_files("mlqa"),
            train_on="squad_v1",
            homepage="https://github.com/facebookresearch/MLQA",
            citation="Lewis et al. 2020, MLQA: Evaluating Cross-lingual Extractive Question Answering",
            licence="CC BY-SA 3.0",
        )
    )
