"""Texts of both sides to token ids, with the model's retrieval prefix; and where each text's vector goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xtreme_harness.definitions import Example

SIDES = ("query", "candidate")


def text_problem(example: Example) -> str | None:
    if example.get("side") == "gold":
        return None
    if example.get("side") not in SIDES:
        return f"side {example.get('side')!r} is not query, candidate or gold"
    if not isinstance(example.get("id"), str) or not isinstance(example.get("text"), str):
        return "id and text must be text"
    return None


def gold_problem(example: Example) -> str | None:
    if example.get("side") != "gold":
        return None
    if not isinstance(example.get("query"), str) or not isinstance(example.get("candidate"), str):
        return "query and candidate must be ids"
    return None


def encode_sentences(
    tokenizer: Any, examples: Sequence[Example], prefix: str, max_length: int
) -> dict[str, list[list[int]]]:
    """Columns input_ids and, where the tokenizer gives them, token_type_ids; cut to `max_length` with specials."""
    texts = [prefix + example["text"] for example in examples]
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False)
    return {name: [list(row) for row in encoded[name]] for name in ("input_ids", "token_type_ids") if name in encoded}


def distinct_rows(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """(first place of each distinct row, number of the distinct row for every row): equal texts are encoded once."""
    number: dict[tuple[int, ...], int] = {}
    places: list[int] = []
    back = []
    for place, row in enumerate(rows):
        key = tuple(row)
        if key not in number:
            number[key] = len(places)
            places.append(place)
        back.append(number[key])
    return places, back
