"""A plugin in a distribution of its own: built and installed by pip, then found with its origin."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "example_plugin"
MISSING = [name for name in ("pip", "setuptools") if importlib.util.find_spec(name) is None]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed distribution; it is built from a copy, so that the checkout stays clean."""
    if MISSING:
        pytest.skip(f"needs {' and '.join(MISSING)} in the environment")
    copy, target = tmp_path_factory.mktemp("source") / "example", tmp_path_factory.mktemp("target")
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def program(installed: Path, *arguments: str, limit: str = "example") -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed), "XTREME_HARNESS_LOAD_PLUGINS": limit}
    command = [sys.executable, "-m", "xtreme_harness", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_task_is_listed_with_its_origin(installed: Path) -> None:
    (task,) = [one for one in json.loads(program(installed, "list", "tasks", "--json")) if "example" in one["name"]]
    assert (task["name"], task["origin"]) == ("example-topics", "xtreme-harness-example 0.1")
    assert (task["kind"], task["languages"], task["roles"]) == ("classify", ["en", "sw"], ["target"])
    assert "xtreme-harness-example 0.1" in program(installed, "list", "tasks")


def test_the_plugin_is_listed(installed: Path) -> None:
    (plugin,) = [one for one in json.loads(program(installed, "plugins", "--json")) if one["name"] == "example"]
    assert (plugin["state"], plugin["registered"]) == ("ok", {"task": ["example-topics"]})


def test_it_stays_out_where_the_environment_says_so(installed: Path) -> None:
    assert "example-topics" not in program(installed, "list", "tasks", limit="")


def test_its_data_came_along(installed: Path) -> None:
    code = """
from pathlib import Path
from xtreme_harness.registry import load_registry
task = load_registry().target_task("example-topics")
for split, language in [("train", "en"), ("dev", "en"), ("test", "en"), ("test", "sw")]:
    files = tuple(Path(file) for file in task.files(split, language))
    print(split, language, len(list(task.read(split, language, files))))
"""
    environment = {**os.environ, "PYTHONPATH": str(installed), "XTREME_HARNESS_LOAD_PLUGINS": "example"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["train en 12", "dev en 6", "test en 6", "test sw 6"]
