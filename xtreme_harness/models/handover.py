"""From one phase to the next: the encoder goes on, heads stay behind; and the report of both.

jiant's partial loading lets weights that match nothing pass, and keeps a head whose name and shape are the next phase's
(papers 2.3; 2.5, item 5). Here a head lies in a file of its own, which nothing but its own task's predictions opens,
`open_encoder` refuses an encoder with a tensor missing, and the report counts what was taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.job import Job

if TYPE_CHECKING:
    from xtreme_harness.models.load import Loading

TOLD = ("updates", "selected_update", "drawn", "dev")  # what a training's result tells of it in records


def handover(job: Job, loading: Loading, head: Iterable[str] = (), taken: Iterable[str] = ()) -> dict[str, Any]:
    """What a unit took over from where it started: {"loaded": number, "dropped": names, "new": names} of tensors.

    `head` names the tensors of the unit's own new head, `taken` those of the checkpoint that a head of its own began
    with. After an intermediate phase, `trained` is what that tells.
    """
    kept = set(taken)
    report = {
        "loaded": loading.loaded + len(kept),
        "dropped": [*(name for name in loading.dropped if name not in kept), *_head_names(job)],
        "new": [*loading.new, *(f"head.{name}" for name in sorted(head))],
    }
    return {**report, "trained": trained_of(job)} if _is_trained(job) else report


def trained_of(job: Job, role: str = "checkpoint") -> dict[str, Any]:
    """What the input training tells of itself."""
    return {name: job.inputs[role].result[name] for name in TOLD}


def _is_trained(job: Job) -> bool:
    start = job.unit.inputs.get("checkpoint")
    return start is not None and start.type == "train"


def _head_names(job: Job) -> list[str]:
    """The tensors of the head that the phase before leaves behind."""
    if not _is_trained(job):
        return []
    return [f"head.{name}" for name in tensor_names(job.inputs["checkpoint"].file("head.safetensors"))]


def tensor_names(path: Path) -> list[str]:
    """The names in a safetensors file, in order."""
    from safetensors import safe_open

    with safe_open(str(path), framework="numpy") as opened:
        return sorted(opened.keys())
