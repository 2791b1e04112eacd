"""What records tell of their trainings: whether it agrees with the rest of a record, its row and its request.

Nothing here can be computed again without the model; but what a run tells once for a row, it tells in every cell alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Task
from xtreme_harness.intermediate import NONE
from xtreme_harness.leaderboard.verification.form import is_same
from xtreme_harness.records import CHOSEN, Record

INTERMEDIATE, TARGET = "intermediate", "target"
PLAIN = "plain"
OF_TARGET = "handover"  # what the head of each target left of an intermediate training
Told = Callable[[Record], Any]


def phase_problems(record: Record, task: Task) -> Iterator[str]:
    """Where the trainings of an ok record are not those that the record is of."""
    phases = record["phases"]
    roles = [INTERMEDIATE] * (record["intermediate"] != NONE) + [TARGET] * ("train" in record["data"])
    if [phase.get("role") for phase in phases] != roles:
        yield f"its phases are not {' and '.join(roles) or 'none'}"
        return
    for role, phase in zip(roles, phases, strict=True):
        expected = {"seed": record["seed"], "tasks": _trained_on(role, record, task)}
        if role == TARGET:
            expected["selection"] = record["options"].get("selection")
        wrong = [name for name, value in expected.items() if value is not None and not is_same(phase.get(name), value)]
        method = phase.get("method", {"name": PLAIN})  # the first records did not tell it
        if not isinstance(method, dict) or method.get("name") != record["method"]:
            wrong.append("method")
        yield from (f"{name} of its {role} phase is not that of the record" for name in wrong)


def _trained_on(role: str, record: Record, task: Task) -> list[str] | None:
    """None for the control of an intermediate training, which has tasks of its own."""
    if role == TARGET:
        return [task.train_on or task.name]
    return None if record["control"] else record["intermediate"].split("+")


def agreement_problems(records: Sequence[Record]) -> Iterator[str]:
    """Ok cells of a row that tell other things of its trainings than the first one: of the same task, or at all."""
    first_of_task: dict[tuple[str, str], Record] = {}
    first_of_row: dict[str, Record] = {}
    for record in records:
        if record["state"] != "ok":
            continue
        row, task = record["row"], record["task"]
        beside = first_of_task.setdefault((row, task), record)
        found = [name for name, told in IN_A_TASK.items() if not is_same(told(record), told(beside))]
        if not found and not is_same(_intermediate(record), _intermediate(first_of_row.setdefault(row, record))):
            found = ["the intermediate phase"]
        for name in found:
            yield f"{row} {task} {record['language']}: {name} is not that of the row's other records"


def _options(record: Record) -> Mapping[str, Any]:
    return {name: value for name, value in record["options"].items() if name not in CHOSEN}


def _training_data(record: Record) -> list[Any]:
    """What retrieval has as `dev` is each language's own."""
    is_trained = any(phase.get("role") == TARGET for phase in record["phases"])
    return [record["data"].get(part) for part in (("train", "dev") if is_trained else ("train",))]


def _intermediate(record: Record) -> list[Any]:
    phases = [phase for phase in record["phases"] if phase.get("role") == INTERMEDIATE]
    return [{name: value for name, value in phase.items() if name != OF_TARGET} for phase in phases]


IN_A_TASK: Mapping[str, Told] = {
    "options": _options,
    "phases": lambda record: record["phases"],
    "data of train or dev": _training_data,
}
