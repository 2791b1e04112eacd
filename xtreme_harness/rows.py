"""The rows of a run: which tasks each one trains on in between, by which method, from which seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xtreme_harness.definitions import Task
from xtreme_harness.intermediate import NONE, Mix, check_control, controls_of, named_mixes
from xtreme_harness.records import row_label
from xtreme_harness.registry import Registry
from xtreme_harness.request import Request
from xtreme_harness.training.samplers import Sampler


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the run's table. `mix` are the tasks trained on: those that `intermediate` names, or their controls.

    `controlled` gives the task that each control in the mix stands in for, by the control's name.
    """

    label: str
    intermediate: str
    control: str | None
    method: str
    seed: int | None  # None: the recipe's
    mix: Mix = ()
    controlled: Mapping[str, Task] = field(default_factory=dict)

    def seed_of(self, values: Mapping[str, Any]) -> int:
        return int(values["seed"]) if self.seed is None else self.seed

    def like(self, task: Task) -> Task:
        """Whose values a task of the mix is trained with: those of what it stands in for, if that is of its kind."""
        other = self.controlled.get(task.name, task)
        return other if other.kind == task.kind else task

    def sampler(self, sampler: Sampler) -> Sampler:
        """`sampler` for this row's mix: a control is drawn with the weight of what it stands in for."""
        named = {task.name: self.controlled.get(task.name, task).name for task in self.mix}
        weights = {name: sampler.weights[one] for name, one in named.items() if one in sampler.weights}
        return replace(sampler, weights=weights) if self.controlled else sampler


def rows_of(request: Request, registry: Registry) -> tuple[Row, ...]:
    """The rows of a run, in order: intermediates, each before its controls, x methods x seeds."""
    seeds: tuple[int | None, ...] = request.seeds or (None,)
    mixes = named_mixes(request.intermediates, request.sampler, registry)
    for control in request.controls:
        check_control(control, mixes, registry)
    return tuple(
        _row(mix, control, registry, registry.method(method).name, seed)
        for mix in mixes
        for control in (None, *(name for name in request.controls if controls_of(mix, name)))
        for method in request.methods
        for seed in seeds
    )


def _row(mix: Mix, control: str | None, registry: Registry, method: str, seed: int | None) -> Row:
    named = "+".join(task.name for task in mix) or NONE
    controlled = {} if control is None else controls_of(mix, control) or {}
    return Row(
        label=row_label(named, control, method, seed),
        intermediate=named,
        control=control,
        method=method,
        seed=seed,
        mix=tuple(registry.intermediate_task(name) for name in controlled) or mix,
        controlled=controlled,
    )
