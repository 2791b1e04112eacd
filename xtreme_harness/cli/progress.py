"""Shows a run's progress on standard error: a live line on a terminal, one plain line an event otherwise."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from xtreme_harness.estimate import unit_seconds
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

TRUSTED = 20.0  # seconds: less says little about the speed of this machine


class Clock:
    """How long the rest will take: the guesses for what is left, corrected by how those of their type turned out."""

    def __init__(self, store: Store, on_gpu: bool) -> None:
        self.store, self.on_gpu = store, on_gpu
        self.left: dict[str, tuple[str, float]] = {}  # (type, guess) by the unit's key
        self.guessed: defaultdict[str, float] = defaultdict(float)  # seconds by type
        self.took: defaultdict[str, float] = defaultdict(float)

    def start(self, pending: list[Unit]) -> None:
        self.left = {unit.key: (unit.type, unit_seconds(unit, self.store, self.on_gpu)) for unit in pending}

    def done(self, unit: Unit, seconds: float) -> None:
        if unit.key in self.left:
            of_type, guess = self.left.pop(unit.key)
            self.guessed[of_type] += guess
            self.took[of_type] += seconds

    def seconds_left(self, running: Unit | None = None, share: float = 0.0) -> float:
        rest = sum(guess * self._factor(of_type) for of_type, guess in self.left.values())
        if running is not None and running.key in self.left:
            of_type, guess = self.left[running.key]
            rest -= guess * self._factor(of_type) * share
        return max(0.0, rest)

    def _factor(self, of_type: str) -> float:
        guessed = self.guessed[of_type]
        trust = min(1.0, guessed / TRUSTED)
        return trust * (self.took[of_type] / guessed) + (1 - trust) if guessed else 1.0


def words(seconds: float) -> str:
    """`8 s`, `3 min`, `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class PlainWatcher:
    """One line an event, for logs and pipes; a long unit says where it is every half minute."""

    def __init__(self, clock: Clock, stream: TextIO | None = None) -> None:
        self.clock, self.stream = clock, stream or sys.stderr
        self.total = self.number = 0
        self.said_at = 0.0

    def say(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()

    def planned(self, pending: list[Unit], reused: int) -> None:
        self.clock.start(pending)
        self.total, self.number = len(pending), 0
        if pending:
            left = words(self.clock.seconds_left())
            self.say(f"{len(pending)} units to do, {reused} in the store already; about {left}")

    def started(self, unit: Unit) -> None:
        self.number += 1
        self.said_at = time.monotonic()

    def ticked(self, unit: Unit, share: float, note: str) -> None:
        if time.monotonic() - self.said_at > 30:
            self.said_at = time.monotonic()
            left = words(self.clock.seconds_left(unit, share))
            self.say(f"[{self.number}/{self.total}] {unit.label}: {share:.0%} {note}, about {left} left")

    def finished(self, unit: Unit, outcome: Outcome) -> None:
        self.clock.done(unit, outcome.seconds)
        what = f"failed: {outcome.error}" if outcome.error else f"{outcome.seconds:.1f} s"
        reused = " (by another process)" if outcome.state == "reused" else ""
        left = words(self.clock.seconds_left())
        self.say(f"[{self.number}/{self.total}] {unit.label}: {what}{reused}, about {left} left")


class RichWatcher:
    """A live line with a bar on a terminal; failures stay above it."""

    def __init__(self, clock: Clock, progress: Any) -> None:
        self.clock, self.progress = clock, progress
        self.bar: Any = None

    def say(self, text: str) -> None:
        self.progress.console.print(text, markup=False)

    def planned(self, pending: list[Unit], reused: int) -> None:
        self.clock.start(pending)
        if self.bar is not None:
            self.progress.remove_task(self.bar)
        if pending:
            self.bar = self.progress.add_task("", total=len(pending), left=words(self.clock.seconds_left()))

    def started(self, unit: Unit) -> None:
        self.progress.update(self.bar, description=unit.label)

    def ticked(self, unit: Unit, share: float, note: str) -> None:
        left = words(self.clock.seconds_left(unit, share))
        self.progress.update(self.bar, description=f"{unit.label} {share:.0%} {note}", left=left)

    def finished(self, unit: Unit, outcome: Outcome) -> None:
        self.clock.done(unit, outcome.seconds)
        self.progress.update(self.bar, advance=1, left=words(self.clock.seconds_left()))
        if outcome.error:
            self.say(f"{unit.label}: failed: {outcome.error}")


@contextmanager
def watching(store: Store, on_gpu: bool) -> Iterator[PlainWatcher | RichWatcher]:
    """The watcher that suits standard error."""
    clock = Clock(store, on_gpu)
    if not sys.stderr.isatty():
        yield PlainWatcher(clock)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield RichWatcher(clock, progress)
