"""Texts or pairs to token ids: longest-first truncation, no padding; labels to their index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    if not isinstance(example.get("text_a"), str):
        return "text_a must be text"
    if not isinstance(example.get("text_b", ""), str):
        return "text_b must be text where it is given"
    return None


def label_problem(example: Example, options: Mapping[str, Any]) -> str | None:
    labels = list(options["labels"])
    if "label" not in example:
        return "it has no label"
    if example["label"] not in labels:
        return f"label {example['label']!r} is not one of {', '.join(map(repr, labels))}"
    return None


def encode_texts(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> dict[str, list[list[int]]]:
    """Columns input_ids, token_type_ids where the tokenizer gives them, and labels where the examples have them."""
    first = [example["text_a"] for example in examples]
    second = [example.get("text_b") for example in examples]
    pairs = None if all(text is None for text in second) else [text or "" for text in second]
    # "longest_first" shortens the longer text of a pair, as XTREME's scripts do
    encoded = tokenizer(
        first, pairs, truncation="longest_first", max_length=options["max_length"], return_attention_mask=False
    )
    columns = {
        name: [list(row) for row in encoded[name]] for name in ("input_ids", "token_type_ids") if name in encoded
    }
    if "label" in examples[0]:
        index = {label: place for place, label in enumerate(options["labels"])}
        columns["labels"] = [[index[example["label"]]] for example in examples]
    return columns
