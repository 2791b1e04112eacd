"""Shows the progress of downloads on standard error: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xtreme_harness.cli.progress import words
from xtreme_harness.data.download import Tick
from xtreme_harness.data.fetch import EXIT_CODES, FETCHED, Fetched
from xtreme_harness.definitions import Source

EVERY_SECONDS = 30  # a line in a log


def megabytes(number: int) -> str:
    """`12.3 MB`; small files in kB."""
    return f"{number / 1e6:.1f} MB" if number >= 100_000 else f"{number / 1e3:.1f} kB"


def outcome(fetched: Fetched) -> str:
    """One line on one file."""
    hashed = f" (sha256 {fetched.sha256})" if fetched.sha256 and fetched.state == FETCHED else ""
    return f"{fetched.source.file}: {fetched.state}{hashed}{f', {fetched.remark}' if fetched.remark else ''}"


class PlainTransfers:
    """A line when a download begins, every half minute, and when it fails."""

    def _say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def started(self, source: Source) -> Tick:
        self._say(f"{source.file}: from {source.address}")
        began = said_at = time.monotonic()
        first: int | None = None

        def tick(done: int, total: int | None) -> None:
            nonlocal said_at, first
            first = done if first is None else first
            if time.monotonic() - said_at > EVERY_SECONDS:
                said_at = time.monotonic()
                self._say(f"{source.file}: {megabytes(done)}{_left(done - first, done, total, said_at - began)}")

        return tick

    def finished(self, fetched: Fetched) -> None:
        if EXIT_CODES[fetched.state]:
            self._say(outcome(fetched))


def _left(came: int, done: int, total: int | None, seconds: float) -> str:
    if total is None or came <= 0:
        return ""
    return f" of {megabytes(total)}, about {words((total - done) * seconds / came)} left"


class RichTransfers:
    """A bar for the running download; what failed stays above it."""

    def __init__(self, progress: Any) -> None:
        self.progress = progress

    def started(self, source: Source) -> Tick:
        bar = self.progress.add_task(source.file, total=source.bytes)
        return lambda done, total: self.progress.update(bar, completed=done, total=total)

    def finished(self, fetched: Fetched) -> None:
        for bar in self.progress.task_ids:
            self.progress.remove_task(bar)
        if EXIT_CODES[fetched.state]:
            self.progress.console.print(outcome(fetched), markup=False, highlight=False)


@contextmanager
def transferring() -> Iterator[PlainTransfers | RichTransfers]:
    """The watcher that suits standard error."""
    if not sys.stderr.isatty():
        yield PlainTransfers()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield RichTransfers(progress)
