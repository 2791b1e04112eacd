"""Texts with a gap to windows: one for each number of pieces that its words have, with as many masks in the gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.kinds.frame import Ends, ends_of
from xtreme_harness.kinds.mask.encode import mask_id

Columns = dict[str, list[list[int]]]
Words = dict[str, list[int]]  # a word's pieces


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    if not all(isinstance(example.get(name), str) for name in ("before", "after")):
        return "before and after must be text"
    choices = example.get("choices")
    if not isinstance(choices, list | tuple) or len(choices) < 2:
        return "choices must be a list of words, at least two"
    if not all(isinstance(word, str) and word.strip() for word in choices):
        return "choices must be words that are not blank"
    return "a choice is there twice" if len(set(choices)) < len(choices) else None


def answer_problem(example: Example) -> str | None:
    answer = example.get("answer")
    if not isinstance(answer, str):
        return "it has no answer"
    if "choices" in example and answer not in example["choices"]:
        return f"answer {answer!r} is none of its choices; a placeholder?"
    return None


def pieces_of(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The pieces of each text as it stands behind a space: byte-pair vocabularies tell `max` from ` max`."""
    ids: list[list[int]] = tokenizer([f" {text}" if text else "" for text in texts], add_special_tokens=False)[
        "input_ids"
    ]
    return ids


def words_of(tokenizer: Any, examples: Iterable[Example], room: int) -> Words:
    """Every distinct choice. Raises DataError for one that has no piece, or too many to be seen whole."""
    words = list(dict.fromkeys(word for example in examples for word in example["choices"]))
    pieces = dict(zip(words, pieces_of(tokenizer, words), strict=True))
    wrong = next((word for word in words if not 0 < len(pieces[word]) <= room), None)
    if wrong is not None:
        raise DataError(f"The choice {wrong!r}", None, f"has {len(pieces[wrong])} pieces, which no window can hold")
    return pieces


def encode_gaps(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> tuple[Columns, Words]:
    """One row a text and number of pieces: `input_ids` (and `token_type_ids`), `item` [1] the number of the text,
    `places` where the masks are; and the pieces of every word.

    A text that is too long loses what is farthest from the gap (the original cuts the end, and the gap with it:
    papers 5.4, item 8).
    """
    mask, ends = mask_id(tokenizer), ends_of(tokenizer)
    room = options["max_length"] - len(ends.before) - len(ends.after)
    words = words_of(tokenizer, examples, room)
    before, after = (pieces_of(tokenizer, [example[side] for example in examples]) for side in ("before", "after"))
    columns: Columns = {"input_ids": [], "item": [], "places": []}
    for number, example in enumerate(examples):
        for masks in sorted({len(words[word]) for word in example["choices"]}):
            ids, start = _window(before[number], after[number], [mask] * masks, room, ends)
            columns["input_ids"].append(ids)
            columns["item"].append([number])
            columns["places"].append(list(range(start, start + masks)))
    if ends.has_segments:
        columns["token_type_ids"] = [[0] * len(ids) for ids in columns["input_ids"]]
    return columns, words


def _window(before: list[int], after: list[int], masks: list[int], room: int, ends: Ends) -> tuple[list[int], int]:
    """A row's ids and where its masks begin: each side has half of what is left, or what the other leaves over."""
    left = room - len(masks)
    first = min(len(before), max(left // 2, left - len(after)))
    kept = [*ends.before, *before[len(before) - first :]]
    return [*kept, *masks, *after[: left - first], *ends.after], len(kept)
