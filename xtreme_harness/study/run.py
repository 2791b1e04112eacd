"""A study from arms to runs: all of them planned before the first one starts, then one after the other.

Each run is an ordinary one, in `runs/<study>/<model>.<recipe>[.<n>]/`; what they share is shared through the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xtreme_harness.errors import RequestError
from xtreme_harness.execute import Watcher, pending_units
from xtreme_harness.files import write_text
from xtreme_harness.job import Settings
from xtreme_harness.plan import Plan, make_plan
from xtreme_harness.registry import Registry
from xtreme_harness.rows import Row
from xtreme_harness.run import Ran, make_writable, run
from xtreme_harness.store import Store
from xtreme_harness.study.arms import Arm, arms, folder_name
from xtreme_harness.study.file import Study
from xtreme_harness.unit import Unit

COPY = "study.toml"


@dataclass(frozen=True, kw_only=True)
class PlannedArm:
    """One run of a study, ready to start."""

    arm: Arm
    plan: Plan
    name: str  # of its folder


def plan_study(study: Study, registry: Registry, store: Store, **machine: Any) -> list[PlannedArm]:
    """Plans every run. Raises what `make_plan` raises, and RequestError for two models of one name."""
    planned = [
        PlannedArm(arm=arm, plan=make_plan(arm.request, registry, store), name=folder_name(arm, registry))
        for arm in arms(study, registry, **machine)
    ]
    names = [one.name for one in planned]
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise RequestError(f"Study {study.name}: two models are called {twice.partition('.')[0]!r}; rename a folder.")
    return planned


def study_units(planned: Sequence[PlannedArm]) -> list[Unit]:
    """The units of all runs, each once."""
    return list({unit.key: unit for one in planned for unit in one.plan.units()}.values())


def row_units(plan: Plan, row: Row) -> list[Unit]:
    """The units that one row of a run needs by itself."""
    return replace(plan, cells=tuple(cell for cell in plan.cells if cell.row == row)).units()


def study_pending(planned: Sequence[PlannedArm], store: Store) -> list[Unit]:
    """The units that must be done, each once."""
    return list({unit.key: unit for one in planned for unit in pending_units(one.plan, store)}.values())


def claim_folder(folder: Path, file: Path) -> None:
    """Makes the study's folder, with a copy of its file; raises RequestError where something else lies there."""
    if folder.is_dir() and any(folder.iterdir()) and not (folder / COPY).is_file():
        raise RequestError(f"{folder} holds something else than a study. Name another folder with --out, or remove it.")
    make_writable(folder)
    write_text(folder / COPY, file.read_text(encoding="utf-8"))


def run_study(
    planned: Sequence[PlannedArm],
    folder: Path,
    store: Store,
    registry: Registry,
    settings: Settings,
    executor: str,
    watcher: Watcher,
    announce: Callable[[str], None],
) -> list[Ran]:
    """Does every run, in order; finished units stay in the store whatever happens."""
    done = []
    for number, one in enumerate(planned, start=1):
        announce(f"run {number} of {len(planned)}: {one.name}")
        done.append(run(one.plan, folder / one.name, store, registry, settings, executor, watcher))
    return done
