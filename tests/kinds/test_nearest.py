"""Kind `nearest`: neighbours as the original finds them, prefixes, layers, and the whole way on tiny encoders."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xtreme_harness import testing
from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.definitions import Model
from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.nearest.decode import decode_neighbours, nearest
from xtreme_harness.kinds.nearest.kind import Nearest
from xtreme_harness.kinds.retrieval import (
    NOT_PUBLISHED,
    distinct_rows,
    encode_sentences,
    gold_problem,
    retrieval_layer,
    text_problem,
    two_thirds,
)
from xtreme_harness.models.load import load_encoder, load_tokenizer
from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Finished, Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome

PlanOf = Callable[..., Plan]
PerformAll = Callable[..., list[Outcome]]


def vectors(values: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


@pytest.mark.golden("nearest_neighbour")
def test_golden_vectors(vector: dict[str, Any]) -> None:
    given = vector["input"]
    assert given["l2_normalise"]  # as XTREME does
    rows, _ = nearest(vectors(given["english_embeddings"]), vectors(given["source_embeddings"]))
    assert rows.tolist() == vector["expected"]["predictions"]


FLOATS = st.floats(-3, 3, width=32).filter(lambda value: abs(value) > 1e-3)


@given(arrays(np.float32, (7, 4), elements=FLOATS), arrays(np.float32, (5, 4), elements=FLOATS))
def test_neighbours_are_exact(queries: Any, candidates: Any) -> None:
    rows, similarities = nearest(queries, candidates)
    unit_length = [matrix / np.linalg.norm(matrix, axis=1, keepdims=True) for matrix in (queries, candidates)]
    cosines = unit_length[0].astype(np.float64) @ unit_length[1].astype(np.float64).T
    assert np.allclose(cosines[np.arange(7), rows], cosines.max(axis=1), atol=1e-6)
    assert np.allclose(similarities, cosines.max(axis=1), atol=1e-6)


@pytest.mark.parametrize("wrong", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
@pytest.mark.parametrize("side", ["queries", "candidates"])
def test_zero_and_infinite_vectors_are_refused(wrong: list[float], side: str) -> None:
    good = vectors([[1, 0], [0, 1]])
    bad = vectors([[1, 0], wrong])
    given = {"queries": good, "candidates": good, side: bad}
    with pytest.raises(DataError, match=f"{side}: the embedding of text 2 is zero or not finite"):
        nearest(given["queries"], given["candidates"])


def test_widths_must_agree() -> None:
    with pytest.raises(DataError, match="queries are 3 wide, candidates 2"):
        nearest(vectors([[1, 0, 0]]), vectors([[1, 0]]))


def test_a_prediction_is_the_candidate_s_id() -> None:
    rows = decode_neighbours(np.array([1, 0]), vectors([0.987654, 0.5]), ["en-1", "en-2"], ["sw-1", "sw-2"])
    assert rows == [
        {"id": "en-1", "prediction": "sw-2", "similarity": 0.9877},
        {"id": "en-2", "prediction": "sw-1", "similarity": 0.5},
    ]


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"side": "query", "id": "a", "text": "x"}, None),
        ({"side": "candidate", "id": "a", "text": ""}, None),
        ({"side": "gold"}, None),
        ({"side": "source", "id": "a", "text": "x"}, "side 'source' is not query, candidate or gold"),
        ({"id": "a", "text": "x"}, "side None is not query, candidate or gold"),
        ({"side": "query", "id": 1, "text": "x"}, "id and text must be text"),
        ({"side": "query", "id": "a"}, "id and text must be text"),
    ],
)
def test_unsound_texts(example: dict[str, Any], told: str | None) -> None:
    assert text_problem(example) == told


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"side": "gold", "query": "a", "candidate": "b"}, None),
        ({"side": "query"}, None),
        ({"side": "gold", "query": "a"}, "query and candidate must be ids"),
        ({"side": "gold", "query": 1, "candidate": "b"}, "query and candidate must be ids"),
    ],
)
def test_unsound_gold(example: dict[str, Any], told: str | None) -> None:
    assert gold_problem(example) == told


@given(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=12))
def test_equal_rows_are_found_once(rows: list[list[int]]) -> None:
    places, back = distinct_rows(rows)
    kept = [rows[place] for place in places]
    assert [kept[number] for number in back] == rows
    assert len({tuple(row) for row in kept}) == len(kept) and places == sorted(places)


def test_the_prefix_is_put_before_every_text(tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    examples = [{"text": "Amina"}, {"text": ""}]
    with_prefix = encode_sentences(tokenizer, examples, "query: ", 128)
    assert with_prefix == encode_sentences(tokenizer, [{"text": "query: Amina"}, {"text": "query: "}], "", 128)
    assert with_prefix != encode_sentences(tokenizer, examples, "", 128)


def test_long_texts_are_cut_with_their_special_tokens(tiny_bert: Path) -> None:
    columns = encode_sentences(load_tokenizer(tiny_bert), [{"text": "Amina " * 40}], "", 16)
    assert len(columns["input_ids"][0]) == 16 and columns["token_type_ids"] == [[0] * 16]
    assert columns["input_ids"][0][-1] == load_tokenizer(tiny_bert).sep_token_id


@pytest.mark.parametrize(("depth", "layer"), [(12, 8), (24, 16), (6, 4), (2, 1), (3, 2)])
def test_the_default_layer_is_at_two_thirds_of_the_depth(depth: int, layer: int) -> None:
    assert two_thirds(depth) == layer
    assert retrieval_layer(Model(name="m", reference="x"), "tatoeba", depth) == (layer, NOT_PUBLISHED)


def test_a_model_may_name_its_layers() -> None:
    assert retrieval_layer(Model(name="m", reference="x", layers=0), "tatoeba", 12) == (0, "model m")
    by_task = Model(name="m", reference="x", layers={"tatoeba": 14})
    assert retrieval_layer(by_task, "tatoeba", 24) == (14, "model m")
    assert retrieval_layer(by_task, "twins", 24) == (16, NOT_PUBLISHED)
    assert retrieval_layer(by_task, "twins", None) == (None, NOT_PUBLISHED)


def unit_of(plan: Plan, type: str) -> Unit:
    (unit,) = [unit for unit in plan.units() if unit.type == type]
    return unit


def finished(plan: Plan, type: str, perform_all: PerformAll, store: Store) -> Finished:
    perform_all([unit for unit in plan.units() if unit.type != "train"])
    found = store.find(unit_of(plan, type).key)
    assert found is not None
    return found


@pytest.mark.parametrize("checkpoint", ["tiny_xlmr", "tiny_bert"])
def test_translations_are_found_and_scored(
    checkpoint: str, request: pytest.FixtureRequest, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(request.getfixturevalue(checkpoint), "twins")
    scored = finished(plan, "score", perform_all, store)
    predicted = store.find(unit_of(plan, "predict").key)
    assert predicted is not None
    rows = [row for _, row in read_jsonl(predicted.file("predictions.jsonl"))]
    assert [row["id"] for row in rows] == [f"en-{number}" for number in range(1, 13)]
    assert all(set(row) == {"id", "prediction", "similarity"} for row in rows)
    right = [row["prediction"] == row["id"].replace("en-", "sw-") for row in rows]
    assert scored.result["metrics"] == {"accuracy": pytest.approx(100 * sum(right) / 12)}
    assert scored.result["metrics"]["accuracy"] > 3 * 100 / 12  # chance is one in twelve
    assert (scored.result["n"], scored.result["groups"]) == (12, 12)
    per_example = [row["accuracy"] for _, row in read_jsonl(scored.file("scores.jsonl"))]
    assert per_example == [100.0 * one for one in right]


def expected_vectors(checkpoint: Path, texts: list[str], layer: int, pooling: str) -> Any:
    """One text at a time, without batches and padding."""
    import torch

    tokenizer, encoder = load_tokenizer(checkpoint), load_encoder(checkpoint, attention="eager")
    out = []
    for text in texts:
        with torch.no_grad():
            states = encoder(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states[layer][0]
        out.append((states.mean(dim=0) if pooling == "mean" else states[0]).numpy())
    return np.stack(out)


@pytest.mark.parametrize(("layer", "pooling"), [(0, "mean"), (1, "mean"), (2, "mean"), (2, "cls")])
def test_vectors_are_those_of_the_layer_and_pooling_asked_for(
    layer: int, pooling: str, tiny_xlmr: Path, twins: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(tiny_xlmr, "twins", settings=(("twins", "layer", layer), ("twins", "pooling", pooling)))
    perform_all([unit_of(plan, "prepare"), unit_of(plan, "embed")])
    embedded, texts = (store.find(unit_of(plan, type).key) for type in ("embed", "prepare"))
    assert embedded is not None and texts is not None and embedded.result["layer"] == layer
    items = load_encoded(texts.folder).items
    found = np.load(embedded.file("layer.npy"))[[item["row"] for item in items]]
    sentences = (twins.parent / "data" / "twins.sw.tsv").read_text().replace("\n", "\t").rstrip("\t").split("\t")
    assert np.allclose(found, expected_vectors(tiny_xlmr, sentences, layer, pooling), atol=1e-5)


def test_equal_texts_are_encoded_once(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plugin = testing.write_retrieval(tmp_path / "same", n=4)
    (plugin.parent / "data" / "twins.sw.tsv").write_text("Oslo\tOslo\nLima\tOslo\nLima\tPerth\n")
    registry = load_registry([str(plugin)])
    prepare = unit_of(plan_of(tiny_xlmr, "twins", registry=registry), "prepare")
    perform_all([prepare], registry=registry)
    found = store.find(prepare.key)
    assert found is not None
    assert (found.result["examples"], found.result["windows"]) == (6, 3)
    assert [item["row"] for item in load_encoded(found.folder).items] == [0, 0, 1, 0, 1, 2]


def test_the_prefix_reaches_text_and_key(
    tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plans = [plan_of(tiny_xlmr, "twins", settings=(("twins", "prefix", prefix),)) for prefix in ("", "query: ")]
    prepared = [unit_of(plan, "prepare") for plan in plans]
    assert prepared[0].key != prepared[1].key
    perform_all(prepared)
    without, with_prefix = (store.find(unit.key) for unit in prepared)
    assert without is not None and with_prefix is not None
    assert with_prefix.result["tokens"] > without.result["tokens"]
    first = load_encoded(with_prefix.folder).columns["input_ids"][0].tolist()
    assert first == load_tokenizer(tiny_xlmr)("query: Amina lives in Arusha.")["input_ids"]


def test_two_tokenizers_never_share_what_was_encoded(tiny_xlmr: Path, tiny_bert: Path, plan_of: PlanOf) -> None:
    keys = [unit_of(plan_of(checkpoint, "twins"), "prepare").key for checkpoint in (tiny_xlmr, tiny_bert)]
    assert keys[0] != keys[1]


def test_what_the_layer_and_pooling_change(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plain = plan_of(tiny_xlmr, "twins")
    other = [plan_of(tiny_xlmr, "twins", settings=(("twins", *one),)) for one in (("layer", 2), ("pooling", "cls"))]
    for plan in other:
        assert unit_of(plan, "prepare").key == unit_of(plain, "prepare").key  # texts are encoded once for all layers
        assert unit_of(plan, "embed").key != unit_of(plain, "embed").key
        assert unit_of(plan, "score").key != unit_of(plain, "score").key
    cell = plain.cells[0]
    assert cell.options["layer"] == 1 and cell.options["layer_source"] == NOT_PUBLISHED


def test_a_layer_that_the_model_has_not_is_a_wrong_request(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    assert plan_of(tiny_xlmr, "twins", settings=(("twins", "layer", 2),)).cells[0].options["layer"] == 2
    with pytest.raises(RequestError, match=r"Layer 3 was asked for, but the model has hidden states 0 to 2\."):
        plan_of(tiny_xlmr, "twins", settings=(("twins", "layer", 3),))


@pytest.mark.parametrize("column", [0, 1])
def test_a_side_without_any_text_is_refused(
    column: int, tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll
) -> None:
    plugin = testing.write_retrieval(tmp_path / "one-sided")
    side = ("query", "candidate")[column]
    source = plugin.read_text(encoding="utf-8")
    lines = [line for line in source.splitlines() if f'"side": "{side}"' not in line]
    assert len(lines) == len(source.splitlines()) - 1
    plugin.write_text("\n".join(lines), encoding="utf-8")
    registry = load_registry([str(plugin)])
    with pytest.raises(DataError, match=f"there is no {side} text at all"):
        perform_all([unit_of(plan_of(tiny_xlmr, "twins", registry=registry), "prepare")], registry=registry)


def test_embeddings_must_be_as_many_as_texts(
    tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store, job_of: Callable[..., Job]
) -> None:
    predict = plan_of(tiny_xlmr, "twins").cells[0].predict
    assert predict is not None
    perform_all([*predict.inputs["texts"].inputs.values(), predict.inputs["texts"], predict.inputs["embeddings"]])
    inputs = {role: store.find(unit.key) for role, unit in predict.inputs.items()}
    embeddings = inputs["embeddings"]
    assert embeddings is not None
    np.save(embeddings.file("layer.npy"), np.load(embeddings.file("layer.npy"))[:-1])
    with pytest.raises(DataError, match="search twins test sw: there are 23 embeddings for 24 texts"):
        Nearest().predict(job_of(predict, inputs))


def test_gold_without_prediction_is_refused(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll
) -> None:
    plugin = testing.write_retrieval(tmp_path / "more-gold")
    source = plugin.read_text(encoding="utf-8")
    plugin.write_text(source.replace('"query": f"en-{number}"', '"query": f"en-{number + 1}"'), encoding="utf-8")
    registry = load_registry([str(plugin)])
    with pytest.raises(DataError, match=r"twins\.sw\.tsv: .*no example has the id 'en-13'"):
        perform_all(plan_of(tiny_xlmr, "twins", registry=registry).units(), registry=registry)


def test_changed_weights_are_loaded_again_in_the_same_process(
    tmp_path: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    folder = testing.make_tiny_xlmr(tmp_path / "model")
    before = np.load(finished(plan_of(folder, "twins"), "embed", perform_all, store).file("layer.npy"))
    other = testing.make_tiny_xlmr(tmp_path / "other", seed=1)
    (other / "model.safetensors").replace(folder / "model.safetensors")
    after = np.load(finished(plan_of(folder, "twins"), "embed", perform_all, store).file("layer.npy"))
    assert json.loads((folder / "config.json").read_text()) == json.loads((other / "config.json").read_text())
    assert not np.allclose(before, after, atol=1e-3)
