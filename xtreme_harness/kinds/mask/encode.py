"""Texts to windows of token ids, with the places that a mask may take; in a dev part the masks are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example
from xtreme_harness.errors import CheckpointError, DataError
from xtreme_harness.kinds.frame import ends_of
from xtreme_harness.kinds.mask.masking import fixed_places

Columns = dict[str, list[list[int]]]


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    text = example.get("text")
    return None if isinstance(text, str) and text.strip() else "text must be text that is not blank"


def mask_id(tokenizer: Any) -> int:
    """Raises CheckpointError where there is no mask token (T5, mT5)."""
    if tokenizer.mask_token_id is None:
        raise CheckpointError("This model's tokenizer has no mask token: it is no masked language model's.")
    return int(tokenizer.mask_token_id)


def encode_texts(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
    """One row a window; a text that is longer than `max_length` has several, one after the other.

    `input_ids` (and `token_type_ids`), `item` [1] the number of the text. In `train`: `maskable`, the places of what is
    no special and no unknown token, and `mask_ids` [1] the mask's id. In `dev`: `places` where the mask stands, and
    `masked` what stood there; all chosen places show the mask. Raises DataError where no text has a piece.
    """
    mask, special = mask_id(tokenizer), set(tokenizer.all_special_ids)
    rows: Columns = {}
    for number, window, ids in _windows(tokenizer, examples, options["max_length"]):
        maskable = [place for place, id in enumerate(ids) if id not in special]
        if not maskable:
            continue
        if options["split"] == "train":
            row = {"input_ids": ids, "maskable": maskable, "mask_ids": [mask]}
        else:
            places = fixed_places(examples[number]["id"], window, maskable)
            shown = [mask if place in places else id for place, id in enumerate(ids)]
            row = {"input_ids": shown, "places": places, "masked": [ids[place] for place in places]}
        for name, values in {**row, "item": [number]}.items():
            rows.setdefault(name, []).append(values)
    if not rows:
        raise DataError("The texts", None, "have no piece in this model's vocabulary")
    if ends_of(tokenizer).has_segments:
        rows["token_type_ids"] = [[0] * len(ids) for ids in rows["input_ids"]]
    return rows


def _windows(tokenizer: Any, examples: Sequence[Example], max_length: int) -> Sequence[tuple[int, int, list[int]]]:
    """(number of the text, number of its window, token ids with the special ones)."""
    ends = ends_of(tokenizer)
    room = max_length - len(ends.before) - len(ends.after)
    texts = tokenizer([example["text"] for example in examples], add_special_tokens=False)["input_ids"]
    return [
        (number, window, [*ends.before, *ids[start : start + room], *ends.after])
        for number, ids in enumerate(texts)
        for window, start in enumerate(range(0, len(ids), room))
    ]
