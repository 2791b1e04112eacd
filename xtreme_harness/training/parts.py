"""What one task brings to a training, and its way through its own shuffled epochs. A plain training has one part."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.models.forward import pad_rows
from xtreme_harness.models.heads import EncoderWithHead
from xtreme_harness.training.updates import epoch_updates, longest_rows, micro_batches, updates_per_epoch

Remap = Callable[[Encoded], Encoded]
Evaluate = Callable[[EncoderWithHead, Remap], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One task of a training. `kind` knows targets and loss.

    `evaluate` gives the dev figures of the network as it is; the mean of the first `headlines` of them is the task's
    number. None: there is no dev part.
    `special_ids` are those of tokens that stand for no piece of text.
    """

    name: str
    train: Encoded
    kind: Any
    epochs: int
    batch_size: int
    evaluate: Evaluate | None = None
    headlines: int = 1
    dev: Encoded | None = None
    special_ids: tuple[int, ...] = ()

    @property
    def updates_per_epoch(self) -> int:
        return updates_per_epoch(self.train.examples, self.batch_size)


class Walk:
    """A part in training: its network (the shared encoder with its own head) and its rows as that network takes them.

    Update number n of the part is the same whatever the other parts do; epochs go on as long as it is drawn.
    """

    def __init__(self, part: Part, network: EncoderWithHead, train: Encoded, seed: int) -> None:
        self.part, self.network, self.whole, self.seed = part, network, train, seed
        self.train = train  # as the epoch has it
        self.bounds: list[int] = train.bounds.tolist()
        self.lengths: list[int] = train.lengths.tolist()
        self.longest = longest_rows(self.bounds, self.lengths)
        self.weights = part.kind.weights(train)
        self.epoch = -1
        self.updates: list[list[int]] = []

    def update(self, number: int) -> list[int]:
        """The examples of the part's own update `number`, counted from 0."""
        epoch, place = divmod(number, self.part.updates_per_epoch)
        if epoch != self.epoch:
            self.epoch = epoch
            self.updates = epoch_updates(self.longest, self.part.batch_size, self.seed, epoch)
            self.train = self.part.kind.in_epoch(self.whole, self.seed, epoch)
        return self.updates[place]

    def batches(self, number: int, budget: int) -> list[list[int]]:
        """The rows of update `number`, cut by the token budget unless its loss compares all of them."""
        return micro_batches(
            self.update(number), self.bounds, self.lengths, sys.maxsize if self.part.kind.whole_updates else budget
        )

    def words(self, rows: list[int], width: int) -> np.ndarray[Any, Any]:
        """[rows, width] whether a token is neither special nor padding."""
        ids = pad_rows(self.part.train.columns["input_ids"], rows, width, filler=-1)  # as the tokenizer numbers them
        return (ids >= 0) & ~np.isin(ids, self.part.special_ids)
