"""Suite `full` on real data laid out as an XTREME download: all that is there runs, and scores the same as submitted.

A tiny untrained encoder and few examples: this is about every file, task and language, not about figures.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.real import download
from xtreme_harness.cli import main
from xtreme_harness.records import Record, read_records, task_number
from xtreme_tasks import tydiqa

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not download.DATA.is_dir(), reason=download.WITHOUT_DATA),
]

TRAIN, TEST = 40, 12
COVERED = {
    "pawsx": 7,
    "xnli": 15,
    "udpos": 18,
    "panx": 19,
    "xquad": 11,
    "mlqa": 7,
    "tydiqa": 9,
    "bucc2018": 3,
    "tatoeba": 36,
}
PAIRS, TAGS, QUESTIONS = ("pawsx", "xnli"), ("udpos", "panx"), ("xquad", "mlqa", "tydiqa")
VALUES = (
    # updates so many and large that predictions differ from example to example; XQuAD and MLQA share one training
    *(f"{task}.{value}" for task in PAIRS for value in ("epochs=8", "batch_size=8", "sentence_pooling=mean")),
    *(f"{task}.selection=last" for task in PAIRS),
    *(f"{task}.{value}" for task in (*TAGS, *QUESTIONS) for value in ("epochs=1", "batch_size=8")),
    *(f"{task}.learning_rate=3e-3" for task in (*PAIRS, *TAGS, *QUESTIONS)),
    *(f"{task}.max_length=128" for task in (*QUESTIONS, "bucc2018", "tatoeba")),  # all that the encoder takes
)


class Run(NamedTuple):
    """The folders of one run, and how it ended."""

    data: Path
    folder: Path
    exit_code: int

    def records(self) -> list[Record]:
        return read_records(self.folder / "records.jsonl")


def command(*arguments: str | Path) -> int:
    """Runs the command in this process and gives its exit code."""
    with pytest.raises(SystemExit) as leaving:
        raise SystemExit(main.run([*map(str, arguments)]))
    return int(leaving.value.code or 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_xlmr: Path) -> Iterator[Run]:
    place = tmp_path_factory.mktemp("whole")
    data = download.build(place / "data", train=TRAIN, test=TEST)
    options = ["--model", tiny_xlmr, "--suite", "full", "--data", data, "--store", place / "store", "--out"]
    options += [place / "run", "--device", "cpu", "--threads", "2", "--offline", *(f"--set={one}" for one in VALUES)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(tydiqa.SIZES["train"], "en", TRAIN)  # its cut training file would be refused
        yield Run(data, place / "run", command("run", *options))


def test_whatever_is_there_has_a_figure(whole: Run) -> None:
    states: dict[str, Counter[str]] = {task: Counter() for task in COVERED}
    for record in whole.records():
        states[record["task"]][record["state"]] += 1
    assert {task: found["ok"] for task, found in states.items()} == COVERED
    lacking = {task: found - Counter(ok=COVERED[task]) for task, found in states.items()}
    assert {task: dict(found) for task, found in lacking.items() if found} == {
        "udpos": {"missing-data": 15},
        "panx": {"missing-data": 20, "unlabelled": 1},
        "bucc2018": {"missing-data": 1},
    }
    assert whole.exit_code == 4


def test_slices_do_not_pass_as_the_benchmark(whole: Run) -> None:
    assert not [one["task"] for one in whole.records() if one["state"] == "ok" and one["comparable"]]


def test_what_is_missing_is_named(whole: Run) -> None:
    whys = {(record["task"], record["language"]): record["why"] for record in whole.records()}
    assert "fr-en.dev.fr" in whys["bucc2018", "fr"]
    assert "--labels" in whys["panx", "th"]
    assert whys["panx", "en"] is None


@pytest.fixture(scope="module")
def submitted(whole: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The submission folder and the exit code of the command that wrote it."""
    out = tmp_path_factory.mktemp("submission") / "out"
    return out, command("submission", whole.folder, "--out", out, "--data", whole.data)


def test_the_submission_has_a_file_for_every_prediction(whole: Run, submitted: tuple[Path, int]) -> None:
    out, exit_code = submitted
    predicted = {(one["task"], one["language"]) for one in whole.records() if one["predictions"]}
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {(path.parent.name, path.stem.removeprefix("test-")) for path in files} == predicted
    assert len(files) == sum(COVERED.values()) + 1 and ("panx", "th") in predicted
    assert exit_code == 4


def test_the_submission_scores_what_the_records_say(
    whole: Run, submitted: tuple[Path, int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("score", submitted[0], whole.data / "labels", "--partial", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    recorded = {(one["task"], one["language"]): one for one in whole.records() if one["state"] == "ok"}
    assert {(task, code) for task, codes in report["languages"].items() for code in codes} == set(recorded)
    for (task, code), record in recorded.items():
        scored = report["languages"][task][code]
        assert {name: record["metrics"][name] for name in scored} == pytest.approx(scored, abs=1e-9), (task, code)
        assert set(record["headline"]) <= set(scored)
    check_averages(report, recorded)


def check_averages(report: dict[str, Any], recorded: dict[tuple[str, str], Record]) -> None:
    """A task that lacks a language has no average and a warning, nor has what is made of it."""
    for task, figures in report["averages"].items():
        numbers = [task_number(one) for (name, _), one in recorded.items() if name == task]
        lacks = task in ("udpos", "panx", "bucc2018")
        mean = None if lacks else pytest.approx(sum(numbers) / len(numbers), abs=1e-9)
        assert figures["avg_metric"] == mean, task
        assert any(f"task {task}: language" in warning for warning in report["warnings"]) == lacks
    assert [name for name, figure in report["overall"].items() if figure is None] == [
        "all_task",
        "tagging",
        "retrieval",
    ]


def test_figures_are_not_those_of_a_constant(whole: Run) -> None:
    """Else equal scores would say little."""
    figures: dict[str, set[float]] = {task: set() for task in COVERED}
    for record in whole.records():
        figures[record["task"]] |= set(record["metrics"].values())
    assert all(len(found) > 1 for found in figures.values()), figures
