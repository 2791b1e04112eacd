"""What whoever performs a unit is handed: the unit, its inputs, where to write, and the settings of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness.registry import Registry
from xtreme_harness.store import Finished
from xtreme_harness.unit import Unit


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a unit is computed; nothing here may change its result beyond rounding.

    `token_budget` is the number of tokens, padding included, of a micro-batch or prediction batch; None lets the device
    decide. `threads` None leaves torch's own choice. `device` is `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
    """

    device: str = "auto"
    token_budget: int | None = None
    threads: int | None = None
    checkpoint_seconds: float = 600.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """One unit about to be performed: `folder` is empty and becomes its output, `partial` outlives a crash."""

    unit: Unit
    inputs: Mapping[str, Finished]
    folder: Path
    partial: Path
    registry: Registry
    settings: Settings
    tick: Callable[[float, str], None] = lambda share, note: None  # how much of the unit is done, 0 to 1

    def checkpoint(self, role: str = "checkpoint") -> Path:
        """The folder of the encoder: an input unit's output, or the plain folder that the request named."""
        if role in self.inputs:
            is_trained = self.unit.inputs[role].type == "train"
            return self.inputs[role].file("encoder") if is_trained else self.inputs[role].folder
        return Path(self.unit.details[role])
