"""PAWS-X (Yang et al. 2019) as XTREME has it: trained on English PAWS-Wiki, 7 languages (spec 4.2).

Rows that hold the placeholder sentence `NS` stay in: the hidden labels cover all rows.
"""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Task, hookimpl
from xtreme_tasks.pairs import cell_as_written, cell_unquoted, pair_files, read_labels, read_pairs

LABELS = ("0", "1")
LANGUAGES = ("de", "en", "es", "fr", "ja", "ko", "zh")


def _pawsx(name: str, cell: Callable[[str], str], why_not: str = "") -> Task:
    return Task(
        name=name,
        kind="classify",
        languages=LANGUAGES,
        options={"labels": LABELS},
        read=read_pairs(LABELS, cell),
        files=pair_files("pawsx"),
        read_gold=read_labels(LABELS, placeholder="0"),
        gold_files=pair_files("pawsx"),
        homepage="https://github.com/google-research-datasets/paws",
        citation="Yang et al. 2019, PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase Identification",
        licence="free to use",
        comparable=not why_not,
        not_comparable_because=why_not,
    )


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(_pawsx("pawsx", cell_unquoted))
    register(_pawsx("pawsx.doubled-quotes", cell_as_written, "reads quotes doubled, as the original scripts do"))
