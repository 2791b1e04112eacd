"""Training on several devices: one process each, every process a share of each update's micro-batches.

The gradients are summed before the step, so the weights are those of one device up to rounding and dropout's masks.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.job import Job, Settings
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Finished
from xtreme_harness.unit import Unit

RESULT = "result.json"


def train_on_several(job: Job, devices: list[str]) -> dict[str, Any]:
    """Performs the `train` unit with one process a device; the first one writes the outputs."""
    from torch.multiprocessing.spawn import spawn

    port = _free_port()
    shared = (
        devices,
        port,
        job.unit,
        dict(job.inputs),
        job.folder,
        job.partial,
        job.registry.plugin_arguments,
        job.settings,
    )
    spawn(_worker, args=shared, nprocs=len(devices))  # type: ignore[no-untyped-call]
    result: dict[str, Any] = json.loads((job.partial / RESULT).read_text(encoding="utf-8"))
    return result


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _worker(
    rank: int,
    devices: list[str],
    port: int,
    unit: Unit,
    inputs: Mapping[str, Finished],
    folder: Path,
    partial: Path,
    plugins: tuple[str, ...],
    settings: Settings,
) -> None:
    from xtreme_harness.training.perform import train

    os.environ.update(_environment(rank, devices, port))
    job = Job(
        unit=unit,
        inputs=inputs,
        folder=folder,
        partial=partial,
        registry=load_registry(plugins),
        settings=settings,
    )
    result = train(job, devices[rank], writes=rank == 0)
    if rank == 0:
        (partial / RESULT).write_text(json.dumps(result), encoding="utf-8")


def _environment(rank: int, devices: list[str], port: int) -> dict[str, str]:
    """What accelerate reads to join the processes."""
    index = devices[rank].partition(":")[2] or "0"
    on_cpu = devices[rank] == "cpu"
    return {
        "WORLD_SIZE": str(len(devices)),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank) if on_cpu else index,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        **({"ACCELERATE_USE_CPU": "yes", "GLOO_SOCKET_IFNAME": "lo"} if on_cpu else {}),
    }
