"""`data labels`: the label folder that an ordinary XTREME download lacks, built from data that is public.

A label file goes with a test file only if it is the gold of exactly these examples, in this order. So the task is
filled in afresh from where it comes from, and its test part compared with the user's before the gold is taken over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from xtreme_harness.data.access import checked
from xtreme_harness.data.checks import check_parts
from xtreme_harness.data.filling import Filled, Way, filled, originals_named, plain_names, require_originals
from xtreme_harness.data.imports import DONE, MISSING, REFUSED, Outcome, not_found, told_by_split
from xtreme_harness.data.origins import origins_of
from xtreme_harness.data.parts import Part, parts_of
from xtreme_harness.data.stage import move_in, staged
from xtreme_harness.definitions import Example, Folders, Task
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry

LONGEST_SHOWN, BEFORE = 60, 15  # characters of a value


def label_task(
    task: Task, registry: Registry, folders: Folders, way_of: Callable[[Task], Way], from_originals: bool
) -> Outcome:
    """The label files of one task, languages that do not fit refused one by one.

    From originals, a task that has a `build_labels` of its own uses it. The caller holds the locks of both folders.
    """
    if task.gold_files is None:
        return Outcome(task=task.name, state=DONE)  # its gold stands in its test files
    try:
        if from_originals and task.build_labels:
            return _built(task, registry, folders)
        with filled(task, registry, folders, way_of(task)) as found:
            if found.problems:
                return Outcome(task=task.name, state=REFUSED, remarks=found.problems)
            return _compared(task, registry, folders, found)
    except MissingData as error:
        return not_found(task, folders, error)
    except DataError as error:
        return Outcome(task=task.name, state=REFUSED, remarks=(str(error),))


def _built(task: Task, registry: Registry, folders: Folders) -> Outcome:
    """By the task's own `build_labels`, which knows in which order its test files can be."""
    assert task.build_labels is not None
    require_originals(folders)
    reason = None
    with staged(folders) as new, staged(folders) as other:
        try:
            task.build_labels(replace(new, data=folders.data, official=True))
        except DataError as error:
            if folders.official:
                raise
            reason, new = error.what, other
            task.build_labels(replace(new, data=folders.data, official=False))
        found = Filled(new, originals_named(task, folders.originals), reason)
        return _taken_over(task, registry, folders, found, _unsound)


def _compared(task: Task, registry: Registry, folders: Folders, found: Filled) -> Outcome:
    def problem(test: Part, gold: Part, registry: Registry) -> str | None:
        fresh = replace(test, folder=found.folders.data)
        if fresh.missing:
            return f"{test}: {found.source} has no such part"
        try:
            told = difference(_inputs(test, registry), _inputs(fresh, registry))
        except DataError as error:
            return f"{test}: {error}"
        return f"{test}: {test.names[0]} is not what {found.source} gives: {told}" if told else None

    return _taken_over(task, registry, folders, found, problem)


def _unsound(test: Part, gold: Part, registry: Registry) -> str | None:
    """Sizes may differ: whoever has a part of the test examples gets the gold of these."""
    return next((str(one) for one in check_parts([test, gold], registry) if not one.is_size), None)


def _taken_over(
    task: Task,
    registry: Registry,
    folders: Folders,
    found: Filled,
    problem: Callable[[Part, Part, Registry], str | None],
) -> Outcome:
    """Moves the gold of each language in whose test part there is no problem."""
    good: list[str] = []
    refused: list[str] = []
    absent: list[Part] = []
    unknown: list[Part] = []
    tests = {part.language: part for part in parts_of(task, registry, folders) if part.split == "test"}
    golds = [part for part in parts_of(task, registry, found.folders) if part.split == "gold"]
    for gold, test in ((part, tests[part.language]) for part in golds if part.language in tests):
        if test.missing:
            absent.append(test)
        elif gold.missing:
            unknown.append(gold)
        elif told := problem(test, gold, registry):
            refused.append(plain_names(told, found.folders))
        else:
            good += gold.own_names
    new = found.folders.labels
    move_in(new, folders.labels, origins_of(new, good, found.source, found.unofficial))
    missing = [*told_by_split(absent, "is not in the data folder"), *told_by_split(unknown, "was not found")]
    return Outcome(
        task=task.name,
        state=REFUSED if refused else MISSING if missing else DONE,
        labels=tuple(good),
        unofficial=found.unofficial,
        remarks=(*refused, *missing),
    )


def _inputs(part: Part, registry: Registry) -> Iterator[Example]:
    """The examples of a test part without any gold: a download has none, a fresh import may."""
    kind = registry.kind(part.task.kind).load()
    examples = part.task.read("test", part.language, part.files)
    for example in checked(examples, part.files, kind.input_problem):
        if example.get("side") != "gold":
            yield {name: value for name, value in example.items() if name not in kind.gold_fields}


def difference(ours: Iterable[Example], theirs: Iterable[Example]) -> str | None:
    """Where the examples first differ, in words; None when they are the same in the same order."""
    for number, (our, their) in enumerate(zip_longest(ours, theirs), start=1):
        if our is None:
            return f"it ends after {number - 1} examples, the other goes on"
        if their is None:
            return f"it has more than the other's {number - 1} examples"
        for name in {**our, **their}:
            if our.get(name) != their.get(name):
                return f"in example {number}, {name} is {_around(our.get(name), their.get(name))}"
    return None


def _around(ours: Any, theirs: Any) -> str:
    """Both values, from shortly before they differ."""
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in (ours, theirs)]
    differing = (place for place, pair in enumerate(zip(*texts, strict=False)) if len(set(pair)) > 1)
    start = max(0, next(differing, min(map(len, texts))) - BEFORE)
    shown = [repr(("..." if start else "") + text[start : start + LONGEST_SHOWN]) for text in texts]
    return f"{shown[0]}, not {shown[1]}"
