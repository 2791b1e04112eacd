"""Tasks of strangers run: from a plugin file, from an installed distribution, beside broken plugins, with observers."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from xtreme_harness.records import read_records
from xtreme_harness.testing import write_topics

Command = Callable[..., "CompletedProcess[str]"]

TESTS = Path(__file__).parents[1]
QUICK = ("--recipe", "mini", "--set")

# The whole of what a stranger writes, as the README has it.
EXAMPLE = """
from xtreme_harness import Task, hookimpl

@hookimpl
def register_target_tasks(register):
    register(Task.from_jsonl(
        name="topics", kind="classify", labels=("health", "sport", "trade"), languages=("en", "sw", "eu"),
        path="data/{split}.{language}.jsonl",      # relative to this file; train and dev in English, test in each language
    ))
"""  # noqa: E501
OBSERVER = """
from pathlib import Path

from xtreme_harness import hookimpl


def note(*words):
    with Path(__file__).with_suffix(".log").open("a", encoding="utf-8") as log:
        print(*words, file=log)


@hookimpl
def unit_started(unit):
    note("started", unit.type, unit.label)
    print("a plugin may print")


@hookimpl
def unit_finished(unit, outcome):
    note("finished", unit.type, outcome.state, unit.label)


@hookimpl
def run_finished(run):
    note("run", (run / "records.jsonl").is_file())
"""
RAISES = """
from xtreme_harness import hookimpl

@hookimpl
def unit_finished(unit, outcome):
    raise ValueError("I did not like " + unit.label)

@hookimpl
def run_finished(run):
    raise SystemExit(7)
"""


def states(run: Path) -> dict[str, str]:
    return {record["language"]: record["state"] for record in read_records(run / "records.jsonl")}


def test_the_documented_example_runs_as_it_stands(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    """A task with observers and broken plugins beside it."""
    mine = tmp_path / "mine"
    write_topics(mine, languages=("en", "sw", "eu"), train=12)
    texts = {"plugin": EXAMPLE, "observer": OBSERVER, "raises": RAISES}
    for name, text in texts.items():
        (mine / f"{name}.py").write_text(text, encoding="utf-8")
    assert len(EXAMPLE.strip().splitlines()) <= 25
    plugins = [mine / f"{name}.py" for name in texts]
    plugins += [TESTS / "broken_plugins" / f"{name}.py" for name in ("import_error", "calls_exit", "raising_hook")]
    options = [word for plugin in plugins for word in ("--plugin", plugin)]
    options += ["--model", tiny_xlmr, "--task", "topics", *QUICK, "topics.epochs=1", "--out", "out"]
    done = command("run", *options)
    assert done.returncode == 0, done.stderr
    assert states(tmp_path / "out") == {"en": "ok", "sw": "ok", "eu": "ok"}
    check_observers(done, (mine / "observer.log").read_text(encoding="utf-8").splitlines())


def check_observers(done: CompletedProcess[str], log: list[str]) -> None:
    """Each unit is told of when it starts and when it is done; whoever raises is named and ends nothing."""
    types = ["prepare"] * 5 + ["train"] + ["predict", "score"] * 3
    pairs = [(log[place].split(), log[place + 1].split()) for place in range(0, 2 * len(types), 2)]
    assert [(started[:2], finished[:3]) for started, finished in pairs] == [
        (["started", type_], ["finished", type_, "computed"]) for type_ in types
    ]
    assert [started[2:] for started, _ in pairs] == [finished[3:] for _, finished in pairs]
    assert log[2 * len(types) :] == ["run True"]
    assert "a plugin may print" not in done.stdout
    told = [line for line in done.stderr.splitlines() if "Plugin raises (" in line]
    assert len(told) == len(types) + 1
    assert "unit_finished failed" in told[0] and "I did not like prepare topics train en" in told[0]
    assert "run_finished failed" in told[-1] and "sys.exit(7)" in told[-1]


def test_the_readme_has_that_example() -> None:
    readme = (TESTS.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert ast.dump(ast.parse(EXAMPLE)) in [ast.dump(ast.parse(block)) for block in blocks]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example distribution as a wheel, unpacked into a folder as an installer does."""
    if missing := [name for name in ("pip", "setuptools") if importlib.util.find_spec(name) is None]:
        pytest.skip(f"needs {' and '.join(missing)} in the environment")
    copy, wheels = tmp_path_factory.mktemp("source") / "example", tmp_path_factory.mktemp("wheels")
    shutil.copytree(TESTS / "example_plugin", copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(wheels), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = wheels.glob("*.whl")
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


@pytest.mark.slow
def test_the_task_of_an_installed_plugin_runs(
    command: Command, installed: Path, tmp_path: Path, tiny_bert: Path, python_path: str
) -> None:
    environment = {"PYTHONPATH": f"{python_path}:{installed}", "XTREME_HARNESS_LOAD_PLUGINS": "example"}
    options = ["--model", tiny_bert, "--task", "example-topics", *QUICK, "example-topics.epochs=1", "--out", "out"]
    broken = sorted((TESTS / "broken_plugins").glob("*.py"))
    options += [word for plugin in broken for word in ("--plugin", plugin)]
    done = command("run", *options, environment=environment)
    assert done.returncode == 0, done.stderr
    assert states(tmp_path / "out") == {"en": "ok", "sw": "ok"}
    assert "not comparable: example-topics (a handful of sentences written for tests)" in done.stdout
    listed = command("plugins", "--json", *options[-2 * len(broken) :], environment=environment)
    found = {one["name"]: one["state"] for one in json.loads(listed.stdout)}
    assert found["example"] == "ok"
    assert {found[path.stem] for path in broken} == {"failed"}


@pytest.mark.slow
def test_an_edited_reader_makes_new_units(command: Command, tmp_path: Path, tiny_bert: Path) -> None:
    """A plugin's own code decides what is read: its version is in the keys, its comments are not."""
    plugin = write_topics(tmp_path / "topics", train=12)
    reader = '''
def read(split, language, files):
    """Yields every example with {what} text."""
    from xtreme_harness import read_jsonl

    for _, row in read_jsonl(files[0]):
        yield {{**row, "text_a": row["text_a"].{method}()}}


'''
    first = plugin.read_text(encoding="utf-8")

    def run(method: str, what: str) -> str:
        own = f"{reader.format(method=method, what=what)}TOPICS = replace(Task.from_jsonl("
        text = first.replace("TOPICS = Task.from_jsonl(", own, 1).replace(
            '.jsonl",\n)\n', '.jsonl",\n), read=read)\n', 1
        )
        assert "read=read" in text
        plugin.write_text("from dataclasses import replace\n" + text, encoding="utf-8")
        options = ["--plugin", plugin, "--model", tiny_bert, "--task", "topics", *QUICK, "topics.epochs=1"]
        done = command("run", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].partition(" units")[0]

    assert [run("lower", "small"), run("lower", "lower-case"), run("upper", "large")] == ["9", "0", "9"]
