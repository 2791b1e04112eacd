"""What units cost: tokens (exact where texts are prepared, else by files' sizes), seconds, bytes. Rough on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

CHARACTERS_PER_TOKEN = 5.0  # the marks of the file format counted in
BYTES_PER_CHARACTER = 1.3
LONGEST = 512  # tokens of an example, where its kind has no other limit
# tokens a second on two CPU cores with bfloat16 and a small encoder; a run corrects them by what it measures
TOKENS_PER_SECOND = {"prepare": 60_000.0, "train": 2_300.0, "predict": 7_000.0, "embed": 7_000.0}
GPU_SPEEDUP = 60.0
FIXED_SECONDS = {"checkpoint": 5.0, "prepare": 0.05, "train": 2.0, "predict": 0.2, "embed": 0.2, "score": 0.05}


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
    whole = size / BYTES_PER_CHARACTER / CHARACTERS_PER_TOKEN
    examples, limit = unit.details.get("examples"), unit.parameters.get("limit")
    if unit.details.get("is_made"):  # what the files hold besides must not count; no example is longer than that
        whole = min(whole, examples * unit.parameters.get("max_length", LONGEST))
    if limit is not None:
        whole *= min(1.0, limit / (examples or _lines(unit)))
    return Tokens(int(whole), False)


def prepared_examples(unit: Unit, store: Store) -> int:
    """How many examples a `prepare` unit has."""
    found = store.find(unit.key)
    if found is not None:
        return int(found.result["examples"])
    examples = int(unit.details.get("examples") or _lines(unit))
    return min(examples, int(unit.parameters.get("limit", examples)))


def _lines(unit: Unit) -> int:
    """As many examples as a task that does not say it may have: one a line."""
    return max(1, sum(_lines_of(path, Path(path).stat().st_mtime_ns) for path in unit.details["files"]))


@cache
def _lines_of(path: str, changed: int) -> int:
    with Path(path).open("rb") as stream:
        return sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def unit_tokens(unit: Unit, store: Store) -> Tokens:
    """Tokens that pass through the model (epochs counted), or through the tokenizer for `prepare`."""
    if unit.type == "prepare":
        return prepared_tokens(unit, store)
    if unit.type == "train":
        parts = unit.parameters["parts"]
        if updates := unit.parameters["updates"]:
            return Tokens(int(updates * sum(_update(unit, part, store) for part in parts) / len(parts)), False)
        return total(_epochs(unit, part, store) for part in parts)
    if "texts" in unit.inputs and unit.dtype is not None:
        return prepared_tokens(unit.inputs["texts"], store)
    return Tokens(0, True)


def _epochs(unit: Unit, part: Mapping[str, Any], store: Store) -> Tokens:
    """Tokens of one task of a training; what a sampler of several draws differs a little."""
    once = prepared_tokens(unit.inputs[f"train.{part['task']}"], store)
    return Tokens(once.count * int(part["epochs"]), once.exact)


def _update(unit: Unit, part: Mapping[str, Any], store: Store) -> float:
    """Tokens of an update of one task of a training."""
    texts = unit.inputs[f"train.{part['task']}"]
    return int(part["batch_size"]) * prepared_tokens(texts, store).count / prepared_examples(texts, store)


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
