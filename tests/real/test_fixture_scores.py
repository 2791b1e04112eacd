"""XTREME's own evaluation fixture, scored: the official averages, with no seqeval installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from xtreme_harness.cli.main import run

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
FIXTURE = DATA / "layouts" / "xtreme_mock_test_data.tar.gz"
pytestmark = pytest.mark.skipif(not FIXTURE.is_file(), reason="needs XTREME's fixture in ../shared")


@pytest.fixture(scope="module")
def fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fixture")
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "mock_test_data"


def test_fixture(fixture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["score", str(fixture / "predictions"), str(fixture / "labels"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    numbers = {task: averages["avg_metric"] for task, averages in report["averages"].items()}
    # the original's own expected average; seqeval 1.2.2 gives 70.398
    assert round(numbers["udpos"], 3) == 70.217
    assert list(report["overall"]) == ["classification", "tagging", "qa"]  # the fixture has no bucc2018
    means = {
        "classification": ("pawsx", "xnli"),
        "tagging": ("udpos", "panx"),
        "qa": ("xquad", "mlqa", "tydiqa"),
    }
    for group, tasks in means.items():
        assert report["overall"][group] == pytest.approx(sum(numbers[task] for task in tasks) / len(tasks))
    assert {task: len(languages) for task, languages in report["languages"].items()}["panx"] == 40
    assert importlib.util.find_spec("seqeval") is None


def test_gold_as_predictions_scores_100(fixture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels, predictions = fixture / "labels", tmp_path / "predictions"
    shutil.copytree(labels, predictions)
    for path in [path for task in ("xquad", "mlqa", "tydiqa") for path in (predictions / task).iterdir()]:
        articles = json.loads(path.read_text(encoding="utf-8"))["data"]
        asked = [one for article in articles for paragraph in article["paragraphs"] for one in paragraph["qas"]]
        answers = {one["id"]: one["answers"][0]["text"] for one in asked}
        path.write_text(json.dumps(answers), encoding="utf-8")
    assert run(["score", str(predictions), str(labels), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    for task, languages in report["languages"].items():
        for code, figures in languages.items():
            assert figures == pytest.approx(dict.fromkeys(figures, 100.0)), (task, code)
