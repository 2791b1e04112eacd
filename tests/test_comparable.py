"""A cell is comparable only on the benchmark's own data, and the record says why it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.comparable import OTHER_TEST, OTHER_TRAINING, why_not_comparable
from xtreme_harness.definitions import Task
from xtreme_harness.plan import PlannedCell, Row
from xtreme_harness.registry import Registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit

ROW = Row(label="none.plain.s1", intermediate="none", control=None, method="plain", seed=1)
SIZES = {"train": {"en": 40}, "dev": {"en": 8}, "test": {"en": 10, "sw": 9}}

CellOf = Callable[..., PlannedCell]


def unit(kind: str, **fields: Any) -> Unit:
    return Unit(type=kind, label=kind, modules=("xtreme_harness.jsonl",), **fields)


def task_of(**fields: Any) -> Task:
    return Task(
        name="stories",
        kind="classify",
        languages=("en", "sw", "te"),
        read=lambda split, language, files: [],
        files=lambda split, language: (),
        **fields,
    )


@pytest.fixture
def cell_of(store: Store) -> CellOf:
    """A cell whose units are finished, with these numbers of examples."""

    def finished(one: Unit, result: Mapping[str, Any]) -> Unit:
        store.write(one, lambda folder: dict(result))
        return one

    def part(split: str, examples: int) -> Unit:
        parameters = {"split": split, "language": "en"}
        return finished(unit("prepare", parameters={**parameters, "examples": examples}), {"examples": examples})

    def make(language: str = "sw", test: int = 9, train: int = 40, dev: int = 8, **fields: Any) -> PlannedCell:
        target = fields.pop("task", task_of(sizes=SIZES))
        trained = unit("train", inputs={"train": part("train", train), "dev": part("dev", dev)})
        score = finished(unit("score", parameters={"language": language, "n": test}), {"n": test})
        defaults = {"row": ROW, "training_task": target, "options": {}, "seed": 1, "train": trained, "score": score}
        return PlannedCell(task=target, language=language, **{**defaults, **fields})

    return make


def test_whole_data_are_comparable(cell_of: CellOf, store: Store) -> None:
    assert why_not_comparable(cell_of(), store) == ""


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"test": 8}, OTHER_TEST),
        ({"test": 10}, OTHER_TEST),
        ({"train": 41}, OTHER_TRAINING),
        ({"dev": 7}, OTHER_TRAINING),
        ({"test": 1, "train": 1, "dev": 1}, f"{OTHER_TEST}; {OTHER_TRAINING}"),
    ],
)
def test_other_numbers_of_examples_are_not(numbers: dict[str, int], reason: str, cell_of: CellOf, store: Store) -> None:
    assert why_not_comparable(cell_of(**numbers), store) == reason


def test_a_part_whose_size_the_task_does_not_say_is_not_judged(cell_of: CellOf, store: Store) -> None:
    assert why_not_comparable(cell_of(language="te", test=3), store) == ""
    assert why_not_comparable(cell_of(task=task_of(), test=3, train=1), store) == ""


def test_what_is_trained_on_is_another_task_s_data(cell_of: CellOf, store: Store) -> None:
    """XQuAD and MLQA train on SQuAD: its sizes count, not theirs."""
    target = task_of(sizes={"test": {"sw": 9}, "train": {"en": 7}}, train_on="squad")
    assert why_not_comparable(cell_of(task=target, training_task=task_of(sizes=SIZES)), store) == ""
    assert (
        why_not_comparable(cell_of(task=target, training_task=task_of(sizes=SIZES), train=7), store) == OTHER_TRAINING
    )


def test_a_cell_that_has_no_figure_is_judged_by_what_is_known(cell_of: CellOf, store: Store) -> None:
    bundled = task_of(sizes=SIZES, comparable=False, not_comparable_because="bundled miniature data")
    cell = replace(cell_of(task=bundled), train=None, score=None, missing="a file is missing")
    assert why_not_comparable(cell, store) == "bundled miniature data"


def test_unofficial_data_say_so_once(cell_of: CellOf, store: Store) -> None:
    told = "rows were lost (a hub set)"
    assert why_not_comparable(cell_of(unofficial=(told, told), test=8), store) == f"{told}; {OTHER_TEST}"


def test_units_that_are_not_finished_count_nothing(cell_of: CellOf, tmp_path: Path) -> None:
    empty = Store(tmp_path / "empty")
    empty.make()
    assert why_not_comparable(cell_of(test=1, train=1), empty) == ""


def test_what_is_trained_on_in_between_counts_too(cell_of: CellOf, store: Store) -> None:
    between = replace(task_of(sizes={"train": {"en": 50}}), name="between")
    for examples, told in ((50, ""), (49, OTHER_TRAINING)):
        read = unit("prepare", task="between", parameters={"split": "train", "language": "en", "n": examples})
        store.write(read, lambda folder, n=examples: {"examples": n})
        start = unit("train", inputs={"train.between": read, "checkpoint": unit("checkpoint")})
        cell = cell_of(row=replace(ROW, intermediate="between", mix=(between,)), intermediate=start)
        assert why_not_comparable(cell, store) == told


def test_every_language_of_xtreme_has_its_size(registry: Registry) -> None:
    """A cut or other test set cannot pass. Russian UDPOS is as large as nobody could count."""
    tasks = [registry.task(name) for name in registry.suite("full").tasks]
    unknown = [(task.name, code) for task in tasks for code in task.languages if code not in task.sizes["test"]]
    assert unknown == [("udpos", "ru")]
