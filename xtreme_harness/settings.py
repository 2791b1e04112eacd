"""The values of `--set`: whose they are, whether they exist, whether they fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xtreme_harness.definitions import RECIPE_DEFAULTS, SELECTIONS, Task
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.registry import Registry

COUNTS = ("epochs", "batch_size", "max_length", "max_query_length", "max_answer_length", "doc_stride")
MODEL_SETTINGS = ("layer", "pooling", "sentence_pooling", "prefix")
SHORTEST = 8  # tokens; a tokenizer does not cut below its special tokens, and says nothing
RATES = ("learning_rate", "head_learning_rate", "warmup", "weight_decay", "clip", "adam_epsilon", "dropout")


def settings_by_task(
    settings: Iterable[tuple[str, str, Any]], registry: Registry, tasks: Sequence[Task]
) -> dict[str, dict[str, Any]]:
    """{task: {key: value}}, each key known to the recipe, the task's kind or the model.

    Raises UnknownName or RequestError (exit 2).
    """
    table: dict[str, dict[str, Any]] = {}
    for name, key, value in settings:
        if name not in [task.name for task in tasks]:
            raise UnknownName("task", name, [task.name for task in tasks], " (--set names a task of this run.)")
        kind = registry.kind(next(task.kind for task in tasks if task.name == name))
        known = [*RECIPE_DEFAULTS, *kind.options, *MODEL_SETTINGS]
        if key not in known:
            raise UnknownName("setting", key, known, f" A {kind.name} task has: {', '.join(known)}.")
        _check_value(name, key, value)
        table.setdefault(name, {})[key] = value
    return table


def _check_value(task: str, key: str, value: Any) -> None:
    default = RECIPE_DEFAULTS.get(key)
    numeric = isinstance(default, int | float) or key in ("head_learning_rate", "dropout", "layer")
    if numeric and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise RequestError(f"--set {task}.{key}={value}: expected a number.")
    if isinstance(default, int) and not isinstance(value, int) and key != "warmup":
        raise RequestError(f"--set {task}.{key}={value}: expected a whole number.")
    if key in COUNTS and value < 1:
        raise RequestError(f"--set {task}.{key}={value}: must be at least 1.")
    if key == "max_length" and value < SHORTEST:
        raise RequestError(f"--set {task}.max_length={value}: must be at least {SHORTEST}, special tokens included.")
    if key in RATES and value < 0:
        raise RequestError(f"--set {task}.{key}={value}: must not be negative.")
    if key == "prefix" and not isinstance(value, str):
        raise RequestError(f'--set {task}.prefix={value}: expected text; write prefix="{value}".')
    if key == "selection" and value not in SELECTIONS:
        raise RequestError(f"--set {task}.selection={value}: must be one of {', '.join(SELECTIONS)}.")
