"""Tasks about code on slices of the real data: every reader reads all of its slice, and gold scores 100."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.real.conftest import Unzipped
from tests.real.download import DATA, WITHOUT_DATA
from tests.real.examples import sound
from xtreme_harness import Folders
from xtreme_harness.data.access import data_files
from xtreme_harness.data.encoded import load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.registry import Registry

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=WITHOUT_DATA)

CLONES = "code/bigclonebench/data.jsonl.gz"
# task: the files of a part, how many examples they hold, and how many of them have the label 1
SLICES: dict[str, tuple[str, tuple[str, ...], int, int]] = {
    "devign train": ("devign", ("code/devign/train.jsonl.gz",), 1000, 484),
    "devign dev": ("devign", ("code/devign/valid.jsonl.gz",), 200, 99),
    "bigclonebench train": ("bigclonebench.full", (CLONES, "code/bigclonebench/train.txt.gz"), 1000, 540),
    "bigclonebench dev": ("bigclonebench.full", (CLONES, "code/bigclonebench/valid.txt.gz"), 200, 98),
    "cosqa": ("cosqa", ("code/cosqa/cosqa-dev.json.gz",), 600, 313),
    "cosqa.no-docstring": ("cosqa.no-docstring", ("code/cosqa/cosqa-dev.json.gz",), 600, 313),
    "cosqa retrieval": ("cosqa", ("code/cosqa/cosqa-retrieval-dev-500.json.gz",), 491, 491),
}


def examples_of(part: str, registry: Registry, unzipped: Unzipped) -> list[Example]:
    return sound(registry, SLICES[part][0], tuple(map(unzipped, SLICES[part][1])))


@pytest.mark.parametrize("part", SLICES)
def test_every_example_of_a_slice_is_read(part: str, registry: Registry, unzipped: Unzipped) -> None:
    examples = examples_of(part, registry, unzipped)
    assert (len(examples), sum(one["label"] == "1" for one in examples)) == SLICES[part][2:]


def test_a_tenth_of_the_clones(registry: Registry, unzipped: Unzipped) -> None:
    sample = sound(registry, "bigclonebench", tuple(map(unzipped, SLICES["bigclonebench train"][1])))
    everything = {one["id"]: one for one in examples_of("bigclonebench train", registry, unzipped)}
    assert 70 <= len(sample) <= 130 and all(everything[one["id"]] == one for one in sample)


def test_code_without_docstring_has_none(registry: Registry, unzipped: Unzipped) -> None:
    """548 codes for 600 queries; a docstring that code_tokens kept would give the query away."""
    whole, bare = (examples_of(part, registry, unzipped) for part in ("cosqa", "cosqa.no-docstring"))
    assert len({one["group"] for one in whole}) == 548
    assert sum('"""' in one["text_b"] for one in whole) > 500 > 6 > sum('"""' in one["text_b"] for one in bare)
    assert all(one["text_b"].strip() for one in bare)


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("devign dev", ("text_a",)),
        ("bigclonebench train", ("text_a", "text_b")),
        ("cosqa", ("text_b",)),
        ("cosqa.no-docstring", ("text_b",)),
    ],
)
def test_code_without_labels_is_every_code_once(
    part: str, fields: tuple[str, ...], registry: Registry, unzipped: Unzipped
) -> None:
    name, files = SLICES[part][0], tuple(map(unzipped, SLICES[part][1]))
    codes = [one[field] for one in sound(registry, name, files) for field in fields]
    assert [one["text"] for one in sound(registry, f"{name}.no-labels", files)] == list(dict.fromkeys(codes))


def test_devign_s_functions_are_split(registry: Registry, unzipped: Unzipped, tmp_path: Path) -> None:
    """Of the slices, the list's hundred functions are the first ones of the training part."""
    originals = tmp_path / "originals" / "devign"
    originals.mkdir(parents=True)
    (originals / "function.json").symlink_to(unzipped("code/devign/function.json.gz"))
    (originals / "train.txt").write_text("".join(f"{index}\n" for index in reversed(range(60))), encoding="utf-8")
    (originals / "valid.txt").write_text("".join(f"{index}\n" for index in range(60, 100)), encoding="utf-8")
    folders = Folders(originals=originals.parent, data=tmp_path / "data", labels=tmp_path / "labels", official=False)
    task = registry.task("devign")
    assert task.import_files is not None
    task.import_files(folders)
    parts = [sound(registry, "devign", data_files(task, part, "en", folders.data)) for part in ("train", "dev")]
    found = [(row["text_a"], row["label"]) for part in parts for row in part]
    assert [len(part) for part in parts] == [60, 40]
    assert found == [(row["text_a"], row["label"]) for row in examples_of("devign train", registry, unzipped)[:100]]


def test_programs_in_their_archive(registry: Registry, layouts: Path, tmp_path: Path) -> None:
    place = layouts / "code_x_glue_cc_clone_detection_poj104"
    folders = Folders(originals=place, data=tmp_path / "data", labels=tmp_path / "labels", official=False)
    task = registry.task("poj104")
    assert task.import_files is not None
    task.import_files(folders)
    assert len((tmp_path / "data/intermediate/poj104/train.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    assert len((tmp_path / "data/intermediate/poj104/valid.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_code_search_net_s_records(registry: Registry, layouts: Path) -> None:
    folder = layouts / "code_x_glue_tc_nl_code_search_adv/python.zip/python/final/jsonl/train"
    rows = sound(registry, "advtest", (folder / "python_train_0.jsonl",))
    assert len(rows) == 3 and {row["group"] for row in rows} == {"ageitgey/face_recognition"}
    query, code = rows[0]["query"], rows[0]["positive"]
    assert query.startswith("Trains a k - nearest neighbors classifier") and code.startswith("def train (")
    assert not [row for row in rows if row["query"] in row["positive"]]


@pytest.mark.parametrize("part", ["devign dev", "bigclonebench dev", "cosqa"])
def test_gold_scores_100(part: str, registry: Registry, unzipped: Unzipped, tiny_xlmr: Path, tmp_path: Path) -> None:
    """Through tokens and labels and back."""
    task, gold = registry.task(SLICES[part][0]), examples_of(part, registry, unzipped)[:60]
    kind, options = registry.kind(task.kind).load(), {**task.options, "max_length": 64}
    columns = kind.encode(load_tokenizer(tiny_xlmr), gold, options)
    save_encoded(tmp_path, columns, [kind.item(one, options) for one in gold])
    encoded = load_encoded(tmp_path)
    outputs = list(np.eye(2)[encoded.columns["labels"].values])
    metrics = [registry.metric(name) for name in task.metrics]
    assert set(kind.figures(kind.decode(outputs, encoded, options), gold, metrics).values()) == {100.0}
