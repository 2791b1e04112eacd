"""What tests of several kinds share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import DataError
from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry

Refusal = Callable[[Path, str, str, dict[str, Any]], str]


@pytest.fixture
def refusal_of(tiny_xlmr: Path, plan_of: Callable[..., Plan], perform_all: Callable[..., Any]) -> Refusal:
    """`refusal_of(plugin, task, file, change)`: what is told of a mock task whose third line in `file` is changed.

    It must be refused before anything is trained.
    """

    def refused(plugin: Path, task: str, file: str, change: dict[str, Any]) -> str:
        path = plugin.parent / "data" / file
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[2] = json.dumps({**json.loads(lines[2]), **change})
        path.write_text("\n".join(lines), encoding="utf-8")
        registry = load_registry([str(plugin)])
        units = plan_of(tiny_xlmr, task, registry=registry).units()
        first_training = next(place for place, unit in enumerate(units) if unit.type == "train")
        with pytest.raises(DataError) as caught:
            perform_all(units[:first_training], registry=registry)
        return str(caught.value)

    return refused
