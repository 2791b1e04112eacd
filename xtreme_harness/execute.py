"""Runs a plan: asks the store what is there, gives the rest to an executor in order, and keeps going where it can.

A unit that fails takes only the cells behind it with it. What stops a run at once: the machine's own errors, and data
or a checkpoint that is refused, which shows before any training because `prepare` units come first.
"""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xtreme_harness.errors import CheckpointError, DataError, HarnessError, MachineError
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import InputLost, Outcome, dropped_files

if TYPE_CHECKING:
    from xtreme_harness.executors.local import ExecutorWork


class Watcher(Protocol):
    """Who shows the progress of a run."""

    def planned(self, pending: list[Unit], reused: int) -> None:
        """Called once, with the units to be done."""

    def started(self, unit: Unit) -> None: ...

    def ticked(self, unit: Unit, share: float, note: str) -> None: ...

    def finished(self, unit: Unit, outcome: Outcome) -> None: ...


def pending_units(plan: Plan, store: Store) -> list[Unit]:
    """The units that must be done, inputs first. What a finished unit was made from is not asked for."""
    needed: set[str] = set()

    def demand(unit: Unit, needs: tuple[str, ...]) -> None:
        if unit.key in needed or store.find(unit.key, needs=needs) is not None:
            return
        needed.add(unit.key)
        for one in unit.inputs.values():
            demand(one, dropped_files(one))

    for cell in plan.cells:
        for goal in (cell.predict, cell.tuning, cell.score, cell.target_dev):
            if goal is not None:
                demand(goal, ())
    return [unit for unit in plan.units() if unit.key in needed]


def execute(
    plan: Plan, pending: list[Unit], store: Store, registry: Registry, executor: ExecutorWork, watcher: Watcher
) -> dict[str, Outcome]:
    """Does the `pending` units; gives each one's outcome. Raises MachineError, and what refuses data or checkpoint."""
    outcomes: dict[str, Outcome] = {}
    running: dict[Future[Outcome], Unit] = {}
    waiting = list(pending)
    while waiting or running:
        for unit in _ready(waiting):
            if len(running) >= executor.slots:
                break
            waiting.remove(unit)
            watcher.started(unit)
            future = executor.submit(unit, partial(watcher.ticked, unit))
            running[future] = unit
            if future.done():
                break  # an executor that computes at once: tell what came of it before going on
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda one: running[one].key):
            unit = running.pop(future)
            if isinstance(lost := future.exception(), InputLost):
                waiting = [*(one for one in lost.units if one not in waiting), unit, *waiting]
                continue
            outcome = _outcome(unit, future)
            _settle(unit, outcome, outcomes, registry, watcher)
            if outcome.error is not None:
                waiting = _fail_dependants(waiting, unit, outcome.error, outcomes, registry, watcher)
            if not plan.request.keep_all:
                drop_weights(plan.units(), {one.key for one in [*waiting, *running.values()]}, store, after=unit)
    return outcomes


def _ready(waiting: list[Unit]) -> list[Unit]:
    """The waiting units none of whose inputs is still to come, in order."""
    coming = {unit.key for unit in waiting}
    return [unit for unit in waiting if not any(one.key in coming for one in unit.inputs.values())]


def _outcome(unit: Unit, future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except (MachineError, CheckpointError):
        raise
    except HarnessError as known:
        if unit.type == "prepare" and isinstance(known, DataError):
            raise
        error = known
    except Exception as bug:
        error = HarnessError(f"{type(bug).__name__}: {bug} (a bug of ours? traceback in {_keep_traceback(bug)})")
    return Outcome(key=unit.key, state="failed", error=error)


def _keep_traceback(error: BaseException) -> Path:
    with tempfile.NamedTemporaryFile("w", prefix="xtreme-harness-", suffix=".txt", delete=False) as stream:
        stream.writelines(traceback.format_exception(error))
    return Path(stream.name)


def _settle(unit: Unit, outcome: Outcome, outcomes: dict[str, Outcome], registry: Registry, watcher: Watcher) -> None:
    outcomes[unit.key] = outcome
    watcher.finished(unit, outcome)
    registry.notify("unit_finished", unit=unit, outcome=outcome)


def _fail_dependants(
    waiting: list[Unit],
    failed: Unit,
    error: HarnessError,
    outcomes: dict[str, Outcome],
    registry: Registry,
    watcher: Watcher,
) -> list[Unit]:
    """Fails every waiting unit behind `failed` with the same error; returns those that still wait."""
    lost = {failed.key}
    left = []
    for unit in waiting:  # inputs come first, so one pass reaches everything behind
        if any(one.key in lost for one in unit.inputs.values()):
            lost.add(unit.key)
            _settle(unit, Outcome(key=unit.key, state="failed", error=error), outcomes, registry, watcher)
        else:
            left.append(unit)
    return left


def starting_points(units: Iterable[Unit]) -> dict[str, Unit]:
    """The trainings of `units` that other units start from, by key: those of intermediate phases."""
    starts = (unit.inputs["checkpoint"] for unit in units if "checkpoint" in unit.inputs)
    return {start.key: start for start in starts if start.type == "train"}


def keep_encoders(units: Iterable[Unit], store: Store) -> None:
    """Marks the finished intermediate trainings of `units`: their weights stay, also where a run only predicts."""
    for key in starting_points(units):
        store.keep(key)


def drop_weights(units: Iterable[Unit], unfinished: set[str], store: Store, after: Unit | None = None) -> None:
    """Drops the weights of trainings that only predictions need, once no unfinished unit opens them.

    `after` limits that to its own inputs. Intermediate trainings stay.
    """
    units = list(units)
    if after is not None and after.type != "predict":
        return
    inputs = after.inputs.values() if after is not None else units
    starts = starting_points(units)
    for trained in [one for one in inputs if one.type == "train" and one.key not in starts]:
        users = [unit for unit in units if any(one.key == trained.key for one in unit.inputs.values())]
        if not any(user.key in unfinished for user in users):
            store.drop(trained.key, dropped_files(trained))
