"""How one micro-batch's loss is computed. A method is a function (network, inputs, loss) -> summed loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

Step = Callable[[Any, dict[str, Tensor], Callable[[Tensor], Tensor]], Tensor]


def plain(network: Any, inputs: dict[str, Tensor], loss: Callable[[Tensor], Tensor]) -> Tensor:
    """The loss of the network's output, nothing added."""
    return loss(network(**inputs))
