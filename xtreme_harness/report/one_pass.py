"""An executor for units that embed the same texts at different layers: one forward pass makes all of them.

The units, their keys and what is in them are those of ordinary runs, which find them in the store.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xtreme_harness.errors import machine_error
from xtreme_harness.executors.local import LocalExecutor
from xtreme_harness.job import Job, Settings
from xtreme_harness.kinds.retrieval import Retrieval
from xtreme_harness.registry import Registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import InputLost, Outcome, Tick, about_now, dropped_files


class OnePass:
    """Does the `embed` units of a plan together, text by text, when the first of them comes; all else one by one.

    Units are locked as they are written, not during the pass: two of these at once may both make it, and one's is kept.
    """

    slots = 1

    def __init__(self, units: Sequence[Unit], store: Store, registry: Registry, settings: Settings) -> None:
        self.local = LocalExecutor(store, registry, settings)
        self.units = [unit for unit in units if unit.type == "embed" and _is_plain(unit, registry)]
        self.passes = 0

    def submit(self, unit: Unit, tick: Tick) -> Future[Outcome]:
        if unit.key not in {one.key for one in self.units}:
            return self.local.submit(unit, tick)
        future: Future[Outcome] = Future()
        started = time.perf_counter()
        try:
            self._embed(unit, tick)
        except Exception as error:
            future.set_exception(machine_error(error) or error)
        else:
            future.set_result(Outcome(key=unit.key, state="computed", seconds=time.perf_counter() - started))
        return future

    def _embed(self, unit: Unit, tick: Tick) -> None:
        store, texts = self.local.store, unit.inputs["texts"].key
        if _is_there(unit, store):
            return
        same = {one.key: one for one in self.units if one.inputs["texts"].key == texts}
        self.passes += 1
        self._together([one for one in same.values() if not _is_there(one, store)], tick)

    def _together(self, units: Sequence[Unit], tick: Tick) -> None:
        """One pass into files beside the store's units, each of which then takes its own."""
        from xtreme_harness.models.embed import embed_layers

        store, started = self.local.store, time.perf_counter()
        with TemporaryDirectory(dir=store.root / "partial") as name:
            folder = Path(name)
            files = {unit.parameters["layer"]: folder / f"{number}.npy" for number, unit in enumerate(units)}
            told = embed_layers(self._job(units[0], folder, tick), files)
            seconds = round((time.perf_counter() - started) / len(units), 3)
            for unit, path, result in zip(units, files.values(), told, strict=True):
                with store.lock(unit.key):
                    if not _is_there(unit, store):
                        store.write(unit, partial(_take, path, {**result, "seconds": seconds, **about_now()}))

    def _job(self, unit: Unit, folder: Path, tick: Tick) -> Job:
        store = self.local.store
        inputs = {role: _opened(one, store) for role, one in unit.inputs.items()}
        places = {"folder": folder, "partial": folder}
        return Job(
            unit=unit, inputs=inputs, registry=self.local.registry, settings=self.local.settings, tick=tick, **places
        )


def _is_plain(unit: Unit, registry: Registry) -> bool:
    """A kind of a plugin may embed in a way of its own."""
    return getattr(type(registry.kind(unit.kind).load()), "embed", None) is Retrieval.embed


def _is_there(unit: Unit, store: Store) -> bool:
    return store.find(unit.key, needs=dropped_files(unit)) is not None


def _opened(unit: Unit, store: Store) -> Finished:
    found = store.find(unit.key, needs=dropped_files(unit))
    if found is None:
        raise InputLost([unit])
    return found


def _take(path: Path, result: dict[str, Any], folder: Path) -> dict[str, Any]:
    path.rename(folder / "layer.npy")
    return result
