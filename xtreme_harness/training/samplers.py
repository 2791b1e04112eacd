"""Which task of a mix each update draws: shares from the tasks' sizes, and the seeded order of a whole training.

Pure functions, no torch. The order depends on (shares, number of updates, seed) alone, so a resumed training finds its
place by counting; what has been drawn stands in every checkpoint and in the result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xtreme_harness.errors import DefinitionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = ("uniform", "proportional", "temperature", "weights")
CAP = 2**17
STREAM = 1  # keeps these random numbers apart from those that shuffle epochs


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """The chance of each task of a mix, once per update.

    n is a task's number of training examples (of windows, where its texts are cut).

    uniform       1
    proportional  n (jiant's default)
    temperature   min(n, cap) ** (1 / temperature)
    weights       as given, by task

    each divided by its sum. Raises DefinitionError for values that give no chances.
    """

    kind: str = "proportional"
    temperature: float = 1.0
    cap: int = CAP
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = []
        if self.kind not in KINDS:
            problems.append(f"there is no {self.kind!r}; it is one of {', '.join(KINDS)}")
        if not _is_positive(self.temperature):
            problems.append(f"temperature must be above 0, not {self.temperature!r}")
        if not _is_positive(self.cap) or not isinstance(self.cap, int):
            problems.append(f"cap must be a whole number from 1, not {self.cap!r}")
        wrong = [task for task, weight in self.weights.items() if not _is_positive(weight)]
        problems += [f"the weight of {task} must be above 0, not {self.weights[task]!r}" for task in wrong]
        if problems:
            raise DefinitionError("Sampler", problems)

    def about(self, tasks: Sequence[str]) -> dict[str, Any]:
        """What decides the chances of `tasks`, and nothing else: for keys and records. Raises DefinitionError."""
        if self.kind == "temperature":
            return {"kind": self.kind, "temperature": self.temperature, "cap": self.cap}
        if self.kind != "weights":
            return {"kind": self.kind}
        if missing := [task for task in tasks if task not in self.weights]:
            raise DefinitionError("Sampler", [f"{'+'.join(tasks)} needs a weight of {', '.join(missing)}"])
        return {"kind": self.kind, "weights": {task: self.weights[task] for task in tasks}}


def _is_positive(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > 0  # type: ignore[arg-type, operator]


def shares(sampler: Sampler, sizes: Mapping[str, int]) -> list[float]:
    """The chance of each task of `sizes` (its number of training examples); they add up to 1."""
    raw = [_raw(sampler, task, size) for task, size in sizes.items()]
    return [value / sum(raw) for value in raw]


def _raw(sampler: Sampler, task: str, size: int) -> float:
    if sampler.kind == "uniform":
        return 1.0
    if sampler.kind == "proportional":
        return float(size)
    if sampler.kind == "temperature":
        return float(min(size, sampler.cap) ** (1 / sampler.temperature))
    return float(sampler.weights[task])


def draw_order(chances: Sequence[float], updates: int, seed: int) -> NDArray[np.int64]:
    """[updates] the place of the task that each update draws."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64([seed, 0, STREAM])).random(updates)
    order = np.searchsorted(np.cumsum(chances), random, side="right")
    return np.minimum(order, len(chances) - 1).astype(np.int64)  # the sum may end below 1 by rounding
