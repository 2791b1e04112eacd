"""What `--intermediate` names: tasks to train on, in English, before the targets; their controls; the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xtreme_harness.definitions import Task
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.registry import Registry
from xtreme_harness.training.samplers import Sampler

if TYPE_CHECKING:
    from xtreme_harness.kinds.interface import Assignment
    from xtreme_harness.unit import Unit

NONE = "none"

Mix = tuple[Task, ...]  # trained on at once; empty: the model as it is


def named_mixes(intermediates: Sequence[str], sampler: Sampler, registry: Registry) -> tuple[Mix, ...]:
    """One mix a row, in order; `none`, or nothing named at all, is the empty one.

    Raises UnknownName or RequestError (exit 2) for names and mixes that do not exist.
    """
    mixes = tuple(_mix(text, registry) for text in intermediates or (NONE,))
    for name in sampler.weights:
        registry.intermediate_task(name)
    for mix in mixes:
        if len(mix) > 1:
            sampler.about([task.name for task in mix])
    return mixes


def _mix(text: str, registry: Registry) -> Mix:
    names = () if text == NONE else tuple(text.split("+"))
    if "" in names:
        raise RequestError(f"Intermediate {text!r}: a name is missing; mixes are written A+B.")
    if NONE in names:
        raise RequestError(f"Intermediate {text}: {NONE} stands alone, for no training at all.")
    if len(set(names)) < len(names):
        raise RequestError(f"Intermediate {text}: a task is in it twice.")
    tasks = tuple(registry.intermediate_task(name) for name in names)
    for task in tasks:
        if not registry.kind(task.kind).trainable:
            raise RequestError(f"Intermediate {text}: {task.name} is of kind {task.kind}, which trains nothing.")
        if task.train_on:
            raise RequestError(f"Intermediate {text}: {task.name} trains on {task.train_on}; name that instead.")
    return tasks


def controls_of(mix: Mix, control: str) -> dict[str, Task] | None:
    """{name of a task's control of that name: the task}; None for a mix without a task, or with one that has none.

    A control that several tasks share is trained on once.
    """
    if not mix or any(control not in task.controls for task in mix):
        return None
    found: dict[str, Task] = {}
    for task in mix:
        found.setdefault(task.controls[control], task)
    return found


def control_names(mix: Mix) -> tuple[str, ...]:
    """The controls that a mix has: those of its first task that every other one has too."""
    return tuple(name for name in (mix[0].controls if mix else ()) if controls_of(mix, name))


def check_control(control: str, mixes: Sequence[Mix], registry: Registry) -> None:
    """Raises UnknownName for a control that no task has, RequestError for one that none of `mixes` has."""
    known = {name for entry in registry.entries("task") for name in entry.thing.controls}
    if control not in known:
        raise UnknownName("control", control, sorted(known), registry.failure_hint)
    if all(controls_of(mix, control) is None for mix in mixes):
        raise RequestError(f"none of the intermediates has the control {control!r}.")


def intermediate_unit(assignments: Sequence[Assignment], registry: Registry, sampler: Sampler) -> Unit:
    """The `train` unit over the tasks of a mix, in order.

    Of one task it is that task's own training, with the same key. Of several, the values that belong to the training
    as a whole are the first one's. Raises MissingData where an English part of a task is not there.
    """
    from xtreme_harness.kinds.layout import WHOLE_VALUES, train_unit

    first, names = assignments[0], [one.task.name for one in assignments]
    shared = {name: first.recipe[name] for name in WHOLE_VALUES}
    mixed = [replace(one, recipe={**one.recipe, **shared}) for one in assignments]
    parts = [registry.kind(one.task.kind).load().training_part(one) for one in mixed]
    return train_unit(first, parts, sampler.about(names) if len(names) > 1 else None)
