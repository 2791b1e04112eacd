"""What a dry run says of costs: near for data of one example a line, limited or not, and for examples that are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness import testing
from xtreme_harness.estimate import Tokens, prepared_examples, prepared_tokens, unit_tokens
from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

PlanOf = Callable[..., Plan]


def unit(plan: Plan, label: str) -> Unit:
    return next(one for one in plan.units() if one.label.startswith(label))


@pytest.fixture
def prepared(tiny_xlmr: Path, plan_of: PlanOf) -> Callable[..., Unit]:
    """The English training part of a bundled task under a limit."""
    registry = load_registry()

    def make(task: str, limit: int | None = None) -> Unit:
        limits = {} if limit is None else {"train": limit}
        plan = plan_of(tiny_xlmr, "mini.retrieval", intermediates=(task,), limit=limits, registry=registry)
        return unit(plan, f"prepare {task} train")

    return make


@pytest.mark.parametrize("limit", [1, 60, 120])
def test_a_limited_part_has_its_share_of_the_tokens(limit: int, prepared: Callable[..., Unit], store: Store) -> None:
    whole = prepared_tokens(prepared("mini.nli"), store).count  # of 1200 examples
    limited = prepared("mini.nli", limit)
    assert prepared_tokens(limited, store).count == pytest.approx(whole * limit / 1200, abs=1)
    assert prepared_examples(limited, store) == limit


def test_a_limit_above_what_is_there_changes_nothing(prepared: Callable[..., Unit], store: Store) -> None:
    whole, limited = prepared("mini.qa"), prepared("mini.qa", 5000)
    assert prepared_tokens(whole, store) == prepared_tokens(limited, store)
    assert prepared_examples(limited, store) == 360


@pytest.mark.parametrize("limit", [None, 5])
def test_examples_that_are_made_do_not_go_by_the_size_of_the_files(
    limit: int | None, prepared: Callable[..., Unit], store: Store
) -> None:
    """As in the standard library, whose ten megabytes have a few thousand pairs of code and sentence."""
    part = prepared("mini.nli", limit)
    made = replace(part, details={**part.details, "examples": 10, "is_made": True})
    assert prepared_tokens(made, store).count == (limit or 10) * part.parameters["max_length"]
    assert prepared_examples(made, store) == (limit or 10)


def test_what_is_prepared_is_counted(
    tiny_xlmr: Path, plan_of: PlanOf, store: Store, perform_all: Callable[..., list[Outcome]]
) -> None:
    plan = plan_of(tiny_xlmr, "topics", limit={"train": 7})
    part, training = unit(plan, "prepare topics train"), unit(plan, "train topics")
    guess = prepared_tokens(part, store)
    perform_all([part])
    counted = prepared_tokens(part, store)
    assert counted.exact and not guess.exact and prepared_examples(part, store) == 7
    (values,) = training.parameters["parts"]
    assert unit_tokens(training, store) == Tokens(counted.count * values["epochs"], True)
    stepped = replace(training, parameters={**training.parameters, "updates": 14})
    each = counted.count / 7
    assert unit_tokens(stepped, store).count == pytest.approx(14 * values["batch_size"] * each, abs=1)


def test_an_update_of_a_mix_is_the_mean_over_its_tasks(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, store: Store
) -> None:
    registry = load_registry([str(testing.write_retrieval(tmp_path))])
    mixes = ("mini.nli", "mini.qa", "mini.nli+mini.qa")
    steps = (("intermediate", "updates", 10),)
    plan = plan_of(tiny_xlmr, "twins", intermediates=mixes, role_settings=steps, registry=registry)
    one, two, both = (unit_tokens(unit(plan, f"train {mix} ("), store).count for mix in mixes)
    assert both == pytest.approx((one + two) / 2, abs=1)
