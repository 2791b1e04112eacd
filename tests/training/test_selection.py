"""Which state is kept: the best on the English dev part, strictly greater than any before it; or the last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from xtreme_harness.training.selection import Selection


def offered(rule: str, figures: Sequence[float], folder: Path) -> tuple[Selection, nn.Linear]:
    """A selection after `figures` were offered at updates 10, 20, ..., each with weights of that number."""
    selection, network = Selection(rule, folder), nn.Linear(2, 2)
    for place, figure in enumerate(figures, start=1):
        nn.init.constant_(network.weight, 10.0 * place)
        selection.offer(network, figure, 10 * place, decay=1.0 - place / 100)
    return selection, network


@pytest.mark.parametrize(
    ("figures", "update"),
    [
        ([50.0], 10),
        ([50.0, 60.0], 20),
        ([50.0, 60.0, 55.0], 20),
        ([50.0, 60.0, 60.0], 20),  # equal is not better: the first stays
        ([50.0, 50.0, 50.0], 10),
        ([0.0, 1.0, 0.5], 20),
    ],
)
def test_the_best_is_kept(tmp_path: Path, figures: list[float], update: int) -> None:
    selection, network = offered("english-dev", figures, tmp_path)
    assert selection.best == {"figure": max(figures), "update": update, "decay": 1.0 - update / 1000}
    selection.choose(network, final_update=10 * len(figures))
    assert torch.equal(network.weight, torch.full((2, 2), float(update)))


def test_nothing_is_kept_of_what_never_got_above_zero(tmp_path: Path) -> None:
    selection, network = offered("english-dev", [0.0, 0.0], tmp_path)
    assert selection.best == {}
    selection.choose(network, final_update=20)
    assert torch.equal(network.weight, torch.full((2, 2), 20.0))


def test_last_keeps_the_last(tmp_path: Path) -> None:
    selection, network = offered("last", [50.0, 40.0], tmp_path)
    selection.choose(network, final_update=20)
    assert selection.best == {} and torch.equal(network.weight, torch.full((2, 2), 20.0))
    assert list(tmp_path.iterdir()) == []


def test_the_kept_state_survives_a_crash(tmp_path: Path) -> None:
    selection, network = offered("english-dev", [60.0, 50.0], tmp_path)
    again = Selection("english-dev", tmp_path)
    again.load_state_dict(selection.state_dict())
    again.offer(network, 55.0, 30, decay=0.9)
    again.choose(network, final_update=30)
    assert torch.equal(network.weight, torch.full((2, 2), 10.0))


def test_one_of_several_processes_writes(tmp_path: Path) -> None:
    selection = Selection("english-dev", tmp_path)
    selection.offer(nn.Linear(2, 2), 50.0, 10, decay=1.0, writes=False)
    assert selection.best["update"] == 10 and list(tmp_path.iterdir()) == []
