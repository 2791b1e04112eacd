"""Compact word embedding: during training the table holds only the rows that the data uses.

An English training set touches a few thousand of XLM-R's 250,002 rows, and an untouched row has no gradient: Adam
leaves it alone and it adds nothing to the gradient norm. Decoupled weight decay would shrink it by a known factor,
which is applied when the rows are written back. So the result is the same up to rounding, with a fraction of the
optimiser's work and memory. A head that is tied to the table is the exception: it chooses among the rows that are there
(models/masked_head.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from xtreme_harness.data.encoded import ID_COLUMNS, Encoded, Ragged

LARGEST_PAD_ID = 1000  # rows up to the padding id keep their numbers, which must not make the table large again


class CompactEmbedding:
    """Puts a small table into the encoder; `remap` turns ids into its rows, `restore` writes the full table back."""

    def __init__(self, encoder: Any, data: Iterable[Encoded], pad_id: int) -> None:
        self.encoder = encoder
        self.full: nn.Embedding = encoder.get_input_embeddings()
        used = [np.unique(np.asarray(column.values)) for part in data for column in _id_columns(part).values()]
        # XLM-R counts positions from the padding id, so padding must keep its number: rows 0 to pad_id stay in place
        self.rows = np.unique(np.concatenate([np.arange(pad_id + 1), *used]))
        self.lookup = np.full(self.full.num_embeddings, -1, dtype=np.int32)
        self.lookup[self.rows] = np.arange(len(self.rows), dtype=np.int32)
        encoder.set_input_embeddings(self._small_table())

    def _small_table(self) -> nn.Embedding:
        """With `rows`, the ids whose rows it holds: a head that is tied to it must know them."""
        rows = torch.from_numpy(self.rows)
        weight = self.full.weight.detach()[rows].clone()
        table = nn.Embedding(len(self.rows), self.full.embedding_dim, self.full.padding_idx, _weight=weight)
        table.register_buffer("rows", rows, persistent=False)
        return table.to(self.full.weight.device).requires_grad_(self.full.weight.requires_grad)

    def remap(self, encoded: Encoded) -> Encoded:
        """The same windows with ids that number the small table's rows."""
        small = {
            name: Ragged(self.lookup[np.asarray(column.values)], column.offsets)
            for name, column in _id_columns(encoded).items()
        }
        return replace(encoded, columns={**encoded.columns, **small})

    def restore(self, untouched_factor: float) -> None:
        """Puts the full table back with the trained rows; the others are multiplied by `untouched_factor`.

        A frozen table comes back as it was.
        """
        trained = self.encoder.get_input_embeddings().weight.detach().to(self.full.weight.device)
        with torch.no_grad():
            if self.full.weight.requires_grad:
                self.full.weight.mul_(untouched_factor)
                self.full.weight[torch.from_numpy(self.rows)] = trained
        self.encoder.set_input_embeddings(self.full)


def _id_columns(encoded: Encoded) -> dict[str, Ragged]:
    return {name: encoded.columns[name] for name in ID_COLUMNS if name in encoded.columns}


def can_compact(encoder: Any, pad_id: int) -> bool:
    """Whether the encoder has a plain word embedding (not one that scales or normalises) and a low padding id."""
    return type(encoder.get_input_embeddings()) is nn.Embedding and pad_id <= LARGEST_PAD_ID
