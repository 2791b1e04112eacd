"""Differences to the baseline: what is compared with what, over which cells, and how they are tested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xtreme_harness.study.cells import Cells, Series
from xtreme_harness.study.effects import AVERAGE, EVERY, OVERVIEW, TRANSFER, Effect, Place, effects, families

NONE, MNLI = Series("none", "plain"), Series("mnli", "plain")
RIGHT, WRONG = 100.0, 0.0


def scores(right: int, n: int = 100, first: int = 0) -> list[float]:
    """`right` of `n` examples are right, from the example `first` on."""
    return [RIGHT if first <= place < first + right else WRONG for place in range(n)]


def found(cells: Cells, *by: str, swaps: int = 2000) -> dict[Place, Effect]:
    return effects(cells, by, 500, swaps)


def at(column: str, series: Series = MNLI, group: str = EVERY, by: str = OVERVIEW) -> Place:
    return Place(by, group, series, column)


@pytest.fixture
def two_tasks(runs: Any) -> Cells:
    """xnli in three languages gains 10, 0 and 20; tatoeba in Swahili loses 30. One seed."""
    return runs.add(
        "one",
        {
            "none.plain.s1": {
                "xnli": {"en": scores(50), "sw": scores(40), "de": scores(60)},
                "tatoeba": {"sw": scores(50)},
            },
            "mnli.plain.s1": {
                "xnli": {"en": scores(60), "sw": scores(40), "de": scores(80)},
                "tatoeba": {"sw": scores(20)},
            },
        },
    )


def test_differences_by_task_and_their_average(two_tasks: Cells) -> None:
    table = found(two_tasks)
    xnli, tatoeba, average = (table[at(column)] for column in ("xnli", "tatoeba", AVERAGE))
    assert (xnli.value, xnli.baseline, xnli.difference) == pytest.approx((60.0, 50.0, 10.0))
    assert (tatoeba.difference, average.difference) == pytest.approx((-30.0, -10.0))
    assert xnli.languages == ("en", "sw", "de") and xnli.seeds == pytest.approx((10.0,)) and xnli.deviation is None
    assert NONE not in {place.series for place in table}  # the baseline has nothing to be compared with


def test_what_transfer_goes_to_is_a_line_of_its_own(two_tasks: Cells) -> None:
    table = found(two_tasks)
    assert table[at("xnli", group=TRANSFER)].difference == pytest.approx(10.0)  # (0 + 20) / 2
    assert table[at("xnli", group=TRANSFER)].languages == ("sw", "de")


def test_groups_hold_their_languages_of_a_task(two_tasks: Cells) -> None:
    table = found(two_tasks, "language", "joshi")
    by_language = {
        place.group: effect.difference for place, effect in table.items() if place[::3] == ("language", "xnli")
    }
    assert by_language == pytest.approx({"en": 10.0, "sw": 0.0, "de": 20.0})
    assert table[at("xnli", group="class 5", by="joshi")].languages == ("de",)  # English is in no class
    assert table[at("tatoeba", group="class 2", by="joshi")].difference == pytest.approx(-30.0)
    assert at("tatoeba", group="class 5", by="joshi") not in table
    # the average of a group is over the tasks that have one of its languages
    assert table[at(AVERAGE, group="class 2", by="joshi")].difference == pytest.approx((0.0 - 30.0) / 2)
    assert table[at(AVERAGE, group="class 5", by="joshi")].difference == pytest.approx(20.0)


def test_intervals_hold_the_difference_and_losses_are_found(two_tasks: Cells) -> None:
    table = found(two_tasks)
    for effect in table.values():
        assert effect.low is not None and effect.high is not None and effect.difference is not None
        assert effect.low <= effect.difference <= effect.high
    loss = table[at("tatoeba")]
    assert loss.is_significant and loss.high is not None and loss.high < 0
    assert loss.p_value == pytest.approx(1 / 2001) and loss.corrected == pytest.approx(2 / 2001)  # two lines a column


def test_translations_of_an_item_are_drawn_together(runs: Any) -> None:
    """The same gain on the same items in ten languages is known no better than in one."""
    languages = ("en", "sw", "de", "fr", "zh", "ru", "te", "eu", "tr", "hi")
    rows = {"none.plain.s1": scores(50), "mnli.plain.s1": scores(60)}
    cells = runs.add("ten", {row: {"xnli": dict.fromkeys(languages, one)} for row, one in rows.items()})
    table = found(cells, "language")
    every, one = table[at("xnli")], table[at("xnli", group="sw", by="language")]
    assert (every.low, every.high, every.detectable) == pytest.approx((one.low, one.high, one.detectable))


def test_seeds_are_paired_and_their_spread_stands_apart(runs: Any) -> None:
    figures = {
        "none.plain.s1": scores(50),
        "none.plain.s2": scores(60),
        "mnli.plain.s1": scores(54),
        "mnli.plain.s2": scores(68),
    }
    cells = runs.add("seeds", {row: {"xnli": {"sw": one}} for row, one in figures.items()})
    effect = found(cells)[at("xnli")]
    assert effect.seeds == pytest.approx((4.0, 8.0)) and effect.difference == pytest.approx(6.0)
    assert effect.deviation == pytest.approx(8**0.5)


def test_more_methods_are_compared_with_the_first(runs: Any) -> None:
    rows = {"none.plain.s1": 50, "none.adv.s1": 55, "mnli.plain.s1": 60, "mnli.adv.s1": 70}
    cells = runs.add("methods", {row: {"xnli": {"sw": scores(right)}} for row, right in rows.items()})
    table = found(cells)
    differences = {place.series: effect.difference for place, effect in table.items() if place[1:2] == (EVERY,)}
    assert differences == pytest.approx(
        {Series("none", "adv"): 5.0, MNLI: 10.0, Series("mnli", "adv"): 15.0}
    )  # an intermediate by a method: with none by that method


@pytest.mark.parametrize("row", ["none.plain.s1", "mnli.plain.s1"])
def test_a_cell_without_a_figure_leaves_no_effect_above_it(row: str, runs: Any) -> None:
    rows = {"none.plain.s1": 50, "mnli.plain.s1": 60}
    cells = runs.add(
        "failed",
        {
            name: {task: {"sw": scores(right), "de": scores(right)} for task in ("xnli", "pawsx")}
            for name, right in rows.items()
        },
        lambda name, task, language: {"state": "failed"} if (name, task, language) == (row, "xnli", "de") else {},
    )
    table = found(cells, "language")
    assert (table[at("xnli")].state, table[at("xnli")].difference) == ("failed", None)
    assert (table[at(AVERAGE)].state, table[at(AVERAGE)].difference) == ("failed", None)
    assert table[at("pawsx")].difference == table[at("xnli", group="sw", by="language")].difference == 10.0
    assert table[at("xnli", group="de", by="language")].state == "failed"


def test_a_metric_without_values_has_a_difference_and_no_interval(runs: Any) -> None:
    rows = {"none.plain.s1": 50, "mnli.plain.s1": 60}
    cells = runs.add(
        "kappa",
        {row: {"xnli": {"sw": scores(right)}} for row, right in rows.items()},
        lambda row, task, language: {"headline": ["kappa"]},
    )
    for key, cell in cells.table.items():
        cell.record["metrics"]["kappa"] = 0.5 if key.series == NONE else 0.75
    effect = found(cells)[at("xnli")]
    assert effect.difference == 0.25 and effect.seeds == (0.25,)
    assert (effect.low, effect.high, effect.p_value, effect.corrected, effect.detectable) == (None,) * 5
    assert not effect.is_significant


def test_systems_that_do_not_differ_have_nothing_to_go_by(runs: Any) -> None:
    cells = runs.add("same", {row: {"xnli": {"sw": scores(50)}} for row in ("none.plain.s1", "mnli.plain.s1")})
    effect = found(cells)[at("xnli")]
    assert (effect.difference, effect.low, effect.high, effect.p_value, effect.detectable) == (0.0, 0.0, 0.0, 1.0, None)


def test_a_column_is_corrected_for_all_of_its_tests(runs: Any) -> None:
    """Eleven lines without an effect: uncorrected, one of them would often be marked."""
    generator = np.random.default_rng(1)
    drawn = {name: (100.0 * (generator.random(200) < 0.6)).tolist() for name in ("none", *"abcdefghijk")}
    table = found(runs.add("noise", {f"{name}.plain.s1": {"xnli": {"sw": one}} for name, one in drawn.items()}))
    tests = [effect for place, effect in table.items() if place.column == "xnli"]  # and the average, another column
    pairs = [(one.p_value, one.corrected) for one in tests if one.p_value is not None and one.corrected is not None]
    assert len(pairs) == 22 and all(raw <= corrected for raw, corrected in pairs)
    assert min(pairs)[1] == pytest.approx(min(1.0, 22 * min(pairs)[0]))
    assert not any(effect.is_significant for effect in table.values())


def test_training_on_the_target_s_own_data_is_marked(runs: Any) -> None:
    def phases(row: str, task: str, language: str) -> dict[str, Any]:
        target = [{"tasks": [task], "role": "target"}] if task != "tatoeba" else []
        between = {"tasks": ["mnli", "squad"], "role": "intermediate", "data": {"train.mnli": "sha256:mm"}}
        before = [between] if row.startswith("mnli+squad") else []
        return {"phases": before + target, "data": {"train": "sha256:mm" if task == "xnli" else "sha256:xx"}}

    tasks = {task: {"sw": scores(50)} for task in ("xnli", "squad", "pawsx", "tatoeba")}
    cells = runs.add("own", {"none.plain.s1": tasks, "mnli+squad.plain.s1": tasks}, phases)
    marked = {place.column for place, effect in found(cells).items() if effect.own_data}
    assert marked == {"xnli", "squad", AVERAGE}  # the same file under another name, the same task, and what holds them


def test_data_of_the_target_in_other_files_is_marked_by_its_corpus(runs: Any) -> None:
    """MultiNLI's own files, and those that XNLI brings; not so where nothing was trained for the target."""

    def phases(row: str, task: str, language: str) -> dict[str, Any]:
        before = {"tasks": ["anli_plus"], "role": "intermediate", "corpora": ["multinli", "snli"]}
        own = {"corpora": ["multinli"]} if task == "xnli" else {}
        target = [{"tasks": [task], "role": "target", **own}] if task != "tatoeba" else []
        return {"phases": [*([before] if row.startswith("anli") else []), *target]}

    tasks = {task: {"sw": scores(50)} for task in ("xnli", "pawsx", "tatoeba")}
    cells = runs.add("corpus", {"none.plain.s1": tasks, "anli_plus.plain.s1": tasks}, phases)
    assert {place.column for place, effect in found(cells).items() if effect.own_data} == {"xnli", AVERAGE}


# against controls

CODE = Series("code", "plain")


def code_at(against: str | None = None, column: str = "xnli") -> Place:
    return Place(OVERVIEW, EVERY, CODE, column, against)


def with_controls(runs: Any, code: int, **controls: int) -> dict[Place, Effect]:
    """xnli in Swahili: 40 of 100 right without an intermediate, `code` with it, and so many with each control."""
    rows = {"none": 40, "code": code, **{f"code~{name}": right for name, right in controls.items()}}
    return found(runs.add("controls", {f"{row}.plain.s1": {"xnli": {"sw": scores(one)}} for row, one in rows.items()}))


def test_an_intermediate_is_compared_with_each_of_its_controls(runs: Any) -> None:
    table = with_controls(runs, 70, shuffled=40, other=65)
    differences = {
        place.against: effect.difference for place, effect in table.items() if place == code_at(place.against)
    }
    assert differences == pytest.approx({None: 30.0, "shuffled": 30.0, "other": 5.0})
    shuffled = Series("code", "plain", "shuffled")
    assert table[Place(OVERVIEW, EVERY, shuffled, "xnli")].difference == 0.0  # a line of its own
    assert {place.series for place in table if place.against} == {CODE}


@pytest.mark.parametrize(
    ("code", "controls", "is_due"),
    [
        (70, {"shuffled": 40, "other": 42}, True),
        (70, {"shuffled": 40, "other": 69}, False),  # as much of it comes from the other data
        (10, {"shuffled": 40, "other": 41}, True),  # a loss may be due to the task too
        (70, {"shuffled": 40, "other": 95}, False),  # significantly different, but in the other direction
        (41, {"shuffled": 10, "other": 10}, False),  # better than its controls alone is no effect
        (70, {}, None),
    ],
)
def test_an_effect_is_due_to_the_task_only_if_it_is_there_against_every_control(
    code: int, controls: dict[str, int], is_due: bool | None, runs: Any
) -> None:
    table = with_controls(runs, code, **controls)
    assert table[code_at()].due_to_task is is_due and table[code_at(column=AVERAGE)].due_to_task is is_due
    assert {effect.due_to_task for place, effect in table.items() if place.series != CODE or place.against} <= {None}


def test_a_control_that_failed_leaves_nothing_due(runs: Any) -> None:
    rows = {"none": 40, "code": 70, "code~shuffled": 40}
    cells = runs.add(
        "failed",
        {f"{row}.plain.s1": {"xnli": {"sw": scores(right)}} for row, right in rows.items()},
        lambda row, task, language: {"state": "failed"} if "~" in row else {},
    )
    table = found(cells)
    assert table[code_at()].is_significant and table[code_at()].due_to_task is False
    assert table[code_at("shuffled")].state == "failed"


def test_controls_and_comparisons_with_them_are_corrected_apart(runs: Any) -> None:
    tests = with_controls(runs, 70, shuffled=40, other=65, third=30)
    sizes = [len(places) for places in families(tests)]
    assert sorted(sizes) == [2, 2, 6, 6, 6, 6]  # two lines; xnli and the average; one intermediate, three controls
    effect = tests[code_at()]
    assert effect.p_value is not None and effect.corrected == pytest.approx(2 * effect.p_value)


def test_controls_belong_to_their_intermediate_and_method(runs: Any) -> None:
    rows = ("none.plain.s1", "none.adv.s1", "a.plain.s1", "a.adv.s1", "b.plain.s1", "a~c.plain.s1", "a~c.adv.s1")
    cells = runs.add("several", {row: {"xnli": {"sw": scores(50)}} for row in rows})
    assert cells.controls(Series("a", "adv")) == [Series("a", "adv", "c")]
    assert cells.controls(Series("b", "plain")) == cells.controls(Series("a", "plain", "c")) == []
    assert cells.baseline(Series("a", "adv", "c")) == Series("none", "adv")
