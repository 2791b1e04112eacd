"""Suite `full`: XTREME's nine tasks in its four groups (Hu et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Suite, hookimpl

FULL = Suite(
    name="full",
    title="XTREME",
    groups={
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
        "retrieval": ("bucc2018", "tatoeba"),
    },
    recipe="xtreme",
)


@hookimpl
def register_suites(register: Callable[[Suite], None]) -> None:
    register(FULL)
