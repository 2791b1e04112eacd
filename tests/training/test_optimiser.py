"""The schedule and the parameter groups of the recipes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.training.optimiser import make_optimiser, parameter_groups, rate_factor, set_rates, warmup_updates


@pytest.mark.parametrize(
    ("warmup", "total", "updates"),
    [(0.1, 100, 10), (0.1, 101, 11), (0.0, 50, 0), (0, 50, 0), (500, 1000, 500), (1, 10, 1), (0.06, 3, 1)],
)
def test_warmup_is_a_share_or_a_number(warmup: float, total: int, updates: int) -> None:
    assert warmup_updates(warmup, total) == updates


@given(st.integers(1, 500), st.integers(0, 600))
def test_the_rate_rises_to_one_and_falls_to_zero(total: int, warmup: int) -> None:
    factors = [rate_factor(update, warmup, total) for update in range(total)]
    assert all(0.0 <= factor <= 1.0 for factor in factors)
    assert rate_factor(total, min(warmup, total), total) == (1.0 if warmup >= total else 0.0) or warmup >= total
    rising, falling = factors[: min(warmup, total)], factors[warmup:]
    assert rising == sorted(rising) and falling == sorted(falling, reverse=True)
    if warmup < total:
        assert falling[0] == 1.0 and falling[-1] > 0.0  # no update is wasted at the end


def test_the_schedule_by_hand() -> None:
    factors = [rate_factor(update, 2, 6) for update in range(7)]
    assert factors == [0.0, 0.5, 1.0, 0.75, 0.5, 0.25, 0.0]
    assert [rate_factor(update, 0, 4) for update in range(4)] == [1.0, 0.75, 0.5, 0.25]


VALUES: dict[str, Any] = {
    "learning_rate": 1e-3,
    "head_learning_rate": None,
    "weight_decay": 0.1,
    "adam_epsilon": 1e-6,
}


def test_biases_and_norms_are_not_decayed(xlmr_lab: Any) -> None:
    network = xlmr_lab.network()
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = parameter_groups(network, VALUES)
    assert sorted(name for group in groups for name in map(names.get, map(id, group["params"]))) == sorted(
        names.values()
    )
    for group in groups:
        for parameter in group["params"]:
            name = names[id(parameter)]
            is_plain = name.endswith("bias") or "LayerNorm" in name
            assert group["weight_decay"] == (0.0 if is_plain else 0.1), name


def test_the_head_may_have_its_own_rate(xlmr_lab: Any) -> None:
    network = xlmr_lab.network()
    head = {id(parameter) for parameter in network.head.parameters()}
    for head_rate in (None, 5e-2):
        for group in parameter_groups(network, {**VALUES, "head_learning_rate": head_rate}):
            is_head = {id(parameter) in head for parameter in group["params"]}
            assert is_head in ({True}, {False})
            assert group["lr"] == (5e-2 if head_rate and is_head == {True} else 1e-3)


def test_what_needs_no_gradient_is_left_out(xlmr_lab: Any) -> None:
    network = xlmr_lab.network()
    for parameter in network.encoder.parameters():
        parameter.requires_grad = False
    groups = parameter_groups(network, VALUES)
    assert sum(len(group["params"]) for group in groups) == len(list(network.head.parameters()))


def test_rates_are_set_from_their_bases(xlmr_lab: Any) -> None:
    optimiser = make_optimiser(xlmr_lab.network(), {**VALUES, "head_learning_rate": 1e-2})
    bases = [group["lr"] for group in optimiser.param_groups]
    for factor in (0.5, 0.25):
        set_rates(optimiser, bases, factor)
        assert [group["lr"] for group in optimiser.param_groups] == [base * factor for base in bases]
    assert all(group["eps"] == 1e-6 for group in optimiser.param_groups)
