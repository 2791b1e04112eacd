"""Registers the metrics that come with the harness."""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Metric, hookimpl
from xtreme_harness.scoring.accuracy import accuracy


@hookimpl
def register_metrics(register: Callable[[Metric], None]) -> None:
    register(Metric(name="accuracy", compute=accuracy))
