"""From a study to its runs: which there are, what they share, where they are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness import testing
from xtreme_harness.cli.study import plan_facts
from xtreme_harness.errors import RequestError
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.study.arms import arms, points
from xtreme_harness.study.file import Study
from xtreme_harness.study.run import claim_folder, plan_study, row_units, study_pending, study_units
from xtreme_harness.training.samplers import Sampler

MIXES = ("mini.nli", "mini.qa", "mini.paraphrase")
SEVEN = (*MIXES, "mini.nli+mini.qa", "mini.nli+mini.paraphrase", "mini.qa+mini.paraphrase", "+".join(MIXES))
TARGETS = ("mini.nli", "mini.paraphrase", "mini.pos", "mini.ner", "mini.qa")
MACHINE = {"device": "cpu", "dtype": "float32"}


@pytest.fixture(scope="module")
def built_in() -> Registry:
    return load_registry()


@pytest.fixture
def study(tiny_xlmr: Path) -> Study:
    return Study(name="s", tasks=TARGETS, languages=("sw",), models=(str(tiny_xlmr),), intermediates=("none", *SEVEN))


def test_one_run_for_every_model_recipe_and_point(study: Study, built_in: Registry) -> None:
    asked = replace(
        study,
        models=("a/b@1", "mini"),
        recipes=("mini", "jiant"),
        seeds=(1, 2),
        methods=("plain",),
        limit={"test": 30},
        sampler=Sampler(kind="uniform"),
        settings=(("mini.qa", "epochs", 1),),
        sweep={"target": {"epochs": (1, 2)}},
        unofficial=True,
    )
    made = arms(asked, built_in, device="cpu")
    assert [(one.request.model, one.request.recipe, one.number) for one in made] == [
        (model, recipe, number) for model in asked.models for recipe in asked.recipes for number in (1, 2)
    ]
    request = made[1].request
    assert request.role_settings == (("target", "epochs", 2),) and made[1].point == {"target": {"epochs": 2}}
    for name in ("tasks", "languages", "intermediates", "seeds", "limit", "sampler", "settings", "unofficial"):
        assert getattr(request, name) == getattr(asked, name)
    assert request.device == "cpu" and request.target_dev  # a sweep has an oracle beside it


def test_points_are_all_combinations_in_order(study: Study) -> None:
    swept = replace(study, sweep={"target": {"epochs": (1, 2)}, "intermediate": {"warmup": (0, 5)}})
    made = [(number, point["target"]["epochs"], point["intermediate"]["warmup"]) for number, point in points(swept)]
    assert made == [(1, 1, 0), (2, 1, 5), (3, 2, 0), (4, 2, 5)]
    assert list(points(study)) == [(None, {})]


def test_without_a_sweep_no_dev_part_of_a_target_is_scored(study: Study, built_in: Registry) -> None:
    (arm,) = arms(study, built_in)
    assert not arm.request.target_dev and arm.number is None and arm.request.role_settings == ()


def test_equal_steps_for_every_intermediate(study: Study, built_in: Registry) -> None:
    stepped = replace(study, match="steps", steps=70)
    assert arms(stepped, built_in)[0].request.role_settings == (("intermediate", "updates", 70),)


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        (
            (),
            4 * 4,
        ),  # mini.nli: 4 epochs of 100 / 32 updates; mini.paraphrase takes 6 epochs, mini.qa halves its updates
        ((("mini.qa", "epochs", 1),), 7),
        ((("mini.qa", "batch_size", 50),), 4 * 2),
    ],
)
def test_steps_follow_from_the_limit_where_none_are_named(
    settings: tuple[tuple[str, str, object], ...], steps: int, study: Study, built_in: Registry
) -> None:
    asked = replace(study, match="steps", limit={"train": 100}, recipes=("mini",), settings=settings)
    assert arms(asked, built_in)[0].request.role_settings == (("intermediate", "updates", steps),)


def test_equal_steps_are_in_the_units(study: Study, built_in: Registry, store: Store) -> None:
    (planned,) = plan_study(replace(study, match="steps", steps=70), built_in, store, **MACHINE)
    updates = {
        unit.inputs.get("checkpoint") is None: unit.parameters["updates"]
        for unit in planned.plan.units()
        if unit.type == "train"
    }
    assert updates == {True: 70, False: None}


def test_units_are_shared(study: Study, built_in: Registry, store: Store) -> None:
    """Seven intermediates, five targets, two seeds: each intermediate trained once a seed, each target once a row."""
    planned = plan_study(replace(study, seeds=(1, 2)), built_in, store, **MACHINE)
    units = study_units(planned)
    trained = Counter(unit.task for unit in units if unit.type == "train" and "checkpoint" not in unit.inputs)
    # trained from the model itself: seven intermediates, five targets without one, of which three are the same work
    assert trained == dict.fromkeys({*SEVEN, *TARGETS}, 2)
    targets = [unit for unit in units if unit.type == "train" and "checkpoint" in unit.inputs]
    assert len(targets) == 7 * 5 * 2
    assert Counter(unit.type for unit in units)["predict"] == 8 * 5 * 2
    prepared = [unit for unit in units if unit.type == "prepare"]
    assert len(prepared) == 5 * 3  # train, dev and one test of every task, whatever the rows
    alone = sum(len(row_units(one.plan, row)) for one in planned for row in one.plan.rows)
    # of 16 rows, 15 share what is prepared; without an intermediate, three targets are trained as intermediates are
    assert alone - len(units) == 15 * len(prepared) + 3 * 2


def test_an_intermediate_less_leaves_the_other_units(study: Study, built_in: Registry, store: Store) -> None:
    whole, less = (
        {unit.key for unit in study_units(plan_study(asked, built_in, store, **MACHINE))}
        for asked in (study, replace(study, intermediates=("none", *SEVEN[1:])))
    )
    assert less < whole


def test_points_share_what_they_do_not_change(study: Study, built_in: Registry, store: Store) -> None:
    swept = replace(study, intermediates=("none", "mini.qa"), sweep={"target": {"learning_rate": (1e-5, 3e-5)}})
    planned = plan_study(swept, built_in, store, **MACHINE)
    assert [one.name for one in planned] == ["tiny-xlmr.mini.1", "tiny-xlmr.mini.2"]
    shared = set.intersection(*({unit.label for unit in one.plan.units()} for one in planned))
    keys = [{unit.key for unit in one.plan.units()} for one in planned]
    both = [unit for unit in planned[0].plan.units() if unit.key in keys[1]]
    assert {unit.type for unit in both} == {"prepare", "train"}  # and the intermediate's training
    assert [unit.task for unit in both if unit.type == "train"] == ["mini.qa"] and shared
    assert len(study_pending(planned, store)) == len(study_units(planned)) == len(keys[0] | keys[1])


def test_a_dry_run_tells_points_and_targets_without_a_language(study: Study, built_in: Registry, store: Store) -> None:
    swept = replace(
        study,
        tasks=("mini.nli", "mini.retrieval"),
        languages=("en",),
        intermediates=("none", "mini.qa"),
        sweep={"target": {"learning_rate": (1e-5, 3e-5)}, "intermediate": {"epochs": (2,)}},
    )
    facts = plan_facts(plan_study(swept, built_in, store, **MACHINE), store)
    assert facts["points"] == {
        "tiny-xlmr.mini.1": "target learning_rate 1e-05, intermediate epochs 2",
        "tiny-xlmr.mini.2": "target learning_rate 3e-05, intermediate epochs 2",
    }
    assert facts["missing"] == {"mini.retrieval": "it has none of the languages asked for"}


def test_two_models_of_one_name_are_refused(study: Study, built_in: Registry, store: Store, tmp_path: Path) -> None:
    other = testing.make_tiny_xlmr(tmp_path / "elsewhere" / "tiny-xlmr", seed=1)
    with pytest.raises(RequestError, match="two models are called 'tiny-xlmr'; rename a folder"):
        plan_study(replace(study, models=(*study.models, str(other))), built_in, store, **MACHINE)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text("name = 's'\n", encoding="utf-8")
    claim_folder(tmp_path / "new", file)
    claim_folder(tmp_path / "new", file)  # again: it is its own
    assert (tmp_path / "new" / "study.toml").read_text(encoding="utf-8") == "name = 's'\n"
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x", encoding="utf-8")
    with pytest.raises(RequestError, match="holds something else than a study"):
        claim_folder(tmp_path / "thesis", file)
