"""From an intermediate phase to a target's: the encoder goes on whole, heads and poolers stay behind; all is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from xtreme_harness import testing
from xtreme_harness.errors import CheckpointError
from xtreme_harness.models.load import open_encoder
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.training import perform as training
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

PlanOf = Callable[..., Plan]
PerformAll = Callable[..., list[Outcome]]
Weights = dict[str, torch.Tensor]

HEAD = ["head.out.bias", "head.out.weight"]
SETTINGS = (("topics", "epochs", 2), ("topics", "learning_rate", 1e-3))


@pytest.fixture(scope="module")
def both(topics: Path, twins: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    names = testing.write_names(tmp_path_factory.mktemp("names"))
    registry = load_registry([str(topics), str(twins), str(names)])
    assert not registry.failures
    return registry


def done(plan: Plan, store: Store, type: str) -> dict[str, Finished]:
    """Finished units of one type, by label."""
    found = {unit.label: store.find(unit.key) for unit in plan.units() if unit.type == type}
    assert all(found.values())
    return {label: one for label, one in found.items() if one is not None}


def encoder_of(found: Finished) -> Weights:
    return load_file(found.file("encoder/model.safetensors"))


def head_of(found: Finished) -> Weights:
    return load_file(found.file("head.safetensors"))


def test_what_was_loaded_dropped_and_new_is_told(
    tiny_xlmr: Path, both: Registry, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(tiny_xlmr, "names", "twins", registry=both, intermediates=("topics", "topics+names"))
    perform_all(plan.units(), registry=both)
    tensors = len(load_file(tiny_xlmr / "model.safetensors"))
    trained, embedded = done(plan, store, "train"), done(plan, store, "embed")
    first = trained["train topics (seed 42)"]
    assert first.result["handover"] == {"loaded": tensors, "dropped": [], "new": HEAD}
    told = {"trained": {name: first.result[name] for name in ("updates", "selected_update", "drawn", "dev")}}
    for found, new in (
        (trained["train names after topics (seed 1)"], HEAD),
        (embedded["embed twins test sw after topics"], []),
    ):
        assert found.result["handover"] == {"loaded": tensors, "dropped": HEAD, "new": new, **told}
    mixed = embedded["embed twins test sw after topics+names"].result["handover"]
    assert mixed["dropped"] == [
        f"head.{task}.out.{name}" for task in ("names", "topics") for name in ("bias", "weight")
    ]
    assert mixed["trained"]["drawn"].keys() == mixed["trained"]["dev"].keys() == {"topics", "names"}


def test_the_next_phase_starts_from_the_trained_encoder_and_a_fresh_head(
    tiny_xlmr: Path,
    plan_of: PlanOf,
    perform_all: PerformAll,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even of the same task, whose head has the name and the shape that jiant would keep it for (papers 2.3)."""
    starts: list[Weights] = []
    fit = training.fit

    def noted(network: Any, plan: Any, folder: Path) -> dict[str, Any]:
        starts.append({name: value.clone() for name, value in network.state_dict().items()})
        return fit(network, plan, folder)

    monkeypatch.setattr(training, "fit", noted)
    plan = plan_of(tiny_xlmr, "topics", intermediates=("topics",), settings=SETTINGS)
    perform_all([unit for unit in plan.units() if unit.type in ("prepare", "train")])
    first = done(plan, store, "train")["train topics (seed 42)"]
    original, target = starts
    for name, value in encoder_of(first).items():
        assert torch.equal(target[f"encoder.{name}"], value), name
    assert any(not torch.equal(value, original[name]) for name, value in target.items())
    for name, value in head_of(first).items():
        assert torch.equal(target[f"head.{name}"], original[f"head.{name}"])  # the seed's draw
        assert not torch.equal(target[f"head.{name}"], value)  # and not what was trained


def test_a_pooler_is_neither_trained_nor_handed_on(
    tiny_bert: Path, tmp_path: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """XLM-R's is random where it was never trained, so that part of a difference would be that layer (papers 2.5)."""
    other = tmp_path / "other-pooler"
    other.mkdir()
    for path in tiny_bert.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    tensors = load_file(tiny_bert / "model.safetensors")
    poolers = [name for name in tensors if "pooler" in name]
    assert poolers
    save_file(
        {name: value * 9 if name in poolers else value for name, value in tensors.items()},
        other / "model.safetensors",
        metadata={"format": "pt"},
    )
    ended = []
    for checkpoint in (tiny_bert, other):
        plan = plan_of(checkpoint, "topics", intermediates=("topics",), settings=SETTINGS)
        perform_all([unit for unit in plan.units() if unit.type in ("prepare", "train")])
        trained = done(plan, store, "train")
        first, target = trained["train topics (seed 42)"], trained["train topics after topics (seed 42)"]
        assert first.result["handover"]["dropped"] == sorted(poolers)
        assert not [name for name in encoder_of(first) if "pooler" in name]
        ended.append({**encoder_of(target), **head_of(target)})
    assert all(torch.equal(ended[1][name], value) for name, value in ended[0].items())


def test_the_encoder_of_an_encoder_decoder_goes_through_both_phases(
    tiny_t5: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """Its word embedding has two names; its decoder, which an encoder's class leaves by itself, has no part in it."""
    settings = (*SETTINGS, ("topics", "sentence_pooling", "mean"), ("twins", "pooling", "mean"))
    plan = plan_of(tiny_t5, "topics", "twins", intermediates=("topics",), settings=settings)
    perform_all(plan.units())
    trained = done(plan, store, "train")
    first, target = (trained[f"train topics{after} (seed 42)"].result["handover"] for after in ("", " after topics"))
    assert first["loaded"] == target["loaded"] > 0 and first["new"] == target["new"] == HEAD
    assert target["dropped"] == HEAD


def test_an_encoder_under_other_names_is_refused(
    tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """Where jiant's partial loading matches nothing, it goes on with a random encoder and says nothing."""
    plan = plan_of(tiny_xlmr, "topics", intermediates=("topics",), settings=SETTINGS)
    first = first_training(plan)
    perform_all([*first.inputs.values(), first])
    folder = store.folder(first.key)
    renamed = {f"transformer.{name}": value for name, value in load_file(folder / "encoder/model.safetensors").items()}
    save_file(renamed, folder / "encoder" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks weights of its own architecture: .* and \d+ more"):
        open_encoder(folder / "encoder", attention="eager")


def first_training(plan: Plan) -> Unit:
    return next(unit for unit in plan.units() if unit.type == "train")


def test_the_dropout_of_one_phase_is_not_that_of_the_next(
    tiny_xlmr: Path, both: Registry, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """A recipe's value is for its own task; the next one has its own, or the checkpoint's."""
    settings = (*SETTINGS, ("topics", "dropout", 0.4))
    plan = plan_of(tiny_xlmr, "names", registry=both, intermediates=("topics",), settings=settings)
    first = first_training(plan)
    perform_all([*first.inputs.values(), first], registry=both)
    encoder: Any = open_encoder(store.folder(first.key) / "encoder", attention="eager")[0]
    assert {module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)} == {0.1}
