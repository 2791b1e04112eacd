"""Intervals and tests: small cases by hand, agreement with the scorers, and what simulation says they hold."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.errors import RequestError
from xtreme_harness.scoring.chunks import chunk_f1, chunk_precision, chunk_recall, token_accuracy
from xtreme_harness.scoring.pairs import pair_f1
from xtreme_harness.stats import (
    Estimate,
    Values,
    average,
    cluster_numbers,
    compare,
    detectable_difference,
    deviation,
    figure,
    holm,
    mcnemar,
    sample,
    values_of,
)

Rows = list[dict[str, Any]]


def right(*values: float, group: Sequence[str] = (), first: int = 0) -> Values:
    """A cell under accuracy: an item a value, with ids from `first` on, some in a named group."""
    rows: Rows = [{"id": f"i{first + place}", "accuracy": value} for place, value in enumerate(values)]
    for row, name in zip(rows, group, strict=False):
        row["group"] = name
    return values_of(rows, ["accuracy"])


def many(values: Any, group: int = 1) -> list[Values]:
    """A cell for each row of [trials, examples] accuracies, or of [trials, examples, 3] hits, predicted and gold.

    All have the same ids, in groups of `group` neighbours.
    """
    ids = tuple(str(place) for place in range(values.shape[1]))
    groups = tuple(f"g{place // group}" for place in range(values.shape[1])) if group > 1 else ids
    if values.ndim == 2:
        return [
            Values(ids, groups, np.stack([row, np.ones(len(row))])[..., None], np.array([np.nan])) for row in values
        ]
    parts = np.stack([200.0 * values[..., 0], values[..., 1] + values[..., 2]], axis=1)
    return [Values(ids, groups, one[..., None], np.array([0.0])) for one in parts]


# --- figures


def test_a_mean_and_a_mean_of_means() -> None:
    rows = [{"id": "a", "exact_match": 100.0, "f1": 100.0}, {"id": "b", "exact_match": 0.0, "f1": 50.0}]
    assert figure(values_of(rows, ["exact_match"])) == 50.0
    assert figure(values_of(rows, ["f1"])) == 75.0  # a value of that name is averaged, no counts are asked for
    assert figure(values_of(rows, ["exact_match", "f1"])) == 62.5


def test_f1_is_that_of_the_sums_and_not_a_mean() -> None:
    rows = [{"id": "a", "hits": 1, "predicted": 1, "gold": 1}, {"id": "b", "hits": 1, "predicted": 4, "gold": 4}]
    assert figure(values_of(rows, ["f1"])) == pytest.approx(100 * 2 * 2 / (5 + 5))  # the mean would be 62.5
    assert figure(values_of(rows, ["precision"])) == pytest.approx(40.0)


def test_without_any_chunk_f1_is_0() -> None:
    rows = [{"id": "a", "hits": 0, "predicted": 0, "gold": 0}]
    assert figure(values_of(rows, ["f1"])) == 0.0 == chunk_f1([["O"]], [["O"]]).figure


tags = st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"]), min_size=1, max_size=6)
sentences = st.lists(tags.flatmap(lambda gold: st.tuples(st.permutations(gold), st.just(gold))), min_size=1, max_size=8)


@given(sentences)
def test_figures_of_tags_are_those_of_the_scorers(pairs: list[tuple[list[str], list[str]]]) -> None:
    predicted, gold = [list(one) for one, _ in pairs], [two for _, two in pairs]
    scorers = {"f1": chunk_f1, "precision": chunk_precision, "recall": chunk_recall, "token_accuracy": token_accuracy}
    for name, scorer in scorers.items():
        scored = scorer(predicted, gold)
        rows = [
            {"id": str(place), **{key: column[place] for key, column in scored.values.items()}}
            for place in range(len(gold))
        ]
        assert figure(values_of(rows, [name])) == pytest.approx(scored.figure)


@given(*[st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1) for _ in range(2)])
def test_figures_of_mined_pairs_are_those_of_the_scorer(
    predicted: list[tuple[str, str]], gold: list[tuple[str, str]]
) -> None:
    scored = pair_f1(predicted, gold)
    columns = [dict(zip(scored.values, row, strict=True)) for row in zip(*scored.values.values(), strict=True)]
    rows = [{"id": str(place), **row} for place, row in enumerate(columns)]
    assert figure(values_of(rows, ["f1"])) == pytest.approx(scored.figure)


def test_a_metric_that_does_not_follow_from_the_values_is_refused() -> None:
    with pytest.raises(RequestError, match="No interval for kappa: its scores hold no per-example 'kappa'"):
        values_of([{"id": "a", "accuracy": 1.0}], ["kappa"])


# --- clusters


def test_items_with_one_id_and_items_of_one_group_are_in_one_cluster() -> None:
    english = right(1, 1, 1, 1, group=["p", "p"])
    swahili = right(1, 1, 1, first=1, group=["q"])  # i1 (q), i2, i3
    (ours, theirs), clusters = cluster_numbers([english, swahili])
    assert ours.tolist() == [0, 0, 1, 2] and theirs.tolist() == [0, 1, 2] and clusters == 3


def test_groups_of_the_same_name_in_two_languages_are_not_tied_by_it() -> None:
    """TyDiQA numbers its contexts in each language apart; nothing there is a translation."""
    ours, theirs = right(1, 1, group=["context-0"] * 2), right(1, 1, first=9, group=["context-0"] * 2)
    assert cluster_numbers([ours, theirs])[1] == 2


def test_languages_that_share_some_questions_share_the_paragraphs_behind_them() -> None:
    """MLQA: the third paragraph of German is the second of English, which its questions tell."""
    english = right(1, 1, 1, group=["context-0", "context-1", "context-1"])  # i0, i1, i2
    german = right(1, 1, 1, first=2, group=["context-2", "context-2", "context-3"])  # i2, i3, i4
    (ours, theirs), _ = cluster_numbers([english, german])
    assert ours[1] == ours[2] == theirs[0] == theirs[1]
    assert len({ours[0], ours[1], theirs[2]}) == 3


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30, unique=True))
def test_clusters_are_connected_components(edges: list[tuple[int, int]]) -> None:
    rows = [{"id": f"{place}", "group": str(group), "accuracy": 1.0} for place, group in edges]
    cells = [values_of([row], ["accuracy"]) for row in rows]  # each its own language: groups tie nothing here
    cells += [values_of(list({row["id"]: row for row in rows}.values()), ["accuracy"])]
    numbers, clusters = cluster_numbers(cells)
    joint = {str(row): number for row, number in zip(cells[-1].ids, numbers[-1].tolist(), strict=True)}
    for cell, number in zip(cells[:-1], numbers, strict=False):
        assert number.tolist() == [joint[cell.ids[0]]]
    groups = list(zip(cells[-1].groups, numbers[-1].tolist(), strict=True))
    assert len(set(groups)) == len({group for group, _ in groups}) == clusters


# --- intervals


def test_the_bootstrap_error_of_a_mean_is_that_of_the_formula() -> None:
    values = np.random.default_rng(3).normal(50, 20, 400)
    estimate = sample([right(*values)], resamples=4000).estimate()
    formula = values.std(ddof=1) / math.sqrt(400)
    assert estimate.standard_error == pytest.approx(formula)
    assert estimate.draws.std() == pytest.approx(formula, rel=0.05)
    low, high = estimate.interval()
    assert (low, high) == pytest.approx((estimate.value - 1.96 * formula, estimate.value + 1.96 * formula), rel=0.02)


def test_examples_of_a_group_stand_or_fall_together() -> None:
    """Three copies of each item say no more than one."""
    values = np.random.default_rng(4).choice([0.0, 100.0], 200)
    single = sample([right(*values)], resamples=2000).estimate()
    names = [str(place) for place in range(200) for _ in range(3)]
    tripled = sample([right(*values.repeat(3), group=names)], resamples=2000).estimate()
    assert tripled.value == single.value and tripled.standard_error == pytest.approx(single.standard_error)
    assert tripled.draws.std() == pytest.approx(single.draws.std(), rel=0.08)


def test_an_average_over_translations_is_as_uncertain_as_one_language() -> None:
    values = np.random.default_rng(5).choice([0.0, 100.0], 300)
    parallel = sample([right(*values)] * 10).estimate()
    others = sample([right(*values, first=1000 * place) for place in range(10)]).estimate()
    assert parallel.draws.std() == pytest.approx(sample([right(*values)]).estimate().draws.std())
    assert others.draws.std() == pytest.approx(parallel.draws.std() / math.sqrt(10), rel=0.15)
    assert others.standard_error == pytest.approx(parallel.standard_error / math.sqrt(10), rel=0.02)


def test_languages_that_only_number_their_examples_alike_are_none_the_worse() -> None:
    """PAN-X and UDPOS: sentence 7 of one language has nothing to do with sentence 7 of another."""
    values = np.random.default_rng(19).choice([0.0, 100.0], (10, 400))
    estimate = sample([right(*row) for row in values]).estimate()
    independent = math.sqrt(sum(row.var(ddof=1) / 400 for row in values)) / 10
    assert estimate.standard_error == pytest.approx(independent, rel=0.1)
    assert estimate.draws.std() == pytest.approx(independent, rel=0.1)


def test_linearisation_agrees_with_the_bootstrap_on_f1() -> None:
    (cell,) = many(_chunks(np.random.default_rng(6), 1, 500))
    estimate = sample([cell], resamples=4000).estimate()
    assert estimate.value == figure(cell)
    assert estimate.draws.std() == pytest.approx(estimate.standard_error, rel=0.05)


def test_a_seed_makes_the_same_draws_and_another_others() -> None:
    cell = right(*np.random.default_rng(7).normal(size=50))
    one, same, other = (sample([cell], 20, seed).draws for seed in ((1, 2), (1, 2), (1, 3)))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_weights_choose_and_contrast_cells() -> None:
    cells = [right(100, 100, 0, 0), right(100, 0, 0, 0), right(0, 0, 0, 0)]
    drawn = sample(cells, 50)
    assert drawn.estimate().value == pytest.approx(25.0)
    assert drawn.estimate([1, 0, 0]).value == 50.0
    assert drawn.estimate([1, -0.5, -0.5]).value == 37.5  # a transfer gap
    assert np.array_equal(drawn.estimate([0, 1, 0]).draws, drawn.draws[:, 1])


def test_a_resample_without_any_example_of_a_language_counts_for_nothing() -> None:
    """Two examples among three hundred: many resamples hold neither."""
    estimate = sample([right(*[100.0] * 300), right(100.0, 0.0)]).estimate([0, 1])
    assert np.isnan(estimate.draws).any()
    assert estimate.interval() == (0.0, 100.0)


def test_the_average_of_tasks_adds_their_variances() -> None:
    values = np.random.default_rng(8).normal(size=(2, 200))
    one, two = (sample([right(*row)], seed=(place,)).estimate() for place, row in enumerate(values))
    both = average([one, two])
    assert both.value == pytest.approx((one.value + two.value) / 2)
    assert both.standard_error == pytest.approx(math.hypot(one.standard_error, two.standard_error) / 2)
    assert both.draws.std() == pytest.approx(both.standard_error, rel=0.1)


# --- two systems


def test_differences_are_taken_item_by_item() -> None:
    """B is A with two items more, right where A is right: the difference varies little, the figures much."""
    theirs = np.random.default_rng(9).choice([0.0, 100.0], 400)
    ours = theirs.copy()
    ours[np.flatnonzero(theirs == 0)[:40]] = 100.0
    estimate = compare([right(*ours)], [right(*theirs)]).estimate()
    assert estimate.value == 10.0
    assert estimate.standard_error == pytest.approx(100 * math.sqrt(0.1 * 0.9 / 399))
    low, high = estimate.interval()
    assert 6.5 < low < 8 and 12 < high < 13.5
    assert estimate.p_value == 1 / 10_001


def test_equal_systems_do_not_differ() -> None:
    cell = right(100, 0, 100, 0)
    estimate = compare([cell], [cell]).estimate()
    assert (estimate.value, estimate.interval(), estimate.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_all_swaps_of_a_small_case() -> None:
    """Three items, won by 1, 1 and 2 thirds: of the eight sign patterns two differ as much."""
    estimate = compare([right(1, 1, 2)], [right(0, 0, 0)], swaps=20_000).estimate()
    assert estimate.value == pytest.approx(4 / 3)
    assert estimate.p_value == pytest.approx(2 / 8, abs=0.01)


def test_a_group_is_swapped_as_one() -> None:
    """Four items of one group are one trial: nothing can be concluded from it."""
    ours, theirs = right(1, 1, 1, 1, group=["g"] * 4), right(0, 0, 0, 0, group=["g"] * 4)
    assert compare([ours], [theirs]).estimate().p_value == 1.0


def test_the_same_items_in_another_order_are_paired() -> None:
    rows = [{"id": str(place), "accuracy": 100.0 * (place % 2)} for place in range(40)]
    ours, theirs = values_of(rows, ["accuracy"]), values_of(rows[::-1], ["accuracy"])
    assert compare([ours], [theirs]).estimate().interval() == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (right(1, 1), right(1, 1, first=1), "in cell 1 they share 1 of 3 items"),
        (right(1, 1), right(1, 1, first=7), "they share 0 of 4 items"),
        (right(1, 1), right(1, 1, 1), "they share 2 of 3 items"),
    ],
)
def test_systems_are_never_compared_unpaired(ours: Values, theirs: Values, told: str) -> None:
    for test in (lambda: compare([ours], [theirs]), lambda: mcnemar(ours, theirs)):
        with pytest.raises(RequestError, match=told):
            test()


def mined(*pairs: tuple[str, int, int, int]) -> Values:
    """Sources that were mined, or are gold: (id, hits, predicted, gold)."""
    return values_of([dict(zip(("id", "hits", "predicted", "gold"), one, strict=True)) for one in pairs], ["f1"])


def test_what_one_system_invented_counts_nothing_for_the_other() -> None:
    """Mined sources without a translation: each system has its own."""
    gold = [(f"s{place}", 1, 1, 1) for place in range(30)]
    ours, theirs = mined(*gold, ("x", 0, 1, 0)), mined(("y", 0, 1, 0), ("z", 0, 1, 0), *gold)
    found = compare([ours], [theirs])
    assert found.estimate().value == pytest.approx(figure(ours) - figure(theirs))
    low, high = found.estimate().interval()
    assert low < found.estimate().value < high
    assert found.estimate().p_value > 0.5


def test_gold_that_one_system_lacks_is_no_invention() -> None:
    ours, theirs = mined(("a", 1, 1, 1), ("b", 0, 0, 1)), mined(("a", 1, 1, 1))
    with pytest.raises(RequestError, match="they share 1 of 2 items"):
        compare([ours], [theirs])
    tagged = [{"id": name, "hits": 0, "predicted": 1, "gold": 0, "tokens": 5} for name in "ab"]
    with pytest.raises(RequestError, match="they share 1 of 2 items"):  # a sentence without entities was asked too
        compare([values_of(tagged, ["f1"])], [values_of(tagged[:1], ["f1"])])


def test_p_values_that_swaps_do_not_resolve_follow_the_normal_tail() -> None:
    """Forty items, all won: 2 in 2 ** 40 by counting, which no number of swaps would find."""
    won = compare([right(*[1.0] * 40)], [right(*[0.0] * 40)]).estimate()
    assert won.p_value == 1 / 10_001
    assert won.tail_p_value == pytest.approx(math.erfc(math.sqrt(40 / 2)), rel=0.3)
    level = compare([right(1, 1, 2)], [right(0, 0, 0)]).estimate()
    assert level.tail_p_value == level.p_value > 0.2
    same = compare([right(1, 0)], [right(1, 0)]).estimate()
    assert same.tail_p_value == 1.0


def test_one_system_has_no_p_value() -> None:
    with pytest.raises(ValueError, match="one system alone"):
        _ = Estimate(1.0, 1.0, np.zeros(3)).p_value


@pytest.mark.parametrize(
    ("won", "lost", "p_value"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 2 / 32), (3, 1, 2 * 5 / 16), (6, 6, 1.0), (10, 2, 2 * 79 / 4096)],
)
def test_mcnemar_by_hand(won: int, lost: int, p_value: float) -> None:
    ours = right(*[100.0] * won, *[0.0] * lost, 100.0, 0.0)
    theirs = right(*[0.0] * won, *[100.0] * lost, 100.0, 0.0)
    assert mcnemar(ours, theirs) == pytest.approx(p_value)
    assert mcnemar(theirs, ours) == pytest.approx(p_value)


@given(st.lists(st.sampled_from([0.0, 100.0]), min_size=4, max_size=60), st.randoms(use_true_random=False))
def test_mcnemar_agrees_with_swapping(values: list[float], random: Any) -> None:
    ours, theirs = right(*values), right(*random.sample(values, len(values)))
    assert compare([ours], [theirs], 1, 20_000).estimate().p_value == pytest.approx(mcnemar(ours, theirs), abs=0.02)


def test_mcnemar_of_ten_thousand_items_is_exact_and_quick() -> None:
    start = time.perf_counter()
    p_value = mcnemar(right(*[100.0] * 5150, *[0.0] * 4850), right(*[0.0] * 5150, *[100.0] * 4850))
    assert p_value == pytest.approx(math.erfc(2.99 / math.sqrt(2)), rel=0.01)  # (5150 - 4850 - 1) / 100 deviations
    assert time.perf_counter() - start < 2


# --- many tests, power, seeds


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0] and holm([0.2]) == [0.2] and holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for raw, one in zip(p_values, corrected, strict=True):
        assert raw <= one <= min(1.0, raw * len(p_values)) + 1e-12
    assert [c for _, c in sorted(zip(p_values, corrected, strict=True))] == sorted(corrected)


def test_the_detectable_difference_is_found_as_often_as_it_says() -> None:
    assert detectable_difference(1.0) == pytest.approx(1.96 + 0.8416, abs=1e-3)
    generator = np.random.default_rng(10)
    found = np.abs(generator.normal(detectable_difference(2.0, power=0.9), 2.0, 20_000)) > 1.96 * 2
    assert found.mean() == pytest.approx(0.9, abs=0.01)


def test_seeds_have_a_deviation_of_their_own() -> None:
    assert deviation([1.0, 3.0]) == pytest.approx(math.sqrt(2)) and deviation([1.0]) is None and deviation([]) is None


# --- what simulation says: `trials` data sets at once, as cells that are resampled together


def _chunks(generator: Any, trials: int, sentences: int, shift: float = 0.0) -> Any:
    """[trials, sentences, 3] hits, predicted and gold: sentences of their own difficulty and length."""
    gold = 1 + generator.poisson(2.0, (trials, sentences))
    ease = generator.beta(4, 2, (trials, sentences)) + shift
    hits = generator.binomial(gold, np.clip(ease, 0, 1))
    return np.stack([hits, hits + generator.binomial(3, 0.2, hits.shape), gold], axis=2)


def _truth(shift: float = 0.0) -> float:
    """The F1 of endlessly many such sentences."""
    hits, predicted, gold = _chunks(np.random.default_rng(0), 1, 2_000_000, shift)[0].sum(axis=0)
    return float(200 * hits / (predicted + gold))


def _covered(cells: Sequence[Values], truth: float) -> float:
    drawn = sample(cells, resamples=1000, seed=1)
    bounds = np.quantile(drawn.draws, [0.025, 0.975], axis=0)
    return float(((bounds[0] <= truth) & (truth <= bounds[1])).mean())


def test_simulated_cells_are_those_that_scores_give() -> None:
    counts = _chunks(np.random.default_rng(1), 1, 20)
    names = ("hits", "predicted", "gold")
    rows = [{"id": str(n), **dict(zip(names, row, strict=True))} for n, row in enumerate(counts[0].tolist())]
    given, made = values_of(rows, ["f1"]), many(counts)[0]
    assert np.array_equal(given.parts, made.parts) and given.ids == made.ids
    assert np.array_equal(right(1, 0).parts, many(np.array([[1.0, 0.0]]))[0].parts)


@pytest.mark.slow
def test_intervals_of_f1_cover_the_truth() -> None:
    data = _chunks(np.random.default_rng(11), 1000, 250)
    assert _covered(many(data), _truth()) == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_clustered_intervals_of_f1_cover_the_truth_and_others_do_not() -> None:
    """Every sentence three times with the same outcome: an extreme cluster."""
    data = _chunks(np.random.default_rng(12), 1000, 250).repeat(3, axis=1)
    assert _covered(many(data, group=3), _truth()) == pytest.approx(0.95, abs=0.02)
    assert _covered(many(data), _truth()) < 0.85


@pytest.mark.slow
def test_intervals_of_an_average_over_parallel_languages_cover_the_truth() -> None:
    """Five languages whose items have a common difficulty; each trial is resampled on its own."""
    generator, covered, trials = np.random.default_rng(13), 0, 500
    for trial in range(trials):
        ease = generator.beta(2, 2, 150)
        cells = many(100.0 * (generator.random((5, 150)) < ease))
        low, high = sample(cells, 300, seed=trial).estimate().interval()
        covered += low <= 50.0 <= high
    assert covered / trials == pytest.approx(0.95, abs=0.02)


def _rejected(ours: list[Values], theirs: list[Values]) -> tuple[float, float]:
    """How often the two paired tests reject at 5 %, a trial a cell."""
    drawn = compare(ours, theirs, resamples=600, swaps=600, seed=2)
    assert drawn.null is not None
    extreme = (np.abs(drawn.null) >= np.abs(drawn.figures) - 1e-9).sum(axis=0)
    bounds = np.quantile(drawn.draws, [0.025, 0.975], axis=0)
    return float(((1 + extreme) / 601 <= 0.05).mean()), float(((bounds[0] > 0) | (bounds[1] < 0)).mean())


def test_paired_tests_hold_their_level() -> None:
    """Two systems of equal quality that find the same sentences hard."""
    generator = np.random.default_rng(14)
    gold = 1 + generator.poisson(2.0, (1000, 200))
    ease = generator.beta(4, 2, gold.shape)
    systems = []
    for _ in range(2):
        hits = generator.binomial(gold, ease)
        systems.append(many(np.stack([hits, hits + generator.poisson(0.6, gold.shape), gold], axis=2)))
    randomisation, bootstrap = _rejected(*systems)
    assert randomisation == pytest.approx(0.05, abs=0.015)
    assert bootstrap == pytest.approx(0.05, abs=0.02)


def test_clustered_paired_tests_hold_their_level() -> None:
    generator = np.random.default_rng(15)
    ours, theirs = (many(generator.beta(2, 1, (1000, 80)).repeat(4, axis=1), group=4) for _ in range(2))
    randomisation, bootstrap = _rejected(ours, theirs)
    assert randomisation == pytest.approx(0.05, abs=0.015)
    assert bootstrap == pytest.approx(0.05, abs=0.02)


def test_mcnemar_keeps_its_level() -> None:
    generator = np.random.default_rng(16)
    ours, theirs = (100.0 * (generator.random((400, 120)) < 0.7) for _ in range(2))
    rejected = [mcnemar(mine, other) <= 0.05 for mine, other in zip(many(ours), many(theirs), strict=True)]
    assert np.mean(rejected) <= 0.06  # exact on discrete counts: below its level, never above


def test_the_paired_test_finds_what_it_says_it_can_find() -> None:
    """A system that wins 10.8 % of the items and loses 5.2 %: just the detectable difference of 400 of them."""
    error = 100 * math.sqrt((0.108 + 0.052) / 400)
    assert detectable_difference(error) == pytest.approx(10.8 - 5.2, abs=0.01)
    lot = np.random.default_rng(17).random((1000, 400))
    ours, theirs = 100.0 * (lot < 0.108), 100.0 * (lot > 1 - 0.052)
    found, _ = _rejected(many(ours), many(theirs))
    assert found == pytest.approx(0.8, abs=0.04)


@pytest.mark.slow
def test_a_whole_board_takes_seconds() -> None:
    """Nine tasks of forty languages with two thousand examples each: 720,000 examples, a thousand resamples."""
    generator = np.random.default_rng(18)
    board = []
    for task in range(9):
        if task % 3:
            rows = [100.0 * (generator.random(2000) < 0.7) for _ in range(40)]
            cells = [[{"id": f"{n}", "accuracy": value} for n, value in enumerate(row.tolist())] for row in rows]
            board.append((cells, ["accuracy"]))
        else:
            counts = _chunks(generator, 40, 2000).tolist()
            names = ("hits", "predicted", "gold")
            cells = [
                [{"id": f"{language}-{n}", **dict(zip(names, row, strict=True))} for n, row in enumerate(one)]
                for language, one in enumerate(counts)
            ]
            board.append((cells, ["f1"]))
    start = time.perf_counter()
    tasks = []
    for place, (cells, metrics) in enumerate(board):
        drawn = sample([values_of(rows, metrics) for rows in cells], 1000, seed=place)
        for language in range(40):
            low, high = drawn.estimate(np.eye(40)[language]).interval()
            assert low < drawn.figures[language] < high
        tasks.append(drawn.estimate())
    low, high = average(tasks).interval()
    assert high - low < 0.5
    assert time.perf_counter() - start < 20
