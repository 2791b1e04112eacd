"""Heads on the last hidden state, and the encoder with one; saved and loaded beside the encoder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


def pool(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """[batch, tokens, width] to [batch, width]: the first token, or the mean over all tokens that are not padding.

    The mean counts special tokens, as XTREME's retrieval does (docs/traps.md, 29); it is taken in float32.
    """
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(torch.float32)
    return (hidden.to(torch.float32) * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


class SentenceHead(nn.Module):
    """Dropout, then one linear layer from the pooled vector to `outputs` logits."""

    def __init__(self, width: int, outputs: int, pooling: str, dropout: float) -> None:
        super().__init__()
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self.out(self.dropout(pool(hidden, mask, self.pooling)))
        return logits


class TagHead(nn.Module):
    """Dropout, then one linear layer on every token: [batch, tokens, outputs] logits."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self.out(self.dropout(hidden))
        return logits


class SpanHead(nn.Module):
    """One linear layer to two logits a token, start and end: [batch, tokens, 2]. No dropout, as in BERT's own.

    Padding can be neither: XTREME pads every window to 384 and lets the softmax see the padding; here the width of a
    micro-batch varies, and an update must not depend on it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, 2)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = self.out(hidden).float()
        return logits.masked_fill(mask.unsqueeze(-1) == 0, torch.finfo(torch.float32).min)


class VectorHead(nn.Module):
    """The pooled vector at a length of 1 / sqrt(temperature): products are cosines divided by the temperature.

    Has no weights. [batch, width], float32.
    """

    def __init__(self, pooling: str, temperature: float) -> None:
        super().__init__()
        self.pooling = pooling
        self.temperature = temperature

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        pooled = pool(hidden, mask, self.pooling).float()
        return nn.functional.normalize(pooled, dim=-1) / math.sqrt(self.temperature)


class EncoderWithHead(nn.Module):
    """Logits of one head on the encoder's last hidden state."""

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, **batch: Tensor) -> Any:
        """What the head makes of the last hidden state: logits, but for heads that say otherwise."""
        return self.head(self.encoder(**batch).last_hidden_state, batch["attention_mask"])

    @property
    def networks(self) -> list[EncoderWithHead]:
        """One network a head."""
        return [self]


class EncoderWithHeads(nn.Module):
    """One encoder with several heads, which `networks` puts on it one at a time."""

    def __init__(self, encoder: nn.Module, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.ModuleList(heads)

    @property
    def networks(self) -> list[EncoderWithHead]:
        """One network a head; all share the encoder."""
        return [EncoderWithHead(self.encoder, head) for head in self.head]


def summed_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy of [rows, labels] logits, summed over the rows, in float32; targets of -100 are left out."""
    return nn.functional.cross_entropy(logits.float(), targets, reduction="sum")


def summed_choice_loss(scores: Tensor, places: Tensor) -> Tensor:
    """Cross entropy over each question's choices, summed over the questions, in float32.

    `scores` [windows, 1]; `places` [questions, most choices] holds windows, the right one first, negative where a
    question has no more choices.
    """
    chosen = scores.float().flatten()[places.clamp(min=0)].masked_fill(places < 0, float("-inf"))
    return (chosen.logsumexp(dim=1) - chosen[:, 0]).sum()


def summed_contrast_loss(vectors: Tensor, compared: Tensor) -> Tensor:
    """Cross entropy of each query's own text against others, by product, summed over the queries, in float32.

    `vectors` [2 x pairs, width], a query and its text by turns; `compared` [pairs, pairs] is 0 where a text is left
    out.
    """
    with torch.autocast(vectors.device.type, enabled=False):
        products = vectors[0::2].float() @ vectors[1::2].float().T
    return summed_cross_entropy(
        products.masked_fill(compared == 0, float("-inf")), torch.arange(len(products), device=products.device)
    )


def head_dropout(encoder: nn.Module, dropout: float | None) -> float:
    """The recipe's dropout, else the one the checkpoint's config names for hidden states, else 0.1."""
    if dropout is not None:
        return dropout
    config: Any = encoder.config
    named = getattr(config, "hidden_dropout_prob", None)
    return float(named if named is not None else getattr(config, "dropout_rate", 0.1))


def head_tensors(heads: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """The tensors of the heads of some tasks: of one by name, of several by task and name."""
    return {
        _named(heads, task, name): value for task, head in heads.items() for name, value in head.state_dict().items()
    }


def drawn_tensors(heads: Mapping[str, nn.Module]) -> list[str]:
    """The names of those that were drawn, as all are but those of a head that a checkpoint held."""
    drawn = {task: head for task, head in heads.items() if not getattr(head, "taken", ())}
    return [_named(heads, task, name) for task, head in drawn.items() for name in head.state_dict()]


def _named(heads: Mapping[str, nn.Module], task: str, name: str) -> str:
    return f"{task}.{name}" if len(heads) > 1 else name


def save_heads(heads: Mapping[str, nn.Module], path: Path) -> None:
    from safetensors.torch import save_file

    save_file({name: value.contiguous() for name, value in head_tensors(heads).items()}, str(path))


def load_head(head: nn.Module, path: Path) -> None:
    """Fills `head`; every tensor must be there with its shape (strict)."""
    from safetensors.torch import load_file

    head.load_state_dict(load_file(str(path)), strict=True)
