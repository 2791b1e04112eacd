"""The bundled suite, run with a tiny encoder: verified with every kind, packed, published, and edited."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from xtreme_harness.records import read_records, write_records

Command = Callable[..., "CompletedProcess[str]"]
TASKS = {"mini.nli", "mini.paraphrase", "mini.pos", "mini.ner", "mini.qa", "mini.retrieval", "mini.mining"}
TRAINED = sorted(TASKS - {"mini.retrieval", "mini.mining"})
MOST_SECONDS = 15.0


class Shared(NamedTuple):
    folder: Path
    command: Command

    @property
    def run(self) -> Path:
        return self.folder / "runs" / "tiny"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("verify")
    command = command_in(folder)
    quick = [f"--set={task}.updates=2" for task in TRAINED]
    done = command("run", "--model", tiny_xlmr, "--suite", "mini", *quick, "--seed", "1", "--out", "runs/tiny")
    assert done.returncode == 0, done.stderr
    packed = command("leaderboard", "pack", "runs", "--out", "results/amina")
    assert (packed.returncode, packed.stdout) == (0, "results/amina/tiny\n")
    return Shared(folder, command)


def test_the_whole_suite_is_computed_again_quickly(shared: Shared) -> None:
    started = time.perf_counter()
    done = shared.command("leaderboard", "verify", "runs")
    assert time.perf_counter() - started < MOST_SECONDS
    assert (done.returncode, done.stderr) == (0, "")
    records = read_records(shared.run / "records.jsonl")
    assert {record["task"] for record in records} == TASKS
    assert f"{len(records)} cells ({len(records)} from predictions and gold)" in done.stdout


def test_so_is_its_pack_from_values_alone(shared: Shared) -> None:
    done = shared.command("leaderboard", "verify", "--repository", "results")
    assert (done.returncode, done.stderr) == (0, "")
    number = len(read_records(shared.run / "records.jsonl"))
    assert f"{number} cells ({number} from per-example values)" in done.stdout


def sw(task: str) -> str:
    return f"none.plain.s1 {task} sw"


@pytest.fixture
def copy(shared: Shared, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared.run, tmp_path / "tiny"))


def test_a_changed_figure_of_every_kind_is_named(shared: Shared, copy: Path) -> None:
    """With what it should be, for every metric of the cell."""
    records = read_records(copy / "records.jsonl")
    changed = [record for record in records if record["language"] == "sw"]
    for record in changed:
        record["metrics"] = {name: value + 0.001 for name, value in record["metrics"].items()}
    write_records(copy / "records.jsonl", records)
    done = shared.command("leaderboard", "verify", copy)
    assert done.returncode == 3
    expected = {
        f"{copy}: {sw(record['task'])}: {name} is {value} in the record and"
        for record in changed
        for name, value in record["metrics"].items()
    }
    assert {record["task"] for record in changed} == TASKS
    told = [line for line in done.stdout.splitlines() if " in the record and " in line]
    assert {line.partition(" and ")[0] + " and" for line in told} == expected
    assert all(line.endswith(" from predictions and gold") for line in told)


def test_one_changed_prediction_of_every_kind_is_named(shared: Shared, copy: Path) -> None:
    """A label, a tag, the start of a span, a neighbour, the score of a mined pair: in its file and in its cell."""
    for task in TASKS:
        file = copy / "predictions" / "none.plain.s1" / task / "sw.jsonl"
        first, *rest = file.read_text(encoding="utf-8").splitlines(keepends=True)
        changed = re.sub(r'("(?:prediction": \[?"|start": |target": ".*score": ))(.)', r"\g<1>1\2", first, count=1)
        assert changed != first
        file.write_text("".join([changed, *rest]), encoding="utf-8", newline="\n")
    done = shared.command("leaderboard", "verify", copy)
    assert done.returncode == 3
    for task in TASKS:
        name = f"predictions/none.plain.s1/{task}/sw.jsonl"
        assert f"{copy}: {name}: was edited, its hash is not the manifest's" in done.stdout.splitlines()
        assert f"{copy}: {sw(task)}: {name} is not the file whose hash the record gives" in done.stdout.splitlines()
