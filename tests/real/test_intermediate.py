"""Intermediate tasks on slices of the real data: every reader reads all of its slice, and gold scores 100."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.real.conftest import Unzipped
from tests.real.download import DATA, WITHOUT_DATA
from tests.real.examples import sound
from xtreme_harness import Task
from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.kinds.classify.decode import decode_labels
from xtreme_harness.kinds.span.pieces import cut_pieces
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.registry import Registry
from xtreme_tasks.intermediate.anli_plus import read_round
from xtreme_tasks.intermediate.tables import read_csv

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=WITHOUT_DATA)

# task: the files of a part, and how many examples they hold
SLICES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "snli dev": ("snli", ("intermediate/snli/snli_1.0_dev.jsonl.gz",), 1289 - 16),
    "snli test": ("snli", ("intermediate/snli/snli_1.0_test.jsonl.gz",), 1277 - 23),
    "squad_v2 train": ("squad_v2", ("squad/train-v2.0.json.gz",), 1500),
    "hellaswag dev": ("hellaswag", ("intermediate/hellaswag/hellaswag_val.jsonl.gz",), 1000),
    "cosmosqa dev": ("cosmosqa", ("intermediate/cosmosqa/valid.csv.gz",), 1800),
    "csqa train": ("csqa", ("intermediate/commonsenseqa/train_rand_split.jsonl.gz",), 1500),
    "csqa dev": ("csqa", ("intermediate/commonsenseqa/dev_rand_split.jsonl.gz",), 300),
    "socialiqa dev": (
        "socialiqa",
        ("intermediate/socialiqa/dev.jsonl.gz", "intermediate/socialiqa/dev-labels.lst.gz"),
        1800,
    ),
    "pmb_ccg train": ("pmb_ccg", ("intermediate/pmb_ccg/train.conll.gz",), 1500),
    "pmb_ccg dev": ("pmb_ccg", ("intermediate/pmb_ccg/dev.conll.gz",), 300),
    "pmb_ccg test": ("pmb_ccg", ("intermediate/pmb_ccg/test.conll.gz",), 300),
}
# the records of each set in its original archive: task, files, examples
LAYOUTS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "mnli": ("mnli", ("multi_nli/multinli_1.0.zip/multinli_1.0/multinli_1.0_dev_matched.jsonl",), 5),
    "qqp train": ("qqp", ("glue/qqp/QQP/train.tsv",), 3),
    "qqp dev": ("qqp", ("glue/qqp/QQP/dev.tsv",), 2),
    "hellaswag train": ("hellaswag", ("hellaswag/hellaswag_train.jsonl",), 2),
    "hellaswag dev": ("hellaswag", ("hellaswag/hellaswag_val.jsonl",), 2),
    "swag train": ("swag", ("swag/regular_0.0.0/train.csv",), 4),
    "swag dev": ("swag", ("swag/regular_0.0.0/val.csv",), 4),
    "cosmosqa train": ("cosmosqa", ("cosmos_qa/train.csv",), 2),
    "cosmosqa dev": ("cosmosqa", ("cosmos_qa/valid.csv",), 2),
    "csqa train": ("csqa", ("commonsense_qa/train_rand_split.jsonl",), 5),
    "csqa dev": ("csqa", ("commonsense_qa/dev_rand_split.jsonl",), 2),
    "socialiqa train": (
        "socialiqa",
        ("social_i_qa/socialiqa-train-dev/train.jsonl", "social_i_qa/socialiqa-train-dev/train-labels.lst"),
        2,
    ),
    "squad_v2": ("squad_v2", ("squad_v2/squad_v2_2.0.0/dev-v2.0.json",), 2),
}


def examples_of(part: str, registry: Registry, unzipped: Unzipped) -> list[Example]:
    name, files, _ = SLICES[part]
    return sound(registry, name, tuple(map(unzipped, files)))


@pytest.mark.parametrize("part", SLICES)
def test_every_example_of_a_slice_is_read(part: str, registry: Registry, unzipped: Unzipped) -> None:
    examples = examples_of(part, registry, unzipped)
    assert len(examples) == SLICES[part][2]
    if part.split()[0] == "pmb_ccg":
        assert (
            sum(len(one["tokens"]) for one in examples) == {"train": 9666, "dev": 1794, "test": 1952}[part.split()[1]]
        )
    else:
        assert len({one.get("label") for one in examples}) == {"squad_v2": 1, "snli": 3, "socialiqa": 3, "csqa": 5}.get(
            part.split()[0], 4
        )


@pytest.mark.parametrize("part", LAYOUTS)
def test_original_records_are_read(part: str, registry: Registry, layouts: Path) -> None:
    name, files, count = LAYOUTS[part]
    assert len(sound(registry, name, tuple(layouts / file for file in files))) == count


@pytest.mark.parametrize(("name", "count"), [("R1", 600), ("R2", 600), ("R3", 596)])
def test_rounds_of_anli(name: str, count: int, unzipped: Unzipped) -> None:
    rows = list(read_round(unzipped(f"intermediate/anli/derived_{name}_dev.jsonl.gz"), ""))
    assert len(rows) == count
    assert {row["label"] for row in rows} == {"contradiction", "entailment", "neutral"}


def test_anli_plus_reads_its_five_sets(registry: Registry, layouts: Path, unzipped: Unzipped) -> None:
    rounds = tuple(layouts / f"anli/anli_v0.1/R{number}/train.jsonl" for number in (1, 2, 3))
    mnli = layouts / LAYOUTS["mnli"][1][0]
    rows = sound(registry, "anli_plus", (unzipped(SLICES["snli dev"][1][0]), mnli, *rounds))
    assert [row["id"] for row in rows if not row["id"].startswith("snli")][:2] == ["mnli-0", "mnli-1"]
    assert {row["id"].rsplit("-", 1)[0] for row in rows} == {"snli", "mnli", "anli-r1", "anli-r2", "anli-r3"}


def test_hellaswag_s_parts_make_the_whole_context(registry: Registry, unzipped: Unzipped) -> None:
    import json

    path = unzipped("intermediate/hellaswag/hellaswag_val.jsonl.gz")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row, one in zip(rows, examples_of("hellaswag dev", registry, unzipped), strict=True):
        texts = [f"{one['question']} {choice}" for choice in one["choices"]]
        assert texts == [f"{row['ctx']} {ending}".strip() for ending in row["endings"]]


def test_cosmosqa_offers_none_of_the_above(registry: Registry, unzipped: Unzipped) -> None:
    examples = examples_of("cosmosqa dev", registry, unzipped)
    offered = [one for one in examples if "None of the above choices ." in one["choices"]]
    right = [one for one in offered if one["choices"][one["label"]] == "None of the above choices ."]
    assert (len(offered), len(right)) == (1318, 151)


def test_squad_v2_has_impossible_questions(registry: Registry, unzipped: Unzipped) -> None:
    examples = examples_of("squad_v2 train", registry, unzipped)
    assert sum(one.get("impossible", False) for one in examples) == 348


def test_pmb_ccg_has_categories_that_training_never_saw(registry: Registry, unzipped: Unzipped) -> None:
    train, dev = (
        {tag for one in examples_of(f"pmb_ccg {part}", registry, unzipped) for tag in one["tags"]}
        for part in ("train", "dev")
    )
    assert (len(train), len(dev), len(dev - train)) == (191, 115, 11)
    tokens = [token for one in examples_of("pmb_ccg train", registry, unzipped) for token in one["tokens"]]
    assert sum(" " in token for token in tokens) == 219 and not any("~" in token for token in tokens)


def figures(registry: Registry, task: Task, predictions: list[Example], gold: list[Example]) -> dict[str, float]:
    kind = registry.kind(task.kind).load()
    found: dict[str, float] = kind.figures(predictions, gold, [registry.metric(name) for name in task.metrics])
    return found


def prepared(registry: Registry, task: Task, tokenizer: Any, examples: list[Example], **options: Any) -> Encoded:
    """The examples as a `prepare` unit stores them."""
    import tempfile

    kind = registry.kind(task.kind).load()
    chosen = {**task.options, "split": "dev", "max_length": 128, **options}
    folder = Path(tempfile.mkdtemp())
    try:
        save_encoded(folder, kind.encode(tokenizer, examples, chosen), [kind.item(one, chosen) for one in examples])
        loaded = load_encoded(folder)
        columns = {name: type(one)(np.array(one.values), np.array(one.offsets)) for name, one in loaded.columns.items()}
        return Encoded(columns, loaded.items)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return load_tokenizer(request.getfixturevalue(request.param))


@pytest.mark.parametrize("part", [part for part in SLICES if SLICES[part][0] in ("snli",)])
def test_gold_of_pairs_scores_100(part: str, registry: Registry, unzipped: Unzipped, tokenizer: Any) -> None:
    task, gold = registry.task(SLICES[part][0]), examples_of(part, registry, unzipped)
    encoded = prepared(registry, task, tokenizer, gold)
    logits = np.eye(3)[encoded.columns["labels"].values]
    predictions = decode_labels(list(logits), encoded.items, task.options["labels"])
    assert figures(registry, task, predictions, gold) == {"accuracy": 100.0}


@pytest.mark.parametrize("part", ["hellaswag dev", "cosmosqa dev", "csqa train", "csqa dev", "socialiqa dev"])
def test_gold_of_choices_scores_100(part: str, registry: Registry, unzipped: Unzipped, tokenizer: Any) -> None:
    task, gold = registry.task(SLICES[part][0]), examples_of(part, registry, unzipped)
    encoded = prepared(registry, task, tokenizer, gold)
    assert encoded.lengths.max() <= 128 and encoded.examples == len(gold)
    scores = encoded.columns["labels"].values.astype(np.float32)[:, None]
    predictions = registry.kind("choose").load().decode(list(scores), encoded, task.options)
    assert figures(registry, task, predictions, gold) == {"accuracy": 100.0}


def test_gold_of_supertags_scores_100(registry: Registry, unzipped: Unzipped, tokenizer: Any) -> None:
    """Of the training part, whose labels they are; in dev, the categories that training never saw are lost."""
    task, figure = registry.task("pmb_ccg"), {}
    train = examples_of("pmb_ccg train", registry, unzipped)
    labels = tuple(sorted({tag for one in train for tag in one["tags"]}))
    for part in ("train", "dev"):
        gold = examples_of(f"pmb_ccg {part}", registry, unzipped)
        encoded = prepared(registry, task, tokenizer, gold, labels=labels, max_length=64)
        outputs = []
        for window, length in enumerate(encoded.lengths):
            logits = np.zeros((int(length), len(labels)), dtype=np.float32)
            known = encoded.columns["labels"][window] >= 0
            logits[encoded.columns["places"][window][known], encoded.columns["labels"][window][known]] = 1.0
            outputs.append(logits)
        options = {**task.options, "labels": labels}
        predictions = registry.kind("tag").load().decode(outputs, encoded, options)
        figure[part] = figures(registry, task, predictions, gold)["token_accuracy"]
        unseen = sum(tag not in labels for one in gold for tag in one["tags"])
        assert figure[part] == pytest.approx(100 * (1 - unseen / sum(len(one["tags"]) for one in gold)), abs=0.06)
    assert figure["train"] == 100.0 > figure["dev"] > 99.0


@pytest.mark.slow
@pytest.mark.encoder
def test_gold_of_squad_v2_scores_100(registry: Registry, unzipped: Unzipped, mini_tokenizer: Any) -> None:
    """Questions without an answer too; but for answers that begin or end inside a token, which no head can give."""
    task, gold = registry.task("squad_v2"), examples_of("squad_v2 train", registry, unzipped)
    lengths = {"max_length": 384, "max_query_length": 64, "doc_stride": 128, "max_answer_length": 256}
    encoded = prepared(registry, task, mini_tokenizer, gold, **lengths)
    outputs = []
    for window, length in enumerate(encoded.lengths):
        logits = np.zeros((int(length), 2), dtype=np.float32)
        start, end = encoded.columns["labels"][window]
        logits[start, 0] = logits[end, 1] = 9.0
        outputs.append(logits)
    options = {**task.options, **lengths}
    predictions = registry.kind("span").load().decode(outputs, encoded, options)
    empty = [row["start"] == row["end"] for row in predictions]
    assert empty == [one.get("impossible", False) for one in gold]
    kept = [place for place, one in enumerate(gold) if is_of_whole_tokens(mini_tokenizer, one)]
    assert len(kept) > 0.95 * len(gold)
    chosen = [predictions[place] for place in kept], [gold[place] for place in kept]
    assert figures(registry, task, *chosen) == {"exact_match": 100.0, "f1": 100.0}


def is_of_whole_tokens(tokenizer: Any, example: Example) -> bool:
    if not example["answers"]:
        return True
    (pieces,) = cut_pieces(tokenizer, [example["context"]])
    answer = example["answers"][0]
    left = len(answer["text"]) - len(answer["text"].lstrip())
    return answer["start"] + left in pieces.starts and answer["start"] + len(answer["text"].rstrip()) in pieces.ends


def test_csv_of_the_slice_has_no_broken_row(unzipped: Unzipped) -> None:
    rows = list(read_csv(unzipped("intermediate/cosmosqa/valid.csv.gz"), ("id", "label")))
    assert len({row["id"] for _, row in rows}) == 1800 and rows[-1][0] == 1801
