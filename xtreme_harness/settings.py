"""The values of `--set` and of study files: whose they are, whether they exist, whether they fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from xtreme_harness.definitions import RECIPE_DEFAULTS, SELECTIONS, Kind, Task
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.registry import Registry

COUNTS = ("epochs", "updates", "batch_size", "max_length", "max_query_length", "max_answer_length", "doc_stride")
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
        check_key(key, registry.kind(next(task.kind for task in tasks if task.name == name)))
        if problem := value_problem(key, value):
            raise RequestError(f"--set {name}.{key}={value}: {problem}.")
        table.setdefault(name, {})[key] = value
    return table


def check_key(key: str, kind: Kind) -> None:
    """Raises UnknownName for a key that is no value of a recipe, of the kind or of the model."""
    known = [*RECIPE_DEFAULTS, *kind.options, *MODEL_SETTINGS]
    if key not in known:
        raise UnknownName("setting", key, known, f" A {kind.name} task has: {', '.join(known)}.")


def value_problem(key: str, value: Any) -> str | None:
    """Why `value` cannot be that of `key`; None when it can."""
    default = RECIPE_DEFAULTS.get(key)
    numeric = isinstance(default, int | float) or key in ("head_learning_rate", "dropout", "layer", "updates")
    if numeric and (isinstance(value, bool) or not isinstance(value, int | float)):
        return "expected a number"
    if (isinstance(default, int) or key in COUNTS) and not isinstance(value, int) and key != "warmup":
        return "expected a whole number"
    if key in COUNTS and value < 1:
        return "must be at least 1"
    if key == "max_length" and value < SHORTEST:
        return f"must be at least {SHORTEST}, special tokens included"
    if key in RATES and value < 0:
        return "must not be negative"
    if key == "prefix" and not isinstance(value, str):
        return f'expected text; write prefix="{value}"'
    if key == "selection" and value not in SELECTIONS:
        return f"must be one of {', '.join(SELECTIONS)}"
    return None
