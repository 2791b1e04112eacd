"""Pairs to token ids: a query and its text are two windows, each cut to `max_length`, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example

Columns = dict[str, list[list[int]]]


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    return text_problem(example, "query")


def text_problem(example: Example, name: str) -> str | None:
    text = example.get(name)
    return None if isinstance(text, str) and text.strip() else f"{name} must be text that is not blank"


def encode_pairs(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
    """Two rows a pair, the query's first.

    `input_ids` (and `token_type_ids`); `together` [1] the number of the pair; `labels` [1] a number that windows of
    the same side share when their tokens are equal.
    """
    texts = [example[name] for example in examples for name in ("query", "positive")]
    encoded = tokenizer(texts, truncation=True, max_length=options["max_length"], return_attention_mask=False)
    names = [name for name in ("input_ids", "token_type_ids") if name in encoded]
    columns = {name: [list(row) for row in encoded[name]] for name in names}
    columns["together"] = [[number] for number in range(len(examples)) for _ in range(2)]
    sides = [_numbered(columns["input_ids"][side::2]) for side in (0, 1)]
    columns["labels"] = [[number] for pair in zip(*sides, strict=True) for number in pair]
    return columns


def _numbered(rows: Sequence[Sequence[int]]) -> list[int]:
    """A number a row, the same for equal rows, in the order in which they first appear."""
    numbers: dict[tuple[int, ...], int] = {}
    return [numbers.setdefault(tuple(row), len(numbers)) for row in rows]
