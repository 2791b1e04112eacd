"""Exact nearest neighbours by FAISS on normalised vectors. Pure functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness.errors import DataError

Vectors = NDArray[np.float32]


def normalised(vectors: Vectors, name: str) -> Vectors:
    """[n, width] rows of length 1. Raises DataError for a row that is zero, NaN or infinite."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(name, None, f"the embedding of text {row + 1} is zero or not finite; nothing can be retrieved")
    out: Vectors = np.ascontiguousarray(vectors / lengths, dtype=np.float32)
    return out


def nearest(queries: Vectors, candidates: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    """For each query the row of its nearest candidate and their cosine.

    XTREME searches by L2 distance after L2 normalisation, one neighbour (spec 4.10); the largest inner product of
    normalised vectors is the same neighbour. Raises DataError when the widths differ.
    """
    import faiss

    if queries.shape[1] != candidates.shape[1]:
        raise DataError("embeddings", None, f"queries are {queries.shape[1]} wide, candidates {candidates.shape[1]}")
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
