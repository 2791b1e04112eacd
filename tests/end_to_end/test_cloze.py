"""The cloze probe through the real command: predictions without answers, and what is not scored."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records

Command = Callable[..., "CompletedProcess[str]"]
CODES = ("ruby", "javascript", "go", "python", "java", "php")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "intermediate" / "cloze-maxmin"
    for code in CODES:
        (folder / code).mkdir(parents=True)
        test = {"nl_tokens": ["The", code], "pl_tokens": ["euro", "=", "<mask>", "(", "vitamin", ")"]}
        tests = [{"idx": f"{number}", **test} for number in range(3)]
        (folder / code / "clozeTest.json").write_text(json.dumps(tests), encoding="utf-8")
    (folder / "cloze_test_words.txt").write_text("max\nmin\n", encoding="utf-8")
    return tmp_path / "data"


def answers(folder: Path, words: tuple[str, ...]) -> Path:
    for code in CODES:
        path = folder / "intermediate" / "cloze-maxmin" / code / "answers.txt"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{n}<CODESPLIT>{word}\n" for n, word in enumerate(words)), encoding="utf-8")
    return folder


def test_cloze(tiny_masked: Path, tiny_xlmr: Path, data: Path, tmp_path: Path, command: Command) -> None:
    run = ["run", "--task", "cloze_maxmin", "--data", data, "--dtype", "float32"]
    cases = {
        "without answers": (tiny_masked, (), 4, "unlabelled", "no gold at hand"),
        "placeholders": (tiny_masked, ("token0", "token1", "token2"), 5, "failed", "'token0' is a placeholder"),
        "answers": (tiny_masked, ("max", "min", "max"), 0, "ok", None),
        "no head": (tiny_xlmr, ("max", "min", "max"), 4, "failed", "this model has no pretrained masked-LM head"),
    }
    for name, (model, words, code, state, why) in cases.items():
        labels = ("--labels", answers(tmp_path / f"labels {name}", words)) if words else ()
        done = command(*run, "--model", model, "--out", name, *labels)
        assert done.returncode == code, done.stderr
        (record,) = read_records(tmp_path / name / "records.jsonl")
        assert record["state"] == state and (why or "") in (record["why"] or "")
        predictions = tmp_path / name / "predictions" / record["row"] / "cloze_maxmin" / "en.jsonl"
        assert predictions.exists() is (name != "no head")
        if name != "no head":
            rows = [row for _, row in read_jsonl(predictions)]
            assert len(rows) == 18 and all(row["prediction"] in ("max", "min") for row in rows)
        if name == "answers":
            assert record["n"] == 18 and 0 <= record["metrics"]["accuracy"] <= 100
            assert not record["comparable"] and "another number of test examples" in record["not_comparable_because"]


def test_a_mix_with_text(tiny_masked: Path, tmp_path: Path, topics: Path, twins: Path, command: Command) -> None:
    """A task and continued masked language modelling in one training, as `--intermediate A+mlm.en`."""
    folder = tmp_path / "data" / "intermediate" / "mlm"
    folder.mkdir(parents=True)
    for language, texts in (("en", ("The bank sells coffee.",) * 3), ("sw", ("Benki inauza kahawa.", "Mvua ilikuja."))):
        lines = [f"{text} {number}" for number in range(20) for text in texts]
        (folder / f"{language}.txt").write_text("\n".join(lines), encoding="utf-8")
    plugins = [word for plugin in (topics, twins) for word in ("--plugin", plugin)]
    quick = ("--recipe", "mini", "--set=topics.epochs=1", "--set=mlm.languages=en,sw", "--sampler", "uniform")
    arguments = ["run", "--model", tiny_masked, "--task", "twins", "--data", tmp_path / "data", *plugins, *quick]
    done = command(*arguments, "--intermediate", "topics+mlm", "--intermediate", "topics+mlm.en", "--out", "out")
    assert done.returncode == 0, done.stderr
    records = read_records(tmp_path / "out" / "records.jsonl")
    for record, name in zip(records, ("mlm", "mlm.en"), strict=True):
        phase = record["phases"][0]
        assert phase["tasks"] == ["topics", name] and set(phase["dev"]) == {"topics", name}
        assert min(phase["drawn"].values()) > 0
        assert phase["handover"]["dropped"][0] == f"head.{name}.bias" and phase["handover"]["new"] == []
