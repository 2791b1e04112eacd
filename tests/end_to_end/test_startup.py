"""Starting is quick: `--help` and `list` against a bare import of pluggy and click, and nothing heavy is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

import pytest

from xtreme_harness.cli.listing import PLURALS

BARE = ("-c", "import pluggy, click")
MOST = 3.0  # times the bare import
REPEATS = 15
ATTEMPTS = 3  # a busy machine is given another chance
HEAVY = {"torch", "transformers", "datasets", "faiss", "evaluate"}
# compiled modules are kept, as they are for a user, whatever the environment of the tests says
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["XTREME_HARNESS_LOAD_PLUGINS"] = ""


def seconds(arguments: tuple[str, ...]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    return time.perf_counter() - start


def ratio(arguments: tuple[str, ...]) -> float:
    """Median of `arguments` over the median of a bare import, the two taken in turns."""
    pairs = [(seconds(BARE), seconds(arguments)) for _ in range(REPEATS)]
    return median(ours for _, ours in pairs) / median(bare for bare, _ in pairs)


def assert_quick(*arguments: str) -> None:
    ratios: list[float] = []
    while len(ratios) < ATTEMPTS and (not ratios or ratios[-1] > MOST):
        ratios.append(ratio(("-m", "xtreme_harness", *arguments)))
    assert ratios[-1] <= MOST, f"{' '.join(arguments)}: {ratios}"


@pytest.mark.parametrize("arguments", [("--help",), ("list", "tasks")], ids=" ".join)
def test_help_and_list_are_quick(arguments: tuple[str, ...]) -> None:
    assert_quick(*arguments)


@pytest.mark.slow
@pytest.mark.parametrize("what", sorted(set(PLURALS) - {"tasks"}))
def test_every_list_is_quick(what: str) -> None:
    assert_quick("list", what)


def loaded(*arguments: str) -> set[str]:
    """The modules that a command leaves loaded."""
    code = f"import sys; from xtreme_harness.cli.main import run; assert run({arguments!r}) == 0; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("plugins",), ("show", "mini"), *(("list", what) for what in sorted(PLURALS))],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded(arguments: tuple[str, ...]) -> None:
    modules = loaded(*arguments)
    assert "xtreme_harness.registry" in modules
    assert not modules & (HEAVY | {"numpy", "rich", "jinja2"})


def test_help_imports_no_command() -> None:
    assert {name for name in loaded("--help") if name.startswith("xtreme_harness.cli.")} == {"xtreme_harness.cli.main"}
