"""A large board is built quickly from the cache; the benchmark is run as a person would run it, small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_board_of_fifty_runs_is_built_from_the_cache_in_a_fraction_of_the_time() -> None:
    """A twentieth of the board that must take less than 5 seconds and 1 GB; starting Python is in it."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.boards",
        "--runs",
        "50",
        "--examples",
        "5",
        "--output",
        "markdown",
        "--json",
    ]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["cells"] == 50 * 162
    assert figures["warm"]["seconds"] < figures["cold"]["seconds"] / 3
    assert figures["warm"]["gigabytes"] < 0.5
