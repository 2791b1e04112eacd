"""One model stays in memory from unit to unit, so that it is loaded once for all languages of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.job import Job
from xtreme_harness.models import devices
from xtreme_harness.models.heads import EncoderWithHead, load_head
from xtreme_harness.models.load import load_encoder, load_tokenizer

_kept: dict[tuple[str, ...], Resident] = {}


@dataclass(frozen=True)
class Resident:
    """A network on its device, with what forward passes need to know."""

    network: Any
    pad_id: int
    device: str
    device_name: str
    budget: int


def resident(identity: str, job: Job, load: Callable[[str], tuple[Any, int]]) -> Resident:
    """The network of `identity` from memory, else from `load(device)`; the one before it is let go."""
    device = devices.resolve_device(job.settings.device)
    devices.set_threads(job.settings.threads)
    key = (identity, device, str(job.settings.token_budget))
    if key not in _kept:
        _kept.clear()
        network, pad_id = load(device)
        budget = devices.resolve_budget(job.settings.token_budget, device)
        _kept[key] = Resident(network.to(device), pad_id, device, devices.describe(device), budget)
    return _kept[key]


def forget() -> None:
    """Lets the resident model go, before training needs the memory."""
    _kept.clear()


def resident_encoder(job: Job) -> Resident:
    """The unit's own encoder, as it is; a folder whose weights were changed is another encoder."""
    folder = job.checkpoint()
    return resident(f"{folder} {sorted(job.unit.fingerprints.items())}", job, partial(_load, folder, job))


def _load(folder: Path, job: Job, device: str) -> tuple[Any, int]:
    details = job.unit.details
    network = load_encoder(
        folder,
        attention=devices.attention(device),
        remote_code=details["remote_code"],
        pickle=details["pickle"],
    )
    return network, pad_id_of(network, folder, details["remote_code"])


def pad_id_of(network: Any, folder: Path, remote_code: bool = False) -> int:
    """The id that fills up batches: the config's, else the tokenizer's, else 0 (masked out all the same)."""
    config_id = getattr(network.config, "pad_token_id", None)
    if config_id is None:
        config_id = load_tokenizer(folder, remote_code).pad_token_id
    return int(config_id or 0)


def resident_model(job: Job, make_head: Callable[[Any, dict[str, Any]], Any], options: dict[str, Any]) -> Resident:
    """The encoder and head that the input unit `model` trained."""
    trained = job.inputs["model"]

    def load(device: str) -> tuple[Any, int]:
        encoder = load_encoder(
            trained.file("encoder"),
            attention=devices.attention(device),
            remote_code=job.unit.details["remote_code"],
        )
        head = make_head(encoder, options)
        load_head(head, trained.file("head.safetensors"))
        return EncoderWithHead(encoder, head), int(trained.result["pad_id"])

    return resident(str(trained.folder), job, load)
