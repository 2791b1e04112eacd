"""Definitions are frozen and checked when they are made; every problem is named at once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import (
    Board,
    DataError,
    Executor,
    Kind,
    Method,
    Metric,
    Model,
    Prepared,
    Recipe,
    Source,
    Suite,
    Task,
)
from xtreme_harness.definitions import RECIPE_DEFAULTS
from xtreme_harness.errors import DefinitionError


def nothing(*_: Any) -> Any:
    return ()


TASK: dict[str, Any] = {"name": "t", "kind": "classify", "languages": ("en", "sw"), "read": nothing, "files": nothing}
MODEL: dict[str, Any] = {"name": "m", "reference": "org/m@1"}
EVERYTHING = [
    Task(**TASK),
    Model(**MODEL),
    Suite(name="s", groups={"g": ("a", "b")}),
    Recipe(name="r"),
    Metric(name="m", compute=nothing),
    Kind(name="k", summary="", trainable=True, load=nothing),
    Method(name="m", summary="", load=nothing),
    Executor(name="e", summary="", load=nothing),
    Board(name="b", title="B", suite="s", runs=("r/*",)),
    Source(file="f", address="a"),
]


@pytest.mark.parametrize("thing", EVERYTHING, ids=lambda thing: type(thing).__name__)
def test_definitions_are_frozen(thing: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        thing.name = "other"


def test_a_methods_parameters_fit_what_it_says_of_them() -> None:
    with pytest.raises(DefinitionError) as caught:
        Method(name="m", summary="", load=nothing, parameters={"name": 1, "law": "x"}, choices={"law": ("a", "b")})
    assert "a parameter cannot be called name; the default of law is not among its choices" in str(caught.value)


@pytest.mark.parametrize("name", ["a", "0", "xlm-roberta-base", "mini.nli", "code_search", "a.b-c_d"])
def test_good_names(name: str) -> None:
    assert Recipe(name=name).name == name


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", ".a", "../a", "a/b", "ä", "a\n", None, 3])
def test_bad_names(name: Any) -> None:
    with pytest.raises(DefinitionError, match="the name must match"):
        Recipe(name=name)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"languages": ()}, "languages must be a tuple of ISO codes"),
        ({"languages": ("en", "en")}, "a language is given twice: en, en"),
        ({"read": "file"}, "read and files must be functions"),
        ({"read_gold": nothing}, "read_gold and gold_files belong together"),
        ({"version": 1}, 'version must be text, such as "1"'),
        ({"metrics": ("f1",), "headline": ("accuracy",)}, "headline names a metric that is not among metrics"),
        ({"comparable": False}, "comparable=False needs not_comparable_because"),
        ({"controls": ("other",)}, "controls must give tasks by the names of controls, which match ["),
        ({"controls": {"No Code": "other"}}, "controls must give tasks by the names of controls, which match ["),
        ({"controls": {"shuffled": "t"}}, "it cannot be its own control"),
    ],
)
def test_problems_of_a_task(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError, match=r"^Task 't': ") as caught:
        Task(**{**TASK, **fields})
    assert problem in str(caught.value)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        Task(**{**TASK, "name": "No Good", "languages": (), "read": 3, "comparable": False})
    assert str(caught.value).count(";") == 3


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"reference": 3}, "reference must be a folder, a hub id or a Prepared"),
        ({"pooling": "max"}, "pooling must be one of mean, cls, not 'max'"),
        ({"sentence_pooling": "max"}, "sentence_pooling must be one of"),
        ({"layers": -1}, "layers count hidden states"),
        ({"layers": {"tatoeba": 1.5}}, "layers count hidden states"),
    ],
)
def test_problems_of_a_model(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Model(**{**MODEL, **fields})
    assert problem in str(caught.value)


def test_a_model_may_be_prepared_and_have_layers_by_task() -> None:
    prepared = Prepared(source=Path, write=nothing)
    assert Model(name="m", reference=prepared, layers={"tatoeba": 0, "bucc2018": 14}).reference is prepared


def test_a_suite_lists_its_tasks_in_order() -> None:
    assert Suite(name="s", groups={"one": ("b", "a"), "two": ("c",)}).tasks == ("b", "a", "c")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"groups": {}}, "groups hold no task"),
        ({"groups": {"one": ("a",), "two": ("a",)}}, "a task stands in two groups"),
        ({"groups": {"one": ("a",)}, "average": "languages"}, "average must be 'tasks'"),
    ],
)
def test_problems_of_a_suite(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        Suite(name="s", **fields)


def test_a_recipe_fills_task_over_kind_over_defaults() -> None:
    recipe = Recipe(name="r", kinds={"span": {"epochs": 2, "batch_size": 8}}, tasks={"xquad": {"epochs": 5}})
    values = recipe.values("span", "xquad")
    assert (values["epochs"], values["batch_size"], values["clip"]) == (5, 8, RECIPE_DEFAULTS["clip"])
    assert recipe.values("tag", "panx") == RECIPE_DEFAULTS


def test_a_recipe_knows_its_values() -> None:
    with pytest.raises(DefinitionError, match=r"unknown value span\.epoch, xquad\.lr"):
        Recipe(name="r", kinds={"span": {"epoch": 2}}, tasks={"xquad": {"lr": 1}})


@pytest.mark.parametrize("fields", [{}, {"suite": "mini", "tasks": ("xnli",)}])
def test_a_board_names_a_suite_or_tasks(fields: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="name either a suite or tasks"):
        Board(name="b", title="B", **fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"outputs": ("markdown", "word")}, "unknown output word: one of markdown, html, csv, latex, json"),
        ({"tracks": ("zero-shot", "few-shot")}, "unknown track few-shot: one of zero-shot, translate-train"),
        ({"runs": ("/tmp/*",)}, "/tmp/\\* must be relative to the folder that the board is built in"),
        ({"references": "/p.json"}, "/p.json must be relative"),
        ({"runs": ("",)}, "runs holds an empty pattern"),
        ({"runs": ("../*",)}, "\\.\\./\\* must be relative to the folder that the board is built in, and below it"),
        ({"runs": ("a/**x",)}, "a/\\*\\*x: \\*\\* stands for whole folders"),
        ({"runs": ()}, "name runs or references"),
        ({"outputs": ()}, "name at least one output"),
        ({"tracks": ()}, "name at least one track"),
        ({"tracks": ("zero-shot", "zero-shot")}, "tracks names zero-shot twice"),
        ({"outputs": ("csv", "json", "csv")}, "outputs names csv twice"),
        ({"suite": "", "tasks": ("xnli", "xnli")}, "tasks names xnli twice"),
        ({"title": "two\nlines"}, "title holds characters that cannot be shown in one line"),
        ({"hub": "x y"}, "hub must be owner/name, not 'x y'"),
        ({"average": "groups"}, "average must be 'tasks', not 'groups'"),
    ],
)
def test_a_board_knows_what_it_can_show(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        Board(**{"name": "b", "title": "B", "suite": "mini", "runs": ("r/*",), **fields})


@pytest.mark.parametrize("class_", [Kind, Method, Executor])
def test_what_is_loaded_later_is_a_function(class_: Any) -> None:
    more = {"trainable": True} if class_ is Kind else {}
    with pytest.raises(DefinitionError, match="load must be a function"):
        class_(name="x", summary="", load="module", **more)


def from_jsonl(folder: Path, **fields: Any) -> Any:
    """The task that a plugin file in `folder` would define: the path is relative to that file."""
    scope = {"__file__": str(folder / "plugin.py"), "Task": Task, "fields": fields}
    exec("task = Task.from_jsonl(name='topics', kind='classify', languages=('en', 'sw'), **fields)", scope)
    return scope["task"]


def test_from_jsonl_reads_beside_the_file_that_calls_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    example = {"id": "1", "text_a": "habari", "label": "b"}
    (tmp_path / "data" / "test.sw.jsonl").write_text(json.dumps(example) + "\n")
    task = from_jsonl(tmp_path, labels=("a", "b"), path="data/{split}.{language}.jsonl", options={"pair": False})
    assert task.options == {"labels": ("a", "b"), "pair": False}
    (file,) = task.files("test", "sw")
    assert Path(file) == tmp_path / "data" / "test.sw.jsonl"
    assert list(task.read("test", "sw", (Path(file),))) == [example]


def test_from_jsonl_takes_the_other_fields_of_a_task(tmp_path: Path) -> None:
    task = from_jsonl(tmp_path, path="{split}.{language}.jsonl", licence="CC0-1.0", train_on="xnli", version="2")
    assert (task.licence, task.train_on, task.version, dict(task.options)) == ("CC0-1.0", "xnli", "2", {})


def test_from_jsonl_names_file_and_line_of_bad_data(tmp_path: Path) -> None:
    file = tmp_path / "test.en.jsonl"
    file.write_text('{"id": "1"}\n{"id":\n')
    task = from_jsonl(tmp_path, path="{split}.{language}.jsonl")
    with pytest.raises(DataError, match=r"test\.en\.jsonl, line 2: is not JSON"):
        list(task.read("test", "en", (file,)))


@pytest.mark.parametrize(("path", "missing"), [("{split}.jsonl", "language"), ("{language}.jsonl", "split")])
def test_from_jsonl_needs_its_place_holders(tmp_path: Path, path: str, missing: str) -> None:
    with pytest.raises(DefinitionError, match=rf"path must hold \{{{missing}\}}"):
        from_jsonl(tmp_path, path=path)
