"""Natural language inference as SNLI and MultiNLI distribute it: JSON lines with the annotators' common label by name.

Labels go by name, never by number: other distributions number them in other orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import read_jsonl
from xtreme_tasks.intermediate.tables import Rows, one_of, text

LABELS = ("contradiction", "entailment", "neutral")  # as XNLI's, so that a head could be shared
NO_AGREEMENT = "-"


def read_nli(path: Path, prefix: str = "") -> Rows:
    """The pairs that annotators agree on; ids are line numbers from 0 after `prefix`, groups the premises' own ids."""
    for number, row in read_jsonl(path):
        label = one_of(path, number, row, "gold_label", (*LABELS, NO_AGREEMENT))
        if label == NO_AGREEMENT:
            continue
        premise = row.get("captionID") or row.get("promptID")
        yield {
            "id": f"{prefix}{number - 1}",
            **({"group": f"{prefix}{premise}"} if premise else {}),
            "text_a": text(path, number, row, "sentence1"),
            "text_b": text(path, number, row, "sentence2"),
            "label": label,
        }


def read_first(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    return read_nli(files[0])
