"""One model stays in memory from unit to unit, so that it is loaded once for all languages of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.job import Job
from xtreme_harness.models import devices
from xtreme_harness.models.handover import handover
from xtreme_harness.models.heads import EncoderWithHead, load_head
from xtreme_harness.models.load import load_encoder, load_tokenizer, open_encoder

_kept: dict[tuple[str, ...], Resident] = {}


@dataclass(frozen=True)
class Resident:
    """A network on its device, with what forward passes need to know, and how an encoder alone was loaded."""

    network: Any
    pad_id: int
    device: str
    device_name: str
    budget: int
    handover: Mapping[str, Any]


@dataclass(frozen=True)
class Loaded:
    """A network as it was loaded."""

    network: Any
    pad_id: int
    handover: Mapping[str, Any] = field(default_factory=dict)


def resident(identity: str, job: Job, load: Callable[[str], Loaded]) -> Resident:
    """The network of `identity` from memory, else from `load(device)`; the one before it is let go."""
    device = devices.resolve_device(job.settings.device)
    devices.set_threads(job.settings.threads)
    key = (identity, device, str(job.settings.token_budget))
    if key not in _kept:
        _kept.clear()
        loaded, budget = load(device), devices.resolve_budget(job.settings.token_budget, device)
        network, name = loaded.network.to(device), devices.describe(device)
        _kept[key] = Resident(network, loaded.pad_id, device, name, budget, loaded.handover)
    return _kept[key]


def forget() -> None:
    """Lets the resident model go, before training needs the memory."""
    _kept.clear()


def resident_encoder(job: Job) -> Resident:
    """The unit's own encoder, as it is; a folder whose weights were changed is another encoder."""
    folder = job.checkpoint()
    return resident(f"{folder} {sorted(job.unit.fingerprints.items())}", job, partial(_load, folder, job))


def _load(folder: Path, job: Job, device: str) -> Loaded:
    details = job.unit.details
    network, loading = open_encoder(
        folder,
        attention=devices.attention(device),
        remote_code=details["remote_code"],
        pickle=details["pickle"],
    )
    return Loaded(network, starting_pad_id(network, job), handover(job, loading))


def starting_pad_id(network: Any, job: Job) -> int:
    """The id that fills up batches; after an intermediate phase that phase's, whose folder holds no tokenizer."""
    start = job.inputs.get("checkpoint")
    if start is not None and "pad_id" in start.result:
        return int(start.result["pad_id"])
    return pad_id_of(network, job.checkpoint(), job.unit.details["remote_code"])


def pad_id_of(network: Any, folder: Path, remote_code: bool = False) -> int:
    """The id that fills up batches: the config's, else the tokenizer's, else 0 (masked out all the same)."""
    config_id = getattr(network.config, "pad_token_id", None)
    if config_id is None:
        config_id = load_tokenizer(folder, remote_code).pad_token_id
    return int(config_id or 0)


def resident_model(job: Job, make_head: Callable[[Any, dict[str, Any]], Any], options: dict[str, Any]) -> Resident:
    """The encoder and head that the input unit `model` trained."""
    trained = job.inputs["model"]

    def load(device: str) -> Loaded:
        encoder = load_encoder(
            trained.file("encoder"),
            attention=devices.attention(device),
            remote_code=job.unit.details["remote_code"],
        )
        head = make_head(encoder, options)
        load_head(head, trained.file("head.safetensors"))
        return Loaded(EncoderWithHead(encoder, head), int(trained.result["pad_id"]))

    return resident(str(trained.folder), job, load)
