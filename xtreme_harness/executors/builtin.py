"""Registers the executors that come with the harness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Executor, hookimpl


def _local() -> Any:
    from xtreme_harness.executors.local import LocalExecutor

    return LocalExecutor


@hookimpl
def register_executors(register: Callable[[Executor], None]) -> None:
    register(Executor(name="local", summary="one unit after another in this process", load=_local))
