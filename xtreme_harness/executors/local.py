"""Runs one unit after another in this process; whatever implements `submit` and `slots` can take its place."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from xtreme_harness.job import Settings
from xtreme_harness.registry import Registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome, Tick, perform


class ExecutorWork(Protocol):
    """What `execute` asks of an executor (provisional until 1.0)."""

    slots: int

    def submit(self, unit: Unit, tick: Tick) -> Future[Outcome]:
        """Starts a unit whose inputs are in the store; the future gives its Outcome or its exception."""


class LocalExecutor:
    """Computes at once, in the calling process: the future is done when `submit` returns."""

    slots = 1

    def __init__(self, store: Store, registry: Registry, settings: Settings) -> None:
        self.store, self.registry, self.settings = store, registry, settings

    def submit(self, unit: Unit, tick: Tick) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            future.set_result(perform(unit, self.store, self.registry, self.settings, tick))
        except Exception as error:
            future.set_exception(error)
        return future
