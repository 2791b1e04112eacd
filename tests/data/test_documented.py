"""docs/data.md names each task's sets on the hub where they belong: fit ones, and those that must not pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.registry import Registry

DOCS = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
TASKS = ("xnli", "pawsx", "udpos", "panx", "squad_v1", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")


def row(task: str) -> list[str]:
    """The cells of the task's line: name, original files, fit sets, sets that are not fit."""
    (line,) = (line for line in DOCS.splitlines() if line.startswith(f"| `{task}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("name", TASKS)
def test_sets_of_the_hub_stand_where_they_belong(name: str, registry: Registry) -> None:
    task = registry.task(name)
    _, _, fit, unfit = row(name)
    assert task.hub
    for one in task.hub:
        assert (f"`{one.id}`" in fit, f"`{one.id}`" in unfit) == (not one.unfit, bool(one.unfit))


@pytest.mark.parametrize("name", TASKS)
def test_what_must_be_had_by_hand_is_said(name: str, registry: Registry) -> None:
    by_hand = [source.file for source in registry.task(name).sources if source.steps]
    assert registry.task(name).sources
    assert ("by hand" in row(name)[1]) == bool(by_hand)
    assert all(f"`{file}`" in row(name)[1] for file in by_hand)
