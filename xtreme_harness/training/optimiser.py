"""AdamW with decoupled decay and a linear schedule, as XTREME's and jiant's recipes have it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


def parameter_groups(network: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Encoder and head, each with and without decay: biases and norm weights (one-dimensional) have none."""
    rates = {"encoder": values["learning_rate"], "head": values["head_learning_rate"] or values["learning_rate"]}
    groups = []
    for part, rate in rates.items():
        parameters = [one for one in getattr(network, part).parameters() if one.requires_grad]
        for decay in (True, False):
            chosen = [one for one in parameters if (one.ndim > 1) is decay]
            groups.append({"params": chosen, "lr": rate, "weight_decay": values["weight_decay"] if decay else 0.0})
    return [group for group in groups if group["params"]]


def make_optimiser(network: nn.Module, values: Mapping[str, Any]) -> torch.optim.AdamW:
    """Fused: the default implementation spends a second an update on a large word embedding on a CPU."""
    return torch.optim.AdamW(parameter_groups(network, values), eps=values["adam_epsilon"], fused=True)


def warmup_updates(warmup: float, total: int) -> int:
    """`warmup` below 1 is a share of all updates (rounded up), else a number of updates."""
    return math.ceil(warmup * total) if warmup < 1 else int(warmup)


def rate_factor(update: int, warmup: int, total: int) -> float:
    """Share of the full learning rate at `update` (from 0): linear up to 1, then linear down to 0 at `total`."""
    if update < warmup:
        return update / max(1, warmup)
    return max(0.0, (total - update) / max(1, total - warmup))


def set_rates(optimiser: Any, base: list[float], factor: float) -> None:
    for group, rate in zip(optimiser.param_groups, base, strict=True):
        group["lr"] = rate * factor
