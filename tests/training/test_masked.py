"""Masked language modelling in the training loop: alone, mixed with a task, cut by a budget, interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Lab, encoded
from tests.training.test_mix import Stopped, difference, stopping_after
from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded
from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.kinds.mask.encode import encode_texts
from xtreme_harness.kinds.mask.kind import Mask
from xtreme_harness.models.forward import outputs_in_order
from xtreme_harness.models.heads import EncoderWithHead, EncoderWithHeads
from xtreme_harness.training import loop
from xtreme_harness.training.perturbed import make_adversarial
from xtreme_harness.training.samplers import Sampler

UNIFORM = Sampler(kind="uniform")
TEXTS = testing.SENTENCES[:20]


@dataclass
class Continued(Lab):
    """`topics` (updates of 5) mixed with text whose masked pieces are found (20 sentences, updates of 8)."""

    texts: Any = None  # (train, dev), encoded

    def network(self) -> Any:
        encoder = self.encoder()
        return EncoderWithHeads(encoder, [self.head(encoder), Mask().make_head(encoder, {})])

    def text_part(self, **changes: Any) -> Any:
        fields = {"name": "texts", "train": self.texts[0], "dev": self.texts[1], "kind": Mask(), "batch_size": 8}
        return self.part(**{**fields, "epochs": 3, **changes})

    def plan(self, **changes: Any) -> Any:
        texts = self.text_part(evaluate=changes.pop("evaluate", None))
        return super().plan(**{"parts": (self.part(), texts), **changes})


@pytest.fixture
def continued(xlmr_lab: Lab, tmp_path: Path) -> Continued:
    path = tmp_path / "texts.jsonl"
    write_jsonl(path, ({"id": f"{n}", "text": one} for n, one in enumerate(TEXTS)))
    texts = tuple(
        encoded(path, xlmr_lab.checkpoint, tmp_path / f"texts-{split}", encode_texts, {"split": split})
        for split in ("train", "dev")
    )
    return Continued(**vars(xlmr_lab), texts=texts)


def accuracy_of(lab: Continued, seen: list[Any]) -> Callable[..., dict[str, float]]:
    def evaluate(network: Any, remap: Callable[[Encoded], Encoded]) -> dict[str, float]:
        dev = lab.texts[1]
        how = {"pad_id": 1, "device": "cpu", "dtype": "float32", "budget": 512}
        rows = Mask().decode(outputs_in_order(network, remap(dev), **how), dev, {})
        seen.append((rows, network.encoder.get_input_embeddings().rows.tolist()))
        said, right = ([id for row in rows for id in row[name]] for name in ("prediction", "masked"))
        return {"accuracy": sum(map(int.__eq__, said, right)) / len(said)}

    return evaluate


@pytest.mark.parametrize("stops", [[7], pytest.param([3, 1, 12], marks=pytest.mark.slow)])
def test_an_interrupted_mix_ends_with_the_same_weights(continued: Continued, stops: list[int]) -> None:
    """Bit by bit: with the masks that each epoch of the text would have had."""
    chosen = continued.but(dropout=0.2, weight_decay=0.1, selection="english-dev", evaluate_every=4)
    fields = {"sampler": UNIFORM, "evaluate": accuracy_of(continued, [])}
    expected, told = chosen.train("uninterrupted", **fields)
    for updates in stops:
        with pytest.raises(Stopped):
            chosen.train("interrupted", checkpoint_seconds=0.0, tick=stopping_after(updates), **fields)
    resumed, told_again = chosen.train("interrupted", **fields)
    assert difference(expected, resumed) == 0.0
    assert told_again == told and told["drawn"]["texts"] > 3  # more than an epoch of the text


def test_a_mix_of_one_is_the_training_of_one(continued: Continued) -> None:
    chosen = continued.but(dropout=0.2, weight_decay=0.1)
    weights = []
    for name, wrapped in (("alone", False), ("mix", True)):
        encoder = chosen.encoder()
        head = Mask().make_head(encoder, {})
        network: Any = EncoderWithHeads(encoder, [head]) if wrapped else EncoderWithHead(encoder, head)
        loop.fit(network, chosen.plan(parts=(chosen.text_part(),)), chosen.folder / name)
        weights.append({key.replace("head.0.", "head."): value for key, value in network.state_dict().items()})
    assert difference(*weights) == 0.0


def test_token_budgets_give_the_same_weights_within_rounding(continued: Continued) -> None:
    """The mean loss of an update is one over its masked pieces, in whatever micro-batches they are."""
    tight = continued.but(clip=0.01)
    whole, _ = tight.train("whole", sampler=UNIFORM, budget=10_000)
    cut, _ = tight.train("cut", sampler=UNIFORM, budget=1)
    for weights in (whole, cut):  # a key's bias has no gradient but rounding
        for name in [name for name in weights if name.endswith("attention.self.key.bias")]:
            del weights[name]
    assert difference(whole, cut) < 1e-6


def test_masks_are_other_ones_in_every_epoch(continued: Continued, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, list[int]]] = []
    in_epoch = Mask.in_epoch

    def noted(self: Mask, encoded: Encoded, seed: int, epoch: int) -> Encoded:
        found = in_epoch(self, encoded, seed, epoch)
        seen.append((epoch, found.columns["places"].values.tolist()))
        return found

    monkeypatch.setattr(Mask, "in_epoch", noted)
    encoder = continued.encoder()
    network = EncoderWithHead(encoder, Mask().make_head(encoder, {}))
    loop.fit(network, continued.plan(parts=(continued.text_part(),)), continued.folder / "partial")
    assert [epoch for epoch, _ in seen] == [0, 1, 2]
    assert len({str(places) for _, places in seen}) == 3


def test_the_softmax_is_over_the_pieces_of_the_training_s_data(continued: Continued) -> None:
    """Told in ids of the whole vocabulary; rows of other pieces stay as they were, bias and all."""
    seen: list[Any] = []
    weights, _ = continued.train(sampler=UNIFORM, evaluate=accuracy_of(continued, seen))
    rows, held = seen[-1]
    masks = {id for one in continued.texts for id in one.columns["input_ids"].values.tolist()}
    assert masks <= set(held) and len(held) < len(weights["encoder.embeddings.word_embeddings.weight"])
    assert {id for row in rows for id in row["prediction"]} <= set(held)
    start = continued.network().state_dict()
    other = torch.tensor(sorted(set(range(len(weights["head.1.bias"]))) - set(held)))
    for name in ("encoder.embeddings.word_embeddings.weight", "head.1.bias"):
        assert torch.equal(weights[name][other], start[name][other])
        assert not torch.equal(weights[name][held], start[name][held])


@pytest.mark.slow
def test_perturbed_words_without_radius_change_nothing(continued: Continued) -> None:
    chosen = continued.but(dropout=0.2)
    expected, _ = chosen.train("plain", sampler=UNIFORM)
    for name, eps in (("none", 0.0), ("far", 0.5)):
        method = partial(make_adversarial, eps=eps, steps=2, step_size=1.5, start="zero")
        weights, _ = chosen.train(name, sampler=UNIFORM, make_step=method)
        assert (difference(expected, weights) == 0.0) is (eps == 0.0)
