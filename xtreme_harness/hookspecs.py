"""The hooks: everything a plugin can do. Implement any of them with `@hookimpl` (from xtreme_harness import hookimpl).

A registering hook receives `register` and calls it once a thing; the core checks each thing as it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from xtreme_harness.definitions import Executor, Kind, Method, Metric, Model, Recipe, Suite, Task
    from xtreme_harness.unit import Unit

PROJECT = "xtreme_harness"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_target_tasks(register: Callable[[Task], None]) -> None:
    """Tasks that are evaluated in every language.

    @hookimpl
    def register_target_tasks(register):
        register(Task.from_jsonl(name="topics", kind="classify", labels=("a", "b"), languages=("en", "sw"), path=...))
    """


@hookspec
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    """Tasks that can be trained on in between; the same Task may be given to both hooks.

    @hookimpl
    def register_intermediate_tasks(register):
        register(my_english_task)
    """


@hookspec
def register_models(register: Callable[[Model], None]) -> None:
    """Checkpoints by name, with their retrieval layer, pooling and prefix.

    @hookimpl
    def register_models(register):
        register(Model(name="ours", reference="org/ours@0123abc", layers=12, prefix="query: "))
    """


@hookspec
def register_suites(register: Callable[[Suite], None]) -> None:
    """Groups of target tasks with one average.

    @hookimpl
    def register_suites(register):
        register(Suite(name="pairs", groups={"classification": ("xnli", "pawsx")}, recipe="xtreme"))
    """


@hookspec
def register_recipes(register: Callable[[Recipe], None]) -> None:
    """Hyperparameters by name.

    @hookimpl
    def register_recipes(register):
        register(Recipe(name="gentle", kinds={"classify": {"learning_rate": 1e-5, "epochs": 2}}))
    """


@hookspec
def register_boards(register: Callable[[Path], None]) -> None:
    """Paths of board files (TOML).

    @hookimpl
    def register_boards(register):
        register(Path(__file__).parent / "my_board.toml")
    """


@hookspec
def register_kinds(register: Callable[[Kind], None]) -> None:
    """New task shapes (provisional until 1.0).

    @hookimpl
    def register_kinds(register):
        register(Kind(name="rank", summary="order candidates", trainable=True, load=lambda: RankKind()))
    """


@hookspec
def register_methods(register: Callable[[Method], None]) -> None:
    """Other ways to compute one training step.

    @hookimpl
    def register_methods(register):
        register(Method(name="noisy", summary="noise added", parameters={"sigma": 0.1}, load=lambda: make_noisy))
    """


@hookspec
def register_metrics(register: Callable[[Metric], None]) -> None:
    """Metrics by name: pure functions of predictions and gold.

    @hookimpl
    def register_metrics(register):
        register(Metric(name="within-one", compute=within_one))
    """


@hookspec
def register_executors(register: Callable[[Executor], None]) -> None:
    """Places where units run (provisional until 1.0).

    @hookimpl
    def register_executors(register):
        register(Executor(name="slurm", summary="one job a unit", load=lambda: SlurmExecutor))
    """


@hookspec
def register_commands(cli: click.Group) -> None:
    """Commands under `xtreme-harness`.

    @hookimpl
    def register_commands(cli):
        cli.add_command(my_click_command)
    """


@hookspec
def unit_started(unit: Unit) -> None:
    """Called before a unit is computed.

    @hookimpl
    def unit_started(unit):
        print("computing", unit.label)
    """


@hookspec
def unit_finished(unit: Unit, outcome: Any) -> None:
    """Called after a unit was computed, found in the store, or failed (outcome.state says which).

    @hookimpl
    def unit_finished(unit, outcome):
        print(unit.label, outcome.state, outcome.seconds)
    """


@hookspec
def run_finished(run: Path) -> None:
    """Called with the run's folder once records and tables are written.

    @hookimpl
    def run_finished(run):
        upload(run / "records.jsonl")
    """
