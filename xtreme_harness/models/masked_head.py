"""The head of masked language models: which piece stood where the mask is. Tied to the encoder's word embedding.

It chooses among the rows that the table has: the whole vocabulary, or in training, where the table is compact, the
pieces that the training's data holds (training/compact.py). A softmax over fewer pieces is an easier task with another
loss; the encoder's hidden states and the table, which are what is handed on, are trained in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from xtreme_harness.models.load import hidden_size, quiet

if TYPE_CHECKING:
    from torch import Tensor

AT_ONCE = 512  # tokens whose scores of all pieces are held at once
# of a checkpoint's own head: its layer, its norm, its bias. What a family lacks (ModernBERT's two biases) is zero.
LAYOUTS = (
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),  # BERT
    ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),  # RoBERTa, XLM-R
    ("vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),  # DistilBERT
    ("head.dense", "head.norm", "decoder.bias"),  # ModernBERT
)
ACTIVATIONS = ("hidden_act", "classifier_activation", "activation")  # what the configs call it
EPSILONS = ("layer_norm_eps", "norm_eps")


class Scored(NamedTuple):
    """Vectors [.., width] whose products with `table` [pieces, width], plus `bias` [pieces], are logits.

    The logits themselves are too large to be made for every token.
    """

    vectors: Tensor
    table: Tensor
    bias: Tensor

    def logits(self, chosen: Tensor | slice) -> Tensor:
        """[chosen, pieces] float32 of the vectors at an index; bfloat16 would make ties of what is near."""
        vectors = self.vectors[chosen].float()
        with torch.autocast(vectors.device.type, enabled=False):
            return vectors @ self.table.float().T + self.bias.float()


class MaskedHead(nn.Module):
    """BERT's: a layer, GELU and a norm, then products with the word embedding, and a bias for each piece.

    In training it gives `Scored`, from which the loss takes what was masked; else [batch, tokens, 1] the id of the
    piece that is best at each token. `taken` names the tensors of a checkpoint that it began with.
    """

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        pieces, width = encoder.get_input_embeddings().weight.shape
        self.dense = nn.Linear(hidden_size(encoder), width)
        self.norm = nn.LayerNorm(width, eps=_first(encoder.config, EPSILONS, 1e-12))
        self.bias = nn.Parameter(torch.zeros(pieces))
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)
        self.table = encoder.get_input_embeddings  # asked for each time: it is another one while it is compact
        self.taken: tuple[str, ...] = ()

    def forward(self, hidden: Tensor, mask: Tensor) -> Scored | Tensor:
        scored = self.scored(hidden)
        return scored if self.training else self._best(scored)

    def scored(self, hidden: Tensor) -> Scored:
        rows = getattr(self.table(), "rows", None)
        vectors = self.norm(nn.functional.gelu(self.dense(hidden)))
        return Scored(vectors, self.table().weight, self.bias if rows is None else self.bias[rows])

    def _best(self, scored: Scored) -> Tensor:
        flat = scored._replace(vectors=scored.vectors.flatten(0, 1))
        parts = [flat.logits(part).argmax(dim=-1) for part in _slices(len(flat.vectors))]
        best, rows = torch.cat(parts), getattr(self.table(), "rows", None)
        return (best if rows is None else rows[best]).view(*scored.vectors.shape[:2], 1)

    def begin_with(self, folder: Path, pickle: bool = False) -> None:
        """Takes over the head that the checkpoint in `folder` has, where it is of a layout that is known here."""
        found = pretrained(folder, pickle)
        if found is not None:
            state, self.taken = found
            own = {name: state.get(name, torch.zeros_like(value)) for name, value in self.state_dict().items()}
            self.load_state_dict(own)


def pretrained(folder: Path, pickle: bool = False) -> tuple[dict[str, Tensor], tuple[str, ...]] | None:
    """A checkpoint's own head by the names of MaskedHead, and the names that its tensors have in the file.

    None where it has none, or one that is not tied to the word embedding or of another make.
    """
    model, drawn = _language_model(folder, pickle)
    if model is None or not model.config.tie_word_embeddings or _first(model.config, ACTIVATIONS, "gelu") != "gelu":
        return None
    tensors = model.state_dict()
    for dense, norm, bias in LAYOUTS:
        names = {"dense.weight": f"{dense}.weight", "norm.weight": f"{norm}.weight", "bias": bias}
        names |= {f"{own}.bias": f"{name}.bias" for own, name in (("dense", dense), ("norm", norm))}
        held = {own: name for own, name in names.items() if name in tensors}
        if {"dense.weight", "norm.weight", "bias"} <= set(held):
            found = {own: tensors[name].clone() for own, name in held.items()}
            return None if drawn & set(held.values()) else (found, tuple(held.values()))
    return None


def _language_model(folder: Path, pickle: bool) -> tuple[Any, set[str]]:
    """The whole model and the names of its tensors that the files lack; None where its family has no such class."""
    from transformers import AutoModelForMaskedLM

    quiet()
    how: dict[str, Any] = {"local_files_only": True, "output_loading_info": True, "ignore_mismatched_sizes": True}
    how |= {"dtype": torch.float32, "use_safetensors": None if pickle else True}
    try:
        with torch.random.fork_rng(devices=[]):  # what is missing is drawn
            model, loading = AutoModelForMaskedLM.from_pretrained(str(folder), **how)
    except (ValueError, OSError):  # or its code is the checkpoint's own
        return None, set()
    return model, {*loading["missing_keys"], *(name for name, *_ in loading["mismatched_keys"])}


def summed_masked_loss(scored: Scored, targets: Tensor) -> Tensor:
    """Cross entropy over the table's pieces, summed over the masked tokens, in float32.

    `targets` [masked, 2]: the token's place among all of the batch, and the row in the table of what stood there.
    """
    flat = scored._replace(vectors=scored.vectors.flatten(0, 1))
    return nn.functional.cross_entropy(flat.logits(targets[:, 0]), targets[:, 1], reduction="sum")


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE))


def _first(config: Any, names: tuple[str, ...], default: Any) -> Any:
    return next((getattr(config, name) for name in names if getattr(config, name, None) is not None), default)
