"""The `train` unit as a whole: what it leaves in the store, resuming through the store, several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from xtreme_harness.errors import DefinitionError
from xtreme_harness.job import Settings
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.testing import write_names, write_topics
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

SETTINGS = (
    ("topics", "epochs", 2),
    ("topics", "batch_size", 4),
    ("topics", "learning_rate", 1e-3),
    ("topics", "weight_decay", 0.1),
    ("topics", "adam_epsilon", 1e-6),
    ("topics", "selection", "english-dev"),
    ("topics", "evaluate_every", 3),
)
PlanOf = Callable[..., Plan]


def training_units(plan: Plan) -> tuple[list[Unit], Unit]:
    """(what must be done before, the `train` unit)."""
    (trained,) = [unit for unit in plan.units() if unit.type == "train"]
    return list(trained.inputs.values()), trained


def train(plan: Plan, store: Store, registry: Registry, tick: Any = None, **settings: Any) -> Finished:
    before, trained = training_units(plan)
    chosen = Settings(**{"device": "cpu", "threads": 1, **settings})
    for unit in before:
        perform(unit, store, registry, chosen)
    perform(trained, store, registry, chosen, *([tick] if tick else []))
    found = store.find(trained.key)
    assert found is not None
    return found


def weights(found: Finished) -> dict[str, torch.Tensor]:
    encoder = {f"encoder.{name}": value for name, value in load_file(found.file("encoder/model.safetensors")).items()}
    return {**encoder, **{f"head.{name}": value for name, value in load_file(found.file("head.safetensors")).items()}}


def difference(first: Finished, second: Finished) -> float:
    one, two = weights(first), weights(second)
    assert one.keys() == two.keys()
    return max(float((one[name] - two[name]).abs().max()) for name in one)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Store]:
    """As many empty stores as a test asks for, with `next`."""

    def made() -> Iterator[Store]:
        number = 0
        while True:
            number += 1
            one = Store(tmp_path / f"store-{number}")
            one.make()
            yield one

    return made()


def test_a_trained_unit_keeps_encoder_head_and_log(
    tiny_bert: Path, plan_of: PlanOf, store: Store, registry: Registry
) -> None:
    found = train(plan_of(tiny_bert, "topics", settings=SETTINGS), store, registry)
    assert sorted(found.about["files"]) == [
        "encoder/config.json",
        "encoder/model.safetensors",
        "head.safetensors",
        "log.jsonl",
        "loss.jsonl",
    ]
    result = found.result
    assert result["updates"] == 12 and result["selected_update"] in (3, 6, 9, 12)
    log = {row["update"]: row["dev"] for _, row in read_jsonl(found.file("log.jsonl"))}
    assert list(log) == [3, 6, 9, 12] and result["dev"] == log[result["selected_update"]]
    assert max(one["accuracy"] for one in log.values()) == result["dev"]["accuracy"]
    assert result["pad_id"] == 0 and result["tokens"] > 0
    assert weights(found)["head.out.weight"].shape == (3, 32)
    assert not store.partial(training_units(plan_of(tiny_bert, "topics", settings=SETTINGS))[1].key).exists()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["adv", "rs_rp"])
def test_a_method_trains_with_its_parameters(
    method: str, tiny_t5: Path, plan_of: PlanOf, store: Store, registry: Registry
) -> None:
    """T5: its word embedding is in two modules, its texts end with a special token."""
    fields: dict[str, Any] = {"settings": SETTINGS, "methods": (method,)}
    usual = train(plan_of(tiny_t5, "topics", **fields), store, registry)
    wide = train(
        plan_of(tiny_t5, "topics", **{**fields, "settings": (*SETTINGS, (method, "eps", 3.0))}), store, registry
    )
    assert difference(usual, wide) > 1e-6
    none = train(
        plan_of(tiny_t5, "topics", **{**fields, "settings": (*SETTINGS, (method, "eps", 0.0))}), store, registry
    )
    plain = train(plan_of(tiny_t5, "topics", settings=SETTINGS), store, registry)
    assert difference(plain, none) == 0.0


def test_a_step_whose_code_is_not_in_the_key_is_refused(
    tiny_bert: Path, plan_of: PlanOf, store: Store, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = registry.method("adv")
    plan = plan_of(tiny_bert, "topics", settings=SETTINGS, methods=("adv",))
    monkeypatch.setattr(registry, "method", lambda name: replace(named, modules=()))
    with pytest.raises(DefinitionError, match=r"Method 'adv': modules must name xtreme_harness\.training\.perturbed"):
        train(plan, store, registry)


def test_the_encoder_of_an_encoder_decoder_is_trained(
    tiny_t5: Path, plan_of: PlanOf, store: Store, registry: Registry
) -> None:
    """T5 has its word embedding under two names, and its saved encoder no longer says that it had a decoder."""
    plan = plan_of(tiny_t5, "topics", settings=(*SETTINGS, ("topics", "learning_rate", 1e-2), ("topics", "epochs", 5)))
    found = train(plan, store, registry)
    log = [row["dev"]["accuracy"] for _, row in read_jsonl(found.file("log.jsonl"))]
    assert found.result["dev"]["accuracy"] == max(log) > 50.0
    for unit in plan.units():
        perform(unit, store, registry, Settings(device="cpu", threads=1))


def test_the_seed_decides_the_head_and_the_weights(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry, stores: Iterator[Store]
) -> None:
    first = train(plan_of(tiny_xlmr, "topics", settings=SETTINGS, seeds=(1,)), store, registry)
    again = train(plan_of(tiny_xlmr, "topics", settings=SETTINGS, seeds=(1,)), next(stores), registry)
    other = train(plan_of(tiny_xlmr, "topics", settings=SETTINGS, seeds=(2,)), store, registry)
    assert difference(first, again) == 0.0
    assert difference(first, other) > 1e-2


class Stopped(Exception):
    pass


def test_a_stopped_training_is_taken_up_through_the_store(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry, stores: Iterator[Store]
) -> None:
    plan = plan_of(tiny_xlmr, "topics", settings=SETTINGS)
    expected = train(plan, next(stores), registry)
    notes: list[str] = []

    def stopping(share: float, note: str) -> None:
        notes.append(note)
        if len(notes) == 5:
            raise Stopped

    with pytest.raises(Stopped):
        train(plan, store, registry, stopping, checkpoint_seconds=0.0)
    assert any(store.partial(training_units(plan)[1].key).iterdir())
    resumed = train(plan, store, registry, lambda share, note: notes.append(note))
    assert difference(expected, resumed) == 0.0
    assert notes == [f"update {number}/12" for number in range(1, 13)]
    assert resumed.result["dev"] == expected.result["dev"]
    assert resumed.about["files"]["encoder/model.safetensors"] == expected.about["files"]["encoder/model.safetensors"]


@pytest.mark.slow
def test_two_processes_give_the_weights_of_one(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry, stores: Iterator[Store]
) -> None:
    """Over gloo on the CPU; without dropout, whose masks differ."""
    plan = plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, ("topics", "dropout", 0.0)))
    one = train(plan, store, registry, token_budget=40)
    two = train(plan, next(stores), registry, device="cpu,cpu", token_budget=40)
    assert difference(one, two) < 1e-5
    assert {name: one.result[name] for name in ("updates", "selected_update", "dev", "pad_id")} == {
        name: two.result[name] for name in ("updates", "selected_update", "dev", "pad_id")
    }
    start = train(plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, ("topics", "learning_rate", 0.0))), store, registry)
    assert difference(one, start) > 1e-3


@pytest.mark.slow
def test_two_processes_train_a_mix_as_one_does(
    tiny_xlmr: Path, topics: Path, plan_of: PlanOf, store: Store, stores: Iterator[Store], tmp_path: Path
) -> None:
    """Heads that an update does not draw stay as they are in every process."""
    registry = load_registry([str(topics), str(write_names(tmp_path / "names"))])
    settings = (*SETTINGS, ("topics", "dropout", 0.0), ("names", "epochs", 2), ("names", "batch_size", 8))
    plan = plan_of(tiny_xlmr, "topics", registry=registry, intermediates=("topics+names",), settings=settings)
    mix = next(unit for unit in plan.units() if unit.type == "train")
    found = []
    for place, device in ((store, "cpu"), (next(stores), "cpu,cpu")):
        for unit in [*mix.inputs.values(), mix]:
            perform(unit, place, registry, Settings(device=device, threads=1, token_budget=40))
        ended = place.find(mix.key)
        assert ended is not None
        found.append(ended)
    assert difference(*found) < 1e-5
    for name in ("updates", "selected_update", "drawn", "dev", "tokens", "handover"):
        assert found[0].result[name] == found[1].result[name]
    assert min(found[0].result["drawn"].values()) > 0


def test_selection_looks_at_the_whole_dev_part(
    tiny_bert: Path, plan_of: PlanOf, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not at its first 500 examples, which are the same class or source where a file is sorted (papers 2.5)."""
    from xtreme_harness.kinds.classify.kind import Classify

    registry = load_registry([str(write_topics(tmp_path / "large", test=520))])
    seen: list[tuple[int, int]] = []
    figures = Classify.figures

    def noted(self: Classify, predictions: Any, gold: Any, metrics: Any) -> dict[str, float]:
        seen.append((len(predictions), len(gold)))
        return figures(self, predictions, gold, metrics)

    monkeypatch.setattr(Classify, "figures", noted)
    train(plan_of(tiny_bert, "topics", registry=registry, settings=SETTINGS), store, registry)
    assert seen == [(520, 520)] * 4


@pytest.mark.slow
def test_two_processes_resume_together(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry, stores: Iterator[Store]
) -> None:
    """What one process left is taken up by two."""
    plan = plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, ("topics", "dropout", 0.0)))
    one = train(plan, next(stores), registry)
    calls = iter(range(1, 100))

    def stopping(share: float, note: str) -> None:
        if next(calls) == 5:
            raise Stopped

    with pytest.raises(Stopped):
        train(plan, store, registry, stopping, checkpoint_seconds=0.0)
    two = train(plan, store, registry, device="cpu,cpu", checkpoint_seconds=0.0)
    assert difference(one, two) < 1e-5
