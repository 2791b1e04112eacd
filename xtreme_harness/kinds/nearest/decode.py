"""Exact nearest neighbours by FAISS on normalised vectors. Pure functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.kinds.retrieval import check_widths, normalised

Vectors = NDArray[np.float32]


def nearest(queries: Vectors, candidates: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """For each query the row of its nearest candidate and their cosine.

    XTREME searches by L2 distance after L2 normalisation, one neighbour; the largest inner product of
    normalised vectors is the same neighbour. Raises DataError when the widths differ.
    """
    import faiss

    check_widths(queries, candidates)
    similarities, rows = faiss.knn(
        normalised(queries, "queries"), normalised(candidates, "candidates"), 1, metric=faiss.METRIC_INNER_PRODUCT
    )
    return rows[:, 0].astype(np.int64), similarities[:, 0]


def decode_neighbours(rows: Any, similarities: Any, queries: list[str], candidates: list[str]) -> list[dict[str, Any]]:
    """One {id, prediction, similarity} a query."""
    return [
        {"id": query, "prediction": candidates[int(row)], "similarity": round(float(similarity), 4)}
        for query, row, similarity in zip(queries, rows, similarities, strict=True)
    ]
