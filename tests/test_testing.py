"""The mocks themselves: whoever tests a plugin with them relies on what is checked here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import testing
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.registry import load_registry


def rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_jsonl(path)]


def test_importing_the_mocks_loads_nothing_heavy() -> None:
    code = "import sys, xtreme_harness.testing; print({'torch', 'transformers', 'sentencepiece'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_topics_plugin_is_what_a_stranger_would_write(tmp_path: Path) -> None:
    plugin = testing.write_topics(tmp_path, languages=("en", "sw", "eu"))
    assert len(plugin.read_text(encoding="utf-8").splitlines()) <= 25
    registry = load_registry([str(plugin)])
    task = registry.target_task("topics")
    assert not registry.failures
    assert (task.kind, task.languages, task.options["labels"]) == (
        "classify",
        ("en", "sw", "eu"),
        ("health", "sport", "trade"),
    )


def test_topics_have_as_many_examples_as_asked_for(tmp_path: Path) -> None:
    data = testing.write_topics(tmp_path, languages=("sw",), train=30, test=9).parent / "data"
    counts = {path.name: len(rows(path)) for path in data.iterdir()}
    assert counts == {"train.en.jsonl": 30, "dev.en.jsonl": 9, "test.sw.jsonl": 9}
    assert set(Counter(row["label"] for row in rows(data / "train.en.jsonl"))) == {"health", "sport", "trade"}


@pytest.mark.parametrize("languages", [("en", "sw"), ("en", "xx")])
def test_test_parts_are_translations_of_each_other(languages: tuple[str, str], tmp_path: Path) -> None:
    data = testing.write_topics(tmp_path, languages=languages).parent / "data"
    first, second = (rows(data / f"test.{language}.jsonl") for language in languages)
    assert [(row["id"], row["label"]) for row in first] == [(row["id"], row["label"]) for row in second]
    assert not {row["text_a"] for row in first} & {row["text_a"] for row in second}


def test_topics_are_the_same_for_a_seed(tmp_path: Path) -> None:
    texts = []
    for name, seed in [("a", 0), ("b", 0), ("c", 1)]:
        data = testing.write_topics(tmp_path / name, seed=seed).parent / "data"
        texts.append({path.name: path.read_text(encoding="utf-8") for path in data.iterdir()})
    assert texts[0] == texts[1] and texts[0] != texts[2]


def test_twins_are_pairs_that_are_all_different(tmp_path: Path) -> None:
    plugin = testing.write_retrieval(tmp_path, languages=("sw", "te"), n=64)
    registry = load_registry([str(plugin)])
    assert not registry.failures
    task = registry.target_task("twins")
    for language in task.languages:
        (path,) = task.files("test", language)
        examples = list(task.read("test", language, (Path(path),)))
        assert Counter(row["side"] for row in examples) == {"query": 64, "candidate": 64, "gold": 64}
        assert len({row["text"] for row in examples if row["side"] != "gold"}) == 128


@pytest.mark.parametrize(("name", "family"), [("tiny_xlmr", "xlm-roberta"), ("tiny_bert", "bert")])
def test_checkpoints_are_ordinary_and_small(name: str, family: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["model_type"], config["num_hidden_layers"], config["hidden_size"]) == (family, 2, 32)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_remedies_have_two_to_four_choices_and_one_that_is_right(tmp_path: Path) -> None:
    plugin = testing.write_remedies(tmp_path, train=30)
    assert not load_registry([str(plugin)]).failures
    train, english, swahili = (
        rows(plugin.parent / "data" / f"{name}.jsonl") for name in ("train.en", "test.en", "test.sw")
    )
    assert Counter(len(row["choices"]) for row in train) == {2: 10, 3: 10, 4: 10}
    assert len({row["label"] for row in train}) == 4
    for row in train:
        healthy = [any(word in choice for word in testing.TOPICS["health"]) for choice in row["choices"]]
        assert [place for place, is_right in enumerate(healthy) if is_right] == [row["label"]]
    assert [(row["id"], row["label"]) for row in english] == [(row["id"], row["label"]) for row in swahili]
    assert all(ours["choices"] != theirs["choices"] for ours, theirs in zip(english, swahili, strict=True))
