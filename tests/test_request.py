"""The sampler of `run`: its short forms, and what does not read."""

from __future__ import annotations

from typing import Any

import pytest

from xtreme_harness.errors import RequestError
from xtreme_harness.request import Request, parse_sampler
from xtreme_harness.training.samplers import CAP, Sampler


@pytest.mark.parametrize(
    ("arguments", "sampler"),
    [
        (("uniform",), Sampler(kind="uniform")),
        (("proportional",), Sampler()),
        (("temperature", 2.0), Sampler(kind="temperature", temperature=2.0, cap=CAP)),
        (("temperature", 5.0, 1000), Sampler(kind="temperature", temperature=5.0, cap=1000)),
        (("mini.nli=2,mini.qa=0.5",), Sampler(kind="weights", weights={"mini.nli": 2.0, "mini.qa": 0.5})),
    ],
)
def test_short_forms(arguments: tuple[Any, ...], sampler: Sampler) -> None:
    assert parse_sampler(*arguments) == sampler


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("unifrom",), "Unknown sampler 'unifrom'. Did you mean uniform? Or weights: mini.nli=2,mini.qa=1."),
        (("weights",), "Unknown sampler 'weights'."),
        (("mini.nli=two",), "--sampler 'mini.nli=two' does not read TASK=WEIGHT, for example mini.nli=2."),
        (("mini.nli=2,mini.qa",), "--sampler 'mini.qa' does not read TASK=WEIGHT"),
        (("a=1,b=2,a=3",), "--sampler a=1,b=2,a=3: a is given twice."),
        (("a=0",), "the weight of a must be above 0, not 0.0"),
        (("temperature",), "--sampler temperature needs --temperature, for example --temperature 2."),
        (("temperature", -1.0), "temperature must be above 0, not -1.0"),
        (("temperature", 0.0), "temperature must be above 0, not 0.0"),
        (("temperature", 2.0, 0), "cap must be a whole number from 1, not 0"),
        (("uniform", 2.0), "--temperature and --cap belong to --sampler temperature."),
        (("a=1", None, 10), "--temperature and --cap belong to --sampler temperature."),
    ],
)
def test_what_does_not_read(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_sampler(*arguments)
    assert told in str(caught.value) and caught.value.exit_code == 2


def test_a_request_keeps_its_sampler() -> None:
    request = Request(model="m", tasks=("a",), sampler=parse_sampler("b=2,c=1"))
    assert request.as_json()["sampler"]["weights"] == {"b": 2.0, "c": 1.0}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seeds": (0, 0)}, "--seed 0 is given twice."),
        ({"seeds": (-1,)}, "--seed -1: must be from 0 to 9223372036854775807."),
        ({"seeds": (2**63,)}, f"--seed {2**63}: must be from 0 to 9223372036854775807."),
        ({"seeds": (1,), "settings": (("a", "seed", 3),)}, "--set a.seed: --seed gives every task its seed."),
    ],
)
def test_seeds_are_checked_before_anything_is_looked_up(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(RequestError) as caught:
        Request(model="m", tasks=("a",), **fields)
    assert str(caught.value).startswith(told)


def test_a_method_may_have_a_seed_of_its_own() -> None:
    assert Request(model="m", tasks=("a",), methods=("noise",), seeds=(1,), settings=(("noise", "seed", 3),)).seeds
