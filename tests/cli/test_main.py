"""The program around the commands: help, exit codes, sentences instead of tracebacks, commands of plugins."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xtreme_harness
from xtreme_harness.cli.main import COMMANDS, run

# a distribution whose commands end in every way a command can end
ENDINGS = """
import errno
import click
from xtreme_harness import CheckpointError, DataError, hookimpl
from xtreme_harness.errors import IncompleteRun

def fail(error):
    raise error

ENDINGS = {
    "well": lambda: click.echo("done"),
    "incomplete": lambda: fail(IncompleteRun("2 cells failed.")),
    "nodata": lambda: fail(DataError("train.jsonl", 3, "is not JSON")),
    "nodisk": lambda: fail(OSError(errno.ENOSPC, "No space left on device", "out/x")),
    "nomemory": lambda: fail(MemoryError()),
    "interrupted": lambda: fail(KeyboardInterrupt()),
    "importing": lambda: exec("raise KeyboardInterrupt"),
    "aborted": lambda: fail(click.Abort()),
    "usage": lambda: fail(click.ClickException("not like this")),
    "long": lambda: fail(CheckpointError("one\\ntwo\\nthree\\nfour")),
    "bug": lambda: fail(KeyError("surprise")),
    "exits": lambda: click.get_current_context().exit(3),
}

@hookimpl
def register_commands(cli):
    for name, callback in ENDINGS.items():
        cli.add_command(click.Command(name, callback=callback, help=f"Ends {name}. More."))
"""


@pytest.fixture(autouse=True)
def only_built_in_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "")


def install(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with one plugin module, as pip would leave it in `tmp_path`."""
    about = tmp_path / "xtreme_harness_endings-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: xtreme-harness-endings\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[xtreme_harness]\nendings = endings_plugin\n")
    (tmp_path / "endings_plugin.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "endings")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delitem(sys.modules, "endings_plugin", raising=False)


@pytest.fixture
def endings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(ENDINGS, tmp_path, monkeypatch)


def program(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xtreme_harness", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **options})


def test_the_module_runs_like_the_console_script() -> None:
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"xtreme-harness {xtreme_harness.__version__}\n", "")


def test_a_wrong_request_ends_the_process_with_2() -> None:
    done = program("list", "taks")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "xtreme-harness: Unknown type 'taks'. Did you mean tasks?\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    rows = re.findall(r"^  ([a-z]+) +[A-Z].*\.$", capsys.readouterr().out, re.MULTILINE)
    assert rows == [*COMMANDS, "score", "submission"]  # the last two come from built-in plugins


@pytest.mark.parametrize("command", ["list", "show", "plugins"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run([command, "-h"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: xtreme-harness {command} ")


def test_no_command_prints_the_help_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Commands:" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst"], "Unknown command 'lst'. Did you mean list?\n"),
        (["--verson"], "No such option"),
        (["list"], "Missing argument 'TYPE'. Choose from: tasks, "),
        (["list", "tasks", "--jsn"], "No such option"),
        (["list", "tasks", "--plugin"], "Option '--plugin' requires an argument."),
    ],
)
def test_wrong_command_lines(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"xtreme-harness: {message}")
    assert len(err.splitlines()) <= 3


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("incomplete", 4, "2 cells failed."),
        ("nodata", 5, "train.jsonl, line 3: is not JSON"),
        ("nodisk", 6, "The disk is full while writing out/x. Free some space"),
        ("nomemory", 6, "Out of memory."),
        ("interrupted", 130, "interrupted. What was finished is kept; the same command goes on from there."),
        ("aborted", 130, "interrupted."),
        ("usage", 2, "not like this"),
        ("long", 5, "one\ntwo\nthree\n"),
        ("bug", 1, "a bug of ours: KeyError: 'surprise'"),
    ],
)
def test_endings(endings: None, capsys: pytest.CaptureFixture[str], command: str, code: int, message: str) -> None:
    assert run([command]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"xtreme-harness: {message}")
    assert len(err.splitlines()) <= 3 and "Traceback" not in err


def test_a_setting_of_the_environment_that_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XTREME_HARNESS_CHECKPOINT_SECONDS", "often")
    assert run(["report", "layers", "--model", "mini", "--suite", "mini", "--store", str(tmp_path)]) == 2
    assert "XTREME_HARNESS_CHECKPOINT_SECONDS=often: this must be a number" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["interrupted", "importing"])
def test_an_interrupted_process_ends_with_a_code_and_not_by_a_signal(
    endings: None, tmp_path: Path, command: str
) -> None:
    assert program(command, PYTHONPATH=str(tmp_path)).returncode == 130


def test_good_endings(endings: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["well"]) == 0
    assert run(["exits"]) == 3
    assert capsys.readouterr().out == "done\n"


def test_the_traceback_of_a_bug_is_kept_in_a_file(endings: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bug"]) == 1
    name = re.search(r"The traceback is in (\S+): please report it", capsys.readouterr().err)
    assert name
    text = Path(name[1]).read_text(encoding="utf-8")
    assert text.startswith(f"xtreme-harness {xtreme_harness.__version__}, Python 3.")
    assert "Traceback (most recent call last)" in text and "KeyError: 'surprise'" in text


def test_commands_of_plugins_are_in_the_help(endings: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert re.search(r"^  nodata +Ends nodata\.$", capsys.readouterr().out, re.MULTILINE)


def test_a_plugin_cannot_take_a_command_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(ENDINGS.replace('"well"', '"list"'), tmp_path, monkeypatch)
    assert run(["list", "kinds"]) == 0
    assert run(["--help"]) == 0
    out, err = capsys.readouterr()
    assert "classify" in out and "Ends list" not in out
    assert "command list failed: 'list' is a command of xtreme-harness itself." in err


def test_close_commands_of_plugins_are_suggested(endings: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["incomplet"]) == 2
    assert "Did you mean incomplete" in capsys.readouterr().err


def test_strict_ends_with_2_and_names_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    file = str(tmp_path / "broken.py")
    done = program("list", "tasks", "--plugin", file, XTREME_HARNESS_STRICT="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Plugin broken ({file}) failed to load: cannot be imported: ZeroDivisionError" in done.stderr


def test_a_reader_that_goes_away_is_met_quietly() -> None:
    shell = f"{sys.executable} -m xtreme_harness plugins | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.stdout in ("0\n", "141\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_to_a_full_disk_is_the_machine_s_fault() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "xtreme_harness", "plugins"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 6
    assert done.stderr.startswith("xtreme-harness: The disk is full") and "Exception ignored" not in done.stderr


def test_shells_can_complete_commands() -> None:
    done = program(_XTREME_HARNESS_COMPLETE="bash_complete", COMP_WORDS="xtreme-harness pl", COMP_CWORD="1")
    assert (done.returncode, done.stdout) == (0, "plain,plugins\n")
