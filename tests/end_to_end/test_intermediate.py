"""Training on English tasks first, through the command: rows none, A and A+B; what is kept, shared, resumed, told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any, NamedTuple

import pytest

from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records
from xtreme_harness.store import Store
from xtreme_harness.testing import write_names, write_retrieval, write_topics

pytestmark = pytest.mark.slow

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "Popen[str]"]

ROWS = ("none", "topics", "topics+names")
PHASES = {"none": [], "topics": [["topics"]], "topics+names": [["topics", "names"]]}
QUICK = ("--recipe", "mini", "--dtype", "float32", "--set", "topics.epochs=3", "--set", "names.epochs=3")
SMALL = ("--set", "topics.batch_size=4", "--set", "names.batch_size=8", "--set", "topics.learning_rate=1e-3")
ENCODER = "encoder/model.safetensors"


class Shared(NamedTuple):
    """One run of three tasks in three rows, made once: tests read it, or run on with its store."""

    folder: Path
    command: Command
    arguments: list[str]
    done: CompletedProcess[str]

    @property
    def store(self) -> Store:
        return Store(self.folder / "store")

    def run(self, *rows: str, out: str, more: Sequence[str] = ()) -> CompletedProcess[str]:
        chosen = [word for row in rows for word in ("--intermediate", row)]
        return self.command(*self.arguments, *chosen, "--out", out, *more)

    def trained(self) -> dict[str, Mapping[str, Any]]:
        """What the store says of finished trainings, by label."""
        found = [about for _, about in self.store.finished() if about["identity"]["type"] == "train"]
        return {about["label"]: about for about in found}


def plugins_in(folder: Path) -> list[str]:
    made = [write_topics(folder / "topics"), write_names(folder / "names"), write_retrieval(folder / "twins")]
    return [word for plugin in made for word in ("--plugin", str(plugin))]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("intermediate")
    tasks = [word for task in ("topics", "names", "twins") for word in ("--task", task)]
    arguments = ["run", "--model", str(tiny_xlmr), *tasks, *plugins_in(folder), *QUICK, *SMALL, "--seed", "1"]
    shared = Shared(folder, command_in(folder), arguments, CompletedProcess([], 0))
    done = shared.run(*ROWS, out="first")
    assert done.returncode == 0, done.stderr
    return shared._replace(done=done)


def computed(done: CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1].split(" units computed")[0])


def test_every_row_is_in_the_table(shared: Shared) -> None:
    lines = [line.split("|")[1].strip() for line in shared.done.stdout.splitlines() if line.startswith("| ")]
    labels = [f"{row}.plain.s1" for row in ROWS]
    assert lines[:4] == ["row", *labels]
    assert [path.name for path in sorted((shared.folder / "first" / "predictions").iterdir())] == sorted(labels)
    page = (shared.folder / "first" / "leaderboard.md").read_text(encoding="utf-8")
    assert "via topics+names | control none | seeds 1 | zero-shot" in page


def test_records_tell_every_phase(shared: Shared) -> None:
    records = read_records(shared.folder / "first" / "records.jsonl")
    assert len(records) == 3 * 5 and {record["state"] for record in records} == {"ok"}
    units = {about["key"]: about for about in shared.trained().values()}
    for record in records:
        name = record["intermediate"]
        assert record["row"] == f"{name}.plain.s1" and record["protocol"] == "zero-shot"
        own = [] if record["task"] == "twins" else [[record["task"]]]
        assert [phase["tasks"] for phase in record["phases"]] == PHASES[name] + own
        roles = ["intermediate"] * len(PHASES[name]) + ["target"] * len(own)
        assert [phase["role"] for phase in record["phases"]] == roles
        for phase in record["phases"]:
            unit = units[phase["unit"]]
            assert phase["dev"] == unit["result"]["dev"] != {} and phase["updates"] == unit["result"]["updates"]
            assert (phase["seed"], phase["selection"]) == (1, "last")
            assert phase["sampler"] == ({"kind": "proportional"} if len(phase["tasks"]) > 1 else None)


def test_the_intermediate_phase_tells_values_data_and_what_was_handed_on(shared: Shared) -> None:
    records = read_records(shared.folder / "first" / "records.jsonl")
    mixed = [record for record in records if record["intermediate"] == "topics+names"]
    for record in mixed:
        phase = record["phases"][0]
        assert phase["options"]["learning_rate"] == 1e-3  # that of topics, the first
        assert {task: one["batch_size"] for task, one in phase["options"]["tasks"].items()} == {"topics": 4, "names": 8}
        assert sorted(phase["data"]) == ["dev.names", "dev.topics", "train.names", "train.topics"]
        assert phase["updates"] == sum(phase["drawn"].values()) == 3 * 6 + 3 * 4
        assert phase["handover"]["loaded"] == 37 and len(phase["handover"]["dropped"]) == 4
        assert len(phase["handover"]["new"]) == (0 if record["task"] == "twins" else 2)
    english = {record["task"]: record["data"] for record in mixed if record["language"] == "en"}
    assert english["names"]["train"] == mixed[0]["phases"][0]["data"]["train.names"]
    assert set(english["names"]) == {"train", "dev", "test", "gold"}


def test_an_intermediate_phase_changes_what_comes_after_it(shared: Shared) -> None:
    def similarities(row: str) -> list[float]:
        path = shared.folder / "first" / "predictions" / f"{row}.plain.s1" / "twins" / "sw.jsonl"
        return [line["similarity"] for _, line in read_jsonl(path)]

    assert similarities("none") != similarities("topics") != similarities("topics+names") != similarities("none")


def test_encoders_of_intermediate_trainings_stay(shared: Shared) -> None:
    """Those of targets are dropped once predicted; topics is both, and stays."""
    kept = {label for label, about in shared.trained().items() if ENCODER in about["files"]}
    assert kept == {"train topics (seed 1)", "train topics+names (seed 1)"}
    assert len(shared.trained()) == 7


def test_rows_are_added_and_removed_without_training_others_again(shared: Shared) -> None:
    assert computed(shared.run(*ROWS, out="first")) == 0
    assert computed(shared.run("topics", "topics+names", out="fewer")) == 0
    done = shared.run(*ROWS, "names", out="more")
    # the row's training was the target's, whose weights are gone; two targets after it, five cells, one embedding
    assert computed(done) == 3 + 1 + 5 + 5
    trainings = [line for line in done.stderr.splitlines() if "] train " in line]
    assert [line.partition("] ")[2].partition(":")[0] for line in trainings] == [
        "train names (seed 1)",
        "train topics after names (seed 1)",
        "train names after names (seed 1)",
    ]


def test_a_run_without_the_phase_leaves_its_encoder(shared: Shared) -> None:
    done = shared.run("none", out="plain")
    assert computed(done) == 0
    assert ENCODER in shared.trained()["train topics (seed 1)"]["files"]


def test_json_names_the_intermediate_of_a_row(shared: Shared) -> None:
    result = json.loads(shared.run("topics+names", out="one", more=["--json"]).stdout)
    (row,) = result["rows"]
    assert (row["row"], row["intermediate"]) == ("topics+names.plain.s1", "topics+names")


def test_a_dry_run_counts_shared_work_once(shared: Shared) -> None:
    facts = json.loads(shared.run("topics+names", "names+topics", out="never", more=["--dry-run", "--json"]).stdout)
    assert facts["rows"] == ["topics+names.plain.s1", "names+topics.plain.s1"]
    assert (facts["units"]["train"]["number"], facts["units"]["train"]["in_store"]) == (6, 3)
    assert facts["units"]["prepare"]["number"] == facts["units"]["prepare"]["in_store"] == 9
    assert facts["licences"].keys() == {"topics", "names", "twins"}
    assert not (shared.folder / "never").exists()


def test_a_row_whose_english_data_are_missing_leaves_the_others(shared: Shared, tmp_path: Path) -> None:
    file = shared.folder / "names" / "data" / "train.en.jsonl"
    away = file.rename(tmp_path / "kept.jsonl")
    try:
        done = shared.run("none", "names+topics", "topics", out="missing")
    finally:
        away.rename(file)
    assert done.returncode == 4, done.stderr
    states = {
        (one["row"], one["task"], one["language"]): one
        for one in read_records(shared.folder / "missing" / "records.jsonl")
    }
    for (row, task, language), record in states.items():
        is_missing = row.startswith("names+topics") or task == "names"
        assert record["state"] == ("missing-data" if is_missing else "ok"), (row, task, language)
        if is_missing:
            assert f"{file}: task names needs this file and it is not there" in record["why"]
    assert "names+topics.plain.s1 |" in done.stdout and "missing-data" in done.stdout


BREAKS = """
from xtreme_harness import DataError, Method, hookimpl

def step(network, batch):
    raise DataError("somewhere", 7, "this training broke")

@hookimpl
def register_methods(register):
    register(Method(name="breaks", summary="ends at the first update", load=lambda: lambda encoder: step))
"""


def test_a_row_whose_first_phase_fails_leaves_the_others(shared: Shared, tmp_path: Path) -> None:
    (tmp_path / "breaks.py").write_text(BREAKS, encoding="utf-8")
    done = shared.run(
        "none", "topics", out="broken", more=["--method", "breaks", "--plugin", str(tmp_path / "breaks.py")]
    )
    assert done.returncode == 5, done.stderr
    found = read_records(shared.folder / "broken" / "records.jsonl")
    states = {(one["row"].partition(".")[0], one["task"]): one["state"] for one in found}
    assert states["none", "twins"] == "ok" and states["topics", "twins"] == "failed"
    broken = [one for one in found if one["row"] == "topics.breaks.s1"]
    assert {one["why"] for one in broken} == {"somewhere, line 7: this training broke"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--intermediate", "topic"], "Unknown task 'topic'. Did you mean topics?"),
        (["--intermediate", "topics+topics"], "a task is in it twice"),
        (["--intermediate", "topics+names", "--sampler", "topics=1"], "topics+names needs a weight of names"),
        (["--sampler", "even"], "Unknown sampler 'even'"),
        (["--temperature", "2"], "--temperature and --cap belong to --sampler temperature."),
    ],
)
def test_wrong_requests_are_refused(options: list[str], told: str, shared: Shared) -> None:
    done = shared.command(*shared.arguments, *options, "--out", "wrong")
    assert done.returncode == 2 and told in done.stderr and not (shared.folder / "wrong").exists()


def test_a_mix_that_was_killed_ends_with_the_same_weights(
    command: Command, start: Start, tiny_xlmr: Path, tmp_path: Path
) -> None:
    """kill -9 between two checkpoints, more than once; float32, dropout on, an odd sampler, selection on dev."""
    options = ["--task", "twins", "--intermediate", "topics+names", "--sampler", "topics=2,names=1", "--seed", "5"]
    longer = ["--set", "topics.epochs=7", "--set", "topics.selection=english-dev", "--set", "topics.evaluate_every=7"]
    arguments = ["run", "--model", str(tiny_xlmr), *plugins_in(tmp_path), *options, *QUICK, *SMALL, *longer]
    whole = command(*arguments, "--out", "whole", environment={"XTREME_HARNESS_STORE": str(tmp_path / "whole-store")})
    assert whole.returncode == 0, whole.stderr
    store, kills = tmp_path / "store", []
    for least in (15, 35):
        process = start(*arguments, "--out", "out", environment={"XTREME_HARNESS_CHECKPOINT_SECONDS": "0"})
        kills.append(killed_after(process, store, least))
    assert 15 <= kills[0] < kills[1] < 7 * 6 + 3 * 4
    done = command(*arguments, "--out", "out")
    assert done.returncode == 0, done.stderr
    units = [
        {about["label"]: about for _, about in Store(folder).finished() if about["identity"]["type"] == "train"}
        for folder in (tmp_path / "whole-store", store)
    ]
    (label,) = units[0]
    assert units[0][label]["files"] == units[1][label]["files"]  # SHA-256 of encoder, heads and log
    for name in ("updates", "selected_update", "drawn", "dev", "handover"):
        assert units[0][label]["result"][name] == units[1][label]["result"][name]
    outs = [tmp_path / name / "predictions" for name in ("whole", "out")]
    assert len({path.read_bytes() for out in outs for path in out.rglob("twins/sw.jsonl")}) == 1


def killed_after(process: Popen[str], store: Path, updates: int) -> int:
    """Kills `process` once a checkpoint of so many updates lies there; gives the updates of the last one."""
    end = time.monotonic() + 120
    while not any(place >= updates for place in checkpoints(store)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    process.communicate()
    return max(checkpoints(store))


def checkpoints(store: Path) -> list[int]:
    try:
        return [int(path.name.partition("-")[2]) for path in store.glob("partial/*/state-*")]
    except FileNotFoundError:  # a folder went while it was looked through
        return []
