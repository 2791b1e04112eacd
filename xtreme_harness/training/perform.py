"""The `train` unit: loads encoder and data, trains, writes encoder and heads.

A unit trains one task, or several at once: its parameter `parts` holds what each brings, its inputs `train.<task>` and
`dev.<task>` their English parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from xtreme_harness.data.encoded import Encoded, load_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DefinitionError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.models import devices
from xtreme_harness.models.forward import outputs_in_order
from xtreme_harness.models.handover import handover
from xtreme_harness.models.heads import EncoderWithHead, EncoderWithHeads, drawn_tensors, save_heads
from xtreme_harness.models.inputs import check_pooling
from xtreme_harness.models.load import Loading, open_encoder, save_encoder
from xtreme_harness.models.resident import forget, starting_pad_id
from xtreme_harness.training.loop import Plan, fit
from xtreme_harness.training.lora import add_lora
from xtreme_harness.training.methods import MakeStep
from xtreme_harness.training.parts import Part, Remap
from xtreme_harness.training.samplers import Sampler


def perform(job: Job) -> dict[str, Any]:
    """Trains one model; the result tells updates, the selected one, what was drawn, dev figures, tokens and device."""
    forget()
    named = devices.resolve_devices(job.settings.device)
    if len(named) > 1:
        from xtreme_harness.training.launch import train_on_several

        return train_on_several(job, named)
    return train(job, named[0])


def train(job: Job, device: str, writes: bool = True) -> dict[str, Any]:
    """The work of one process on one device; only a process that `writes` fills the unit's folder."""
    unit = job.unit
    devices.set_threads(job.settings.threads)
    kinds = [job.registry.kind(task["kind"]).load() for task in unit.parameters["parts"]]
    torch.manual_seed(unit.seed or 0)  # before the heads are drawn
    encoder, loading = _encoder(job, device)
    heads = _heads(job, kinds, encoder)
    merge = add_lora(encoder, unit.parameters) if "adapter" in unit.parameters else None  # the heads are as without it
    drawn = list(heads.values())
    network = EncoderWithHead(encoder, drawn[0]) if len(drawn) == 1 else EncoderWithHeads(encoder, drawn)
    pad_id = starting_pad_id(encoder, job)
    plan = _plan(job, kinds, device, pad_id)
    trained = fit(network, plan, job.partial)
    log, losses = trained.pop("log"), trained.pop("losses")
    if merge:
        merge()
    if writes:
        save_encoder(network.encoder, job.folder / "encoder", loading.dropouts)
        save_heads(heads, job.folder / "head.safetensors")
        write_jsonl(job.folder / "log.jsonl", log)
        write_jsonl(job.folder / "loss.jsonl", losses)
    tokens = sum(round(part.train.tokens * trained["drawn"][part.name] / part.updates_per_epoch) for part in plan.parts)
    about = {"tokens": tokens, "pad_id": pad_id, "device": devices.describe(device)}
    taken = [name for head in drawn for name in getattr(head, "taken", ())]
    return {**trained, **about, "handover": handover(job, loading, drawn_tensors(heads), taken)}


def _encoder(job: Job, device: str) -> tuple[Any, Loading]:
    return open_encoder(
        job.checkpoint(),
        attention=devices.attention(device),
        dropout=job.unit.parameters["dropout"],
        remote_code=job.unit.details["remote_code"],
        pickle=job.unit.details["pickle"],
    )


def _heads(job: Job, kinds: list[Any], encoder: Any) -> dict[str, Any]:
    """A fresh head for each task, drawn in turn, or begun with what the checkpoint has of it.

    Raises CheckpointError for a pooling that its texts do not allow.
    """
    heads = {}
    for task, kind in zip(job.unit.parameters["parts"], kinds, strict=True):
        name = task["task"]
        heads[name] = kind.make_head(encoder, task["options"])
        if hasattr(heads[name], "begin_with"):
            heads[name].begin_with(job.checkpoint(), pickle=job.unit.details["pickle"])
        check_pooling(getattr(heads[name], "pooling", None), job.inputs[f"train.{name}"].result["begins_special"])
    return heads


def _plan(job: Job, kinds: list[Any], device: str, pad_id: int) -> Plan:
    unit = job.unit
    budget = devices.resolve_budget(job.settings.token_budget, device)
    how: dict[str, Any] = {"pad_id": pad_id, "device": device, "dtype": unit.dtype or "float32", "budget": budget}
    tasks = zip(unit.parameters["parts"], kinds, strict=True)
    return Plan(
        parts=tuple(_part(job, task, kind, how) for task, kind in tasks),
        values=unit.parameters,
        seed=unit.seed or 0,
        **how,
        sampler=Sampler(**(unit.parameters["sampler"] or {})),
        make_step=_method(job),
        checkpoint_seconds=job.settings.checkpoint_seconds,
        tick=job.tick,
    )


def _method(job: Job) -> MakeStep:
    """What makes the step, given its parameters. Raises DefinitionError where the unit's key holds not all its code."""
    parameters = dict(job.unit.parameters["method"])
    method = job.registry.method(parameters.pop("name"))
    make: MakeStep = method.load()
    if (written := _module(make)) not in (_module(method.load), *method.modules):
        raise DefinitionError(f"Method {method.name!r}", [f"modules must name {written}, where its step is"])
    return make if method.rewrite else partial(make, **parameters)


def _module(function: Any) -> str:
    name: str = getattr(function, "func", function).__module__  # a partial stands for its function
    return name


def _part(job: Job, task: Mapping[str, Any], kind: Any, how: dict[str, Any]) -> Part:
    name, dev = task["task"], f"dev.{task['task']}"
    encoded = load_encoded(job.inputs[dev].folder) if dev in job.inputs else None
    return Part(
        name=name,
        train=load_encoded(job.inputs[f"train.{name}"].folder),
        kind=kind,
        epochs=task["epochs"],
        batch_size=task["batch_size"],
        evaluate=partial(_dev_figures, job, task, kind, encoded, how) if encoded is not None else None,
        headlines=len(job.registry.task(name).headline),
        dev=encoded,
        special_ids=tuple(job.inputs[f"train.{name}"].result["special_ids"]),
    )


def _dev_figures(
    job: Job,
    part: Mapping[str, Any],
    kind: Any,
    dev: Encoded,
    how: dict[str, Any],
    network: EncoderWithHead,
    remap: Remap,
) -> dict[str, float]:
    """The task's metrics on the whole of its English dev part, headline first."""
    task = job.registry.task(part["task"])
    names = sorted(task.metrics, key=lambda name: name not in task.headline)
    gold: list[Example] = [row for _, row in read_jsonl(job.inputs[f"dev.{task.name}"].file("gold.jsonl"))]
    predictions = kind.decode(outputs_in_order(network, remap(dev), **how), dev, part["options"])
    figures: dict[str, float] = kind.figures(predictions, gold, [job.registry.metric(name) for name in names])
    return figures
