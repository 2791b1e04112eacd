"""`leaderboard serve`: says where the page is, ends with Ctrl-C, and says in a sentence why it cannot serve."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.leaderboard.formats.page.server import PageServer

BOARDS = Path(__file__).resolve().parents[2] / "leaderboards"


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> list[PageServer]:
    """Ctrl-C as soon as a server waits for requests; the servers that did."""
    waited: list[PageServer] = []

    def interrupt(server: PageServer) -> None:
        waited.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(PageServer, "serve_forever", interrupt)
    return waited


def test_it_says_where_the_page_is_until_ctrl_c(
    interrupted: list[PageServer], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["leaderboard", "serve", "mini", "--dir", str(BOARDS), "--port", "0"]) == 0
    (server,) = interrupted
    assert capsys.readouterr().out == f"Bundled suite: {server.address} (Ctrl-C ends it)\n"
    assert "/mini.html" in server.pages and "/mini/mini.mini/records.jsonl" in server.records


@pytest.mark.slow
def test_nothing_is_written(interrupted: list[PageServer], tmp_path: Path) -> None:
    shutil.copytree(BOARDS / "mini", tmp_path / "mini")
    before = sorted(tmp_path.rglob("*"))
    assert run(["leaderboard", "serve", "mini", "--dir", str(tmp_path), "--port", "0"]) == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_taken_port_is_said(interrupted: list[PageServer], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(["leaderboard", "serve", "mini", "--dir", str(BOARDS), "--port", port]) == 6
    said = capsys.readouterr().err
    assert said.startswith(f"xtreme-harness: Cannot serve on 127.0.0.1, port {port}: ") and said.count("\n") == 1
    assert interrupted == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "Unknown board 'nothing'"),
        (["mini", "--dir", "nowhere"], "--dir nowhere: there is no such folder."),
        (["mini", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_a_wrong_request_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["leaderboard", "serve", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def served() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "xtreme_harness", "leaderboard", "serve", "mini", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--dir", str(BOARDS)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_real_process_serves_and_ends_with_ctrl_c(served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None
    address = served.stdout.readline().split()[2]
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert "<title>Bundled suite</title>" in answer.read().decode()
    served.send_signal(signal.SIGINT)
    assert served.wait(timeout=30) == 0
    assert served.communicate() == ("", "")
