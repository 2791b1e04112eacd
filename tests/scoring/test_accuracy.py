"""Accuracy: golden vectors of XNLI, PAWS-X and Tatoeba; counts that differ and empty gold are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.scoring.accuracy import accuracy

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "scoring.json").read_text(encoding="utf-8"))["vectors"]
ACCURACY = [one for one in VECTORS if one["scorer"] in ("accuracy", "tatoeba_accuracy")]


@pytest.mark.parametrize("vector", ACCURACY, ids=lambda one: one["id"])
def test_golden(vector: dict[str, Any]) -> None:
    """The original divides by the predictions and pairs as many as there are; we refuse counts that differ."""
    predictions, gold = vector["input"]["predictions"], vector["input"]["labels"]
    if "error" in vector["expected"] or len(predictions) != len(gold):
        with pytest.raises(ValueError):
            accuracy(predictions, gold)
    else:
        assert accuracy(predictions, gold).figure == pytest.approx(vector["expected"]["accuracy"], abs=1e-9)
