"""Which point of a sweep stands: chosen on English dev figures alone; what an oracle would have gained beside it."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.study.cells import Cells, Series
from xtreme_harness.study.selection import Choice, Tried, choose, chosen_cells, phase_figures

NONE, MNLI = Series("none", "plain"), Series("mnli", "plain")


def target(dev: Any, tasks: tuple[str, ...] = ("xnli",), role: str = "target") -> dict[str, Any]:
    return {"tasks": list(tasks), "role": role, "dev": dev}


def trained_between(dev: Any, *tasks: str) -> dict[str, Any]:
    return target(dev, tasks, "intermediate")


def point(runs: Any, number: int, dev: dict[str, Any], more: Any = lambda *place: {}, sw: float = 0.0) -> Tried:
    """A run with the phases `dev` by row; Swahili's test figure is `sw`."""
    tests = {"en": [100.0] * 4, "sw": [sw] * 4}
    cells = runs.add(
        f"p{number}",
        {row: {"xnli": tests} for row in dev},
        lambda row, task, language: {"phases": dev[row], **more(row, task, language)},
    )
    return Tried({"target": {"learning_rate": number}}, cells)


def test_every_series_is_tuned_on_its_own_dev_figures(runs: Any) -> None:
    figures = [{"none": 60.0, "mnli": 70.0}, {"none": 65.0, "mnli": 64.0}]
    tried = [
        point(runs, n, {f"{name}.plain.s1": [target({"accuracy": dev})] for name, dev in one.items()})
        for n, one in enumerate(figures)
    ]
    choices = choose(tried)
    assert choices[NONE, "xnli"] == Choice(place=1, dev=(60.0, 65.0))
    assert choices[MNLI, "xnli"] == Choice(place=0, dev=(70.0, 64.0))
    cells = chosen_cells(tried, choices)
    assert {key.series: cell.run.name for key, cell in cells.table.items()} == {NONE: "p1", MNLI: "p0"}


def test_dev_figures_are_averaged_over_seeds(runs: Any) -> None:
    figures = [(60.0, 60.0), (80.0, 50.0), (55.0, 70.0)]
    tried = [
        point(runs, n, {f"none.plain.s{seed}": [target({"accuracy": one[seed]})] for seed in (0, 1)})
        for n, one in enumerate(figures)
    ]
    assert choose(tried)[NONE, "xnli"] == Choice(place=1, dev=(60.0, 65.0, 62.5))


@pytest.mark.parametrize(
    ("devs", "place", "is_chosen"),
    [
        ([70.0, 70.0], 0, False),
        ([60.0, 70.0, 70.0], 1, True),  # the first of the best
        ([None, 70.0], 0, False),
        ([None, None], 0, False),
    ],
)
def test_without_figures_that_differ_the_first_point_stands(
    devs: list[float | None], place: int, is_chosen: bool, runs: Any
) -> None:
    tried = [
        point(runs, n, {"none.plain.s1": [target({} if dev is None else {"accuracy": dev})]})
        for n, dev in enumerate(devs)
    ]
    choice = choose(tried)[NONE, "xnli"]
    assert (choice.place, choice.is_chosen, choice.dev) == (place, is_chosen, tuple(devs))


def test_what_no_target_training_chooses_its_intermediate_may(runs: Any) -> None:
    """Retrieval from an encoder that was trained in between: by the English dev figure of that training."""
    tried = [
        point(runs, n, {"mnli.plain.s1": [trained_between({"accuracy": dev}, "mnli")]})
        for n, dev in enumerate((70.0, 75.0))
    ]
    assert choose(tried)[MNLI, "xnli"] == Choice(place=1, dev=(70.0, 75.0))


def test_the_target_s_figure_goes_before_the_intermediate_s(runs: Any) -> None:
    tried = [
        point(
            runs,
            n,
            {
                "mnli.plain.s1": [
                    target({"accuracy": 90 - n}, ("mnli",), "intermediate"),
                    target({"accuracy": 50.0 + n}),
                ]
            },
        )
        for n in (0, 1)
    ]
    assert choose(tried)[MNLI, "xnli"].dev == (50.0, 51.0)


def test_the_oracle_is_told_and_changes_nothing(runs: Any) -> None:
    def dev_of(figure: float) -> Any:
        return lambda row, task, language: {} if language == "en" else {"target_dev": {"accuracy": figure}}

    tried = [
        point(runs, n, {"none.plain.s1": [target({"accuracy": english})]}, dev_of(swahili), sw=test)
        for n, (english, swahili, test) in enumerate([(80.0, 30.0, 25.0), (70.0, 40.0, 75.0)])
    ]
    assert choose(tried)[NONE, "xnli"] == Choice(
        place=0, dev=(80.0, 70.0), target_dev=(30.0, 40.0), oracle=1, gain=50.0
    )


def test_an_oracle_compares_points_over_the_same_languages(runs: Any) -> None:
    """A point that failed in one language is no better for that."""
    dev = {"none.plain.s1": [target({"accuracy": 60.0})]}
    figures = [{"en": 90.0, "sw": 10.0}, {"en": 80.0}]
    tried = [
        point(
            runs,
            n,
            dev,
            lambda row, task, code, one=one: {"target_dev": {"accuracy": one[code]}} if code in one else {},
        )
        for n, one in enumerate(figures)
    ]
    choice = choose(tried)[NONE, "xnli"]
    assert (choice.target_dev, choice.oracle, choice.gain) == ((50.0, None), None, None)


def test_figures_of_phases_are_those_of_their_own_tasks(record_of: Any) -> None:
    """Whatever the metric of the target: the same training has one figure in every column."""
    known = {"mnli": ["accuracy"], "squad": ["exact_match", "f1"], "clones": ["f1"]}
    record = record_of(
        headline=["accuracy"],
        phases=[
            target(
                {
                    "mnli": {"accuracy": 80.0},
                    "squad": {"exact_match": 60.0, "f1": 70.0},
                    "clones": {"f1": 50.0, "accuracy": 90.0},
                },
                ("mnli", "squad", "clones"),
                "intermediate",
            ),
            target({"f1": 60.0, "accuracy": 50.0}),
        ],
    )
    assert phase_figures(record, "intermediate", known) == {"mnli": 80.0, "squad": 65.0, "clones": 50.0}
    assert phase_figures(record, "target", {"xnli": ["accuracy"]}) == {"xnli": 50.0}
    assert phase_figures(record, "target", {}) == {"xnli": 60.0}  # of a task that is not known the first one
    assert phase_figures(record_of(phases=[target({})]), "target", known) == {}


def test_one_run_alone_is_what_stands(runs: Any) -> None:
    tried = [point(runs, 0, {"none.plain.s1": []})]
    choices = choose(tried)
    cells: Cells = chosen_cells(tried, choices)
    assert cells.table == tried[0].cells.table and choices[NONE, "xnli"].place == 0
