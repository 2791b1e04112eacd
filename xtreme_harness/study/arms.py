"""From a study to what is run: one request for every model, recipe and sweep point; its rows are the arms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from xtreme_harness.intermediate import named_mixes
from xtreme_harness.models.reference import model_name
from xtreme_harness.plan import recipe_of
from xtreme_harness.registry import Registry
from xtreme_harness.request import Request
from xtreme_harness.study.file import Study

SAME = (  # fields that a study and its requests have in common
    "suite",
    "tasks",
    "languages",
    "intermediates",
    "controls",
    "sampler",
    "methods",
    "seeds",
    "settings",
    "data",
    "labels",
    "unofficial",
    "limit",
    "plugins",
)

Point = Mapping[str, Mapping[str, Any]]  # role: recipe key: the value tried


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One run of a study. `number` counts its sweep points from 1; None where nothing is swept."""

    request: Request
    point: Point
    number: int | None = None


def arms(study: Study, registry: Registry, **machine: Any) -> list[Arm]:
    """Every run of the study, in order. `machine` are fields of a request that are no part of a study: device, dtype.

    Rows are intermediates x methods x seeds. Raises what a wrong request raises.
    """
    return [
        _arm(study, registry, model, recipe, number, point, machine)
        for model in study.models
        for recipe in study.recipes
        for number, point in points(study)
    ]


def folder_name(arm: Arm, registry: Registry) -> str:
    """The name of the run's folder: `<model>.<recipe>[.<point>]`."""
    number = "" if arm.number is None else f".{arm.number}"
    return f"{model_name(arm.request.model, registry)}.{recipe_of(arm.request, registry).name}{number}"


def point_text(point: Point) -> str:
    """`target learning_rate 1e-05, intermediate epochs 2`."""
    return ", ".join(f"{role} {key} {value}" for role, values in point.items() for key, value in values.items())


def points(study: Study) -> Iterator[tuple[int | None, Point]]:
    """The sweep's points: every combination of the values of all axes, the last one changing fastest."""
    axes = [(role, key) for role, values in study.sweep.items() for key in values]
    if not axes:
        yield None, {}
        return
    values = (study.sweep[role][key] for role, key in axes)
    for number, chosen in enumerate(product(*values), start=1):
        point: dict[str, dict[str, Any]] = {}
        for (role, key), value in zip(axes, chosen, strict=True):
            point.setdefault(role, {})[key] = value
        yield number, point


def _arm(
    study: Study,
    registry: Registry,
    model: str,
    recipe: str | None,
    number: int | None,
    point: Point,
    machine: Mapping[str, Any],
) -> Arm:
    request = Request(
        model=model,
        recipe=recipe,
        role_settings=tuple((role, *one) for role, values in point.items() for one in values.items()),
        target_dev=bool(study.sweep),
        **{name: getattr(study, name) for name in SAME},
        **machine,
    )
    if study.match == "steps":
        steps = ("intermediate", "updates", study.steps or _least_steps(request, registry))
        request = replace(request, role_settings=(*request.role_settings, steps))
    return Arm(request=request, point=point, number=number)


def _least_steps(request: Request, registry: Registry) -> int:
    """The fewest updates that a task among the intermediates takes for its epochs over the limit on examples."""
    recipe = recipe_of(request, registry)
    of_role = {key: value for role, key, value in request.role_settings if role == "intermediate"}
    mixes = named_mixes(request.intermediates, request.sampler, registry)
    steps = []
    for task in (task for mix in mixes for task in mix):
        own = {key: value for name, key, value in request.settings if name == task.name}
        values = {**recipe.values(task.kind, task.name), **of_role, **own}
        steps.append(values["epochs"] * math.ceil(request.limit["train"] / values["batch_size"]))
    return min(steps, default=1)
