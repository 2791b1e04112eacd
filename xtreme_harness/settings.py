"""The values of `--set` and of study files: whose they are, whether they exist, whether they fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

from xtreme_harness.definitions import (
    ADAPTER_VALUES,
    ADAPTERS,
    NO_ADAPTER,
    RECIPE_DEFAULTS,
    SELECTIONS,
    Kind,
    Method,
    Task,
)
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.registry import Registry
from xtreme_harness.unit import MOST_SEED

COUNTS = (
    "epochs",
    "updates",
    "batch_size",
    "max_length",
    "max_query_length",
    "max_answer_length",
    "doc_stride",
    "lora_rank",
    "lora_alpha",
)
MODEL_SETTINGS = ("layer", "pooling", "sentence_pooling", "prefix")
SHORTEST = 8  # tokens; a tokenizer does not cut below its special tokens, and says nothing
DROPOUTS = ("dropout", "lora_dropout")
RATES = ("learning_rate", "head_learning_rate", "warmup", "weight_decay", "clip", "adam_epsilon", *DROPOUTS)
CHOICES = {"selection": SELECTIONS, "adapter": ADAPTERS}


def settings_by_name(
    settings: Iterable[tuple[str, str, Any]], registry: Registry, tasks: Sequence[Task], methods: Sequence[Method] = ()
) -> dict[str, dict[str, Any]]:
    """{task or method: {key: value}}, each key known to the recipe, the task's kind, the model or the method.

    Raises UnknownName or RequestError (exit 2).
    """
    table: dict[str, dict[str, Any]] = {}
    kinds = {task.name: registry.kind(task.kind) for task in tasks}
    by_name = {method.name: method for method in methods}
    for name, key, value in settings:
        if name in kinds:
            check_key(key, kinds[name])
            problem = value_problem(key, value)
        elif name in by_name:
            problem = parameter_problem(by_name[name], key, value)
        else:
            raise UnknownName("task", name, [*kinds, *by_name], " (--set names a task or a method of this run.)")
        if problem:
            raise RequestError(f"--set {name}.{key}={value}: {problem}.")
        table.setdefault(name, {})[key] = value
    return table


def parameter_problem(method: Method, key: str, value: Any) -> str | None:
    """Why `value` cannot be that of a method's parameter; None when it can. Raises UnknownName where there is none."""
    if key not in method.parameters:
        known = ", ".join(method.parameters) or "no parameters"
        raise UnknownName("setting", key, method.parameters, f" Method {method.name} has: {known}.")
    default, choices = method.parameters[key], method.choices.get(key)
    if choices is not None:
        return None if value in choices else f"must be one of {', '.join(choices)}"
    types = {bool: (bool,), int: (int,), float: (int, float)}.get(type(default), (type(default),))
    if type(value) not in types:
        said = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        return f"expected {said.get(type(default), type(default).__name__)}"
    if isinstance(value, float) and not isfinite(value):
        return "must be finite"
    if type(default) in (int, float) and default >= 0 > value:
        return "must not be negative"
    return None


def with_settings(method: Method, settings: Mapping[str, Any]) -> Method:
    """The method with other parameters: 1 for 1.0 is the same value and must make the same key."""
    chosen = {key: type(method.parameters[key])(value) for key, value in settings.items()}
    return replace(method, parameters={**method.parameters, **chosen})


def without_idle(
    task: str, values: Mapping[str, Any], chosen: Mapping[str, Any], of_role: Mapping[str, Any]
) -> dict[str, Any]:
    """A recipe's values without those of an adapter that there is none of: they decide nothing, and are in no key.

    Raises RequestError where one is `chosen` for the task all the same; but where a study's values for its role name
    the adapter, it is swept, and one point of several may have none.
    """
    if values["adapter"] != NO_ADAPTER:
        return dict(values)
    idle = [key for key in chosen if key in ADAPTER_VALUES and key != "adapter"]
    if idle and "adapter" not in of_role:
        raise RequestError(f"Task {task}: {idle[0]} is set and there is no adapter: set adapter=lora too.")
    return {key: value for key, value in values.items() if key not in ADAPTER_VALUES}


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
    if numeric and not isfinite(value):
        return "must be finite"
    if (isinstance(default, int) or key in COUNTS) and not isinstance(value, int) and key != "warmup":
        return "expected a whole number"
    if key in COUNTS and value < 1:
        return "must be at least 1"
    if key == "seed" and not 0 <= value <= MOST_SEED:
        return f"must be from 0 to {MOST_SEED}"
    if key == "max_length" and value < SHORTEST:
        return f"must be at least {SHORTEST}, special tokens included"
    if key in RATES and value < 0:
        return "must not be negative"
    if key in DROPOUTS and value >= 1:
        return "must be below 1"
    if key == "prefix" and not isinstance(value, str):
        return f'expected text; write prefix="{value}"'
    if key == "lora_modules" and not (isinstance(value, str) and value):
        return 'expected text: "all", or names of layers such as "query,value"'
    if key in CHOICES and value not in CHOICES[key]:
        return f"must be one of {', '.join(CHOICES[key])}"
    return None
