"""LoRA (Hu et al. 2021) through peft: matrices of low rank are trained beside linear layers, whose own weights stay.

They live within one training and its checkpoints. What the training leaves is an ordinary encoder: the matrices are
merged into the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from xtreme_harness.errors import CheckpointError

ALL = "all"
NAME = "lora"


def add_lora(encoder: Any, values: Mapping[str, Any]) -> Callable[[], Any]:
    """Freezes the encoder and puts trained matrices beside its linear layers, in place.

    Before the first update the encoder computes what it did. What is returned merges the matrices into the weights,
    after which the encoder has its own modules again. Raises CheckpointError for names that no linear layer has.
    """
    from peft import LoraConfig, LoraModel

    config = LoraConfig(
        r=values["lora_rank"],
        lora_alpha=values["lora_alpha"],
        lora_dropout=values["lora_dropout"],
        target_modules=linear_layers(encoder, values["lora_modules"]),
    )
    merge: Callable[[], Any] = LoraModel(encoder, config, NAME).merge_and_unload
    return merge


def linear_layers(encoder: nn.Module, wanted: str) -> list[str]:
    """The full names of the linear layers that `wanted` means: all, or those that end in one of its names."""
    layers = [name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise CheckpointError("adapter lora: the encoder has no linear layer (torch.nn.Linear) to put it beside.")
    if wanted == ALL:
        return layers
    ends = [f".{name.strip()}" for name in wanted.split(",")]
    if unknown := [end[1:] for end in ends if not any(f".{layer}".endswith(end) for layer in layers)]:
        known = ", ".join(dict.fromkeys(layer.rpartition(".")[2] for layer in layers))
        raise CheckpointError(f"lora_modules: the encoder has no linear layer {unknown[0]!r}. It has: {known}.")
    return [layer for layer in layers if f".{layer}".endswith(tuple(ends))]
