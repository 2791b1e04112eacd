"""Whether a cell may be compared with others of its task, and if not, why: data that is not whole, or not official."""

from __future__ import annotations

from collections.abc import Iterator

from xtreme_harness.definitions import Task
from xtreme_harness.plan import PlannedCell
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

OTHER_TEST = "another number of test examples than the benchmark has"
LIMITED = "limited to some examples a language ({})"
OTHER_TRAINING = "trained on another number of examples than the benchmark has"


def why_not_comparable(cell: PlannedCell, store: Store) -> str:
    """The reasons in one sentence; empty where there is none.

    Counts are those of the finished units: what was read, not what a file's name promises.
    """
    task, limit = cell.task, cell.options.get("limit", {})
    reasons = [] if task.comparable else [task.not_comparable_because]
    reasons += cell.unofficial
    reasons += [LIMITED.format(", ".join(f"{part} {most}" for part, most in limit.items()))] if limit else []
    scored, expected = store.find(cell.score.key) if cell.score else None, task.sizes.get("test", {}).get(cell.language)
    if scored and expected not in (None, scored.result["n"]):
        reasons.append(OTHER_TEST)
    if any(_is_other(unit, part_of, store) for unit, part_of in _trained_on(cell)):
        reasons.append(OTHER_TRAINING)
    return "; ".join(dict.fromkeys(reasons))


def _trained_on(cell: PlannedCell) -> Iterator[tuple[Unit, Task]]:
    """The English parts that both phases read, and whose they are."""
    mixed = {task.name: task for task in cell.row.mix}
    for unit in cell.train.inputs.values() if cell.train else ():
        if unit.type == "prepare":
            yield unit, cell.training_task
    for unit in cell.intermediate.inputs.values() if cell.intermediate else ():
        if unit.type == "prepare":
            yield unit, mixed[unit.task]


def _is_other(unit: Unit, task: Task, store: Store) -> bool:
    """Whether a part of `task` has another number of examples than the task says."""
    expected = task.sizes.get(unit.parameters["split"], {}).get(unit.parameters["language"])
    found = store.find(unit.key)
    return found is not None and expected not in (None, found.result["examples"])
