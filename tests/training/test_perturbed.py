"""Robust training: where the embeddings are moved to, that nothing else changes, and what decides the draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from xtreme_harness.models.forward import model_inputs
from xtreme_harness.training import loop
from xtreme_harness.training.builtin import ADV, RS_RP
from xtreme_harness.training.methods import Batch, plain
from xtreme_harness.training.parts import Walk
from xtreme_harness.training.perturbed import (
    LAWS,
    adding,
    make_adversarial,
    make_random,
    mean_norm,
    random_point,
)
from xtreme_harness.training.samplers import Sampler

Weights = dict[str, torch.Tensor]
ROWS = [0, 7, 11, 3]


def adv(**changes: Any) -> Callable[..., Any]:
    return partial(make_adversarial, **{**ADV.parameters, **changes})


def rs_rp(**changes: Any) -> Callable[..., Any]:
    return partial(make_random, **{**RS_RP.parameters, **changes})


def difference(first: Weights, second: Weights) -> float:
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def batch_of(lab: Any, network: Any, rows: list[int] = ROWS) -> Batch:
    plan = lab.plan()
    walk = Walk(plan.parts[0], network, lab.data, plan.seed)
    inputs = {name: torch.from_numpy(array) for name, array in model_inputs(lab.data, rows, plan.pad_id).items()}
    targets = torch.from_numpy(walk.part.kind.targets(lab.data.columns, rows, 0))
    words = torch.from_numpy(walk.words(rows, inputs["input_ids"].shape[1]))
    return Batch(inputs, lambda logits: walk.part.kind.loss(logits, targets), words, [(5, 2, row) for row in rows])


def moves(network: Any, step: Any, batch: Batch) -> torch.Tensor:
    """[rows, tokens, width]: by what the last forward pass of `step` moved the embeddings."""
    seen: list[torch.Tensor] = []
    summed = network.encoder.embeddings.LayerNorm
    hook = summed.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach().clone()))
    plain(network, batch)
    step(network, batch)
    hook.remove()
    return seen[-1] - seen[0]


def test_words_are_neither_special_nor_padding(lab: Any) -> None:
    """The unknown token stands for a word."""
    from xtreme_harness.models.load import load_tokenizer

    tokenizer, batch = load_tokenizer(lab.checkpoint), batch_of(lab, lab.network())
    for ids, words in zip(batch.inputs["input_ids"].tolist(), batch.words.tolist(), strict=True):
        names = tokenizer.convert_ids_to_tokens(ids)
        assert [name not in ("[CLS]", "[SEP]", "[PAD]", "<s>", "</s>", "<pad>") for name in names] == words
    assert tokenizer.unk_token_id not in lab.plan().parts[0].special_ids
    assert not batch.words.all(dim=1).any() and batch.words.any(dim=1).all()


@pytest.mark.slow
@pytest.mark.parametrize("method", [adv(eps=0), adv(eps=0, start="random"), adv(steps=0), rs_rp(eps=0)])
def test_without_radius_the_weights_are_those_of_plain(lab: Any, method: Any) -> None:
    """Bit by bit, with dropout: what a method draws or tries out leaves dropout's random numbers alone."""
    chosen = lab.but(dropout=0.2, epochs=1)
    assert difference(chosen.train("plain")[0], chosen.train("robust", make_step=method)[0]) == 0.0


@pytest.mark.slow
def test_bfloat16_is_plain_too_without_radius_and_moves_with_one(xlmr_lab: Any) -> None:
    plain_weights, _ = xlmr_lab.train("plain", dtype="bfloat16")
    assert difference(plain_weights, xlmr_lab.train("none", dtype="bfloat16", make_step=adv(eps=0))[0]) == 0.0
    assert difference(plain_weights, xlmr_lab.train("adv", dtype="bfloat16", make_step=adv())[0]) > 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("method", [adv(eps=0), rs_rp(eps=0)])
def test_so_are_those_of_a_mix(mix: Any, method: Any) -> None:
    chosen = mix.but(dropout=0.2)
    fields = {"sampler": Sampler(kind="uniform")}
    expected, _ = chosen.train("plain", **fields)
    assert difference(expected, chosen.train("robust", make_step=method, **fields)[0]) == 0.0
    assert difference(expected, chosen.train("moved", make_step=adv(eps=0.5), **fields)[0]) > 1e-5


@pytest.mark.parametrize("start", ["zero", "random"])
@pytest.mark.parametrize("eps", [0.05, 0.5])
def test_adv_ends_in_the_ball_with_a_higher_loss(lab: Any, eps: float, start: str) -> None:
    network = lab.network().eval()
    batch = batch_of(lab, network)
    step = adv(eps=eps, start=start)(network.encoder)
    radius = eps * mean_norm(network.encoder.get_input_embeddings())
    lengths = moves(network, step, batch).norm(dim=-1)
    assert (lengths[~batch.words] == 0).all()
    assert (lengths[batch.words] <= radius + 1e-6).all() and (lengths[batch.words] > 0.5 * radius).all()
    drawn = rs_rp(eps=eps)(network.encoder)
    assert step(network, batch) > drawn(network, batch) and step(network, batch) > plain(network, batch)


def test_adv_goes_where_finite_differences_say(xlmr_lab: Any) -> None:
    """One step from zero: each word by the whole radius, in the direction in which the loss rises fastest."""
    network = xlmr_lab.network().eval().double()
    gold = torch.tensor([1])  # and a loss in float64, as small differences need it
    batch = replace(
        batch_of(xlmr_lab, network, [0]), loss=lambda logits: torch.nn.functional.cross_entropy(logits, gold)
    )
    step = adv(steps=1, step_size=1.0)(network.encoder)
    radius = ADV.parameters["eps"] * mean_norm(network.encoder.get_input_embeddings())
    went = moves(network, step, batch)
    size, width = 1e-4, went.shape[-1]
    for token in batch.words[0].nonzero().flatten().tolist()[:3]:
        slope = torch.zeros(width, dtype=torch.float64)
        for place in range(width):
            nudge = torch.zeros_like(went)
            for sign in (1.0, -1.0):
                nudge[0, token, place] = sign * size
                with adding(network.encoder, nudge), torch.no_grad():
                    slope[place] += sign * plain(network, batch) / (2 * size)
        assert torch.allclose(went[0, token], radius * slope / slope.norm(), atol=1e-4 * radius)


def test_steps_leave_no_gradient_and_no_hook_behind(lab: Any) -> None:
    network = lab.network().train()
    batch = batch_of(lab, network)
    loss = adv()(network.encoder)(network, batch)
    assert all(parameter.grad is None for parameter in network.parameters())
    loss.backward()
    assert network.encoder.get_input_embeddings().weight.grad.abs().sum() > 0
    network.eval()
    assert plain(network, batch) == plain(lab.network().eval(), batch)


@pytest.mark.parametrize("law", LAWS)
def test_laws_have_the_size_they_say(law: str) -> None:
    points = LAWS[law](np.random.default_rng(1), 20_000, 8)
    lengths = np.linalg.norm(points, axis=1)
    assert np.abs(points.mean(axis=0)).max() < 0.02
    if law == "ball":  # the share within half the radius is that of the volumes
        assert lengths.max() <= 1 and np.mean(lengths < 0.9) == pytest.approx(0.9**8, abs=0.01)
    if law == "cube":
        assert np.abs(points).max() <= 8**-0.5 and lengths.max() <= 1
        assert np.mean(np.abs(points) < 0.5 * 8**-0.5) == pytest.approx(0.5, abs=0.01)
    if law == "gaussian":
        assert np.mean(lengths**2) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("law", RS_RP.choices["law"])
def test_a_rows_draw_is_its_own(lab: Any, law: str) -> None:
    """Whatever rows it meets and however wide they are; another update draws anew."""
    encoder = lab.network().encoder
    together, alone = batch_of(lab, None, ROWS), batch_of(lab, None, ROWS[:1])
    first, width = random_point(encoder, together, 0.3, law), alone.words.shape[1]
    assert torch.equal(first[:1, :width], random_point(encoder, alone, 0.3, law))
    assert (first[~together.words] == 0).all() and (first[together.words].norm(dim=-1) > 0).all()
    later = replace(alone, draws=[(5, 3, ROWS[0])])
    assert not torch.equal(first[:1, :width], random_point(encoder, later, 0.3, law))


@pytest.mark.slow
@pytest.mark.parametrize("method", [adv(start="random"), rs_rp(eps=0.5)])
def test_token_budgets_give_the_same_weights_within_rounding(xlmr_lab: Any, method: Any) -> None:
    whole, _ = xlmr_lab.train("whole", budget=10_000, make_step=method)
    cut, _ = xlmr_lab.train("cut", budget=1, make_step=method)
    for weights in (whole, cut):  # a key's bias has no gradient but rounding
        for name in [name for name in weights if name.endswith("attention.self.key.bias")]:
            del weights[name]
    assert difference(whole, cut) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("method", [adv(), rs_rp(eps=0.5)])
def test_the_compact_embedding_is_moved_like_the_full_table(
    lab: Any, method: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The radius is that of the whole table, and ids are known as special by their own numbers."""
    compact, _ = lab.train("compact", make_step=method)
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    full, _ = lab.train("full", make_step=method)
    assert difference(compact, full) < 1e-5


class Stopped(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("method", [adv(start="random"), rs_rp(eps=0.5)])
def test_an_interrupted_training_ends_with_the_same_weights(xlmr_lab: Any, method: Any) -> None:
    def tick(share: float, note: str) -> None:
        if note.startswith("update 4/"):
            raise Stopped

    chosen = xlmr_lab.but(dropout=0.2)
    expected, _ = chosen.train("uninterrupted", make_step=method)
    with pytest.raises(Stopped):
        chosen.train("interrupted", checkpoint_seconds=0.0, tick=tick, make_step=method)
    assert difference(expected, chosen.train("interrupted", make_step=method)[0]) == 0.0
