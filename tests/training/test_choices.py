"""Training on choices, which a loss compares: the same weights however an update is cut, interrupted or compacted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.job import Settings
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.testing import write_remedies
from xtreme_harness.training import loop
from xtreme_harness.training.updates import micro_batches
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

SETTINGS = (
    ("remedies", "epochs", 2),
    ("remedies", "batch_size", 5),
    ("remedies", "learning_rate", 1e-3),
    ("remedies", "selection", "last"),
)
# Only differences between a question's scores count, so what adds the same to all of them (the head's bias, the bias of
# the last hidden state) has no gradient but rounding noise; a large epsilon keeps Adam from making steps of it.
PLAIN = (*SETTINGS, ("remedies", "dropout", 0.0), ("remedies", "adam_epsilon", 1e-4))
BUDGETS = (1, 250, 400, 10_000)
Weights = dict[str, torch.Tensor]
Train = Callable[..., Weights]


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def remedies(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return load_registry([str(write_remedies(tmp_path_factory.mktemp("remedies")))])


@pytest.fixture
def train(tmp_path: Path, plan_of: Callable[..., Plan], remedies: Registry) -> Train:
    """`train(checkpoint, settings, "place", ...)`: the weights of the `train` unit, made in a store of that name."""

    def make(checkpoint: Path, settings: Any, place: str, tick: Any = None, **fields: Any) -> Weights:
        store = Store(tmp_path / place)
        store.make()
        (unit,) = (
            one
            for one in plan_of(checkpoint, "remedies", registry=remedies, settings=settings).units()
            if one.type == "train"
        )
        chosen = Settings(**{"device": "cpu", "threads": 1, **fields})
        for one in (*unit.inputs.values(), unit):
            perform(one, store, remedies, chosen, *([tick] if tick and one is unit else []))
        return weights_of(unit, store)

    return make


def weights_of(unit: Unit, store: Store) -> Weights:
    found = store.find(unit.key)
    assert found is not None
    encoder, head = load_file(found.file("encoder/model.safetensors")), load_file(found.file("head.safetensors"))
    assert head["out.weight"].shape[0] == 1
    return {**encoder, **{f"head.{name}": value for name, value in head.items()}}


def difference(first: Weights, second: Weights) -> float:
    """The largest difference of any weight."""
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["tiny_xlmr", "tiny_bert"])
def test_token_budgets_give_the_same_weights_within_rounding(
    family: str, request: pytest.FixtureRequest, train: Train
) -> None:
    checkpoint = request.getfixturevalue(family)
    whole = train(checkpoint, PLAIN, "whole", token_budget=BUDGETS[-1])
    for budget in BUDGETS[:-1]:
        assert difference(whole, train(checkpoint, PLAIN, f"cut-{budget}", token_budget=budget)) < 1e-5
    other = train(checkpoint, (*PLAIN, ("remedies", "learning_rate", 0.0)), "unmoved")
    assert difference(whole, other) > 1e-3


def test_the_budgets_of_that_test_cut_updates_between_questions(tiny_xlmr: Path, tmp_path: Path, train: Train) -> None:
    train(tiny_xlmr, SETTINGS, "store")
    (texts,) = (path.parent for path in (tmp_path / "store").rglob("together.values.npy") if is_train(path.parent))
    encoded = load_encoded(texts)
    lengths, bounds = encoded.lengths.tolist(), encoded.bounds.tolist()
    counts = [len(micro_batches(range(5), bounds, lengths, budget)) for budget in BUDGETS]
    assert counts[0] == 5 > counts[1] > counts[2] > counts[3] == 1


def is_train(folder: Path) -> bool:
    return len(list(read_jsonl(folder / "items.jsonl"))) == 24


def test_the_compact_embedding_trains_like_the_full_table(
    tiny_xlmr: Path, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    compact = train(tiny_xlmr, PLAIN, "compact")
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    assert difference(compact, train(tiny_xlmr, PLAIN, "full")) < 2e-6


@pytest.mark.parametrize("stops", [1, 4, 7])
def test_an_interrupted_training_ends_with_the_same_weights(stops: int, tiny_xlmr: Path, train: Train) -> None:
    """Bit by bit, with dropout."""
    settings = (*SETTINGS, ("remedies", "dropout", 0.2))
    expected = train(tiny_xlmr, settings, "uninterrupted")
    calls: Iterator[int] = iter(range(1, 100))

    def stopping(share: float, note: str) -> None:
        if next(calls) == stops:
            raise Stopped

    with pytest.raises(Stopped):
        train(tiny_xlmr, settings, "interrupted", stopping, checkpoint_seconds=0.0)
    resumed = train(tiny_xlmr, settings, "interrupted")
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)
