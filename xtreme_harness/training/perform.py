"""The `train` unit: loads encoder and data, trains, writes encoder and head."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from xtreme_harness.data.encoded import Encoded, load_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.models import devices
from xtreme_harness.models.forward import outputs_in_order
from xtreme_harness.models.heads import EncoderWithHead, save_head
from xtreme_harness.models.inputs import check_pooling
from xtreme_harness.models.load import load_encoder, save_encoder
from xtreme_harness.models.resident import forget, pad_id_of
from xtreme_harness.training.loop import Plan, fit

WEIGHTS = ("encoder/model.safetensors", "head.safetensors")


def perform(job: Job) -> dict[str, Any]:
    """Trains one task's model; the result tells updates, the selected one, its dev figures, tokens and device."""
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
    kind = job.registry.kind(unit.kind).load()
    options = unit.parameters["options"]
    torch.manual_seed(unit.seed or 0)  # before the head is drawn
    encoder = _encoder(job, device)
    head = kind.make_head(encoder, options)
    check_pooling(getattr(head, "pooling", None), job.inputs["train"].result["begins_special"])
    network = EncoderWithHead(encoder, head)
    pad_id = pad_id_of(encoder, job.checkpoint(), unit.details["remote_code"])
    plan = _plan(job, kind, device, pad_id)
    trained = fit(network, plan, job.partial)
    log = trained.pop("log")
    if writes:
        save_encoder(network.encoder, job.folder / "encoder")
        save_head(network.head, job.folder / "head.safetensors")
        write_jsonl(job.folder / "log.jsonl", log)
    tokens = plan.train.tokens * unit.parameters["epochs"]
    return {**trained, "tokens": tokens, "pad_id": pad_id, "device": devices.describe(device)}


def _encoder(job: Job, device: str) -> Any:
    return load_encoder(
        job.checkpoint(),
        attention=devices.attention(device),
        dropout=job.unit.parameters["dropout"],
        remote_code=job.unit.details["remote_code"],
        pickle=job.unit.details["pickle"],
    )


def _plan(job: Job, kind: Any, device: str, pad_id: int) -> Plan:
    unit = job.unit
    budget = devices.resolve_budget(job.settings.token_budget, device)
    dtype = unit.dtype or "float32"
    dev = load_encoded(job.inputs["dev"].folder) if "dev" in job.inputs else None
    how = {"pad_id": pad_id, "device": device, "dtype": dtype, "budget": budget}
    evaluate = partial(_dev_figures, job, kind, dev, how) if dev is not None else None
    return Plan(
        train=load_encoded(job.inputs["train"].folder),
        dev=dev,
        kind=kind,
        values=dict(unit.parameters),
        seed=unit.seed or 0,
        dtype=dtype,
        device=device,
        budget=budget,
        pad_id=pad_id,
        step=job.registry.method(unit.parameters["method"]["name"]).load(),
        evaluate=evaluate,
        checkpoint_seconds=job.settings.checkpoint_seconds,
        tick=job.tick,
    )


def _dev_figures(
    job: Job,
    kind: Any,
    dev: Encoded,
    how: dict[str, Any],
    network: EncoderWithHead,
    remap: Callable[[Encoded], Encoded],
) -> dict[str, float]:
    """The task's metrics on its English dev part, headline first."""
    task = job.registry.task(job.unit.task)
    names = sorted(task.metrics, key=lambda name: name not in task.headline)
    gold: list[Example] = [row for _, row in read_jsonl(job.inputs["dev"].file("gold.jsonl"))]
    predictions = kind.decode(outputs_in_order(network, remap(dev), **how), dev, job.unit.parameters["options"])
    figures: dict[str, float] = kind.figures(predictions, gold, [job.registry.metric(name) for name in names])
    return figures
