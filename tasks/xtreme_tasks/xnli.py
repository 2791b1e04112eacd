"""XNLI (Conneau et al. 2018) as XTREME has it: trained on English MultiNLI, 15 languages (spec 4.1)."""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Task, hookimpl
from xtreme_tasks.pairs import cell_as_written, cell_unquoted, pair_files, read_labels, read_pairs

LABELS = ("contradiction", "entailment", "neutral")  # the original's order; other distributions number them otherwise
LANGUAGES = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


def _xnli(name: str, cell: Callable[[str], str], why_not: str = "") -> Task:
    return Task(
        name=name,
        kind="classify",
        languages=LANGUAGES,
        options={"labels": LABELS},
        read=read_pairs(LABELS, cell),
        files=pair_files("xnli"),
        read_gold=read_labels(LABELS, placeholder="neutral"),
        gold_files=pair_files("xnli"),
        homepage="https://github.com/facebookresearch/XNLI",
        citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence Representations",
        licence="CC BY-NC 4.0",
        comparable=not why_not,
        not_comparable_because=why_not,
    )


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(_xnli("xnli", cell_unquoted))
    register(_xnli("xnli.doubled-quotes", cell_as_written, "reads quotes doubled, as the original scripts do"))
