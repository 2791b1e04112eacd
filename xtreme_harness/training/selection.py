"""Which state of a training is kept: the best on the English dev part, or the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_model, save_model


class Selection:
    """Keeps the state with the highest dev figure, strictly greater than any before, starting from 0.

    `last` keeps nothing: the final state stands. The best state lies on disk, where it survives a crash.
    """

    def __init__(self, rule: str, folder: Path) -> None:
        self.rule = rule
        self.path = folder / "best.safetensors"
        self.best: dict[str, Any] = {}

    def offer(self, network: Any, figure: float, update: int, decay: float, writes: bool = True) -> None:
        """Keeps the network's state if `figure` is the best so far; one of several processes `writes` it."""
        if self.rule != "english-dev" or figure <= self.best.get("figure", 0.0):
            return
        self.best = {"figure": figure, "update": update, "decay": decay}
        if writes:
            temporary = self.path.with_suffix(f".{update}.tmp")
            save_model(network, str(temporary))  # T5 has its word embedding under two names
            temporary.replace(self.path)

    def choose(self, network: Any, final_update: int) -> None:
        """Puts the kept state into the network, unless the final one is it."""
        if self.best and self.best["update"] != final_update:
            load_model(network, str(self.path))

    def state_dict(self) -> dict[str, Any]:
        return dict(self.best)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = dict(state)
