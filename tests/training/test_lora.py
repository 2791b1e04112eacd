"""LoRA: what is trained and what stays, exact resume, merging, and the trainings and plans that it is part of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft", reason="needs the extra [peft]")

import torch
from safetensors.torch import load_file

from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.definitions import ADAPTER_VALUES, Recipe
from xtreme_harness.errors import CheckpointError, RequestError, UnknownName
from xtreme_harness.job import Settings
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds import layout
from xtreme_harness.kinds.classify.kind import Classify
from xtreme_harness.models.forward import outputs_in_order
from xtreme_harness.models.heads import EncoderWithHead, load_head
from xtreme_harness.models.load import load_encoder
from xtreme_harness.phases import phases
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.training import loop
from xtreme_harness.training.loop import fit
from xtreme_harness.training.lora import add_lora, linear_layers
from xtreme_harness.training.perturbed import make_adversarial
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

Weights = dict[str, torch.Tensor]
PlanOf = Callable[..., Plan]

RANK = 3
LABELS = ("health", "sport", "trade")
LORA = {"lora_rank": RANK, "lora_alpha": 6, "lora_dropout": 0.0, "lora_modules": "all", "learning_rate": 1e-2}
SETTINGS = (
    ("topics", "epochs", 1),
    ("topics", "batch_size", 8),
    ("topics", "learning_rate", 1e-2),
    ("topics", "selection", "english-dev"),
    ("topics", "adapter", "lora"),
    ("topics", "lora_rank", RANK),
)


def trained(lab: Any, place: str = "partial", **changes: Any) -> tuple[Weights, dict[str, Any]]:
    """The merged weights after a training with LoRA, and what it tells."""
    network = lab.network()
    merge = add_lora(network.encoder, lab.values)
    told = fit(network, lab.plan(**changes), lab.folder / place)
    merge()
    return network.state_dict(), told


def difference(first: Weights, second: Weights) -> float:
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def logits(lab: Any, network: Any) -> torch.Tensor:
    outputs = outputs_in_order(network, lab.data, pad_id=lab.plan().pad_id, device="cpu", dtype="float32", budget=512)
    return torch.stack([torch.from_numpy(one) for one in outputs])


def rank(matrix: torch.Tensor) -> int:
    """Singular values below a millionth of the largest are those of rounding."""
    values = torch.linalg.svdvals(matrix.double())
    return int((values > 1e-5 * values[0]).sum())


def test_linear_layers_change_by_their_rank_and_all_else_stays(lab: Any) -> None:
    """Decay too leaves alone what is frozen: a compact word embedding, norms, biases."""
    lab = lab.but(**LORA, weight_decay=0.5)
    start, (weights, _) = lab.network().state_dict(), trained(lab)
    layers = {f"encoder.{name}.weight" for name in linear_layers(lab.encoder(), "all")}
    assert len(layers) == 12 and weights.keys() == start.keys()
    for name, before in start.items():
        if name in layers:
            assert rank(weights[name] - before) == RANK, name
        elif name.startswith("encoder."):
            assert torch.equal(weights[name], before), name
        else:
            assert not torch.equal(weights[name], before), name


def test_only_the_named_layers_change(xlmr_lab: Any) -> None:
    lab = xlmr_lab.but(**{**LORA, "lora_modules": "query, output.dense"})
    start, (weights, _) = lab.network().state_dict(), trained(lab)
    changed = [name for name in start if name.startswith("encoder.") and not torch.equal(start[name], weights[name])]
    ends = ("attention.self.query", "attention.output.dense", "output.dense")
    assert changed == [f"encoder.encoder.layer.{layer}.{end}.weight" for layer in (0, 1) for end in ends]


def test_a_layer_that_the_encoder_does_not_have_is_named(xlmr_lab: Any) -> None:
    with pytest.raises(CheckpointError, match=r"no linear layer 'q'\. It has: query, key, value, dense\."):
        add_lora(xlmr_lab.encoder(), {**LORA, "lora_modules": "value,q"})
    with pytest.raises(CheckpointError, match="the encoder has no linear layer"):
        add_lora(torch.nn.Sequential(torch.nn.Embedding(3, 2)), LORA)


@pytest.mark.slow
def test_merging_changes_outputs_by_rounding_only(lab: Any) -> None:
    lab = lab.but(**LORA)
    network = lab.network()
    start, classes = logits(lab, network), {name: type(one) for name, one in network.named_modules()}
    merge = add_lora(network.encoder, lab.values)
    assert torch.equal(logits(lab, network), start)
    fit(network, lab.plan(), lab.folder / "partial")
    apart = logits(lab, network)
    merge()
    merged = logits(lab, network)
    assert torch.allclose(apart, merged, atol=1e-5) and not torch.allclose(start, merged, atol=1e-1)
    assert {name: type(one) for name, one in network.named_modules()} == classes


class Stopped(Exception):
    pass


def stopping_after(updates: int) -> Any:
    calls = iter(range(1, 1000))

    def tick(share: float, note: str) -> None:
        if next(calls) == updates:
            raise Stopped

    return tick


@pytest.mark.slow
@pytest.mark.parametrize("selection", [pytest.param("last", marks=pytest.mark.slow), "english-dev"])
def test_an_interrupted_training_ends_with_the_same_weights(xlmr_lab: Any, selection: str) -> None:
    """Bit by bit, with dropout in the encoder and before the matrices."""
    chosen = {**LORA, "lora_dropout": 0.2, "dropout": 0.2}
    lab = xlmr_lab.but(**chosen, selection=selection, evaluate_every=2, weight_decay=0.1)

    def figures() -> dict[str, Any]:
        best_in_the_middle = iter([{"accuracy": 50.0 - abs(3 - place)} for place in range(100)])
        return {"evaluate": lambda network, remap: next(best_in_the_middle), "dev": lab.dev}

    expected, told = trained(lab, "uninterrupted", **figures())
    evaluate = figures()  # goes on where it was, as a dev part would
    for updates in (3, 2):
        with pytest.raises(Stopped):
            trained(lab, "interrupted", checkpoint_seconds=0.0, tick=stopping_after(updates), **evaluate)
    resumed, told_again = trained(lab, "interrupted", **evaluate)
    assert difference(expected, resumed) == 0.0 and told_again == told
    assert told["selected_update"] == (10 if selection == "last" else 8)


def test_a_whole_word_embedding_gives_the_same(xlmr_lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = xlmr_lab.but(**LORA, weight_decay=0.5)
    compact, _ = trained(lab, "compact")
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    assert difference(compact, trained(lab, "whole")[0]) < 1e-6


def test_methods_work_on_adapted_encoders(xlmr_lab: Any) -> None:
    def method(eps: float) -> Any:
        return lambda encoder: make_adversarial(encoder, eps=eps, steps=1, step_size=1.5, start="zero")

    lab = xlmr_lab.but(**LORA, epochs=1)
    plain = trained(lab, "plain")[0]
    assert difference(plain, trained(lab, "none", make_step=method(0.0))[0]) == 0.0
    assert difference(plain, trained(lab, "wide", make_step=method(1.0))[0]) > 1e-4


def test_bfloat16_trains_float32_matrices(xlmr_lab: Any) -> None:
    lab = xlmr_lab.but(**LORA)
    start, (weights, _) = lab.network().state_dict(), trained(lab, dtype="bfloat16")
    assert {value.dtype for value in weights.values()} == {torch.float32}
    changed = difference(start, weights)
    assert changed > 1e-3
    assert difference(trained(lab, "float32")[0], weights) < changed


def finished(units: list[Unit], store: Store, registry: Registry, **settings: Any) -> list[Finished]:
    chosen = Settings(**{"device": "cpu", "threads": 1, **settings})
    for unit in units:
        perform(unit, store, registry, chosen)
    found = [store.find(unit.key) for unit in units]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("checkpoint", ["tiny_bert", pytest.param("tiny_t5", marks=pytest.mark.slow)])
def test_a_training_leaves_an_ordinary_encoder_to_all_that_come_after(
    checkpoint: str, plan_of: PlanOf, store: Store, registry: Registry, request: pytest.FixtureRequest
) -> None:
    """Prediction, embedding, and the next phase, whose report counts the same tensors as that of a usual training."""
    model = request.getfixturevalue(checkpoint)
    fields: dict[str, Any] = {"intermediates": ("topics",), "languages": ("sw",)}
    plan = plan_of(model, "topics", "twins", **fields, settings=SETTINGS)
    names, done = [unit.type for unit in plan.units()], finished(plan.units(), store, registry)
    assert len(done) == len(plan.units()) and {"train", "predict", "embed"} <= set(names)
    first, second = [one for one, name in zip(done, names, strict=True) if name == "train"]
    assert sorted(load_file(first.file("encoder/model.safetensors"))) == sorted(
        load_file(second.file("encoder/model.safetensors"))
    )
    assert second.result["handover"]["dropped"] == ["head.out.bias", "head.out.weight"]
    assert all(name.startswith("head.") for name in second.result["handover"]["new"])
    usual = plan_of(model, "topics", **fields, settings=SETTINGS[:2])
    trainings = [unit for unit in usual.units() if unit.type == "train"]
    plain = finished([*trainings[0].inputs.values(), *trainings], store, registry)[-1]
    assert plain.result["handover"] == {
        **second.result["handover"],
        "trained": plain.result["handover"]["trained"],
    }
    (cell,) = [cell for cell in plan.cells if cell.task.name == "topics"]
    told = phases(cell, finished([*cell.units()], store, registry)[1].result)
    assert {key: told[0]["options"][key] for key in ADAPTER_VALUES} == {
        "adapter": "lora",
        "lora_rank": RANK,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "lora_modules": "all",
    }


@pytest.mark.slow
def test_several_processes_train_what_one_does(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry, tmp_path: Path
) -> None:
    plan = plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, ("topics", "dropout", 0.0)))
    (training,) = [unit for unit in plan.units() if unit.type == "train"]
    other = Store(tmp_path / "other")
    other.make()
    weights = []
    for place, device in ((store, "cpu"), (other, "cpu,cpu")):
        units = [*training.inputs.values(), training]
        found = finished(units, place, registry, device=device, token_budget=40)[-1]
        weights.append(load_file(found.file("encoder/model.safetensors")))
    assert difference(*weights) < 1e-5


def training(plan: Plan) -> Unit:
    (found,) = [unit for unit in plan.units() if unit.type == "train"]
    return found


def test_without_an_adapter_its_values_are_in_no_key_and_no_record(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plain = plan_of(tiny_xlmr, "topics")
    assert not set(training(plain).parameters) & set(ADAPTER_VALUES)
    assert not set(plain.cells[0].options) & set(ADAPTER_VALUES)
    a_point_without = (("target", "adapter", "none"), ("target", "lora_rank", 2))
    assert plan_of(tiny_xlmr, "topics", role_settings=a_point_without).id == plain.id


def test_each_of_its_values_makes_another_training(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    usual = (("topics", "adapter", "lora"),)
    others = [("lora_rank", 2), ("lora_alpha", 8), ("lora_dropout", 0.1), ("lora_modules", "query,value")]
    changes = [(), usual, *((*usual, ("topics", key, value)) for key, value in others)]
    plans = [plan_of(tiny_xlmr, "topics", settings=settings) for settings in changes]
    assert len({training(plan).key for plan in plans}) == len(changes)
    assert plans[1].cells[0].options["lora_rank"] == 8
    assert "xtreme_harness.training.lora" in training(plans[1]).modules


def test_a_recipe_and_a_sweep_can_ask_for_it(
    tiny_xlmr: Path, plan_of: PlanOf, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = plan_of(tiny_xlmr, "topics", role_settings=(("target", "adapter", "lora"), ("target", "lora_rank", 2)))
    assert training(swept).parameters["lora_rank"] == 2
    recipe = Recipe(name="small", kinds={"classify": {"adapter": "lora", "lora_rank": 2}})
    monkeypatch.setattr(registry, "recipe", lambda name: recipe)
    assert training(plan_of(tiny_xlmr, "topics")).parameters["adapter"] == "lora"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("adapter", "prefix", "must be one of none, lora"),
        ("lora_rank", 0, "must be at least 1"),
        ("lora_rank", 2.5, "expected a whole number"),
        ("lora_alpha", "all", "expected a number"),
        ("lora_dropout", 1.0, "must be below 1"),
        ("lora_dropout", -0.1, "must not be negative"),
        ("lora_modules", 8, "expected text"),
        ("lora_rank", 4, "there is no adapter: set adapter=lora too"),
    ],
)
def test_values_that_do_not_fit_are_refused_by_the_plan(
    key: str, value: Any, told: str, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    with pytest.raises(RequestError, match=told):
        plan_of(tiny_xlmr, "topics", settings=(("topics", key, value),))
    with pytest.raises(UnknownName, match="Did you mean lora_rank"):
        plan_of(tiny_xlmr, "topics", settings=(("topics", "lora_ranks", 4),))


def test_an_adapter_that_a_recipe_misspells_is_refused(
    tiny_xlmr: Path, plan_of: PlanOf, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "recipe", lambda name: Recipe(name="r", kinds={"classify": {"adapter": "LoRA"}}))
    with pytest.raises(RequestError, match="Task topics: adapter must be one of none, lora, not 'LoRA'"):
        plan_of(tiny_xlmr, "topics")


def test_without_peft_the_plan_says_what_to_install(
    tiny_xlmr: Path, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"adapter lora needs peft: pip install 'xtreme-harness\[peft\]'") as caught:
        plan_of(tiny_xlmr, "topics", settings=SETTINGS)
    assert caught.value.exit_code == 2
    plan_of(tiny_xlmr, "topics")


def test_a_wrong_layer_ends_the_training_with_a_sentence(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry
) -> None:
    unit = training(plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, ("topics", "lora_modules", "queries"))))
    with pytest.raises(CheckpointError, match="no linear layer 'queries'"):
        finished([*unit.inputs.values(), unit], store, registry)


def test_the_merged_encoder_has_the_dev_figure_of_the_selected_state(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, registry: Registry
) -> None:
    more = (("epochs", 20), ("learning_rate", 3e-2), ("evaluate_every", 6))
    unit = training(plan_of(tiny_xlmr, "topics", settings=(*SETTINGS, *(("topics", *one) for one in more))))
    found = finished([*unit.inputs.values(), unit], store, registry)[-1]
    log = [row["dev"]["accuracy"] for _, row in read_jsonl(found.file("log.jsonl"))]
    assert found.result["dev"]["accuracy"] == max(log) > log[0]
    assert found.result["selected_update"] < found.result["updates"]
    dev = store.find(unit.inputs["dev.topics"].key)
    assert dev is not None
    encoder = load_encoder(found.file("encoder"), attention="eager")
    head = Classify().make_head(encoder, unit.parameters["parts"][0]["options"])
    load_head(head, found.file("head.safetensors"))
    how: dict[str, Any] = {"pad_id": 1, "device": "cpu", "dtype": "float32", "budget": 512}
    outputs = outputs_in_order(EncoderWithHead(encoder, head), load_encoded(dev.folder), **how)
    gold = [LABELS.index(row["label"]) for _, row in read_jsonl(dev.file("gold.jsonl"))]
    right = [int(one.argmax()) == label for one, label in zip(outputs, gold, strict=True)]
    assert 100 * sum(right) / len(right) == pytest.approx(found.result["dev"]["accuracy"])
