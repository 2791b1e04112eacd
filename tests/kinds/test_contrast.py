"""Kind `contrast`: pairs to windows, vectors to ranks, and training that no token budget changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, Ragged, load_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import RequestError
from xtreme_harness.job import Settings
from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.kinds.contrast.decode import compared, decode_ranks
from xtreme_harness.kinds.contrast.encode import encode_pairs
from xtreme_harness.kinds.contrast.kind import Contrast
from xtreme_harness.models.heads import VectorHead
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.training.updates import micro_batches
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

PlanOf = Callable[..., Any]
Weights = dict[str, torch.Tensor]


def pair(query: str, positive: str, id: str = "p") -> Example:
    return {"id": id, "query": query, "positive": positive}


def encoded_of(numbers: Sequence[tuple[int, int]]) -> Encoded:
    """Pairs of which only the numbers of query and text are known."""
    labels = np.array(numbers, dtype=np.int32).flatten()
    rows = Ragged(labels, np.arange(len(labels) + 1))
    return Encoded({"input_ids": rows, "labels": rows}, [{"id": f"p{place}"} for place in range(len(numbers))])


@pytest.mark.parametrize("family", ["tiny_xlmr", "tiny_bert"])
def test_each_side_is_a_window_of_its_own(family: str, request: pytest.FixtureRequest) -> None:
    tokenizer = load_tokenizer(request.getfixturevalue(family))
    long = " ".join(testing.SENTENCES[:6])
    columns = encode_pairs(tokenizer, [pair("The doctor", "a vitamin"), pair("The euro", long)], {"max_length": 12})
    expected = [tokenizer(text)["input_ids"] for text in ("The doctor", "a vitamin", "The euro")]
    assert columns["input_ids"][:3] == expected and len(columns["input_ids"][3]) == 12
    assert columns["together"] == [[0], [0], [1], [1]]
    assert ("token_type_ids" in columns) is (family == "tiny_bert")


def test_equal_windows_of_a_side_share_a_number(tiny_xlmr: Path) -> None:
    texts = [("The doctor", "a vitamin"), ("The euro", "a vitamin"), ("The doctor", "The euro")]
    columns = encode_pairs(load_tokenizer(tiny_xlmr), [pair(*one) for one in texts], {"max_length": 12})
    assert columns["labels"] == [[0], [0], [1], [0], [0], [1]]


def test_right_texts_of_other_pairs_are_left_out() -> None:
    columns = encoded_of([(0, 0), (1, 0), (0, 1), (2, 2)]).columns
    assert compared(columns, range(8)).tolist() == [[1, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1]]
    assert compared(columns, [6, 7, 2, 3]).tolist() == [[1, 1], [1, 1]]


def test_the_loss_is_cross_entropy_over_the_texts_of_an_update() -> None:
    vectors = torch.tensor([[1.0, 0.0], [0.5, 0.1], [0.0, 2.0], [0.3, 0.4], [1.0, 1.0], [0.7, 0.0]], requires_grad=True)
    targets = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1]])
    loss = Contrast().loss(vectors, targets)
    rows = [([0.5, 0.3], 0), ([0.2, 0.8, 0.0], 1), ([0.6, 0.7, 0.7], 2)]
    expected = sum(np.log(np.exp(row).sum()) - row[right] for row, right in rows)
    assert float(loss.detach()) == pytest.approx(float(expected), abs=1e-5)
    torch.autograd.backward(loss)
    assert vectors.grad is not None and torch.isfinite(vectors.grad).all()


def test_products_of_the_head_s_vectors_are_cosines_over_the_temperature() -> None:
    hidden, mask = torch.randn(2, 3, 8), torch.tensor([[1, 1, 1], [1, 1, 0]])
    first, second = VectorHead("mean", 0.05)(hidden, mask)
    cosine = torch.nn.functional.cosine_similarity(hidden[0].mean(0), hidden[1, :2].mean(0), dim=0)
    assert float(first @ second) == pytest.approx(float(cosine) / 0.05, abs=1e-4)


def vectors_of(*rows: tuple[float, float]) -> list[np.ndarray[Any, Any]]:
    return [np.array(row, dtype=np.float32) for row in rows]


def test_ranks_are_among_the_distinct_texts_of_the_part() -> None:
    """Pair 1 has the text of pair 0, which is one candidate; pair 2 asks as pair 0 does, so neither stands in the
    other's way."""
    outputs = vectors_of((1, 0), (0, 1), (0, 1), (0, 1), (1, 0), (1, 0), (1, 0.5), (0.5, 0))
    rows = decode_ranks(outputs, encoded_of([(0, 0), (1, 0), (0, 1), (2, 2)]))
    assert rows == [{"id": "p0", "rank": 2}, {"id": "p1", "rank": 1}, {"id": "p2", "rank": 1}, {"id": "p3", "rank": 3}]


def test_an_encoder_to_which_all_is_the_same_finds_nothing() -> None:
    rows = decode_ranks(vectors_of(*[(1.0, 0.0)] * 8), encoded_of([(n, n) for n in range(4)]))
    assert [row["rank"] for row in rows] == [4, 4, 4, 4]


def test_figures_are_mean_reciprocal_rank_and_how_many_come_first(registry: Registry) -> None:
    kind = registry.kind("contrast")
    assert kind.headline == ("mean_reciprocal_rank",)
    metrics = [registry.metric(name) for name in kind.metrics]
    figures = Contrast().figures([{"id": str(n), "rank": n} for n in (1, 2, 4, 1)], [{}] * 4, metrics)
    assert figures == {"mrr": pytest.approx(100 * (1 + 0.5 + 0.25 + 1) / 4), "accuracy": 50.0}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, None),
        ({"id": 3}, "id must be text"),
        ({"query": " "}, "query must be text that is not blank"),
        ({"positive": None}, "positive must be text that is not blank"),
    ],
)
def test_unsound_pairs(change: dict[str, Any], told: str | None) -> None:
    example = {**pair("a", "b"), **change}
    assert (Contrast().input_problem(example) or Contrast().gold_problem(example, {})) == told


PLUGIN = '''"""Towns and what they are called elsewhere."""

from xtreme_harness import Task, hookimpl


def task(name, **options):
    return Task.from_jsonl(
        name=name, kind="contrast", languages=("en",), path="{split}.{language}.jsonl", options=options
    )


@hookimpl
def register_intermediate_tasks(register):
    register(task("pairs"))
    register(task("pairs.cls", pooling=None))
    register(task("pairs.cold", temperature=0))
    register(task("pairs.max", pooling="max"))


@hookimpl
def register_target_tasks(register):
    register(task("pairs.target"))
'''


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A task `pairs` of which every text begins like its query, beside `remedies`."""
    folder = tmp_path_factory.mktemp("pairs")
    words = testing.SENTENCES[0].split()
    rows = [pair(f"{name} {n % 3}", f"{name} {' '.join(words[: n % 7])}", f"{n}") for n, name in enumerate(names(30))]
    write_jsonl(folder / "train.en.jsonl", rows[:22])
    write_jsonl(folder / "dev.en.jsonl", rows[22:])
    write_jsonl(folder / "test.en.jsonl", rows[22:])
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    remedies = testing.write_remedies(tmp_path_factory.mktemp("remedies"))
    return load_registry([str(folder / "plugin.py"), str(remedies)])


def names(count: int) -> list[str]:
    distinct = dict.fromkeys(word for sentence in testing.SENTENCES for word in sentence.split() if word.isalpha())
    return list(distinct)[:count]


def trained(plan: Any, registry: Registry, store: Store, **fields: Any) -> Unit:
    """The plan's intermediate training, done."""
    store.make()
    (unit,) = {cell.intermediate for cell in plan.cells}
    for one in (*unit.inputs.values(), unit):
        perform(one, store, registry, Settings(device="cpu", threads=1, **fields))
    found: Unit = unit
    return found


def weights_of(unit: Unit, store: Store) -> Weights:
    found = store.find(unit.key)
    assert found is not None
    return dict(load_file(found.file("encoder/model.safetensors")))


def settings(name: str, **values: Any) -> tuple[tuple[str, str, Any], ...]:
    chosen = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "dropout": 0.0, "selection": "last", **values}
    return tuple((name, key, value) for key, value in chosen.items())


@pytest.mark.slow
def test_an_update_is_the_same_whatever_the_token_budget(
    tiny_xlmr: Path, plan_of: PlanOf, pairs: Registry, tmp_path: Path
) -> None:
    """Bit by bit: wrong texts come from all of the update, which is never cut."""
    plan = plan_of(tiny_xlmr, "remedies", registry=pairs, intermediates=("pairs",), settings=settings("pairs"))
    stores = {budget: Store(tmp_path / f"budget-{budget}") for budget in (1, 60, 100_000)}
    units = {budget: trained(plan, pairs, store, token_budget=budget) for budget, store in stores.items()}
    weights = [weights_of(units[budget], store) for budget, store in stores.items()]
    for other in weights[1:]:
        assert all(torch.equal(weights[0][name], other[name]) for name in weights[0])
    found = stores[1].find(units[1].inputs["train.pairs"].key)
    assert found is not None
    encoded = load_encoded(found.folder)
    cut = micro_batches(range(8), encoded.bounds.tolist(), encoded.lengths.tolist(), 60)
    assert len(cut) > 1  # so these budgets would have cut it


def test_pairs_are_learnt_and_the_head_hands_nothing_on(
    tiny_bert: Path, plan_of: PlanOf, pairs: Registry, store: Store
) -> None:
    chosen = settings("pairs", epochs=20, learning_rate=3e-3)
    unit = trained(
        plan_of(tiny_bert, "remedies", registry=pairs, intermediates=("pairs",), settings=chosen), pairs, store
    )
    found = store.find(unit.key)
    assert found is not None
    assert found.result["updates"] == 20 * 3 and found.result["handover"]["new"] == []  # batch_size counts pairs
    assert list(found.result["dev"]) == ["mrr", "accuracy"] and found.result["dev"]["mrr"] > 60  # chance: 34


def test_it_is_one_of_several_tasks(tiny_xlmr: Path, plan_of: PlanOf, pairs: Registry, store: Store) -> None:
    chosen = (*settings("pairs.cls", epochs=1), *settings("remedies", epochs=1))
    plan = plan_of(tiny_xlmr, "remedies", registry=pairs, intermediates=("pairs.cls+pairs",), settings=chosen)
    found = store.find(trained(plan, pairs, store).key)
    assert found is not None and set(found.result["dev"]) == {"pairs.cls", "pairs"}


@pytest.mark.parametrize(("name", "told"), [("pairs.cold", "temperature must be above 0"), ("pairs.max", "pooling")])
def test_wrong_options_are_refused(name: str, told: str, tiny_xlmr: Path, plan_of: PlanOf, pairs: Registry) -> None:
    with pytest.raises(RequestError, match=told):
        plan_of(tiny_xlmr, "remedies", registry=pairs, intermediates=(name,))


def test_it_is_no_target(tiny_xlmr: Path, plan_of: PlanOf, pairs: Registry) -> None:
    with pytest.raises(RequestError, match=r"to be trained on: name it with --intermediate pairs\.target"):
        plan_of(tiny_xlmr, "pairs.target", registry=pairs)
