"""How one micro-batch's loss is computed.

A method's `load` gives a function `make(encoder, **parameters)`, called once before training with the encoder as it
starts; what it returns is the step, called for each micro-batch: `step(network, batch)` gives the summed loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """One micro-batch. `loss` takes the network's logits to the summed loss.

    `words` [rows, tokens] is true for what is neither special nor padding. `draws` are three whole numbers a row (seed,
    update, row in the data): a method that draws at random seeds its own generator with them, row by row, so that its
    draws depend on no token budget and leave dropout's random numbers alone.
    """

    inputs: dict[str, Tensor]
    loss: Callable[[Tensor], Tensor]
    words: Tensor
    draws: Sequence[tuple[int, int, int]]


Step = Callable[[Any, Batch], Tensor]
MakeStep = Callable[..., Step]


def make_plain(encoder: Any) -> Step:
    """Nothing added."""
    return plain


def plain(network: Any, batch: Batch) -> Tensor:
    """The loss of the network's output."""
    return batch.loss(network(**batch.inputs))
