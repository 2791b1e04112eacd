"""Performs one unit under its lock, or finds it done: what every executor calls, in whatever process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xtreme_harness.errors import HarnessError, machine_error
from xtreme_harness.job import Job, Settings
from xtreme_harness.registry import Registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.unit import Unit

Tick = Callable[[float, str], None]
DROPPED = {"train": ("encoder/model.safetensors", "head.safetensors"), "embed": ("layer.npy",)}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a unit: `computed`, `reused` (it was in the store) or `failed`, with the error."""

    key: str
    state: str
    seconds: float = 0.0
    error: HarnessError | None = None


class InputLost(Exception):
    """Inputs of a unit are gone: another run dropped their weights, or they were damaged. They can be made again."""

    def __init__(self, units: list[Unit]) -> None:
        super().__init__(units)
        self.units = units


def silent(share: float, note: str) -> None:
    """A tick that nobody watches."""


def perform(unit: Unit, store: Store, registry: Registry, settings: Settings, tick: Tick = silent) -> Outcome:
    """Makes sure that `unit` is in the store; its inputs must be there. Raises what goes wrong as one of our errors.

    A unit that another process finished while this one waited for the lock is reused even if its weights are dropped
    again: that process had no more use for them. Whoever has finds them gone and raises InputLost.
    """
    started = time.perf_counter()
    was_there = store.find(unit.key) is not None
    with store.lock(unit.key, waiting=lambda: tick(0.0, "another process is computing it; waiting")):
        if store.find(unit.key, needs=dropped_files(unit) if was_there else ()) is not None:
            return Outcome(key=unit.key, state="reused", seconds=time.perf_counter() - started)
        registry.notify("unit_started", unit=unit)
        try:
            store.write(unit, partial(_fill, unit, store, registry, settings, tick))
        except Exception as error:
            lost = [one for one in unit.inputs.values() if store.find(one.key, needs=dropped_files(one)) is None]
            raise (InputLost(lost) if lost else _told(error)) from error
    return Outcome(key=unit.key, state="computed", seconds=time.perf_counter() - started)


def _told(error: BaseException) -> BaseException:
    """The error as the user should hear it: ours as it is, the machine's as a MachineError, else unchanged."""
    return error if isinstance(error, HarnessError) else machine_error(error) or error


def _fill(unit: Unit, store: Store, registry: Registry, settings: Settings, tick: Tick, folder: Path) -> dict[str, Any]:
    partial_folder = store.partial(unit.key)
    partial_folder.mkdir(parents=True, exist_ok=True)
    job = Job(
        unit=unit,
        inputs={role: _opened(one, store) for role, one in unit.inputs.items()},
        folder=folder,
        partial=partial_folder,
        registry=registry,
        settings=settings,
        tick=tick,
    )
    started = time.perf_counter()
    result = performer(unit, registry)(job)
    return {**result, "seconds": round(time.perf_counter() - started, 3), **about_now()}


def _opened(unit: Unit, store: Store) -> Finished:
    found = store.find(unit.key)
    if found is None:
        raise RuntimeError(f"the input {unit.label} is not in the store")
    return found


def performer(unit: Unit, registry: Registry) -> Callable[[Job], dict[str, Any]]:
    """The function that does units of this type: the core's for checkpoint and train, else the kind's own."""
    if unit.type == "checkpoint":
        from xtreme_harness.models.checkpoint import perform as make_checkpoint

        return make_checkpoint
    if unit.type == "train":
        from xtreme_harness.training.perform import perform as train

        return train
    method: Callable[[Job], dict[str, Any]] = getattr(registry.kind(unit.kind).load(), unit.type)
    return method


def dropped_files(unit: Unit) -> tuple[str, ...]:
    """The files of a unit that may be dropped once its consumers are done, and are needed to do them."""
    return DROPPED.get(unit.type, ())


def about_now() -> dict[str, Any]:
    """When and with which versions a unit was computed: told in records, no part of any key."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    packages = ("xtreme-harness", "torch", "transformers")
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"created": created, "code": {name: version(name) for name in packages}}
