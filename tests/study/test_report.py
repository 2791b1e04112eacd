"""study.md and study.json: every number where it belongs, states in its place, losses that stand out."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import dropwhile, takewhile
from typing import Any

import pytest

from xtreme_harness.leaderboard.markdown import table
from xtreme_harness.study.cells import Cells
from xtreme_harness.study.effects import Effect
from xtreme_harness.study.file import Study
from xtreme_harness.study.report import NO_CONTROLS, ORACLE, Part, Report
from xtreme_harness.study.selection import Tried
from xtreme_harness.study.tables import effect_text, power_text

STUDY = Study(
    name="s",
    suite="mini",
    models=("tiny",),
    intermediates=("none", "mnli"),
    by=("language",),
    resamples=300,
    swaps=2000,
)


def right(count: int, n: int = 100) -> list[float]:
    return [100.0] * count + [0.0] * (n - count)


def lines(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its own two lines."""
    _, _, below = page.partition(heading)
    rows = dropwhile(lambda line: not line.startswith("|"), below.splitlines())
    table = list(takewhile(lambda line: line.startswith("|"), rows))[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


@pytest.fixture
def cells(runs: Any) -> Cells:
    """xnli gains 20, pawsx loses 30 and one of its cells failed in German."""
    return runs.add(
        "one",
        {
            "none.plain.s1": {"xnli": {"en": right(50), "sw": right(50)}, "pawsx": {"sw": right(60), "de": right(1)}},
            "mnli.plain.s1": {"xnli": {"en": right(70), "sw": right(70)}, "pawsx": {"sw": right(30), "de": right(1)}},
        },
        lambda row, task, language: (
            {"state": "failed", "why": "no memory"} if (task, language) == ("pawsx", "de") else {}
        ),
    )


def report(*cells: Cells, study: Study = STUDY, **not_run: tuple[str, ...]) -> Report:
    tried = [Tried({"target": {"epochs": place}} if len(cells) > 1 else {}, one) for place, one in enumerate(cells)]
    return Report.make(study, [Part(model="tiny", recipe="mini", tried=tried)], not_run=not_run)


def test_the_overview_shows_figures_differences_and_states(cells: Cells) -> None:
    baseline, effect, *_ = lines(report(cells).markdown(), "### Tasks")
    assert baseline == ["all languages", "none", "50.0", "failed", "failed"]
    assert effect[:2] == ["", "mnli"] and effect[3:] == ["failed", "failed"]
    assert effect[2].startswith("**+20.0** [+1") and effect[2].endswith("] ▲")


def test_by_language_a_state_stands_where_it_belongs(cells: Cells) -> None:
    rows = {
        row[0]: (row[2:], then[2:])
        for row, then in zip(*[iter(lines(report(cells).markdown(), "### By language"))] * 2, strict=True)
    }
    assert list(rows) == ["en", "sw", "de"]
    assert rows["en"][0] == ["50.0", "–", "50.0"] and rows["en"][1][1] == "–"
    assert rows["sw"][0] == ["50.0", "60.0", "55.0"]
    assert rows["sw"][1][1].startswith("**-30.0** [") and rows["sw"][1][1].endswith("▼")
    assert rows["de"] == (["–", "failed", "failed"], ["–", "failed", "failed"])


def test_negative_transfer_is_named(cells: Cells) -> None:
    page = report(cells).markdown()
    below = page.split("### By language")[1]
    assert "**Negative transfer**:\n\n- mnli on pawsx, sw: **-30.0** [" in below
    assert "Negative transfer" not in page.split("### By language")[0]  # there the failed cell leaves nothing to say


def test_what_must_be_known_before_reading(cells: Cells) -> None:
    page = report(cells).markdown()
    assert f"- {NO_CONTROLS}" in page and "- failed: pawsx de: no memory" in page
    assert "after Holm's correction" in page and "95%" in page


def test_one_task_is_told_of_once(runs: Any) -> None:
    """The average of one task has no column, and no line below the tables either."""
    rows = {"none": 60, "mnli": 30, "code": 90, "code~shuffled": 60}
    cells = runs.add("alone", {f"{name}.plain.s1": {"xnli": {"sw": right(one)}} for name, one in rows.items()})
    page = report(cells, study=replace(STUDY, by=())).markdown()
    told = [line.partition(":")[0] for line in page.splitlines() if line.startswith("- ") and " on " in line]
    places = ("xnli, all languages", "xnli, all but English")
    assert told == [*(f"- mnli on {one}" for one in places), *(f"- code on {one}" for one in places)]


def test_english_alone_is_in_no_group(runs: Any) -> None:
    cells = runs.add("en", {f"{name}.plain.s1": {"xnli": {"en": right(50)}} for name in ("none", "mnli")})
    page = report(cells, study=replace(STUDY, by=("language", "joshi"))).markdown()
    assert lines(page, "### By language")[0][0] == "en"
    below = page.split("### By resource class")[1].split("###")[0]
    assert "English is the only language here, and in no group" in below and "|" not in below
    assert [line[0] for line in lines(page, "### Tasks")] == ["all languages", ""]


def test_a_p_value_is_never_shown_as_none(cells: Cells) -> None:
    page = report(cells, study=replace(STUDY, swaps=20_000)).markdown()
    loss = next(line for line in page.splitlines() if line.startswith("- mnli on pawsx, sw"))
    assert loss.endswith("▼, p < 0.001")
    (part,) = report(cells, study=replace(STUDY, swaps=50_000, by=())).as_json()["parts"]
    assert min(row["p_value"] for row in part["effects"] if row["p_value"]) == pytest.approx(1 / 50_001, rel=1e-3)


def test_too_few_swaps_are_told(cells: Cells, runs: Any) -> None:
    few = replace(STUDY, swaps=100, by=())
    assert "cannot become significant" not in report(cells, study=few).markdown()
    rows = {f"i{place}.plain.s1": {"xnli": {"sw": right(50 + place)}} for place in range(6)}
    many = runs.add("many", {"none.plain.s1": {"xnli": {"sw": right(50)}}, **rows})
    told = "12 tests in a column cannot become significant with 100 swaps; set [report] swaps to 240 or more."
    assert told in report(many, study=few).markdown()


def test_the_json_holds_every_effect(cells: Cells) -> None:
    told = json.loads(json.dumps(report(cells).as_json(), allow_nan=False))
    assert {name: told[name] for name in ("study", "resamples", "swaps")} == {
        "study": "s",
        "resamples": 300,
        "swaps": 2000,
    }
    (part,) = told["parts"]
    assert (part["model"], part["recipe"], part["points"], part["choices"]) == ("tiny", "mini", [{}], [])
    (gain,) = [row for row in part["effects"] if (row["group"], row["column"]) == ("all languages", "xnli")]
    assert (gain["intermediate"], gain["method"], gain["languages"]) == ("mnli", "plain", ["en", "sw"])
    assert (gain["difference"], gain["value"], gain["seeds"], gain["deviation"]) == (20.0, 70.0, [20.0], None)
    assert gain["low"] < 20 < gain["high"] and gain["p_value"] <= gain["corrected"] < 0.05
    (failed,) = [row for row in part["effects"] if (row["group"], row["column"]) == ("de", "pawsx")]
    assert (failed["state"], failed["difference"], failed["low"]) == ("failed", None, None)


def test_the_same_runs_give_the_same_report(cells: Cells) -> None:
    one, two = report(cells), report(cells)
    assert one.markdown() == two.markdown() and one.as_json() == two.as_json()


def test_the_envelope_is_marked_as_none(runs: Any) -> None:
    rows = {"none": (50, 50), "mnli": (60, 40), "squad": (52, 55)}
    cells = runs.add(
        "envelope",
        {
            f"{name}.plain.s1": {"xnli": {"sw": right(one)}, "pawsx": {"sw": right(two)}}
            for name, (one, two) in rows.items()
        },
    )
    page = report(cells).markdown()
    assert lines(page, "chosen on the tests themselves, and so too high.") == [
        ["one for all: squad", "+2.0", "+5.0", "+3.5"],
        ["best for every task", "+10.0 (mnli)", "+5.0 (squad)", "+7.5"],
    ]


def test_a_sweep_shows_what_was_chosen_and_the_oracle(runs: Any) -> None:
    def phases(dev: float) -> Any:
        return lambda row, task, language: {
            "phases": [{"tasks": [task], "role": "target", "dev": {"accuracy": dev}}] if task == "xnli" else [],
            **({"target_dev": {"accuracy": 90 - dev}} if task == "xnli" else {}),
        }

    points = [
        runs.add(
            f"p{number}",
            {
                f"{name}.plain.s1": {"xnli": {"sw": right(test)}, "twins": {"sw": right(test)}}
                for name in ("none", "mnli")
            },
            phases(dev),
        )
        for number, (test, dev) in enumerate([(50, 60.0), (40, 70.0)])
    ]
    page = report(*points).markdown()
    assert "- point 1: target epochs 0\n- point 2: target epochs 1" in page
    assert lines(page, "(its dev figure):")[0] == ["none", "2 (70.0)", "1 (nothing to choose by)"]
    assert lines(page, ORACLE)[1] == ["mnli", "1 (+10.0)", "no target dev data"]
    assert lines(page, "### Tasks")[0][2:4] == ["40.0", "50.0"]  # the chosen point's figures, not the best
    assert lines(page, "### English dev figures") == [["none", "–", "70.0", "–"], ["mnli", "–", "70.0", "–"]]


def test_an_oracle_whose_tests_failed_says_so(runs: Any) -> None:
    def fields(dev: float, state: str) -> Any:
        return lambda row, task, language: {
            "phases": [{"tasks": [task], "role": "target", "dev": {"accuracy": dev}}],
            "target_dev": {"accuracy": 90 - dev},
            "state": state,
        }

    points = [
        runs.add(f"p{number}", {"none.plain.s1": {"xnli": {"sw": right(50)}}}, fields(dev, state))
        for number, (dev, state) in enumerate([(60.0, "failed"), (70.0, "ok")])
    ]
    assert lines(report(*points).markdown(), ORACLE) == [["none", "a figure is missing"]]


def test_methods_are_told_apart_where_there_are_several(runs: Any) -> None:
    rows = ("none.plain.s1", "none.adv.s1", "mnli.plain.s1", "mnli.adv.s1")
    page = report(runs.add("methods", {row: {"xnli": {"sw": right(50)}} for row in rows})).markdown()
    names = [row[1] for row in lines(page, "### Tasks")][:4]
    assert names == ["none (plain)", "none (adv)", "mnli (plain)", "mnli (adv)"]
    assert len(lines(page, "### Tasks")[0]) == 3  # one task: its average would be itself


@pytest.mark.parametrize(
    ("effect", "text", "power"),
    [
        (Effect(state="missing-data"), "missing-data", "missing-data"),
        (Effect(state="ok", difference=1.25), "+1.2 [no interval]", "– / –"),
        (Effect(state="ok", difference=1.0, low=-2.0, high=4.0, own_data=True), "+1.0° [-2.0, +4.0]", "– / –"),
        (
            Effect(state="ok", difference=-1.0, low=-2.0, high=0.26, corrected=0.2, detectable=2.04, deviation=0.5),
            "-1.0 [-2.0, +0.3]",
            "2.0 / 0.5",
        ),
        (Effect(state="ok", difference=-1.0, low=-2.0, high=-0.1, corrected=0.05), "**-1.0** [-2.0, -0.1] ▼", "– / –"),
        (Effect(state="ok", difference=3.0, low=2.0, high=4.0, corrected=0.001), "**+3.0** [+2.0, +4.0] ▲", "– / –"),
    ],
)
def test_the_text_of_an_effect(effect: Effect, text: str, power: str) -> None:
    assert (effect_text(effect), power_text(effect)) == (text, power)


def test_bars_in_names_break_no_table() -> None:
    assert table(["a|b", "c"], [["x|y", "1"]]).count("\\|") == 2


@pytest.fixture
def controlled(runs: Any) -> Cells:
    """Code gains on xnli, and so does what is shuffled on pawsx; squad has no control."""
    rows = {"none": (50, 50), "code": (80, 80), "code~shuffled": (52, 78), "squad": (52, 51)}
    return runs.add(
        "controlled",
        {
            f"{name}.plain.s1": {"xnli": {"sw": right(one)}, "pawsx": {"sw": right(two)}}
            for name, (one, two) in rows.items()
        },
    )


def test_differences_to_controls_are_a_table_of_their_own(controlled: Cells) -> None:
    page = report(controlled, study=replace(STUDY, by=("joshi",))).markdown()
    assert [line[1] for line in lines(page, "### Tasks")][:4] == ["none", "code", "code~shuffled", "squad"]
    (every, _) = lines(page, "**Against controls**")
    assert every[:3] == ["all languages", "code", "shuffled"]
    assert every[3].startswith("**+28.0** [") and every[4].startswith("+2.0 [")
    assert lines(page, "Against controls:")[0][:3] == ["class 2", "code", "shuffled"]


def test_what_is_due_to_the_task_is_marked_and_said(controlled: Cells) -> None:
    page = report(controlled).markdown()
    code = lines(page, "### Tasks")[1]
    assert code[2].endswith("] ▲◆") and code[3].endswith("] ▲")
    told = [line for line in page.splitlines() if line.startswith("- code on ")]
    assert told[0].startswith("- code on xnli, all languages: **+30.0** [")
    assert told[0].endswith("▲◆, and significantly so against shuffled: due to what the task is about.")
    assert "but not against shuffled (+2.0 [" in told[1] and "not to be put down to what the task" in told[1]
    assert NO_CONTROLS not in page and "- No controls were run of squad: " in page


def test_controls_that_were_not_run_are_named_wherever_something_is_put_down_to_the_task(controlled: Cells) -> None:
    weak = report(controlled, code=("no-code", "size-matched"), squad=("shuffled",))
    page = weak.markdown()
    so_far = "due to what the task is about, as far as can be told without no-code, size-matched."
    assert (
        f"▲◆, and significantly so against shuffled: {so_far}" in page and "due to what the task is about." not in page
    )
    notes = [line for line in page.splitlines() if line.startswith("- Controls of")]
    assert notes == [
        "- Controls of code that were not run: no-code, size-matched. "
        "What is put down to it holds against the others alone.",
        "- Controls of squad that were not run: shuffled.",
    ]
    assert so_far in weak.overview() and notes[0].removeprefix("- ") in weak.overview()
    assert weak.as_json()["controls_not_run"] == {"code": ["no-code", "size-matched"], "squad": ["shuffled"]}
    assert "not run" not in report(controlled).markdown() and report(controlled).as_json()["controls_not_run"] == {}


def test_controls_are_no_choice_and_no_negative_transfer(runs: Any) -> None:
    rows = {"none": 50, "code": 55, "code~best": 90, "code~worst": 10}
    cells = runs.add("extreme", {f"{name}.plain.s1": {"xnli": {"sw": right(one)}} for name, one in rows.items()})
    page = report(cells).markdown()
    assert (
        lines(page, "chosen on the tests themselves")[0][0] == "one for all: code" and "Negative transfer" not in page
    )
    assert "code has no effect that is significant against the baseline" in page


def test_the_json_tells_controls_and_what_was_compared(controlled: Cells) -> None:
    (part,) = report(controlled).as_json()["parts"]
    rows = [row for row in part["effects"] if (row["group"], row["column"]) == ("all languages", "xnli")]
    places = [(row["intermediate"], row["control"], row["against"], row["due_to_task"]) for row in rows]
    assert places == [
        ("code", None, None, True),
        ("code", None, "shuffled", None),
        ("code", "shuffled", None, None),
        ("squad", None, None, None),
    ]
