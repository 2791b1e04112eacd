"""Kind `tag`: words to windows, logits to tags, and the way back, on the original's vectors and on tiny encoders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, Ragged, load_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.tag.decode import IGNORED, decode_tags, scoring_problem, token_targets
from xtreme_harness.kinds.tag.encode import cut, encode_sentences, gold_problem, input_problem, wrapping
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.scoring.chunks import chunk_f1
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome
from xtreme_tasks.tagged import read_tagged

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tagging.json").read_text(encoding="utf-8"))["vectors"]
SPLIT_JOIN = [vector for vector in GOLDEN if vector["scorer"] == "tag_split_join"]
LABELS = ("A", "B", "C", "D", "B-PER", "NOUN", "NUM", "O", "X")
OPTIONS: dict[str, Any] = {
    "labels": LABELS,
    "max_length": 128,
    "first_content_subword": False,
    "open_labels": False,
}

PlanOf = Callable[..., Plan]
PerformAll = Callable[..., list[Outcome]]


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def checkpoint(request: pytest.FixtureRequest) -> Path:
    """Both families in turn."""
    found: Path = request.getfixturevalue(request.param)
    return found


class Letters:
    """The tokenizer of the vectors: one subword a character, two special tokens; the word @ has no subword."""

    unk_token_id, mask_token_id, pad_token_id = 1, None, 0

    def __call__(self, text: Any, pair: str | None = None, add_special_tokens: bool = True) -> dict[str, Any]:
        if isinstance(text, list):
            return {"input_ids": [self.pieces(one) for one in text]}
        ids = self.pieces(text)
        return {"input_ids": [2, *ids, 3, *([*self.pieces(pair), 3] if pair else [])] if add_special_tokens else ids}

    def pieces(self, word: str) -> list[int]:
        return [] if word == "@" else [ord(character) for character in word]

    def convert_tokens_to_ids(self, token: str) -> int:
        return self.unk_token_id


def encoded(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any] = OPTIONS) -> Encoded:
    """As a `prepare` unit leaves it."""
    columns = {}
    for name, rows in encode_sentences(tokenizer, examples, options).items():
        flat = np.array([value for row in rows for value in row], dtype=np.int32)
        columns[name] = Ragged(flat, np.array([0, *accumulate(map(len, rows))], dtype=np.int64))
    return Encoded(columns, [{"id": example["id"]} for example in examples])


def ideal(windows: Encoded, labels: Sequence[str], rows: Sequence[Sequence[str]] | None = None) -> list[Any]:
    """Logits [tokens, labels] that say the windows' own labels (or `rows`) where the loss looks, nonsense elsewhere."""
    outputs = []
    for window, length in enumerate(windows.lengths):
        logits = np.random.default_rng(window).normal(size=(length, len(labels)))
        wanted = [labels.index(tag) for tag in rows[window]] if rows else windows.columns["labels"][window]
        logits[windows.columns["places"][window], wanted] = 100.0
        outputs.append(logits)
    return outputs


def words_of(windows: Encoded, window: int) -> list[str]:
    """The words of one window of `Letters`, read back from its ids."""
    ids, places = windows.columns["input_ids"][window][:-1], windows.columns["places"][window]
    parts = np.split(ids, places)[1:]
    return ["".join("[UNK]" if one == 1 else chr(one) for one in part) for part in parts]


def blocks(text: str) -> list[list[str]]:
    return [block.split() for block in text.split("\n\n") if block.strip()]


# The original counts an empty sentence at a doubled or leading blank line and crashes when it joins, and it cuts words
# at white space (docs/traps.md, 14 and 12).
FIXED = {
    "tag_split_join-010": ([["a"], ["b"]], [["0"], ["1"]], "A\n\nB\n"),
    "tag_split_join-015": ([["a"]], [["0"]], "A\n"),
    "tag_split_join-009": ([["a", "1\u00a02"]], [["0", "0"]], None),
}


@pytest.mark.parametrize("vector", SPLIT_JOIN, ids=lambda vector: vector["id"])
def test_windows_are_those_of_the_original(vector: dict[str, Any], tmp_path: Path) -> None:
    given, expected = vector["input"], vector["expected"]
    (tmp_path / "words.tsv").write_text(given["text"], encoding="utf-8")
    split = "train" if "\t" in given["text"] else "test"
    examples = list(read_tagged(LABELS)(split, "en", (tmp_path / "words.tsv",)))
    windows = encoded(Letters(), examples, {**OPTIONS, "max_length": given["max_len"]})
    chunks = [[line.split("\t")[0] for line in block] for block in map(str.split, blocks_of_lines(expected))]
    words, numbers, joined = FIXED.get(
        vector["id"], (chunks, blocks(expected["index_file"]), expected.get("joined_predictions"))
    )
    assert [words_of(windows, window) for window in range(len(windows))] == words
    items = [int(windows.columns["item"][window][0]) for window in range(len(windows))]
    assert items == [int(block[0]) for block in numbers]
    if isinstance(joined, str):
        outputs = ideal(windows, LABELS, given["predictions_per_chunk"])
        rows = decode_tags(outputs, windows, LABELS)
        assert "\n".join("".join(f"{tag}\n" for tag in row["prediction"]) for row in rows) == joined


def blocks_of_lines(expected: dict[str, Any]) -> list[str]:
    """Words of the split file, a chunk each; their tags are cut off."""
    kept = "\n".join(line.split("\t")[0] for line in expected["split_file"].split("\n"))
    return [block for block in kept.split("\n\n") if block.strip()]


def test_a_label_per_word_and_none_elsewhere(tmp_path: Path) -> None:
    windows = encoded(Letters(), [{"id": "0", "tokens": ["ab", "c"], "tags": ["B", "A"]}])
    targets = token_targets(windows.columns, [0], 7)
    assert targets.tolist() == [[IGNORED, 1, IGNORED, 0, IGNORED, IGNORED, IGNORED]]


def test_xlmr_ends_with_two_separators_and_bert_with_one(tiny_xlmr: Path, tiny_bert: Path) -> None:
    """The doubled one is XTREME's, in tagging only (docs/traps.md, 15)."""
    xlmr, bert = (wrapping(load_tokenizer(folder)) for folder in (tiny_xlmr, tiny_bert))
    assert (xlmr.before, xlmr.after, xlmr.specials, xlmr.has_segments) == ((0,), (2, 2), 3, False)
    assert (bert.before, bert.after, bert.specials, bert.has_segments) == ((2,), (3,), 2, True)


def test_the_label_is_on_the_first_subword_or_the_first_with_content(tiny_xlmr: Path) -> None:
    tokenizer = load_tokenizer(tiny_xlmr)
    examples = [{"id": "0", "tokens": ["The", "医生"]}]
    (plain,) = encode_sentences(tokenizer, examples, OPTIONS)["places"]
    (content,) = encode_sentences(tokenizer, examples, {**OPTIONS, "first_content_subword": True})["places"]
    (ids,) = encode_sentences(tokenizer, examples, OPTIONS)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids[plain[1]]) == "▁"
    assert tokenizer.convert_ids_to_tokens(ids[content[1]]) != "▁"
    assert (content[0], content[1]) == (plain[0], plain[1] + 1)


def test_without_a_piece_for_the_space_both_rules_are_one(tiny_bert: Path) -> None:
    tokenizer, examples = load_tokenizer(tiny_bert), [{"id": "0", "tokens": ["医生", "zzz", "\u00a0"]}]
    both = [encode_sentences(tokenizer, examples, {**OPTIONS, "first_content_subword": on}) for on in (True, False)]
    assert both[0] == both[1]


def test_max_length_must_have_room_for_a_word(tiny_xlmr: Path) -> None:
    with pytest.raises(RequestError, match="max_length 3 leaves no room beside 3 special tokens"):
        encode_sentences(load_tokenizer(tiny_xlmr), [{"id": "0", "tokens": ["a"]}], {**OPTIONS, "max_length": 3})


TOKENS = st.sampled_from(
    [
        "The",
        "vitamin",
        "10\u00a0000",
        "\u00a0",
        "\u3000",
        "\ufeff",
        "\u200b",
        "@",
        "医生",
        "врач",
        "",
        "x" * 90,
        "del",
        "_",
    ]
)
SENTENCES = st.lists(
    st.lists(st.tuples(TOKENS, st.sampled_from(LABELS)), min_size=1, max_size=40), min_size=1, max_size=4
)


@given(SENTENCES, st.integers(6, 40), st.booleans())
@pytest.mark.parametrize("family", ["xlmr", "bert"])
def test_gold_comes_back_through_encoding_and_decoding(
    tmp_path_factory: pytest.TempPathFactory,
    family: str,
    drawn: list[list[tuple[str, str]]],
    max_length: int,
    first_content_subword: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"for-tagging-{family}"
    make = {"xlmr": testing.make_tiny_xlmr, "bert": testing.make_tiny_bert}[family]
    tokenizer = load_tokenizer(folder if folder.exists() else make(folder))
    gold = [
        {"id": str(number), "tokens": [word for word, _ in rows], "tags": [tag for _, tag in rows]}
        for number, rows in enumerate(drawn)
    ]
    options = {"labels": LABELS, "max_length": max_length, "first_content_subword": first_content_subword}
    windows = encoded(tokenizer, gold, options)
    around = wrapping(tokenizer)
    for ids in (windows.columns["input_ids"][window].tolist() for window in range(len(windows))):
        assert len(ids) <= max_length
        assert (tuple(ids[:1]), tuple(ids[-len(around.after) :])) == (around.before, around.after)
    rows = decode_tags(ideal(windows, LABELS), windows, LABELS)
    assert [row["prediction"] for row in rows] == [row["tags"] for row in gold]
    tags = [row["tags"] for row in gold]
    if any(tag != "O" for sentence in tags for tag in sentence):
        assert chunk_f1([row["prediction"] for row in rows], tags).figure == pytest.approx(100)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(9, 20))
def test_windows_are_full_and_hold_every_word_once(lengths: list[int], budget: int) -> None:
    windows = cut(lengths, budget)
    assert [word for first, last in windows for word in range(first, last)] == list(range(len(lengths)))
    sums = [sum(lengths[first:last]) for first, last in windows]
    assert max(sums) <= budget
    assert all(total + lengths[last] > budget for total, (_, last) in zip(sums[:-1], windows[:-1], strict=True))


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"id": "a", "tokens": ["x", ""]}, None),
        ({"id": 1, "tokens": ["x"]}, "id must be text"),
        ({"id": "a", "tokens": []}, "tokens must be a list of texts, at least one"),
        ({"id": "a", "tokens": "x y"}, "tokens must be a list of texts, at least one"),
        ({"id": "a", "tokens": ["x", 3]}, "tokens must be a list of texts, at least one"),
        ({"id": "a"}, "tokens must be a list of texts, at least one"),
    ],
)
def test_unsound_inputs(example: dict[str, Any], told: str | None) -> None:
    assert input_problem(example) == told


@pytest.mark.parametrize(
    ("example", "told"),
    [
        ({"tokens": ["x"], "tags": ["O"]}, None),
        ({"tags": ["O", "A"]}, None),  # a label file has no words
        ({"tokens": ["x"]}, "it has no tags"),
        ({"tokens": ["x"], "tags": []}, "it has no tags"),
        ({"tokens": ["x", "y"], "tags": ["O"]}, "it has 1 tags for 2 tokens"),
        ({"tokens": ["x", "y"], "tags": ["O", "o"]}, "tag 2 is 'o', not one of A, B"),
        ({"tokens": ["x"], "tags": [["O"]]}, "tag 1 is ['O'], not one of"),
    ],
)
def test_unsound_tags(example: dict[str, Any], told: str | None) -> None:
    problem = gold_problem(example, OPTIONS)
    assert problem is None if told is None else problem is not None and problem.startswith(told)


def test_gold_that_cannot_be_scored_against() -> None:
    ours = [{"id": "a", "prediction": ["O"]}, {"id": "b", "prediction": ["O", "A"]}]
    assert scoring_problem(ours, [{"id": "a", "tags": ["A"]}, {"id": "b", "tags": ["O", "A"]}]) is None
    short = scoring_problem(ours, [{"id": "a", "tags": ["O"]}, {"id": "b", "tags": ["O"]}])
    assert short == "sentence 2 (id b) has 1 gold tags for 2 words"
    stripped = scoring_problem(ours, [{"id": "a", "tags": ["O"]}, {"id": "b", "tags": ["O", "O"]}])
    assert stripped is not None and stripped.startswith("every gold tag is 'O': the labels were taken out")


LEARNING = (
    ("names", "learning_rate", 3e-3),
    ("names", "epochs", 15),
    ("names", "batch_size", 4),
    ("names", "warmup", 0.1),
    ("names", "dropout", 0.0),
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return testing.write_names(tmp_path_factory.mktemp("names"))


@pytest.fixture(scope="module")
def with_names(names: Path) -> Registry:
    return load_registry([str(names)])


def test_a_task_is_learnt_in_english_and_predicted_in_every_language(
    checkpoint: Path, with_names: Registry, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    plan = plan_of(checkpoint, "names", registry=with_names, settings=LEARNING)
    perform_all(plan.units(), registry=with_names)
    for cell in plan.cells:
        assert cell.score is not None and cell.predict is not None
        scored, predicted = store.find(cell.score.key), store.find(cell.predict.key)
        assert scored is not None and predicted is not None
        assert list(scored.result["metrics"]) == ["f1", "precision", "recall", "token_accuracy"]
        assert predicted.result["windows"] > scored.result["n"] == 8  # the long sentence is in several windows
        rows = [row for _, row in read_jsonl(predicted.file("predictions.jsonl"))]
        assert [set(row) for row in rows] == [{"id", "prediction"}] * 8
        gold = [row for _, row in read_jsonl(Path(cell.score.details["files"][0]))]
        assert [len(row["prediction"]) for row in rows] == [len(row["tokens"]) for row in gold]
        counts = [row for _, row in read_jsonl(scored.file("scores.jsonl"))]
        assert [set(row) for row in counts] == [{"id", "hits", "predicted", "gold", "right", "tokens"}] * 8
        hits, ours, theirs = (sum(row[name] for row in counts) for name in ("hits", "predicted", "gold"))
        assert scored.result["metrics"]["f1"] == pytest.approx(200 * hits / (ours + theirs))
        short = [(row["hits"], row["predicted"] + row["gold"]) for row in counts[:-1]]
        assert 200 * sum(hit for hit, _ in short) / sum(both for _, both in short) > 75


def test_padding_changes_no_prediction(
    tiny_bert: Path, with_names: Registry, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """Padding is cut off each window's output: alone in a batch it gets the same tags as beside longer windows."""
    plan = plan_of(tiny_bert, "names", registry=with_names, settings=(("names", "epochs", 3),))
    perform_all(plan.units(), registry=with_names, token_budget=4096)
    for cell in plan.cells:
        assert cell.predict is not None
        together = predicted_tags(store, cell.predict)
        shutil.rmtree(store.folder(cell.predict.key))
        perform_all([cell.predict], registry=with_names, token_budget=1)
        assert predicted_tags(store, cell.predict) == together


def predicted_tags(store: Store, unit: Unit) -> list[list[str]]:
    found = store.find(unit.key)
    assert found is not None
    return [row["prediction"] for _, row in read_jsonl(found.file("predictions.jsonl"))]


def test_prepared_tests_hold_no_tags(
    tiny_xlmr: Path, with_names: Registry, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    units = [unit for unit in plan_of(tiny_xlmr, "names", registry=with_names).units() if unit.type == "prepare"]
    perform_all(units, registry=with_names)
    for unit in units:
        found = store.find(unit.key)
        assert found is not None
        assert ("labels" in load_encoded(found.folder).columns) is (unit.parameters["split"] != "test")
        assert unit.parameters["first_content_subword"] is False


def test_the_label_rule_is_an_option_of_the_task_and_part_of_its_identity(
    tiny_xlmr: Path, with_names: Registry, plan_of: PlanOf
) -> None:
    plain = plan_of(tiny_xlmr, "names", registry=with_names)
    turned = plan_of(tiny_xlmr, "names", registry=with_names, settings=(("names", "first_content_subword", True),))
    assert [cell.options["first_content_subword"] for cell in (plain.cells[0], turned.cells[0])] == [False, True]
    assert not {unit.key for unit in plain.units()} & {unit.key for unit in turned.units()}


def test_placeholder_labels_are_refused(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll
) -> None:
    plugin = testing.write_names(tmp_path / "stripped")
    path = plugin.parent / "data" / "test.sw.jsonl"
    stripped = [{**row, "tags": ["O"] * len(row["tags"])} for _, row in read_jsonl(path)]
    path.write_text("".join(json.dumps(row) + "\n" for row in stripped), encoding="utf-8")
    registry = load_registry([str(plugin)])
    units = plan_of(tiny_xlmr, "names", registry=registry, settings=(("names", "epochs", 1),)).units()
    perform_all([unit for unit in units if unit.type != "score"], registry=registry)
    with pytest.raises(DataError, match=r"test\.sw\.jsonl: every gold tag is 'O'"):
        perform_all([unit for unit in units if unit.label == "score names sw"], registry=registry)


def opened(folder: Path) -> Registry:
    """The task `names`, whose labels are those of its training part."""
    plugin = testing.write_names(folder)
    text = plugin.read_text(encoding="utf-8")
    changed = text.replace('labels=("B-LOC", "B-PER", "I-PER", "O")', 'options={"labels": (), "open_labels": True}')
    assert changed != text
    plugin.write_text(changed, encoding="utf-8")
    return load_registry([str(plugin)])


def figures(plan: Plan, store: Store) -> list[float]:
    found = [store.find(cell.score.key) for cell in plan.cells if cell.score]
    return [one.result["metrics"]["f1"] for one in found if one]


def retagged(path: Path, old: str, new: str) -> None:
    rows = [{**row, "tags": [new if tag == old else tag for tag in row["tags"]]} for _, row in read_jsonl(path)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_open_labels_are_those_of_the_english_training_part(
    tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf, perform_all: PerformAll, store: Store
) -> None:
    """Tags that training never saw count as wrong, in dev and in tests; the rest is as with labels that are named."""
    registry = opened(tmp_path / "open")
    for name in ("dev.en", "test.sw"):
        retagged(tmp_path / "open" / "data" / f"{name}.jsonl", "B-LOC", "B-TOWN")
    plan = plan_of(tiny_xlmr, "names", registry=registry, settings=LEARNING)
    (trained,) = (unit for unit in plan.units() if unit.type == "train")
    assert list(trained.parameters["parts"][0]["options"]["labels"]) == ["B-LOC", "B-PER", "I-PER", "O"]
    perform_all(plan.units(), registry=registry)
    english, swahili = figures(plan, store)
    closed = load_registry([str(testing.write_names(tmp_path / "closed"))])
    expected = plan_of(tiny_xlmr, "names", registry=closed, settings=LEARNING)
    perform_all(expected.units(), registry=closed)
    assert english == figures(expected, store)[0]
    assert swahili < figures(expected, store)[1]


def test_another_training_part_makes_other_labels_and_keys(tmp_path: Path, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    registry = opened(tmp_path / "open")
    first = plan_of(tiny_xlmr, "names", registry=registry)
    retagged(tmp_path / "open" / "data" / "train.en.jsonl", "B-LOC", "B-TOWN")
    second = plan_of(tiny_xlmr, "names", registry=registry)
    labels = [plan.cells[0].options["labels"] for plan in (first, second)]
    assert labels == [("B-LOC", "B-PER", "I-PER", "O"), ("B-PER", "B-TOWN", "I-PER", "O")]
    assert not {unit.key for unit in first.units()} & {unit.key for unit in second.units()}


@pytest.mark.parametrize(
    ("tags", "told"), [(["B-NEW", "O"], None), (["B-NEW", ""], "tag 2 is ''"), (["O", 3], "tag 2 is 3")]
)
def test_open_labels_are_texts(tags: list[Any], told: str | None) -> None:
    problem = gold_problem({"tokens": ["a", "b"], "tags": tags}, {**OPTIONS, "open_labels": True})
    assert problem is None if told is None else problem is not None and problem.startswith(told)
