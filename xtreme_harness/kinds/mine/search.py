"""Exact k nearest neighbours of two sets of vectors in both directions, from one pass over their products.

FAISS searches one direction at a time and so multiplies twice. Here each block of products serves both: what beats the
worst neighbour that a row or a column has so far is offered to it. After the first blocks hardly anything does, so that
the cost is the multiplication (benchmarks/mining.py). Memory: the neighbours, and a few blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
Lines = NDArray[np.int64]

ROWS, COLUMNS = 1024, 2048  # of a block of products: 8 MB, which stays in the processor's cache
GROUP = 64  # columns whose maximum stands for them where a line has no neighbours yet


@dataclass(frozen=True)
class Neighbours:
    """The `k` nearest of every line, nearest first, ties by the lower id: cosines [n, k] and ids [n, k]."""

    similarities: Vectors
    ids: Ids

    @classmethod
    def none_yet(cls, lines: int, k: int) -> Neighbours:
        return cls(np.full((lines, k), -np.inf, dtype=np.float32), np.full((lines, k), -1, dtype=np.int64))

    @property
    def worst(self) -> Vectors:
        """[n] what a newcomer must exceed."""
        last: Vectors = self.similarities[:, -1]
        return last

    def offer(self, lines: Lines, similarities: Vectors, ids: Ids) -> None:
        """Takes in those of the offered neighbours that are nearer than the worst; `ids` are higher than all before."""
        nearer = similarities > self.worst[lines]
        if not nearer.any():
            return
        lines, similarities, ids = lines[nearer], similarities[nearer], ids[nearer]
        touched, k = np.unique(lines), self.ids.shape[1]
        every = np.concatenate([np.repeat(touched, k), lines])
        values = np.concatenate([self.similarities[touched].ravel(), similarities])
        names = np.concatenate([self.ids[touched].ravel(), ids])
        order = np.lexsort((names, -values, every))
        every, values, names = every[order], values[order], names[order]
        rank = np.arange(len(every)) - np.searchsorted(every, every)
        kept = rank < k
        self.similarities[every[kept], rank[kept]] = values[kept]
        self.ids[every[kept], rank[kept]] = names[kept]


def neighbours_both_ways(
    queries: Vectors, candidates: Vectors, k: int, rows: int = ROWS, columns: int = COLUMNS, tick: Any = None
) -> tuple[Neighbours, Neighbours]:
    """The nearest candidates of every query and the nearest queries of every candidate, `k` of each at most.

    Vectors [n, width] of length 1. `tick(share)` is told how much is done.
    """
    forward = Neighbours.none_yet(len(queries), min(k, len(candidates)))
    backward = Neighbours.none_yet(len(candidates), min(k, len(queries)))
    for top in range(0, len(queries), rows):
        for left in range(0, len(candidates), columns):
            products = queries[top : top + rows] @ candidates[left : left + columns].T
            _offer_block(products, top, left, forward, backward)
        if tick is not None:
            tick(min(1.0, (top + rows) / len(queries)))
    return forward, backward


def _offer_block(products: Vectors, top: int, left: int, forward: Neighbours, backward: Neighbours) -> None:
    height, width = products.shape
    of_rows, of_columns = forward.worst[top : top + height], backward.worst[left : left + width]
    if left == 0:
        of_rows = _just_below(products, forward.ids.shape[1])
    if top == 0:
        of_columns = _just_below(np.ascontiguousarray(products.T), backward.ids.shape[1])
    wanted = products > of_rows[:, None]
    wanted |= products > of_columns
    flat = np.flatnonzero(wanted)  # on the flat array: numpy's search in two dimensions is 25 times slower
    row, column = np.divmod(flat, width)
    values = products.ravel()[flat]
    forward.offer(top + row, values, left + column)
    backward.offer(left + column, values, top + row)


def _just_below(products: Vectors, k: int) -> Vectors:
    """[rows] a value that at least the `k` greatest of each row exceed: of the maxima of groups, the k-th greatest."""
    groups = products.shape[1] // GROUP
    if groups < k:
        return np.full(len(products), -np.inf, dtype=np.float32)
    maxima = products[:, : groups * GROUP].reshape(len(products), groups, GROUP).max(axis=2)
    greatest = np.partition(maxima, groups - k, axis=1)[:, groups - k]
    below: Vectors = np.nextafter(greatest, np.float32(-np.inf))
    return below
