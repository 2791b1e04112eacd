"""Registers the kinds that come with the harness; their work is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Kind, hookimpl


def _classify() -> Any:
    from xtreme_harness.kinds.classify.kind import Classify

    return Classify()


def _nearest() -> Any:
    from xtreme_harness.kinds.nearest.kind import Nearest

    return Nearest()


@hookimpl
def register_kinds(register: Callable[[Kind], None]) -> None:
    register(
        Kind(
            name="classify",
            summary="one label for a text or a pair of texts",
            trainable=True,
            load=_classify,
            required=("labels",),
            metrics=("accuracy",),
            headline=("accuracy",),
        )
    )
    register(
        Kind(
            name="nearest",
            summary="for every query the nearest candidate",
            trainable=False,
            load=_nearest,
            metrics=("accuracy",),
            headline=("accuracy",),
        )
    )
