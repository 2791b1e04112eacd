"""Kind `mask`: which pieces are masked and by what, windows, losses of masked pieces alone, and its training units."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, Ragged, load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import CheckpointError, DataError, RequestError
from xtreme_harness.job import Settings
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds.mask.encode import encode_texts
from xtreme_harness.kinds.mask.kind import Mask
from xtreme_harness.kinds.mask.masking import chosen_counts, masked_windows
from xtreme_harness.models.load import load_encoder, load_tokenizer
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Store
from xtreme_harness.training.compact import CompactEmbedding
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

PlanOf = Callable[..., Any]
MASK = 99


def ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Ragged(np.array([value for row in rows for value in row], dtype=np.int32), offsets)


def windows_of(lengths: Sequence[int], pieces: int = 50) -> Encoded:
    """Windows of random pieces 10 to 59, a special token (0 and 1) at both ends."""
    random = np.random.Generator(np.random.PCG64(4))
    rows = [[0, *(10 + random.integers(pieces, size=length)).tolist(), 1] for length in lengths]
    columns = {"input_ids": rows, "maskable": [list(range(1, len(row) - 1)) for row in rows]}
    columns["mask_ids"] = [[MASK]] * len(rows)
    return Encoded({name: ragged(values) for name, values in columns.items()}, [{"id": f"{n}"} for n in lengths])


def states(encoded: Encoded) -> list[list[int]]:
    return [[*encoded.columns["input_ids"][row].tolist()] for row in range(len(encoded))]


def test_of_the_chosen_pieces_80_percent_are_masks_10_others_and_10_stay() -> None:
    whole = windows_of([40] * 1000)
    seen = masked_windows(whole, seed=1, epoch=0)
    places, before = seen.columns["places"], seen.columns["masked"]
    assert set(places.lengths.tolist()) == {6}  # 15 % of 40
    shown = np.concatenate([seen.columns["input_ids"][row][places[row]] for row in range(len(seen))])
    is_mask, stays = (shown == MASK).mean(), (shown == before.values).mean()
    assert is_mask == pytest.approx(0.8, abs=0.02)
    assert stays == pytest.approx(0.1 + 0.1 / 50, abs=0.015)  # another piece may be the same
    assert set(shown.tolist()) == {MASK, *range(10, 60)}  # no special token is ever drawn
    assert np.bincount(places.values, minlength=42)[1:41].min() > 100  # every place is: 150 expected


def test_nothing_else_is_changed_and_what_stood_there_is_known() -> None:
    whole = windows_of([1, 3, 7, 20])
    seen = masked_windows(whole, seed=1, epoch=0)
    assert seen.columns["places"].lengths.tolist() == [1, 1, 1, 3] == chosen_counts(np.array([1, 3, 7, 20])).tolist()
    for row, (one, other) in enumerate(zip(states(whole), states(seen), strict=True)):
        places = seen.columns["places"][row].tolist()
        assert len(set(places)) == len(places) and all(0 < place < len(one) - 1 for place in places)
        assert [one[place] for place in places] == seen.columns["masked"][row].tolist()
        assert [id for place, id in enumerate(one) if place not in places] == [
            id for place, id in enumerate(other) if place not in places
        ]
    assert Mask().weights(whole).tolist() == [1.0, 1.0, 1.0, 3.0]


def test_masks_are_those_of_seed_and_epoch() -> None:
    whole = windows_of([30] * 20)
    first = states(masked_windows(whole, seed=1, epoch=0))
    assert states(masked_windows(whole, seed=1, epoch=0)) == first
    assert states(masked_windows(whole, seed=1, epoch=1)) != first != states(masked_windows(whole, seed=2, epoch=0))
    assert states(whole) == states(windows_of([30] * 20))  # and the data stays as it is


def test_a_compact_table_changes_no_mask(tiny_xlmr: Path) -> None:
    whole = windows_of([30] * 20)
    compact = CompactEmbedding(load_encoder(tiny_xlmr, attention="eager"), [whole], pad_id=1)
    after, before = masked_windows(compact.remap(whole), 3, 1), compact.remap(masked_windows(whole, 3, 1))
    assert states(after) == states(before)
    assert after.columns["masked"].values.tolist() == before.columns["masked"].values.tolist()


def text(id: str, *sentences: str) -> Example:
    return {"id": id, "text": " ".join(sentences)}


@pytest.mark.parametrize("family", ["tiny_xlmr", "tiny_bert"])
def test_a_long_text_is_several_windows_with_nothing_lost(family: str, request: pytest.FixtureRequest) -> None:
    tokenizer = load_tokenizer(request.getfixturevalue(family))
    texts = [text("a", "The doctor"), text("b", *testing.SENTENCES[:6])]
    columns = encode_texts(tokenizer, texts, {"max_length": 16, "split": "train"})
    assert max(map(len, columns["input_ids"])) == 16
    for number, example in enumerate(texts):
        rows = [row for row, (item,) in enumerate(columns["item"]) if item == number]
        inner = [id for row in rows for id in columns["input_ids"][row][1:-1]]
        assert inner == tokenizer(example["text"], add_special_tokens=False)["input_ids"]
    special = set(tokenizer.all_special_ids)
    for ids, places in zip(columns["input_ids"], columns["maskable"], strict=True):
        assert places == [place for place, id in enumerate(ids) if id not in special]
    assert columns["mask_ids"] == [[tokenizer.mask_token_id]] * len(columns["item"])
    assert ("token_type_ids" in columns) is (family == "tiny_bert")


def test_masks_of_a_dev_part_are_fixed_by_the_text_s_id(tiny_xlmr: Path) -> None:
    """Whatever else is in the part, and all of them show the mask."""
    tokenizer, options = load_tokenizer(tiny_xlmr), {"max_length": 16, "split": "dev"}
    texts = [text(f"{n}", *testing.SENTENCES[n : n + 2]) for n in range(8)]
    whole, alone = (encode_texts(tokenizer, some, options) for some in (texts, texts[5:6]))
    of_it = [row for row, (item,) in enumerate(whole["item"]) if item == 5]
    for name in ("input_ids", "places", "masked"):
        assert [whole[name][row] for row in of_it] == alone[name]
    renamed = encode_texts(tokenizer, [{**texts[5], "id": "other"}], options)
    assert renamed["places"] != alone["places"]
    train = encode_texts(tokenizer, texts, {**options, "split": "train"})
    for row, ids in enumerate(whole["input_ids"]):
        shown = {place for place, id in enumerate(ids) if id == tokenizer.mask_token_id}
        assert shown == set(whole["places"][row]) <= set(train["maskable"][row])
        assert [train["input_ids"][row][place] for place in whole["places"][row]] == whole["masked"][row]


def test_only_masked_places_have_a_gradient(tiny_xlmr: Path) -> None:
    """And the loss is the mean of the usual cross entropy over them, whatever the micro-batch is cut like."""
    encoder: Any = load_encoder(tiny_xlmr, attention="eager")
    kind, whole = Mask(), masked_windows(windows_of([5, 9, 14]), 1, 0)
    head = kind.make_head(encoder, {}).train()
    hidden = torch.randn(3, 16, 32, requires_grad=True)
    loss = kind.loss(head(hidden, torch.ones(3, 16)), torch.from_numpy(kind.targets(whole.columns, [2, 0, 1], 16)))
    torch.autograd.backward(loss)
    assert hidden.grad is not None
    places = [sorted(set(torch.nonzero(row.abs().sum(dim=-1))[:, 0].tolist())) for row in hidden.grad]
    assert places == [sorted(whole.columns["places"][row].tolist()) for row in (2, 0, 1)]
    logits = head.scored(hidden).logits(slice(None))
    expected = sum(
        torch.nn.functional.cross_entropy(
            logits[place][torch.from_numpy(whole.columns["places"][row].astype(np.int64))],
            torch.from_numpy(whole.columns["masked"][row].astype(np.int64)),
            reduction="sum",
        )
        for place, row in enumerate([2, 0, 1])
    )
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)  # type: ignore[union-attr]


def test_the_figure_is_over_masked_pieces(tiny_xlmr: Path, registry: Registry, tmp_path: Path) -> None:
    texts = [text("a", *testing.SENTENCES[:3]), text("b", "The doctor")]
    columns = encode_texts(load_tokenizer(tiny_xlmr), texts, {"max_length": 16, "split": "dev"})
    save_encoded(tmp_path, columns, [{"id": one["id"]} for one in texts])
    encoded, kind = load_encoded(tmp_path), Mask()
    right = [np.full((16, 1), -1.0, dtype=np.float32) for _ in columns["item"]]
    for row, places in enumerate(columns["places"]):
        right[row][places, 0] = columns["masked"][row]
    metrics = [registry.metric("accuracy")]
    assert kind.figures(kind.decode(right, encoded, {}), texts, metrics) == {"accuracy": 100.0}
    right[0][:] = -1.0
    wrong, all = len(columns["masked"][0]), sum(map(len, columns["masked"]))
    told = kind.figures(kind.decode(right, encoded, {}), texts, metrics)
    assert told == {"accuracy": pytest.approx(100 * (all - wrong) / all)}


@pytest.mark.parametrize(
    ("change", "told"),
    [({}, None), ({"id": 3}, "id must be text"), ({"text": " "}, "text must be text that is not blank")],
)
def test_unsound_texts(change: dict[str, Any], told: str | None) -> None:
    assert Mask().input_problem({**text("a", "b"), **change}) == told


PLUGIN = '''"""Plain text in three languages."""

from xtreme_harness import Task, hookimpl

NOTES = Task.from_jsonl(name="notes", kind="mask", languages=("sw", "eu", "ru"), path="{split}.{language}.jsonl")


@hookimpl
def register_intermediate_tasks(register):
    register(NOTES)


@hookimpl
def register_target_tasks(register):
    register(Task.from_jsonl(name="notes.target", kind="mask", languages=("sw",), path="{split}.{language}.jsonl"))
'''
FRAMES = {"sw": "Hii ni {} mpya ya usiku.", "eu": "Gure {} luzea da hemen.", "ru": "Наша {} на рынке до дождя."}
WORDS = [word for words in testing.TOPICS.values() for word in words]
TEXTS = {language: [frame.format(word) for word in WORDS] for language, frame in FRAMES.items()}


@pytest.fixture
def notes(tmp_path: Path) -> Registry:
    """A task `notes` with text in Swahili, Basque and Russian, none in English, beside `topics`."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for language, sentences in TEXTS.items():
        for split, rows in (("train", sentences), ("dev", sentences), ("test", sentences)):
            texts = [{"id": f"{n}", "text": one} for n, one in enumerate(rows)]
            write_jsonl(folder / f"{split}.{language}.jsonl", texts)
    (folder / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    return load_registry([str(folder / "plugin.py"), str(testing.write_topics(tmp_path / "topics"))])


def settings(**values: Any) -> tuple[tuple[str, str, Any], ...]:
    chosen = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "dropout": 0.0, "max_length": 32, **values}
    return tuple(("notes", key, value) for key, value in chosen.items())


def training(plan: Any) -> Unit:
    (unit,) = {cell.intermediate for cell in plan.cells}
    assert isinstance(unit, Unit)
    return unit


def done(unit: Unit, registry: Registry, store: Store) -> Any:
    store.make()
    for one in (*unit.inputs.values(), unit):
        perform(one, store, registry, Settings(device="cpu", threads=1))
    return store.find(unit.key)


def test_a_task_is_trained_on_text_of_its_own_languages(
    tiny_bert: Path, plan_of: PlanOf, notes: Registry, store: Store
) -> None:
    """All in one unit, with no word of English; pieces are learnt, and the head stays behind."""
    chosen = settings(epochs=25, batch_size=9, learning_rate=5e-3)
    plan = plan_of(tiny_bert, "topics", registry=notes, intermediates=("notes",), settings=chosen)
    unit = training(plan)
    found = done(unit, notes, store)
    assert unit.inputs["train.notes"].label == "prepare notes train sw+eu+ru"
    items = load_encoded(store.folder(unit.inputs["train.notes"].key)).items
    assert [item["id"] for item in items] == [f"{code}:{n}" for code in TEXTS for n in range(len(TEXTS[code]))]
    masked = load_encoded(store.folder(unit.inputs["dev.notes"].key)).columns["masked"].values
    most_frequent = 100 * np.bincount(masked).max() / len(masked)
    assert found.result["dev"]["accuracy"] > 3 * most_frequent  # of texts it was trained on
    assert found.result["handover"]["new"] == [
        f"head.{name}" for name in ("bias", "dense.bias", "dense.weight", "norm.bias", "norm.weight")
    ]


def test_languages_are_chosen_by_an_option(tiny_xlmr: Path, plan_of: PlanOf, notes: Registry, store: Store) -> None:
    def planned(**values: Any) -> Unit:
        chosen = {"registry": notes, "intermediates": ("notes",), "settings": settings(**values)}
        return training(plan_of(tiny_xlmr, "topics", **chosen))

    assert planned(languages="ru, sw").inputs["train.notes"].label == "prepare notes train ru+sw"
    with pytest.raises(RequestError, match=r"notes\.languages: it has no text in 'de', but in sw, eu, ru"):
        planned(languages="de")


def test_a_limit_is_one_a_language(tiny_xlmr: Path, plan_of: PlanOf, notes: Registry, store: Store) -> None:
    chosen = {"registry": notes, "intermediates": ("notes",), "settings": settings(), "limit": {"train": 1}}
    unit = training(plan_of(tiny_xlmr, "topics", **chosen)).inputs["train.notes"]
    store.make()
    perform(unit, store, notes, Settings(device="cpu", threads=1))
    assert [item["id"][:3] for _, item in read_jsonl(store.folder(unit.key) / "items.jsonl")] == ["sw:", "eu:", "ru:"]


def test_unsound_text_is_told_with_its_file(
    tiny_xlmr: Path, plan_of: PlanOf, notes: Registry, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "notes" / "train.eu.jsonl").write_text(json.dumps({"id": "1", "text": ""}), encoding="utf-8")
    plan = plan_of(tiny_xlmr, "topics", registry=notes, intermediates=("notes",), settings=settings())
    with pytest.raises(DataError, match=r"train\.eu\.jsonl: example 1 .*text must be text that is not blank"):
        done(training(plan), notes, store)


def test_a_tokenizer_without_a_mask_is_refused(tiny_xlmr: Path) -> None:
    tokenizer = copy.deepcopy(load_tokenizer(tiny_xlmr))
    tokenizer.mask_token = None
    with pytest.raises(CheckpointError, match="no mask token"):
        encode_texts(tokenizer, [text("a", "b")], {"max_length": 16, "split": "train"})


def test_it_is_no_target(tiny_xlmr: Path, plan_of: PlanOf, notes: Registry) -> None:
    with pytest.raises(RequestError, match=r"to be trained on: name it with --intermediate notes\.target"):
        plan_of(tiny_xlmr, "notes.target", registry=notes)
