"""`list`, `show` and `plugins` as a user meets them: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.listing import PLURALS, aligned
from xtreme_harness.cli.main import run

TOPICS = """
from pathlib import Path
from xtreme_harness import Model, Prepared, Recipe, Suite, Task, hookimpl

LABELS = ("health", "sport", "trade")
TOPICS = Task.from_jsonl(
    name="topics", kind="classify", labels=LABELS, languages=("en", "sw", "eu"), path="{split}.{language}.jsonl",
    licence="CC0-1.0", train_on="xnli",
)

@hookimpl
def register_target_tasks(register):
    register(TOPICS)

@hookimpl
def register_intermediate_tasks(register):
    register(TOPICS)

@hookimpl
def register_suites(register):
    register(Suite(name="ours", groups={"texts": ("topics",)}, version="3"))

@hookimpl
def register_models(register):
    register(Model(name="ours", reference="org/ours@1", prefix="query: "))
    register(Model(name="made", reference=Prepared(source=Path.cwd, write=print), layers={"tatoeba": 7}))

@hookimpl
def register_recipes(register):
    register(Recipe(name="ours", kinds={"classify": {"epochs": 7}}))
"""

ONE_LANGUAGE = """
from xtreme_harness import Task, hookimpl

@hookimpl
def register_target_tasks(register):
    for name, languages in (("texts", ("en", "sw")), ("texts.sw", ("sw",)), ("others.sw", ("sw",))):
        register(Task.from_jsonl(
            name=name, kind="classify", labels=("yes", "no"), languages=languages, path="{split}.{language}.jsonl"
        ))
"""


@pytest.fixture(autouse=True)
def only_built_in_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "")


@pytest.fixture
def topics(tmp_path: Path) -> str:
    file = tmp_path / "topics.py"
    file.write_text(TOPICS, encoding="utf-8")
    return str(file)


Command = Callable[..., str]


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line that succeeds; gives what it prints."""

    def call(*arguments: str) -> str:
        assert run(arguments) == 0
        return capsys.readouterr().out

    return call


def found(text: str, name: str) -> dict[str, Any]:
    things: list[dict[str, Any]] = json.loads(text)
    (one,) = [thing for thing in things if thing["name"] == name]
    return one


def test_tasks_as_json(out: Command, topics: str) -> None:
    assert found(out("list", "tasks", "--json", "--plugin", topics), "topics") == {
        "name": "topics",
        "version": "1",
        "origin": topics,
        "kind": "classify",
        "roles": ["target", "intermediate"],
        "suites": ["ours"],
        "languages": ["en", "sw", "eu"],
        "metrics": ["accuracy"],
        "train_on": "xnli",
        "licence": "CC0-1.0",
    }


def test_suites_as_json(out: Command, topics: str) -> None:
    suites = out("list", "suites", "--json", "--plugin", topics)
    assert found(suites, "ours") == {"name": "ours", "version": "3", "origin": topics, "tasks": ["topics"]}


@pytest.mark.parametrize("what", sorted(PLURALS))
def test_every_list_as_json_and_as_a_table(out: Command, topics: str, what: str) -> None:
    things = json.loads(out("list", what, "--json", "--plugin", topics))
    assert all(list(thing)[:3] == ["name", "version", "origin"] for thing in things)
    header, *rows = out("list", what, "--plugin", topics).splitlines()
    assert header.split()[0] == "name" and header.split()[-1] == "origin"
    names = [re.sub(r"^mlm\..+", "mlm.<language>", thing["name"]) for thing in things]
    assert [row.split()[0] for row in rows] == list(dict.fromkeys(names))


def test_tasks_of_one_language_each_share_a_line(out: Command) -> None:
    lines = [" ".join(line.split()) for line in out("list", "tasks").splitlines() if "mlm" in line]
    assert [line.rpartition(" accuracy")[0] for line in lines] == [
        "mlm mask intermediate 40",
        "mlm.<language> mask intermediate one of 40",
        "mini.mlm mask intermediate 1",
    ]


def test_a_task_of_one_language_by_itself_is_listed_by_its_name(out: Command, tmp_path: Path) -> None:
    plugin = tmp_path / "two.py"
    plugin.write_text(ONE_LANGUAGE, encoding="utf-8")
    rows = out("list", "tasks", "--plugin", str(plugin)).splitlines()
    assert {"texts", "texts.sw", "others.sw"} < {row.split()[0] for row in rows}


def test_a_table_has_aligned_columns(out: Command, topics: str) -> None:
    header, *rows = out("list", "tasks", "--plugin", topics).splitlines()
    (row,) = [row for row in rows if row.startswith("topics ")]
    for column, cell in {
        "kind": "classify",
        "roles": "target, intermediate",
        "suites": "ours",
        "languages": "3",
    }.items():
        assert row[header.index(column) :].startswith(f"{cell} ")
    assert row.endswith(f"  {topics}")


def test_wide_cells_are_cut_but_never_the_last() -> None:
    first, second = aligned([["name", "origin"], ["x" * 100, "y" * 100]]).splitlines()
    assert first.index("origin") == second.index("y") == 62
    assert "..." in second and second.endswith("y" * 100)


def test_show_gives_everything_of_a_name(out: Command, topics: str) -> None:
    shown = json.loads(out("show", "ours", "--json", "--plugin", topics))
    assert list(shown) == ["model", "suite", "recipe"]
    assert shown["model"]["reference"] == "org/ours@1" and shown["model"]["layers"] is None
    assert shown["suite"]["tasks"] == ["topics"] and shown["suite"]["groups"] == {"texts": ["topics"]}
    assert shown["recipe"]["kinds"] == {"classify": {"epochs": 7}} and shown["recipe"]["defaults"]["epochs"] == 3


def test_show_a_task(out: Command, topics: str) -> None:
    task = json.loads(out("show", "topics", "--json", "--plugin", topics))["task"]
    assert task["options"]["labels"] == ["health", "sport", "trade"]
    assert (task["origin"], task["plugin"], task["roles"]) == (topics, "topics", ["target", "intermediate"])
    assert task["read_gold"] is None and ":" in task["read"]


@pytest.mark.parametrize("type", ["model", "models"])
def test_show_one_type_only(out: Command, topics: str, type: str) -> None:
    assert list(json.loads(out("show", type, "ours", "--json", "--plugin", topics))) == ["model"]


def test_a_methods_parameters_are_listed_and_shown_with_their_source(out: Command) -> None:
    listed = [line.split() for line in out("list", "methods").splitlines()]
    assert next(line for line in listed if line[0] == "rs_rp")[1:3] == ["eps=0.1,", "law=ball"]
    page = {line.split()[0]: " ".join(line.split()[1:]) for line in out("show", "adv").splitlines()}
    assert (page["parameters.eps"], page["parameters.steps"], page["choices.start"]) == ("0.1", "3", "zero, random")
    assert page["source"].startswith("Huang et al. 2021") and "our defaults" in page["source"]


def test_show_as_pages(out: Command, topics: str) -> None:
    model, suite, recipe = out("show", "ours", "--plugin", topics).strip().split("\n\n")
    assert model.splitlines()[0] == "model ours"
    assert "  layers             two thirds of the depth (default, not published)" in model
    assert "  prefix             'query: '" in model
    assert "  groups.texts  topics" in suite
    assert "  kinds.classify.epochs" in recipe


def test_show_a_prepared_model(out: Command, topics: str) -> None:
    model = json.loads(out("show", "made", "--json", "--plugin", topics))["model"]
    assert model["layers"] == {"tatoeba": 7}
    assert model["reference"]["write"] == "builtins:print"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "topisc"], "Unknown name 'topisc'. Did you mean topics?"),
        (["show", "model", "topics"], "Unknown model 'topics'."),
        (["show", "qqqqq"], "Unknown name 'qqqqq'. See: xtreme-harness list --help."),
        (["show", "modell", "ours"], "Unknown type 'modell'. Did you mean model?"),
        (["show", "a", "b", "c"], "show takes [TYPE] NAME, not 3 words."),
        (["list", "taks"], "Unknown type 'taks'. Did you mean tasks?"),
    ],
)
def test_wrong_words(capsys: pytest.CaptureFixture[str], topics: str, arguments: list[str], message: str) -> None:
    assert run([*arguments, "--plugin", topics]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"xtreme-harness: {message}")


# failures


def broken(folder: Path) -> str:
    file = folder / "broken.py"
    file.write_text("import sys\nsys.exit(1)\n")
    return str(file)


def test_plugins_as_json(out: Command, topics: str, tmp_path: Path) -> None:
    listed = out("plugins", "--json", "--plugin", topics, "--plugin", broken(tmp_path))
    assert found(listed, "topics") == {
        "name": "topics",
        "origin": topics,
        "state": "ok",
        "registered": {"model": ["ours", "made"], "task": ["topics"], "suite": ["ours"], "recipe": ["ours"]},
        "error": None,
    }
    error = "cannot be imported: it calls sys.exit(1)"
    assert found(listed, "broken")["state"] == "failed" and found(listed, "broken")["error"] == error


def test_plugins_as_a_table(out: Command, topics: str, tmp_path: Path) -> None:
    file = broken(tmp_path)
    rows = out("plugins", "--plugin", topics, "--plugin", file).splitlines()
    assert rows[-1].split(maxsplit=2) == ["broken", file, "FAILED: cannot be imported: it calls sys.exit(1)"]
    assert rows[-2].endswith("model ours, made; task topics; suite ours; recipe ours")


def test_lists_say_on_standard_error_that_plugins_failed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["list", "tasks", "--plugin", broken(tmp_path)]) == 0
    assert "failed to load: run `xtreme-harness plugins`." in capsys.readouterr().err


def test_a_plugin_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "tasks", "--plugin", "gone.py"]) == 2
    assert capsys.readouterr().err == "xtreme-harness: --plugin gone.py: there is no such file.\n"
