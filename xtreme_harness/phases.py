"""The trainings behind a cell as its record tells them: intermediate, then target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import ADAPTER_VALUES, Task
from xtreme_harness.kinds.layout import WHOLE_VALUES
from xtreme_harness.plan import PlannedCell
from xtreme_harness.unit import Unit, digest

NOT_TOLD = ("labels",)  # long, and part of the task


def phases(cell: PlannedCell, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry a phase, the first one first; `result` is that of the cell's `predict` unit, empty without one.

    Figures come from there and not from the trainings' own units, which may be gone from the store by then. The
    intermediate entry says what was handed on: `handover` {"loaded", "dropped", "new"}, names and number of tensors.
    """
    found = []
    if cell.intermediate is not None:
        taken = dict(result.get("handover", {}))
        told = taken.pop("trained", {})
        about = {"options": _options(cell.intermediate), "data": training_data(cell.intermediate)}
        found.append({**_phase(cell.intermediate, "intermediate", cell.row.mix), **told, "handover": taken, **about})
    if cell.train is not None:
        found.append({**_phase(cell.train, "target", [cell.training_task]), **result.get("trained", {})})
    return found


def _phase(unit: Unit, role: str, tasks: Sequence[Task]) -> dict[str, Any]:
    parameters = unit.parameters
    corpora = dict.fromkeys(name for task in tasks for name in task.corpora)
    return {
        "tasks": [part["task"] for part in parameters["parts"]],
        "role": role,
        "method": dict(parameters["method"]),
        "sampler": parameters["sampler"],
        "seed": unit.seed,
        "selection": parameters["selection"],
        **({"corpora": list(corpora)} if corpora else {}),
        "unit": unit.key,
    }


def _options(unit: Unit) -> dict[str, Any]:
    """The values of the training as a whole, and of each of its tasks; a target's stand in the record's `options`."""
    tasks = {part["task"]: _of_task(part) for part in unit.parameters["parts"]}
    whole = {name: unit.parameters[name] for name in (*WHOLE_VALUES, *ADAPTER_VALUES) if name in unit.parameters}
    return {**whole, "tasks": tasks}


def _of_task(part: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in part["options"].items() if name not in NOT_TOLD}
    return {"epochs": part["epochs"], "batch_size": part["batch_size"], **options}


def training_data(unit: Unit) -> dict[str, str]:
    """Hashes of the English parts of a training, by `train.<task>` and `dev.<task>`."""
    parts = {role: one for role, one in unit.inputs.items() if one.type == "prepare"}
    return {role: f"sha256:{digest(dict(parts[role].data))}" for role in sorted(parts)}
