"""The real command in a temporary folder: a store of its own, no plugin of this machine, sockets closed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import pytest

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "Popen[str]"]

GUARD = Path(__file__).parent / "no_network"  # Python imports its sitecustomize when it starts
FORGOTTEN = ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "XTREME_HARNESS_STRICT", "XTREME_HARNESS_CHECKPOINT_SECONDS")


class Surroundings:
    """What a process in `folder` sees of the machine: folders below it, one thread, no network."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.network_log = folder / "network.log"
        self.temporary.mkdir(parents=True, exist_ok=True)
        self.variables = {
            **{name: value for name, value in os.environ.items() if name not in FORGOTTEN},
            "PYTHONPATH": str(GUARD),
            "NETWORK_LOG": str(self.network_log),
            "TMPDIR": str(self.temporary),
            "HF_HOME": str(folder / "hugging-face"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XTREME_HARNESS_STORE": str(folder / "store"),
            "XTREME_HARNESS_LOAD_PLUGINS": "",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
        }

    def start(
        self,
        *arguments: str | Path,
        environment: dict[str, str] | None = None,
        program: Sequence[str] = ("-m", "xtreme_harness"),
        **options: Any,
    ) -> Popen[str]:
        """Starts `python -m xtreme_harness`; `environment` is added to the variables."""
        command = [sys.executable, *program, *map(str, arguments)]
        variables = {**self.variables, **(environment or {})}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return Popen(command, cwd=self.folder, env=variables, **{**pipes, **options})

    def command(self, *arguments: str | Path, **options: Any) -> CompletedProcess[str]:
        """Runs it to its end; whatever it ends with, it has shown no traceback and asked no network."""
        with self.start(*arguments, **options) as process:
            out, err = process.communicate()
        done = CompletedProcess(process.args, process.returncode, out, err)
        kept = [path.read_text(encoding="utf-8") for path in self.temporary.glob("xtreme-harness-*.txt")]
        assert not kept, f"a bug: {kept[0]}\n{out}\n{err}"
        assert "Traceback" not in f"{out}{err}", f"{out}\n{err}"
        assert not self.network_log.exists(), self.network_log.read_text(encoding="utf-8")
        return done


@pytest.fixture(scope="session")
def python_path() -> str:
    """What PYTHONPATH holds in every test: to be kept by one that adds to it."""
    return str(GUARD)


@pytest.fixture(scope="session")
def command_in() -> Callable[[Path], Command]:
    """The command for a folder that several tests share."""
    return lambda folder: Surroundings(folder).command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`command("run", "--model", folder, ...)`: stdout, stderr and returncode of the finished process.

    It runs in `tmp_path`; the store is `tmp_path / "store"`. `environment={...}` adds variables.
    """
    return Surroundings(tmp_path).command


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """As `command`, but the process is running when it comes back; what still runs at the end is killed."""
    started: list[Popen[str]] = []
    surroundings = Surroundings(tmp_path)

    def start(*arguments: str | Path, **options: Any) -> Popen[str]:
        started.append(surroundings.start(*arguments, **options))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
