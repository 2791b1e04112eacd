"""From a request to units: names and values that exist, cells that cannot be filled, and what keys do not depend on."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import testing
from xtreme_harness.data.origins import record_origins
from xtreme_harness.errors import CheckpointError, DataError, DefinitionError, RequestError, UnknownName
from xtreme_harness.files import sha256_file
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.request import Request, parse_setting
from xtreme_harness.unit import Unit

PlanOf = Callable[..., Plan]


def keys(plan: Plan) -> dict[str, str]:
    return {unit.label: unit.key for unit in plan.units()}


def changed(first: Plan, second: Plan) -> set[str]:
    """Types of the units whose keys differ."""
    one, two = keys(first), keys(second)
    assert one.keys() == two.keys()
    return {unit.type for unit in first.units() if one[unit.label] != two[unit.label]}


def test_inputs_come_before_the_units_that_open_them(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    units = plan_of(tiny_xlmr, "topics", "twins").units()
    done: set[str] = set()
    for unit in units:
        assert {one.key for one in unit.inputs.values()} <= done
        done.add(unit.key)
    assert len(done) == len(units)  # each once
    types = [unit.type for unit in units]
    assert types.count("train") == 1 and types.count("prepare") == 5 and types.count("score") == 3
    assert types.index("train") > max(place for place, type in enumerate(types) if type == "prepare")


def test_one_model_predicts_all_languages(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    cells = plan_of(tiny_xlmr, "topics").cells
    assert [cell.language for cell in cells] == ["en", "sw"]
    assert cells[0].train is not None and cells[0].train == cells[1].train
    assert cells[0].options["labels"] == ("health", "sport", "trade")
    assert cells[0].options["selection"] == cells[0].train.parameters["selection"]


def test_seeds_and_methods_are_rows(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(tiny_xlmr, "topics", "twins", seeds=(1, 2))
    assert [row.label for row in plan.rows] == ["none.plain.s1", "none.plain.s2"]
    types = [unit.type for unit in plan.units()]
    assert types.count("train") == 2 and types.count("embed") == 1  # retrieval has no seed
    assert [row.label for row in plan_of(tiny_xlmr, "topics").rows] == ["none.plain.srecipe"]
    recipe = plan_of(tiny_xlmr, "topics", settings=(("topics", "seed", 2),))
    assert keys(recipe)["train topics (seed 2)"] == keys(plan)["train topics (seed 2)"]


def test_languages_narrow_the_cells_and_leave_the_keys(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    everything, one = plan_of(tiny_xlmr, "topics"), plan_of(tiny_xlmr, "topics", languages=("sw",))
    assert [cell.language for cell in one.cells] == ["sw"]
    assert keys(one).items() < keys(everything).items()


def test_a_language_that_no_task_has_is_unknown(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    with pytest.raises(UnknownName, match=r"Unknown language 'swa'\. Did you mean sw\? The tasks have: en, sw"):
        plan_of(tiny_xlmr, "topics", languages=("swa",))


def test_a_language_that_one_of_the_tasks_has_will_do(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(tiny_xlmr, "topics", "twins", languages=("en",))
    assert [(cell.task.name, cell.language) for cell in plan.cells] == [("topics", "en")]


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"tasks": ("topcs",)}, UnknownName, "Unknown task 'topcs'. Did you mean topics?"),
        ({"tasks": (), "suite": "minni"}, UnknownName, "Unknown suite 'minni'. Did you mean mini?"),
        ({"tasks": ("topics",), "suite": "mini"}, RequestError, "Task topics is not in suite mini, which has mini.nli"),
        ({"tasks": ("nli",), "suite": "mini"}, UnknownName, "Unknown task 'nli'"),
        ({"recipe": "xtrem"}, UnknownName, "Unknown recipe 'xtrem'. Did you mean xtreme?"),
        ({"methods": ("plane",)}, UnknownName, "Unknown method 'plane'. Did you mean plain?"),
        ({"data": "no/such"}, RequestError, "--data no/such: there is no such folder."),
        ({"labels": "no/such"}, RequestError, "--labels no/such: there is no such folder."),
    ],
)
def test_wrong_names(
    fields: dict[str, Any], error: type[Exception], told: str, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    tasks = fields.get("tasks", ("topics",))
    with pytest.raises(error) as caught:
        plan_of(tiny_xlmr, *tasks, **{name: value for name, value in fields.items() if name != "tasks"})
    assert told in str(caught.value) and getattr(caught.value, "exit_code", None) == 2


@pytest.mark.parametrize(
    ("setting", "error", "told"),
    [
        ("topic.epochs=2", UnknownName, "Unknown task 'topic'. Did you mean topics?"),
        ("topics.epoch=2", UnknownName, "Unknown setting 'epoch'. Did you mean epochs?"),
        ("topics.epochs=0", RequestError, "--set topics.epochs=0: must be at least 1."),
        ("topics.epochs=1.5", RequestError, "--set topics.epochs=1.5: expected a whole number."),
        ("topics.epochs=two", RequestError, "--set topics.epochs=two: expected a number."),
        ("topics.updates=2.5", RequestError, "--set topics.updates=2.5: expected a whole number."),
        ("topics.updates=0", RequestError, "--set topics.updates=0: must be at least 1."),
        ("topics.batch_size=true", RequestError, "expected a number."),
        ("topics.max_length=0", RequestError, "must be at least 1."),
        ("topics.learning_rate=fast", RequestError, "expected a number."),
        ("topics.learning_rate=nan", RequestError, "must be finite."),
        ("topics.warmup=inf", RequestError, "must be finite."),
        ("topics.seed=-1", RequestError, "must be from 0 to 9223372036854775807."),
        ("topics.dropout=no", RequestError, "expected a number."),
        ("topics.selection=best", RequestError, "must be one of english-dev, last."),
        ("topics.sentence_pooling=max", DefinitionError, "sentence_pooling must be one of mean, cls"),
        ("twins.pooling=max", DefinitionError, "pooling must be one of mean, cls"),
        ("twins.layer=-1", DefinitionError, "layers count hidden states"),
        ("twins.layer=first", RequestError, "expected a number."),
        ("twins.prefix=7", RequestError, "--set twins.prefix=7: expected text"),
        ("rs_rp.eps=1", UnknownName, "Unknown task 'rs_rp'"),  # no method of this run
    ],
)
def test_wrong_settings(setting: str, error: type[Exception], told: str, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    with pytest.raises(error) as caught:
        plan_of(tiny_xlmr, "topics", "twins", settings=(parse_setting(setting),))
    assert told in str(caught.value) and getattr(caught.value, "exit_code", None) == 2


@pytest.mark.parametrize(
    ("setting", "types"),
    [
        ("topics.epochs=1", {"train", "predict", "score"}),
        ("topics.learning_rate=1e-4", {"train", "predict", "score"}),
        ("topics.dropout=0.0", {"train", "predict", "score"}),
        ("topics.selection=last", {"train", "predict", "score"}),
        ("topics.sentence_pooling=mean", {"train", "predict", "score"}),
        ("topics.max_length=64", {"prepare", "train", "predict", "score"}),
        ("twins.layer=2", {"embed", "predict", "score"}),
        ("twins.pooling=cls", {"embed", "predict", "score"}),
        ("twins.prefix=query: ", {"prepare", "embed", "predict", "score"}),
        ("twins.max_length=64", {"prepare", "embed", "predict", "score"}),
    ],
)
def test_settings_change_the_units_of_their_task_alone(
    setting: str, types: set[str], tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    plain = plan_of(tiny_xlmr, "topics", "twins")
    plan = plan_of(tiny_xlmr, "topics", "twins", settings=(parse_setting(setting),))
    assert changed(plain, plan) == types
    task = setting.split(".")[0]
    differing = {unit.task for unit in plain.units() if keys(plan)[unit.label] != unit.key}
    assert differing == {task}
    _, name, value = parse_setting(setting)
    assert next(cell.options[name] for cell in plan.cells if cell.task.name == task) == value


@pytest.mark.parametrize(
    ("setting", "error", "told"),
    [
        (
            "avd.eps=2",
            UnknownName,
            "Unknown task 'avd'. Did you mean adv? (--set names a task or a method of this run.)",
        ),
        (
            "adv.step=2",
            UnknownName,
            "Unknown setting 'step'. Did you mean steps or step_size? Method adv has: eps, steps",
        ),
        ("plain.eps=2", UnknownName, "Unknown setting 'eps'. Known: none. Method plain has: no parameters."),
        ("adv.eps=wide", RequestError, "--set adv.eps=wide: expected a number."),
        ("adv.eps=true", RequestError, "--set adv.eps=True: expected a number."),
        ("adv.eps=nan", RequestError, "--set adv.eps=nan: must be finite."),
        ("adv.eps=-0.1", RequestError, "--set adv.eps=-0.1: must not be negative."),
        ("adv.steps=1.5", RequestError, "--set adv.steps=1.5: expected a whole number."),
        ("adv.start=here", RequestError, "--set adv.start=here: must be one of zero, random."),
    ],
)
def test_wrong_parameters_of_a_method(
    setting: str, error: type[Exception], told: str, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    with pytest.raises(error) as caught:
        plan_of(tiny_xlmr, "topics", methods=("plain", "adv"), settings=(parse_setting(setting),))
    assert told in str(caught.value) and getattr(caught.value, "exit_code", None) == 2


def test_a_methods_parameters_are_in_the_keys_of_its_rows_alone(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    def trainings(*settings: tuple[str, str, Any]) -> dict[str, Unit]:
        cells = plan_of(tiny_xlmr, "topics", methods=("plain", "adv"), settings=settings).cells
        return {cell.row.method: cell.train for cell in cells if cell.train}

    usual, wide = trainings(), trainings(("adv", "eps", 2), ("adv", "start", "random"))
    assert usual["plain"] == wide["plain"] and usual["adv"] != wide["adv"]
    assert usual["plain"].parameters["method"] == {"name": "plain"}
    assert wide["adv"].parameters["method"] == {
        "name": "adv",
        "eps": 2.0,
        "steps": 3,
        "step_size": 1.5,
        "start": "random",
    }
    assert wide == trainings(("adv", "eps", 2.0), ("adv", "start", "random"))


@pytest.mark.parametrize("name", ["plain", "adv", "rs_rp"])
def test_the_key_holds_the_code_of_the_step(name: str, registry: Registry, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    (cell, *_) = plan_of(tiny_xlmr, "topics", methods=(name,)).cells
    assert cell.train is not None
    assert registry.method(name).load().__module__ in cell.train.identity["code"]


def test_the_last_of_two_settings_holds(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    settings = (("topics", "epochs", 1), ("topics", "epochs", 2))
    assert plan_of(tiny_xlmr, "topics", settings=settings).cells[0].options["epochs"] == 2


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("xnli.epochs=2", ("xnli", "epochs", 2)),
        ("mini.nli.learning_rate=1e-5", ("mini.nli", "learning_rate", 1e-5)),
        ("tatoeba.prefix=query: ", ("tatoeba", "prefix", "query: ")),
        ('tatoeba.prefix="1.5"', ("tatoeba", "prefix", "1.5")),
        ("tatoeba.prefix=a=b.c", ("tatoeba", "prefix", "a=b.c")),
        ("xnli.selection=last", ("xnli", "selection", "last")),
    ],
)
def test_settings_are_cut_at_the_last_dot_before_the_sign(text: str, parsed: tuple[str, str, Any]) -> None:
    assert parse_setting(text) == parsed


@pytest.mark.parametrize("text", ["xnli.epochs", "epochs=2", ".epochs=2", "xnli.=2", "", "=2"])
def test_settings_that_do_not_read(text: str) -> None:
    with pytest.raises(RequestError, match=r"does not read TASK\.KEY=VALUE"):
        parse_setting(text)


def test_a_suite_is_filtered_by_tasks(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    whole = plan_of(tiny_xlmr, suite="mini")
    assert [task.name for task in whole.tasks] == list(whole.suite.tasks) and whole.recipe.name == "mini"
    part = plan_of(tiny_xlmr, "mini.retrieval", suite="mini", languages=("sw", "te"))
    assert [(cell.task.name, cell.language) for cell in part.cells] == [
        ("mini.retrieval", "sw"),
        ("mini.retrieval", "te"),
    ]
    assert keys(part).items() < keys(whole).items()


def test_tasks_of_one_suite_take_its_recipe(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    assert plan_of(tiny_xlmr, "mini.nli").recipe.name == "mini"
    assert plan_of(tiny_xlmr, "topics").recipe.name == "xtreme"
    assert plan_of(tiny_xlmr, "mini.nli", recipe="xtreme").recipe.name == "xtreme"


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """A `topics` of which a test may remove files."""
    return testing.write_topics(tmp_path / "spoilt")


def test_a_missing_test_file_is_a_missing_cell(spoilt: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    whole = plan_of(tiny_xlmr, "topics", registry=load_registry([str(spoilt)]))
    (spoilt.parent / "data" / "test.sw.jsonl").unlink()
    plan = plan_of(tiny_xlmr, "topics", registry=load_registry([str(spoilt)]))
    english, swahili = plan.cells
    assert english.missing is None and english.score is not None
    assert swahili.units() == [] and swahili.missing is not None
    assert "test.sw.jsonl: task topics needs this file and it is not there" in swahili.missing
    assert keys(plan).items() < keys(whole).items()


@pytest.mark.parametrize("file", ["train.en.jsonl", "dev.en.jsonl"])
def test_a_missing_training_part_misses_every_cell(file: str, spoilt: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    (spoilt.parent / "data" / file).unlink()
    plan = plan_of(tiny_xlmr, "topics", registry=load_registry([str(spoilt)]))
    assert plan.units() == []
    assert all(cell.missing is not None and file in cell.missing for cell in plan.cells)


def test_data_that_was_never_named_is_missing_and_says_how(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(tiny_xlmr, "xnli", "tatoeba")
    assert len(plan.cells) == 15 + 36 and plan.units() == []
    assert all("--data DIR" in (cell.missing or "") for cell in plan.cells)


def write_pawsx(folder: Path, label_folder: Path | None = None) -> Path:
    (folder / "pawsx").mkdir(parents=True)
    for split in ("train", "dev"):
        (folder / "pawsx" / f"{split}-en.tsv").write_text("a\tb\t1\nc\td\t0\n")
    for language in ("en", "de"):
        (folder / "pawsx" / f"test-{language}.tsv").write_text("a\tb\n")
        if label_folder is not None:
            (label_folder / "pawsx").mkdir(parents=True, exist_ok=True)
            (label_folder / "pawsx" / f"test-{language}.tsv").write_text("1\n")
    return folder


def test_without_labels_a_cell_is_predicted_and_not_scored(tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    data = write_pawsx(tmp_path / "data")
    plan = plan_of(tiny_xlmr, "pawsx", data=str(data), languages=("de", "en", "fr"))
    german, english, french = plan.cells
    assert german.predict is not None and german.score is None and english.score is None
    assert french.predict is None and "test-fr.tsv" in (french.missing or "")


@pytest.mark.parametrize("named", [False, True])
def test_labels_lie_in_the_data_folder_or_where_they_are_named(
    named: bool, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    labels = tmp_path / "gold" if named else tmp_path / "data" / "labels"
    data = write_pawsx(tmp_path / "data", labels)
    options = {"data": str(data), **({"labels": str(labels)} if named else {})}
    plan = plan_of(tiny_xlmr, "pawsx", languages=("de",), **options)
    (cell,) = plan.cells
    assert cell.score is not None
    assert cell.score.details["files"] == (str(labels / "pawsx" / "test-de.tsv"),)


def test_the_same_data_elsewhere_gives_the_same_keys(tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    here = write_pawsx(tmp_path / "here", tmp_path / "here" / "labels")
    there = Path(shutil.copytree(here, tmp_path / "far" / "away"))
    plans = [plan_of(tiny_xlmr, "pawsx", data=str(data), languages=("de",)) for data in (here, there)]
    assert keys(plans[0]) == keys(plans[1]) and plans[0].id == plans[1].id
    (there / "pawsx" / "test-de.tsv").write_text("a\tB\n")
    edited = plan_of(tiny_xlmr, "pawsx", data=str(there), languages=("de",))
    assert changed(plans[0], edited) == {"prepare", "predict", "score"}


def test_a_plugin_with_its_data_elsewhere_gives_the_same_keys(
    topics: Path, twins: Path, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    copies = [Path(shutil.copytree(plugin.parent, tmp_path / plugin.parent.name)) for plugin in (topics, twins)]
    moved = load_registry([str(copy / "plugin.py") for copy in copies])
    assert not moved.failures
    here, there = (
        plan_of(tiny_xlmr, "topics", "twins"),
        plan_of(tiny_xlmr, "topics", "twins", registry=moved),
    )
    assert keys(here) == keys(there)


def test_a_copied_checkpoint_gives_the_same_keys(tiny_xlmr: Path, tmp_path: Path, plan_of: PlanOf) -> None:
    copy = shutil.copytree(tiny_xlmr, tmp_path / "renamed")
    for path in Path(copy).iterdir():
        os.utime(path, (1, 1))
    assert keys(plan_of(tiny_xlmr, "topics", "twins")) == keys(plan_of(copy, "topics", "twins"))


def test_other_weights_leave_what_was_encoded(tiny_xlmr: Path, tmp_path: Path, plan_of: PlanOf) -> None:
    other = testing.make_tiny_xlmr(tmp_path / "other", seed=1)
    plans = [plan_of(checkpoint, "topics", "twins") for checkpoint in (tiny_xlmr, other)]
    assert changed(*plans) == {"train", "embed", "predict", "score"}


def test_an_edited_config_is_another_model(tiny_xlmr: Path, tmp_path: Path, plan_of: PlanOf) -> None:
    copy = Path(shutil.copytree(tiny_xlmr, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "layer_norm_eps": 0.1}))
    plans = [plan_of(checkpoint, "topics", "twins") for checkpoint in (tiny_xlmr, copy)]
    # `prepare` too: the config says how many tokens an input may have
    assert changed(*plans) == {"prepare", "train", "embed", "predict", "score"}


@pytest.mark.parametrize(
    "fields",
    [{"offline": True}, {"keep_all": True}, {"plugins": ("x.py",)}, {"allow_pickle": True}, {"data": "."}],
    ids=lambda fields: next(iter(fields)),
)
def test_what_does_not_decide_a_result_leaves_the_keys(
    fields: dict[str, Any], tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    assert plan_of(tiny_xlmr, "topics", "twins", **fields).id == plan_of(tiny_xlmr, "topics", "twins").id


def test_token_budget_and_threads_are_not_asked_for_by_a_plan() -> None:
    """They are settings of whoever performs units, so that no key can hold them."""
    assert not {"token_budget", "threads", "checkpoint_seconds", "store", "out"} & set(Request.__dataclass_fields__)


def test_the_dtype_is_part_of_what_a_model_computes(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plans = [plan_of(tiny_xlmr, "topics", "twins", dtype=dtype) for dtype in ("float32", "bfloat16")]
    assert changed(*plans) == {"train", "embed", "predict", "score"}
    assert [plan.dtype for plan in plans] == ["float32", "bfloat16"]


TWO_TARGETS = """
import os
from pathlib import Path
from xtreme_harness import Task, hookimpl, read_jsonl

FOLDER = Path(__file__).parent / "data"

def read(split, language, files):
    return (row for _, row in read_jsonl(files[0]))

def files(split, language):
    return (str(FOLDER / f"{split}.{language}.jsonl"),)

def only_test(split, language):
    assert split == "test", "this task has no training part"
    return files(split, language)

OPTIONS = {"labels": ("health", "sport", "trade")}

@hookimpl
def register_target_tasks(register):
    register(Task(name="home", kind="classify", languages=("en",), read=read, files=files, options=OPTIONS,
                  metrics=("accuracy", "positive_f1"), headline=(os.environ.get("HEADLINE", "accuracy"),)))
    register(Task(name="far", kind="classify", languages=("sw",), read=read, files=only_test, options=OPTIONS,
                  train_on="home"))
"""


@pytest.fixture
def two_targets(tmp_path: Path) -> Registry:
    """`home`, and `far` that trains on `home`."""
    plugin = testing.write_topics(tmp_path / "two")
    plugin.write_text(TWO_TARGETS, encoding="utf-8")
    registry = load_registry([str(plugin)])
    assert not registry.failures
    return registry


def trained(plan: Plan) -> list[Unit]:
    return [unit for unit in plan.units() if unit.type == "train"]


def test_targets_that_train_on_the_same_task_share_its_model(
    two_targets: Registry, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    plan = plan_of(tiny_xlmr, "home", "far", registry=two_targets)
    (shared,) = trained(plan)
    assert shared.task == "home" and [cell.train for cell in plan.cells] == [shared, shared]
    alone = plan_of(tiny_xlmr, "far", registry=two_targets)
    assert trained(alone) == [shared] and alone.cells[0].missing is None


def test_values_of_one_target_s_training_part_the_ways(two_targets: Registry, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(tiny_xlmr, "home", "far", registry=two_targets, settings=(("far", "epochs", 1),))
    assert len(trained(plan)) == 2 and {unit.task for unit in trained(plan)} == {"home"}


def test_the_headline_by_which_dev_selects_is_in_the_key_of_a_training(
    two_targets: Registry, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADLINE", "positive_f1")
    other = load_registry([str(tmp_path / "two" / "plugin.py")])
    before, after = (plan_of(tiny_xlmr, "home", registry=registry) for registry in (two_targets, other))
    assert changed(before, after) == {"train", "predict", "score"}


@pytest.mark.parametrize(
    ("old", "new", "types"),
    [
        ("def read(", "# a comment\ndef read(", set()),
        ("(row for _, row in", "(dict(row) for _, row in", {"prepare", "train", "predict", "score"}),
    ],
)
def test_an_edited_reader_makes_new_keys(
    old: str, new: str, types: set[str], two_targets: Registry, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    edited = Path(shutil.copytree(tmp_path / "two", tmp_path / "edited")) / "plugin.py"
    edited.write_text(TWO_TARGETS.replace(old, new), encoding="utf-8")
    before, after = (
        plan_of(tiny_xlmr, "home", registry=registry) for registry in (two_targets, load_registry([str(edited)]))
    )
    assert changed(before, after) == types


def test_what_is_no_checkpoint_ends_the_plan(tmp_path: Path, plan_of: PlanOf) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="is no checkpoint"):
        plan_of(tmp_path / "empty", "topics")


def test_a_plan_reads_no_labels(tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    """It asks for the hashes of files; a reader that is never called cannot leak."""
    plugin = testing.write_topics(tmp_path / "unread")
    plugin.write_text(
        TWO_TARGETS.replace("return (row for _, row in read_jsonl(files[0]))", "raise AssertionError('was read')"),
        encoding="utf-8",
    )
    assert plan_of(tiny_xlmr, "home", registry=load_registry([str(plugin)])).units()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Say what to run: --suite NAME or --task NAME"),
        ({"tasks": ("a", "b", "a")}, "--task a is given twice."),
        ({"tasks": ("a",), "languages": ("sw", "sw")}, "--language sw is given twice."),
        ({"tasks": ("a",), "seeds": (1, 1)}, "--seed 1 is given twice."),
        ({"tasks": ("a",), "methods": ("plain", "plain")}, "--method plain is given twice."),
    ],
)
def test_requests_that_say_too_little_or_too_much(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        Request(model="m", **fields)
    assert told in str(caught.value)


UNOFFICIAL = "rows were lost in it (a set of the hub)"


def unofficial_pawsx(folder: Path, name: str) -> None:
    """`pawsx` in `folder`, one file of it recorded as unofficial."""
    write_pawsx(folder, folder / "labels")
    path = folder / name
    inner = path.relative_to(folder / "labels") if "labels" in path.parts else path.relative_to(folder)
    origin = {"source": "hub", "sha256": sha256_file(path), "unofficial": UNOFFICIAL}
    record_origins(folder / "labels" if "labels" in path.parts else folder, {inner.as_posix(): origin})


@pytest.mark.parametrize("name", ["pawsx/test-de.tsv", "pawsx/train-en.tsv", "labels/pawsx/test-de.tsv"])
def test_unofficial_data_are_refused_unless_asked_for(
    name: str, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    """Test, training and label files alike."""
    unofficial_pawsx(tmp_path, name)
    fields = {"languages": ("de",), "data": str(tmp_path)}
    with pytest.raises(DataError, match=f"{re.escape(UNOFFICIAL)}. With --unofficial it runs") as caught:
        plan_of(tiny_xlmr, "pawsx", **fields)
    assert caught.value.file.endswith(name)
    (cell,) = plan_of(tiny_xlmr, "pawsx", unofficial=True, **fields).cells
    assert cell.unofficial == (UNOFFICIAL,)


def test_an_unofficial_file_of_another_language_does_not_matter(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf
) -> None:
    unofficial_pawsx(tmp_path, "pawsx/test-de.tsv")
    (tmp_path / "pawsx" / "test-fr.tsv").write_text("un\tdeux\n")
    (cell,) = plan_of(tiny_xlmr, "pawsx", languages=("fr",), data=str(tmp_path)).cells
    assert cell.unofficial == ()


# --- what a study asks for


def test_a_limit_is_part_of_what_is_read(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    whole = plan_of(tiny_xlmr, "topics", "twins")
    assert changed(whole, plan_of(tiny_xlmr, "topics", "twins", limit={"train": 9})) == {
        "prepare",
        "train",
        "predict",
        "score",
    }
    fewer_tests = plan_of(tiny_xlmr, "topics", "twins", limit={"test": 4})
    assert changed(whole, fewer_tests) == {"prepare", "embed", "predict", "score"}
    assert all(cell.options["limit"] == {"test": 4} for cell in fewer_tests.cells)
    assert "limit" not in whole.cells[0].options
    for unit in fewer_tests.units():
        assert ("limit" in unit.parameters) == (unit.parameters.get("split") == "test")


def test_values_of_a_role_leave_the_other_role_alone(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plans = [
        plan_of(tiny_xlmr, "topics", intermediates=("topics",), role_settings=settings)
        for settings in ((), (("target", "learning_rate", 0.5),), (("intermediate", "updates", 7),))
    ]
    rates = [
        [(unit.parameters["learning_rate"], unit.parameters["updates"]) for unit in trained(plan)] for plan in plans
    ]
    (intermediate, target), *_ = rates
    assert rates[1] == [intermediate, (0.5, None)]
    assert rates[2] == [(intermediate[0], 7), target]


def test_a_task_s_own_value_goes_before_its_role_s(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(
        tiny_xlmr,
        "topics",
        settings=(("topics", "learning_rate", 0.25),),
        role_settings=(("target", "learning_rate", 0.5),),
    )
    assert [unit.parameters["learning_rate"] for unit in trained(plan)] == [0.25]


def test_the_dev_parts_of_targets_are_scored_where_an_oracle_is_asked_for(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    """Mining tunes its threshold on such a part, whose figures are there already; Tatoeba's like have none."""
    for asked in (True, False):
        plan = plan_of(tiny_xlmr, "mini.mining", "mini.retrieval", target_dev=asked, languages=("de", "sw"))
        found = [(cell.task.name, cell.target_dev is not None, cell.target_dev == cell.tuning) for cell in plan.cells]
        assert found == [("mini.mining", asked, asked)] * 2 + [("mini.retrieval", False, True)] * 2
