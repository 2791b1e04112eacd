"""What the progress of downloads looks like: lines in a log, a bar on a terminal."""

from __future__ import annotations

import io

import pytest

from xtreme_harness.cli import transfers
from xtreme_harness.cli.transfers import PlainTransfers, RichTransfers, megabytes, outcome, transferring
from xtreme_harness.data.fetch import BY_HAND, FETCHED, THERE, UNREACHED, Fetched
from xtreme_harness.definitions import Source

SOURCE = Source(file="a.zip", address="https://x.org/a.zip", bytes=4_000_000)


def test_lines_in_a_log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 10.0, 40.0, 40.0, 50.0, 80.0, 80.0])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    watcher = PlainTransfers()
    tick = watcher.started(SOURCE)
    for done in (1_000_000, 2_000_000, 2_500_000, 3_000_000):
        tick(done, 4_000_000)
    watcher.finished(Fetched(source=SOURCE, state=FETCHED, sha256="ab"))  # told by the result
    watcher.finished(Fetched(source=SOURCE, state=UNREACHED, remark="timed out"))
    assert capsys.readouterr().err.splitlines() == [
        "a.zip: from https://x.org/a.zip",
        "a.zip: 2.0 MB of 4.0 MB, about 80 s left",  # 1 MB came in 40 s; what was there before does not count
        "a.zip: 3.0 MB of 4.0 MB, about 40 s left",
        "a.zip: unreached, timed out",
    ]


def test_an_unknown_length_makes_no_promise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfers, "EVERY_SECONDS", -1)
    PlainTransfers().started(SOURCE)(50_000, None)
    assert capsys.readouterr().err.splitlines()[1] == "a.zip: 50.0 kB"


def test_a_bar_on_a_terminal() -> None:
    from rich.console import Console
    from rich.progress import Progress

    screen = io.StringIO()
    with Progress(console=Console(file=screen, force_terminal=True, width=100), transient=True) as progress:
        watcher = RichTransfers(progress)
        tick = watcher.started(SOURCE)
        tick(1_000_000, 4_000_000)
        assert [(task.description, task.completed, task.total) for task in progress.tasks] == [
            ("a.zip", 1_000_000, 4_000_000)
        ]
        watcher.finished(Fetched(source=SOURCE, state=FETCHED, sha256="ab"))
        assert progress.tasks == []
        watcher.finished(Fetched(source=SOURCE, state=BY_HAND, remark="ask [the] choir"))
    assert "a.zip: by hand, ask [the] choir" in screen.getvalue()  # brackets are no markup


def test_the_one_that_suits_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with transferring() as watcher:
        assert isinstance(watcher, PlainTransfers)
    monkeypatch.setattr("sys.stderr", Terminal())
    with transferring() as watcher:
        assert isinstance(watcher, RichTransfers)


def test_words() -> None:
    assert [megabytes(number) for number in (0, 99_999, 100_000, 75_719_050)] == [
        "0.0 kB",
        "100.0 kB",
        "0.1 MB",
        "75.7 MB",
    ]
    assert outcome(Fetched(source=SOURCE, state=THERE, sha256="ab")) == "a.zip: there"
