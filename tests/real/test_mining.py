"""NTREX-128 in BUCC's layout, mined by the bundled encoder: the whole way on sentences that people translated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real import download
from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Store
from xtreme_harness.work import Outcome

pytestmark = [
    pytest.mark.skipif(not download.DATA.is_dir(), reason=download.WITHOUT_DATA),
    pytest.mark.encoder,
    pytest.mark.slow,
]

LINES = 240  # of each part: the test of the tests is quick, not large


def test_translations_are_mined_from_news(
    tmp_path: Path, plan_of: Callable[..., Plan], perform_all: Callable[..., list[Outcome]], store: Store
) -> None:
    """Three languages stand where XTREME has four; French is missing data."""
    data, registry = tmp_path / "data", load_registry()
    download.write_mining(data, LINES)
    plan = plan_of("mini", "bucc2018", registry=registry, data=str(data), recipe="xtreme")
    states = {cell.language: cell.missing for cell in plan.cells}
    assert "fr-en.dev.fr" in str(states.pop("fr")) and set(states.values()) == {None}
    perform_all(plan.units(), registry=registry)
    for cell in plan.cells:
        if cell.score is not None and cell.tuning is not None:
            scored, tuned = (found(store, unit.key) for unit in (cell.score, cell.tuning))
            assert scored["n"] == 180
            assert tuned["metrics"]["f1"] > 95 and scored["metrics"]["f1"] > 90, (cell.language, tuned, scored)


def found(store: Store, key: str) -> dict[str, Any]:
    unit = store.find(key)
    assert unit is not None
    return dict(unit.result)
