"""Two folders in XTREME's layout: golden vectors of its evaluator, warnings, partial scores, a perfect folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry
from xtreme_harness.scoring.folders.findings import Findings
from xtreme_harness.scoring.folders.layout import FolderTask
from xtreme_harness.scoring.folders.score import Report, mean, score_folders
from xtreme_harness.scoring.folders.tags import split_sentences
from xtreme_harness.scoring.folders.text import read_lines
from xtreme_plugins.score import GROUPS, LANGUAGES, layout

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "scoring.json").read_text(encoding="utf-8"))["vectors"]
FOLDERS = [one for one in VECTORS if one["scorer"] == "evaluate_folder"]
LAYOUT = layout()
SUFFIXES = {task.name: task.format.suffix for task in LAYOUT.tasks}

Side = Mapping[str, Mapping[str, str]]


def write(side: Path, tasks: Side) -> None:
    """Files by task and language; `*` stands for every language of the task that is not named."""
    for task, texts in tasks.items():
        (side / task).mkdir(parents=True)
        codes = {*texts, *(LANGUAGES[task].split() if "*" in texts else ())} - {"*"}
        for code in codes:
            content = texts.get(code, texts.get("*", ""))
            (side / task / f"test-{code}.{SUFFIXES[task]}").write_bytes(content.encode())


def scored(root: Path, predictions: Side, labels: Side, **options: bool) -> Report:
    write(root / "predictions", predictions)
    write(root / "labels", labels)
    return score_folders(root / "predictions", root / "labels", LAYOUT, **options)


@pytest.mark.parametrize(
    "vector", [one for one in FOLDERS if "error" not in one["expected"]], ids=lambda one: f"{one['id']} {one['note']}"
)
def test_golden(vector: dict[str, Any], tmp_path: Path) -> None:
    report = scored(tmp_path, vector["input"]["predictions"], vector["input"]["labels"])
    expected = vector["expected"]
    assert report.overall == pytest.approx(expected["overall"], abs=1e-9)
    assert report.averages.keys() == expected["averages"].keys()
    for task, averages in expected["averages"].items():
        assert report.averages[task] == pytest.approx(averages, abs=1e-9)
    for task, metrics in expected.get("per_language", {}).items():
        for metric, values in metrics.items():
            ours = {code: report.languages[task][code][metric] for code in values}
            assert ours == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize(
    "vector", [one for one in FOLDERS if "error" in one["expected"]], ids=lambda one: f"{one['id']} {one['note']}"
)
def test_golden_crashes_are_refusals(vector: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DataError):
        scored(tmp_path, vector["input"]["predictions"], vector["input"]["labels"])


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if one["scorer"] == "read_tag_file"], ids=lambda one: one["note"]
)
def test_golden_tag_files(vector: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "tags.tsv"
    path.write_bytes(vector["input"]["text"].encode())
    sentences = split_sentences(read_lines(path, Findings()))
    assert [sentence.tags for sentence in sentences] == vector["expected"]["sentences"]


def test_the_layout_is_the_evaluators() -> None:
    counts = {task.name: len(task.languages) for task in LAYOUT.tasks}
    assert counts == {
        "pawsx": 7,
        "xnli": 15,
        "udpos": 33,
        "panx": 40,
        "xquad": 11,
        "mlqa": 7,
        "tydiqa": 9,
        "bucc2018": 4,
        "tatoeba": 36,
    }
    assert sorted(task for tasks in GROUPS.values() for task in tasks) == sorted(counts)


@pytest.mark.parametrize("task", LAYOUT.tasks, ids=lambda task: task.name)
def test_the_layout_fits_the_registered_task(task: FolderTask, registry: Registry) -> None:
    registered = registry.task(task.name)
    assert sorted(registered.languages) == sorted(task.languages)
    if "labels" in registered.options:
        assert sorted(registered.options["labels"]) == sorted(vars(task.format)["values"])


def test_a_perfect_folder_scores_100_with_no_warning_and_passes_strict(tmp_path: Path) -> None:
    report = scored(tmp_path, PERFECT, {**PERFECT, **GOLD_ANSWERS}, strict=True)
    assert report.warnings == []
    assert report.overall == dict.fromkeys(["all_task", *GROUPS], 100.0)


SQUAD = {"context": "a red house", "qas": [{"id": "q", "answers": [{"answer_start": 2, "text": "red"}]}]}
QA_GOLD = {"*": json.dumps({"data": [{"paragraphs": [SQUAD]}]})}
GOLD_ANSWERS: dict[str, dict[str, str]] = {"xquad": QA_GOLD, "mlqa": QA_GOLD, "tydiqa": QA_GOLD}
PERFECT: dict[str, dict[str, str]] = {
    "xnli": {"*": "neutral\nentailment\n"},
    "pawsx": {"*": "0\n1\n"},
    "udpos": {"*": "NOUN\nVERB\n\nSCONJ\n"},
    "panx": {"*": "B-PER\nI-PER\n\nO\n"},
    "bucc2018": {code: f"{code}-000000001\ten-000000002\n" for code in ("de", "fr", "ru", "zh")},
    "tatoeba": {"*": "1\n0\n"},
    **{task: {"*": '{"q": "red"}'} for task in GOLD_ANSWERS},
}


def test_partial_leaves_out_what_lacks_a_file_on_either_side(tmp_path: Path) -> None:
    texts = dict.fromkeys(LANGUAGES["pawsx"].split(), "0\n1\n")
    ours, theirs = ({code: text for code, text in texts.items() if code != gone} for gone in ("de", "ko"))
    report = scored(tmp_path, {"pawsx": ours, "xnli": {}}, {"pawsx": theirs, "xnli": {}}, partial=True)
    assert set(report.languages["pawsx"]) == set(LANGUAGES["pawsx"].split()) - {"de", "ko"}
    assert report.averages["pawsx"] == {"avg_accuracy": None, "avg_metric": None}
    assert report.overall == dict.fromkeys(["all_task", *GROUPS])
    assert sum("task pawsx: language" in warning for warning in report.warnings) == 2


def test_partial_keeps_the_averages_that_are_complete(tmp_path: Path) -> None:
    whole = {"xnli": PERFECT["xnli"], "pawsx": PERFECT["pawsx"], "tatoeba": {"de": "1\n0\n"}}
    report = scored(tmp_path, whole, whole, partial=True)
    assert report.overall["classification"] == 100.0
    assert report.overall["retrieval"] is report.overall["all_task"] is report.averages["tatoeba"]["avg_metric"] is None


def test_partial_with_no_file_pair_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="shares no file"):
        scored(tmp_path, {"pawsx": {"de": "0\n"}}, {"pawsx": {"fr": "0\n"}}, partial=True)


def test_equal_warnings_about_a_file_are_told_once_with_their_number(tmp_path: Path) -> None:
    report = scored(tmp_path, {"pawsx": {"*": "1\nx\ny\nz\n"}}, {"pawsx": {"*": "0\n1\n1\n1\n"}})
    german = [warning for warning in report.warnings if "predictions/pawsx/test-de.tsv" in warning]
    assert german == [
        f"{tmp_path}/predictions/pawsx/test-de.tsv, line 2: label 'x' is not one of 0, 1 (and 2 more like it)"
    ]


def test_two_trailing_blank_lines_are_an_extra_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds 3 sentences, but .* holds 2"):
        scored(tmp_path, {"panx": {"*": "O\n\nB-PER\n\n\n"}}, {"panx": {"*": "O\n\nB-PER\n"}})


def test_mean_of_nothing_is_none() -> None:
    assert mean([]) is None


@given(st.lists(st.sampled_from(["0", "1"]), min_size=3, max_size=9).filter(lambda gold: len(set(gold)) > 1))
def test_gold_as_predictions_scores_100(tmp_path_factory: pytest.TempPathFactory, gold: list[str]) -> None:
    root = tmp_path_factory.mktemp("gold")
    same = {"pawsx": {"*": "\n".join(gold)}}
    assert scored(root, same, same).averages["pawsx"]["avg_metric"] == 100.0
