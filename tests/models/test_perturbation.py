"""Every architecture's word embeddings can be moved, wherever it keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from xtreme_harness.models.load import load_encoder, load_tokenizer
from xtreme_harness.training.perturbed import adding, mean_norm

FAMILIES = ("mbert", "xlm-r", "mdeberta", "rembert", "mt5", "mmbert")


@pytest.mark.parametrize("name", FAMILIES)
def test_moving_one_word_moves_the_output(name: str, family: Callable[..., Path]) -> None:
    folder = family(name)
    encoder = load_encoder(folder, attention="eager", dropout=0.0).eval()
    inputs = load_tokenizer(folder)(["the match was played"], return_tensors="pt")
    table = encoder.get_input_embeddings()
    assert mean_norm(table) == pytest.approx(float(table.weight.detach().norm(dim=1).mean()), rel=1e-5)
    moved = torch.zeros(*inputs["input_ids"].shape, table.weight.shape[1], requires_grad=True)
    with adding(encoder, moved):
        hidden = encoder(**inputs).last_hidden_state
    assert torch.equal(hidden, encoder(**inputs).last_hidden_state)
    (gradient,) = torch.autograd.grad(hidden.square().mean() + hidden[..., 0].mean(), moved)
    assert (gradient.norm(dim=-1) > 0).all()
    far = torch.zeros_like(moved)
    far[0, 1] = 1.0 + torch.arange(far.shape[-1]) % 2
    with adding(encoder, far):
        assert not torch.allclose(hidden, encoder(**inputs).last_hidden_state, atol=1e-4)
