"""Registers the methods that come with the harness: how one training step is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Method, hookimpl


def _plain() -> Any:
    from xtreme_harness.training.methods import plain

    return plain


@hookimpl
def register_methods(register: Callable[[Method], None]) -> None:
    register(Method(name="plain", summary="the loss of the examples as they are", load=_plain))
