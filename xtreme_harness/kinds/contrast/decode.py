"""Vectors of queries and texts to ranks; which texts a query is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.definitions import Example

Array = np.ndarray[Any, Any]

TIE = 1e-4  # products that differ by less are equal: rounding noise between batch shapes
CHUNK = 1024  # queries whose products with all texts are held at once


def compared(columns: Mapping[str, Any], rows: Sequence[int]) -> Array:
    """[pairs, pairs] int64: 1 where the text of a column counts for the query of a row: its own, and wrong ones.

    Not wrong, so left out, are another pair's text when it is the same text, or when that pair's query is the same.
    """
    queries, texts = (columns["labels"].values[np.asarray(rows)[side::2]] for side in (0, 1))
    right = (queries[:, None] == queries) | (texts[:, None] == texts)
    np.fill_diagonal(right, False)
    left: Array = (~right).astype(np.int64)
    return left


def decode_ranks(outputs: Sequence[Any], encoded: Encoded) -> list[Example]:
    """One {id, rank} a pair: the place, from 1, of its text among all distinct ones of the part, by product.

    Texts as near as its own stand before it: an encoder to which all are the same finds nothing. Other texts of the
    same query are left out. `outputs` holds a vector [width] a window.
    """
    vectors = np.stack(outputs)
    queries, texts = (encoded.columns["labels"].values[side::2] for side in (0, 1))
    _, firsts = np.unique(texts, return_index=True)  # numbers count up from 0, so text n is in column n
    right: dict[int, list[int]] = {}
    for query, text in zip(queries.tolist(), texts.tolist(), strict=True):
        right.setdefault(query, []).append(text)
    ranks: list[int] = []
    for start in range(0, len(queries), CHUNK):
        chunk = slice(start, start + CHUNK)
        products = vectors[0::2][chunk] @ vectors[1::2][firsts].T
        own = np.take_along_axis(products, texts[chunk, None].astype(np.int64), axis=1)
        ahead = products >= own - TIE
        for line, query in zip(ahead, queries[chunk].tolist(), strict=True):
            line[right[query]] = False
        ranks += (1 + ahead.sum(axis=1)).tolist()
    return [{"id": item["id"], "rank": rank} for item, rank in zip(encoded.items, ranks, strict=True)]
