"""The best piece of every token to the pieces that are said to have stood where the masks are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example

Ints = np.ndarray[Any, Any]


def masked_targets(columns: Mapping[str, Any], rows: Sequence[int], width: int) -> Ints:
    """[masked, 2] int64: the place of each masked token in a batch of [rows, width], and what stood there."""
    places = [place * width + columns["places"][row].astype(np.int64) for place, row in enumerate(rows)]
    return np.stack([np.concatenate(places), np.concatenate([columns["masked"][row] for row in rows])], axis=1)


def decode_pieces(outputs: Sequence[Any], encoded: Encoded) -> list[Example]:
    """One {id, prediction, masked} a text, both lists of token ids; `outputs` holds [tokens, 1] a window."""
    rows: list[Example] = [{"id": item["id"], "prediction": [], "masked": []} for item in encoded.items]
    for window, best in enumerate(outputs):
        row = rows[int(encoded.columns["item"][window][0])]
        row["prediction"] += best[np.asarray(encoded.columns["places"][window]), 0].astype(int).tolist()
        row["masked"] += encoded.columns["masked"][window].tolist()
    return rows
