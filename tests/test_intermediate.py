"""The graph of a run with intermediate tasks: its rows, what is shared between them, and what cannot be asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import testing
from xtreme_harness.cli.main import run
from xtreme_harness.errors import DefinitionError, RequestError, UnknownName
from xtreme_harness.phases import phases
from xtreme_harness.plan import Plan, PlannedCell
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.request import parse_sampler
from xtreme_harness.unit import Unit

PlanOf = Callable[..., Plan]

# Seven intermediate tasks (six of topics, one of names), five targets of which four are trained, and what is neither.
SEVEN_BY_FIVE = """
from pathlib import Path

from xtreme_harness import Method, Task, hookimpl

FOLDER = Path(__file__).parent


def listed(folder, without_dev=False):
    def files(split, language):
        if split == "dev" and without_dev:
            return ()
        return (str(FOLDER / folder / "data" / f"{split}.{language}.jsonl"),)
    return files


def read(split, language, files):
    raise AssertionError("a plan reads nothing")


def task(name, kind="classify", folder="topics", without_dev=False, **fields):
    options = {"classify": {"labels": ("health", "sport", "trade")}, "tag": {"labels": ("O", "B-PER")}}
    return Task(name=name, kind=kind, languages=("en", "sw"), read=read, files=listed(folder, without_dev=without_dev),
                options=options.get(kind, {}), **fields)


T1 = task("t1", corpora=("letters",))
CONTROLS = {2: {"shuffled-labels": "i3", "other-words": "i7"}, 4: {"shuffled-labels": "i5"}}
CORPORA = {2: ("letters", "news"), 4: ("news",)}
NO_DEV = task("nodev", without_dev=True)
FAR = task("far", train_on="t1")
RETRIEVED = Task(name="found", kind="nearest", languages=("sw",), read=read,
                 files=lambda split, language: (str(FOLDER / "twins" / "data" / f"twins.{language}.tsv"),))


@hookimpl
def register_methods(register):
    register(Method(name="other", summary="another way", load=lambda: None))


@hookimpl
def register_target_tasks(register):
    for one in (T1, task("t2"), task("t3", "tag", "names"), task("t4", "tag", "names"), RETRIEVED, FAR):
        register(one)
    register(task("absent", folder="nowhere"))


@hookimpl
def register_intermediate_tasks(register):
    register(T1)
    for number in range(2, 7):
        register(task(f"i{number}", controls=CONTROLS.get(number, {}), corpora=CORPORA.get(number, ())))
    for one in (task("i7", "tag", "names"), NO_DEV, FAR, RETRIEVED, task("lost", folder="nowhere")):
        register(one)
"""
SEVEN = ("t1", "i2", "i3", "i4", "i5", "i6", "i7")
FIVE = ("t1", "t2", "t3", "t4", "found")


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("tasks")
    testing.write_topics(folder / "topics")
    testing.write_names(folder / "names")
    testing.write_retrieval(folder / "twins")
    (folder / "plugin.py").write_text(SEVEN_BY_FIVE, encoding="utf-8")
    registry = load_registry([str(folder / "plugin.py")])
    assert not registry.failures
    return registry


@pytest.fixture
def planned(tiny_xlmr: Path, tasks: Registry, plan_of: PlanOf) -> PlanOf:
    """`planned("t1", intermediates=("i2",))`: the plan over the tasks above."""
    return lambda *targets, **fields: plan_of(tiny_xlmr, *targets, registry=tasks, **fields)


def trained(plan: Plan) -> list[Unit]:
    return [unit for unit in plan.units() if unit.type == "train"]


def start_of(plan: Plan, row: int = 0) -> Unit:
    """The intermediate training of a row."""
    label = plan.rows[row].label
    (unit,) = {cell.intermediate for cell in plan.cells if cell.row.label == label}
    assert unit is not None
    return unit


def cells_of(plan: Plan, row: int) -> list[PlannedCell]:
    return [cell for cell in plan.cells if cell.row == plan.rows[row]]


def changed(first: Plan, second: Plan) -> set[str]:
    one, two = ({unit.label: unit.key for unit in plan.units()} for plan in (first, second))
    assert one.keys() == two.keys()
    return {label for label in one if one[label] != two[label]}


def test_seven_intermediates_by_five_targets_by_two_seeds(planned: PlanOf) -> None:
    plan = planned(*FIVE, intermediates=SEVEN, seeds=(1, 2))
    units = plan.units()
    assert len({unit.key for unit in units}) == len(units) and len(plan.rows) == 14
    starts = [unit for unit in trained(plan) if "checkpoint" not in unit.inputs]
    targets = [unit for unit in trained(plan) if "checkpoint" in unit.inputs]
    assert Counter((unit.task, unit.seed) for unit in starts) == {(task, seed): 1 for task in SEVEN for seed in (1, 2)}
    rows = {(unit.inputs["checkpoint"].task, unit.task, unit.seed) for unit in targets}
    assert rows == {(one, two, seed) for one in SEVEN for two in FIVE[:4] for seed in (1, 2)} and len(targets) == 56
    of_type = Counter(unit.type for unit in units)
    assert of_type["embed"] == 14  # retrieval starts from the intermediate encoder too
    assert of_type["predict"] == of_type["score"] == len(plan.cells) == 14 * 9


def test_rows_share_what_is_encoded(planned: PlanOf) -> None:
    """The tokenizer is the checkpoint's in every row; English parts of targets and intermediates are encoded once."""
    plan = planned(*FIVE, intermediates=("none", *SEVEN, "i2+i7"), seeds=(1, 2))
    prepared = Counter(unit.label for unit in plan.units() if unit.type == "prepare")
    assert set(prepared.values()) == {1}
    english = {f"prepare {task} {split} en" for task in (*FIVE[:4], *SEVEN[1:]) for split in ("train", "dev")}
    tested = {f"prepare {task} test {language}" for task in FIVE[:4] for language in ("en", "sw")}
    assert set(prepared) == english | tested | {"prepare found test sw"}


def test_inputs_come_first_and_data_before_all_training(planned: PlanOf) -> None:
    units = planned(*FIVE, intermediates=("none", "i2", "i2+i7")).units()
    done: set[str] = set()
    for unit in units:
        assert {one.key for one in unit.inputs.values()} <= done
        done.add(unit.key)
    types = [unit.type for unit in units]
    assert types.index("train") > max(place for place, type in enumerate(types) if type == "prepare")


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        ({}, ["none.plain.srecipe"]),
        ({"intermediates": ("none",)}, ["none.plain.srecipe"]),
        ({"intermediates": ("i2",)}, ["i2.plain.srecipe"]),
        (
            {"intermediates": ("i3", "none", "i7+i2"), "seeds": (2, 1)},
            [f"{name}.plain.s{seed}" for name in ("i3", "none", "i7+i2") for seed in (2, 1)],
        ),
    ],
)
def test_rows_stand_in_the_order_they_were_named(fields: dict[str, Any], labels: list[str], planned: PlanOf) -> None:
    plan = planned("t2", **fields)
    assert [row.label for row in plan.rows] == labels
    assert [row.intermediate for row in plan.rows] == [label.partition(".")[0] for label in labels]
    assert [task.name for task in plan.intermediates] == list(
        dict.fromkeys(name for label in labels for name in label.partition(".")[0].split("+") if name != "none")
    )


def test_an_intermediate_task_is_trained_as_it_is_for_itself(planned: PlanOf) -> None:
    """One unit for both; on the target's own training task the phase is extra training, and allowed."""
    plan = planned("t1", "found", intermediates=("none", "t1"), seeds=(1,))
    alone, after = trained(plan)
    assert cells_of(plan, 0)[0].train == alone == start_of(plan, 1)
    assert after.task == "t1" and after.inputs["checkpoint"] == alone and after != alone
    assert after.inputs.keys() - alone.inputs.keys() == {"checkpoint"}
    assert (alone.label, after.label) == ("train t1 (seed 1)", "train t1 after t1 (seed 1)")


def test_a_task_that_trains_on_another_starts_after_it_too(planned: PlanOf) -> None:
    plan = planned("far", "t1", intermediates=("t1",))
    first, shared = trained(plan)
    assert {cell.train for cell in plan.cells} == {shared} and shared.inputs["checkpoint"] == first


def test_labels_say_where_a_row_starts(planned: PlanOf) -> None:
    labels = [unit.label for unit in planned("t2", "found", intermediates=("i2+i7",), seeds=(1,)).units()]
    for label in ("train i2+i7 (seed 1)", "train t2 after i2+i7 (seed 1)", "predict t2 sw after i2+i7"):
        assert label in labels
    for label in ("score t2 sw after i2+i7", "embed found test sw after i2+i7", "search found test sw after i2+i7"):
        assert label in labels


def test_a_mix_trains_one_encoder_on_all_its_tasks(planned: PlanOf) -> None:
    start = start_of(planned("t2", intermediates=("i2+i7+t1",), seeds=(1,)))
    assert [part["task"] for part in start.parameters["parts"]] == ["i2", "i7", "t1"]
    assert [part["kind"] for part in start.parameters["parts"]] == ["classify", "tag", "classify"]
    assert list(start.inputs) == [f"train.{task}" for task in ("i2", "i7", "t1")] + [
        f"dev.{task}" for task in ("i2", "i7", "t1")
    ]
    assert "xtreme_harness.kinds.tag.encode" in start.modules and "xtreme_harness.kinds.classify.kind" in start.modules
    assert start.parameters["sampler"] == {"kind": "proportional"}


def test_the_order_of_a_mix_counts(planned: PlanOf) -> None:
    """Heads are drawn in turn, and the first task's values are the training's."""
    plan = planned("t2", intermediates=("i2+i7", "i7+i2"), seeds=(1,))
    assert start_of(plan, 0) != start_of(plan, 1)


@pytest.mark.parametrize("text", ["uniform", "i2=1,i7=2", "i2=1,i7=3"])
def test_the_sampler_is_in_the_key_of_a_mix_alone(text: str, planned: PlanOf) -> None:
    rows = {"intermediates": ("none", "i2", "i2+i7"), "seeds": (1,)}
    plan, other = planned("t2", **rows), planned("t2", **rows, sampler=parse_sampler(text))
    assert changed(plan, other) == {unit.label for unit in plan.units() if "i2+i7" in unit.label}
    assert start_of(other, 1).parameters["sampler"] is None


def test_temperature_and_cap_are_in_the_key(planned: PlanOf) -> None:
    samplers = [
        parse_sampler("temperature", 2.0),
        parse_sampler("temperature", 3.0),
        parse_sampler("temperature", 2.0, 9),
    ]
    plans = [planned("t2", intermediates=("i2+i7",), sampler=sampler) for sampler in samplers]
    assert len({start_of(plan).key for plan in plans}) == 3


def test_settings_reach_intermediate_tasks(planned: PlanOf) -> None:
    rows = {"intermediates": ("none", "i2", "i3"), "seeds": (1,)}
    plan, other = planned("t2", **rows), planned("t2", **rows, settings=(("i2", "epochs", 1),))
    assert changed(plan, other) == {
        unit.label for unit in plan.units() if "i2" in unit.label and unit.type != "prepare"
    }
    assert start_of(other, 1).parameters["parts"][0]["epochs"] == 1
    longer = planned("t2", **rows, settings=(("i2", "max_length", 64),))
    assert {"prepare i2 train en", "train i2 (seed 1)"} <= changed(plan, longer)


def test_settings_of_a_task_hold_in_both_roles(planned: PlanOf) -> None:
    plan = planned("t1", intermediates=("none", "t1"), settings=(("t1", "epochs", 1),))
    assert [unit.parameters["parts"][0]["epochs"] for unit in trained(plan)] == [1, 1] and len(trained(plan)) == 2


def test_the_first_task_of_a_mix_has_the_values_of_the_whole(planned: PlanOf) -> None:
    settings = (
        ("i2", "learning_rate", 1e-4),
        ("i7", "learning_rate", 9e-4),
        ("i2", "dropout", 0.3),
        ("i2", "selection", "last"),
        ("i2", "batch_size", 4),
        ("i7", "batch_size", 8),
        ("i7", "epochs", 7),
        ("i7", "max_length", 40),
    )
    start = start_of(planned("t2", intermediates=("i2+i7",), settings=settings))
    assert (start.parameters["learning_rate"], start.parameters["selection"]) == (1e-4, "last")
    first, second = start.parameters["parts"]
    assert first["options"]["dropout"] == second["options"]["dropout"] == 0.3
    assert (first["batch_size"], second["batch_size"], second["epochs"]) == (4, 8, 7)
    assert (first["options"]["max_length"], second["options"]["max_length"]) == (128, 40)


def test_the_seed_is_the_row_s_else_each_recipe_s_and_always_known(planned: PlanOf) -> None:
    """Never -1 for "draw one and forget it", as jiant's default is."""
    plan = planned("t3", intermediates=("i2", "i7+i2"), seeds=(3,))
    assert {unit.seed for unit in trained(plan)} == {3}
    by_recipe = planned("t3", intermediates=("i2", "i7+i2"))  # the recipe xtreme: classify 42, tag 1
    assert [start_of(by_recipe, row).seed for row in (0, 1)] == [42, 1]
    assert {cell.train.seed for cell in by_recipe.cells if cell.train} == {1}
    settings = (("i2", "seed", 8),)
    assert start_of(planned("t3", intermediates=("i2",), settings=settings)).seed == 8


def test_missing_data_of_an_intermediate_task_misses_its_row(planned: PlanOf) -> None:
    whole = planned("t2", "found", intermediates=("none", "i2"))
    plan = planned("t2", "found", intermediates=("none", "lost", "i2+lost", "i2"))
    for row in (1, 2):
        cells = cells_of(plan, row)
        assert [(cell.task.name, cell.language) for cell in cells] == [("t2", "en"), ("t2", "sw"), ("found", "sw")]
        for cell in cells:
            assert cell.units() == [] and cell.intermediate is None
            assert "train.en.jsonl: task lost needs this file and it is not there" in (cell.missing or "")
    assert {unit.key for unit in plan.units()} == {unit.key for unit in whole.units()}


def test_a_target_without_data_trains_nothing_before_it(planned: PlanOf) -> None:
    """Nor does its record tell of a phase that never was."""
    plan = planned("absent", intermediates=("i2",))
    assert plan.units() == [] and {cell.intermediate for cell in plan.cells} == {None}
    assert all("task absent needs this file" in (cell.missing or "") for cell in plan.cells)


@pytest.mark.parametrize(
    ("named", "error", "told"),
    [
        ("i22", UnknownName, "Unknown task 'i22'. Did you mean i2"),
        ("t2", UnknownName, "t2 is registered, but not as intermediate task."),
        ("i2+", RequestError, "Intermediate 'i2+': a name is missing; mixes are written A+B."),
        ("none+i2", RequestError, "Intermediate none+i2: none stands alone, for no training at all."),
        ("i2+i3+i2", RequestError, "Intermediate i2+i3+i2: a task is in it twice."),
        ("i2+found", RequestError, "Intermediate i2+found: found is of kind nearest, which trains nothing."),
        ("far", RequestError, "Intermediate far: far trains on t1; name that instead."),
        (
            "i2+nodev",
            RequestError,
            "Task i2: selection english-dev is impossible, nodev has no English dev part to select on. "
            "Use --set i2.selection=last.",
        ),
    ],
)
def test_what_cannot_be_trained_on(named: str, error: type[Exception], told: str, planned: PlanOf) -> None:
    with pytest.raises(error) as caught:
        planned("t2", intermediates=("none", named))
    assert told in str(caught.value) and getattr(caught.value, "exit_code", None) == 2


def test_a_mix_without_a_dev_part_keeps_its_last_state(planned: PlanOf) -> None:
    start = start_of(planned("t2", intermediates=("i2+nodev",), settings=(("i2", "selection", "last"),)))
    assert [role for role in start.inputs if role.startswith("dev.")] == ["dev.i2"]


@pytest.mark.parametrize(
    ("weights", "error", "told"),
    [
        ("i2=1", DefinitionError, "i2+i7 needs a weight of i7"),
        ("i2=1,i7=1,i8=1", UnknownName, "Unknown task 'i8'"),
    ],
)
def test_weights_fit_the_mixes(weights: str, error: type[Exception], told: str, planned: PlanOf) -> None:
    with pytest.raises(error) as caught:
        planned("t2", intermediates=("i3", "i2+i7"), sampler=parse_sampler(weights))
    assert told in str(caught.value)
    assert planned("t2", intermediates=("i3",), sampler=parse_sampler("i2=1"))  # a mix that was taken out of a study


def test_an_intermediate_is_named_once(planned: PlanOf) -> None:
    with pytest.raises(RequestError, match=r"--intermediate i2 is given twice\."):
        planned("t2", intermediates=("i2", "i2"))


def test_methods_hold_in_both_phases(planned: PlanOf) -> None:
    plan = planned("t2", intermediates=("i2", "i2+i7"), methods=("plain", "other"), seeds=(1,))
    assert [row.label for row in plan.rows[:2]] == ["i2.plain.s1", "i2.other.s1"]
    for row in plan.rows:
        (cell, _) = cells_of(plan, plan.rows.index(row))
        phases = [unit.parameters["method"]["name"] for unit in (cell.intermediate, cell.train) if unit]
        assert phases == [row.method, row.method]


def test_phases_tell_the_corpora_of_what_they_trained_on(planned: PlanOf) -> None:
    """Of a target those of the task that it trains on (XQuAD: SQuAD's); nothing where a task names none."""
    plan = planned("far", "t2", intermediates=("i2+i4", "i3"))
    (mixed, _), (plain, _) = (
        [[one.get("corpora") for one in phases(cell, {})] for cell in cells_of(plan, 0)[::2]],
        [[one.get("corpora") for one in phases(cell, {})] for cell in cells_of(plan, 1)[::2]],
    )
    assert mixed == [["letters", "news"], ["letters"]] and plain == [None, ["letters"]]


@pytest.mark.encoder
def test_a_prepared_model_gives_its_tokenizer_to_every_row(tasks: Registry, plan_of: PlanOf) -> None:
    """And its weights to the intermediate phase alone."""
    plan = plan_of("mini", "t2", "found", registry=tasks, intermediates=("i2", "i2+i7"))
    (checkpoint,) = [unit for unit in plan.units() if unit.type == "checkpoint"]
    assert {unit.inputs["tokenizer"] for unit in plan.units() if unit.type == "prepare"} == {checkpoint}
    starts = [unit for unit in plan.units() if unit.inputs.get("checkpoint") == checkpoint]
    assert starts == [start_of(plan, 0), start_of(plan, 1)]


# controls


def test_controls_are_rows_beside_their_intermediate(planned: PlanOf) -> None:
    """Of a mix only where every task of it has one."""
    rows = {"intermediates": ("none", "i2", "i2+i4", "i6"), "controls": ("shuffled-labels", "other-words")}
    plan = planned("t2", **rows, seeds=(1, 2))
    assert [(row.label, row.intermediate, row.control, [task.name for task in row.mix]) for row in plan.rows[::2]] == [
        ("none.plain.s1", "none", None, []),
        ("i2.plain.s1", "i2", None, ["i2"]),
        ("i2~shuffled-labels.plain.s1", "i2", "shuffled-labels", ["i3"]),
        ("i2~other-words.plain.s1", "i2", "other-words", ["i7"]),
        ("i2+i4.plain.s1", "i2+i4", None, ["i2", "i4"]),
        ("i2+i4~shuffled-labels.plain.s1", "i2+i4", "shuffled-labels", ["i3", "i5"]),
        ("i6.plain.s1", "i6", None, ["i6"]),
    ]
    assert start_of(plan, 4).task == "i3" and start_of(plan, 10).task == "i3+i5"


def test_a_control_is_trained_with_the_values_of_what_it_stands_in_for(planned: PlanOf) -> None:
    """Where it is of the same kind; its own settings count before those."""
    settings = (("i2", "epochs", 7), ("i2", "max_length", 40), ("i2", "batch_size", 4), ("i3", "batch_size", 8))
    rows = {"intermediates": ("i2", "i3"), "controls": ("shuffled-labels", "other-words"), "seeds": (1,)}
    plan = planned("t2", **rows, settings=settings)
    ((same,), (other,), (alone,)) = (start_of(plan, row).parameters["parts"] for row in (1, 2, 3))
    assert (same["task"], same["epochs"], same["options"]["max_length"], same["batch_size"]) == ("i3", 7, 40, 8)
    assert (other["task"], other["epochs"]) == ("i7", 10) and other["options"]["max_length"] == 128
    assert (alone["task"], alone["epochs"], alone["batch_size"]) == ("i3", 5, 8)


def test_a_number_of_updates_holds_for_controls_of_every_kind(planned: PlanOf) -> None:
    """Unless a control has one of its own; all else of another kind stays the control's."""
    rows = {"intermediates": ("i2",), "controls": ("shuffled-labels", "other-words"), "seeds": (1,)}
    plan = planned("t2", **rows, settings=(("i2", "updates", 9), ("i2", "batch_size", 4)))
    starts = [start_of(plan, row) for row in range(3)]
    assert [unit.parameters["updates"] for unit in starts] == [9, 9, 9]
    assert [unit.parameters["parts"][0]["batch_size"] for unit in starts] == [4, 4, 32]
    plan = planned("t2", **rows, settings=(("i2", "updates", 9), ("i7", "updates", 5)))
    assert [start_of(plan, row).parameters["updates"] for row in range(3)] == [9, 9, 5]
    matched = (("intermediate", "updates", 50),)
    plan = planned("t2", **rows, settings=(("i2", "updates", 9),), role_settings=matched)
    assert [start_of(plan, row).parameters["updates"] for row in range(3)] == [9, 9, 9]
    assert {unit.parameters["updates"] for unit in trained(plan) if unit.task == "t2"} == {None}


def test_settings_of_a_target_stay_its_own_in_a_row_of_its_control(planned: PlanOf) -> None:
    plan = planned("t1", intermediates=("none", "i2"), controls=("shuffled-labels",), settings=(("i2", "epochs", 1),))
    assert {unit.parameters["parts"][0]["epochs"] for unit in trained(plan) if unit.task == "t1"} == {5}


def test_a_control_that_is_an_intermediate_too_is_trained_once(planned: PlanOf) -> None:
    plan = planned("t2", intermediates=("i2", "i3"), controls=("shuffled-labels",), seeds=(1,))
    assert start_of(plan, 1) == start_of(plan, 2) and len(trained(plan)) == 4


def test_controls_are_drawn_with_the_weights_of_their_tasks(planned: PlanOf) -> None:
    weights = {"controls": ("shuffled-labels",), "sampler": parse_sampler("i2=3,i4=1")}
    start = start_of(planned("t2", intermediates=("i2+i4",), **weights), 1)
    assert start.parameters["sampler"] == {"kind": "weights", "weights": {"i3": 3.0, "i5": 1.0}}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"intermediates": ("i2",), "controls": ("shuffled",)}, "Unknown control 'shuffled'. Did you mean shuffled-"),
        ({"intermediates": ("i6", "i2+i6"), "controls": ("other-words",)}, "none of the intermediates has the control"),
        ({"controls": ("shuffled-labels",)}, "none of the intermediates has the control 'shuffled-labels'"),
        ({"controls": ("a", "a")}, "--control a is given twice"),
    ],
)
def test_controls_that_nothing_has_are_refused(fields: dict[str, Any], told: str, planned: PlanOf) -> None:
    with pytest.raises(RequestError) as caught:
        planned("t2", **fields)
    assert told in str(caught.value) and caught.value.exit_code == 2


def test_the_command_takes_controls(tiny_xlmr: Path, tasks: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--model", str(tiny_xlmr), "--task", "t2", "--plugin", tasks.plugin_arguments[0], "--dry-run", "--json"]
    assert run(["run", *named, "--intermediate", "i2", "--control", "other-words", "--control", "shuffled-labels"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    arms = ("i2", "i2~other-words", "i2~shuffled-labels")
    assert rows == [f"{arm}.plain.srecipe" for arm in arms]
    assert run(["run", *named, "--intermediate", "i6", "--control", "other-words"]) == 2
    assert "none of the intermediates has the control 'other-words'" in capsys.readouterr().err
