"""What units cost: tokens (exact where texts are prepared, else from characters), seconds, bytes. Rough on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

CHARACTERS_PER_TOKEN = 5.0  # the marks of the file format counted in
BYTES_PER_CHARACTER = 1.3
TOKENS_PER_EXAMPLE = 60
# tokens a second on two CPU cores with bfloat16 and a small encoder; a run corrects them by what it measures
TOKENS_PER_SECOND = {"prepare": 60_000.0, "train": 1_600.0, "predict": 5_000.0, "embed": 5_000.0}
GPU_SPEEDUP = 60.0
FIXED_SECONDS = {"checkpoint": 5.0, "prepare": 0.05, "train": 4.0, "predict": 0.3, "embed": 0.3, "score": 0.05}
UPDATE_SECONDS = 0.25


@dataclass(frozen=True)
class Tokens:
    """A number of tokens, and whether it was counted or estimated."""

    count: int
    exact: bool

    def __str__(self) -> str:
        return f"{'' if self.exact else '~'}{self.count:,}"


def total(parts: Iterable[Tokens]) -> Tokens:
    parts = list(parts)
    return Tokens(sum(part.count for part in parts), all(part.exact for part in parts))


def prepared_tokens(unit: Unit, store: Store) -> Tokens:
    """Tokens of a `prepare` unit."""
    found = store.find(unit.key)
    if found is not None:
        return Tokens(int(found.result["tokens"]), True)
    size = sum(Path(path).stat().st_size for path in unit.details["files"])
    whole = int(size / BYTES_PER_CHARACTER / CHARACTERS_PER_TOKEN)
    limit = unit.parameters.get("limit")
    return Tokens(whole if limit is None else min(whole, limit * TOKENS_PER_EXAMPLE), False)


def unit_tokens(unit: Unit, store: Store) -> Tokens:
    """Tokens that pass through the model (epochs counted), or through the tokenizer for `prepare`."""
    if unit.type == "prepare":
        return prepared_tokens(unit, store)
    if unit.type == "train":
        parts = unit.parameters["parts"]
        if updates := unit.parameters["updates"]:
            return Tokens(updates * parts[0]["batch_size"] * TOKENS_PER_EXAMPLE, False)
        return total(_epochs(unit, part, store) for part in parts)
    if "texts" in unit.inputs and unit.dtype is not None:
        return prepared_tokens(unit.inputs["texts"], store)
    return Tokens(0, True)


def _epochs(unit: Unit, part: Mapping[str, Any], store: Store) -> Tokens:
    """Tokens of one task of a training; what a sampler of several draws differs a little."""
    once = prepared_tokens(unit.inputs[f"train.{part['task']}"], store)
    return Tokens(once.count * int(part["epochs"]), once.exact)


def unit_seconds(unit: Unit, store: Store, on_gpu: bool) -> float:
    """A guess at how long the unit takes."""
    rate = TOKENS_PER_SECOND.get(unit.type)
    speedup = GPU_SPEEDUP if on_gpu and unit.type != "prepare" else 1.0
    moving = unit_tokens(unit, store).count / rate / speedup if rate else 0.0
    return FIXED_SECONDS.get(unit.type, 1.0) + moving


def unit_bytes(unit: Unit, weights: int) -> int:
    """Disk that the unit's output takes, with encoder weights of `weights` bytes; scores and predictions are small."""
    if unit.type in ("checkpoint", "train"):
        return weights
    return 50_000
