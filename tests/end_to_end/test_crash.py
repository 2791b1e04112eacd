"""Killed at random moments, or run twice at once: the same records in the end, and nothing finished is done again."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import pytest

from xtreme_harness.records import read_records, without_varying
from xtreme_harness.testing import write_topics

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "Popen[str]"]

KILLS = 10
BATCH_SIZE, EPOCHS, TRAIN = 4, 12, 48
UPDATES = EPOCHS * TRAIN // BATCH_SIZE

# Writes down what is computed (and not merely found), and every step of a training.
OBSERVER = """
import os
from pathlib import Path

from xtreme_harness import Method, hookimpl

LOG = Path(__file__).with_suffix(".log")


def note(*words):
    with LOG.open("a", encoding="utf-8") as log:
        log.write(" ".join(map(str, words)) + "\\n")


@hookimpl
def unit_started(unit):
    note("started", unit.key)


@hookimpl
def unit_finished(unit, outcome):
    note(outcome.state, unit.key)


def load():
    def step(network, batch):
        note("step", os.getpid())
        return batch.loss(network(**batch.inputs))

    return lambda encoder: step


@hookimpl
def register_methods(register):
    register(Method(name="noted", summary="plain, and written down", load=load))
"""


class Noted:
    """What the observer wrote: started and computed units, and the number of steps."""

    def __init__(self, plugin: Path) -> None:
        self.path = plugin.with_suffix(".log")

    def _words(self) -> Iterator[list[str]]:
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return (line.split() for line in text.splitlines())

    def keys(self, word: str) -> Counter[str]:
        return Counter(words[1] for words in self._words() if words[0] == word)

    @property
    def steps(self) -> int:
        return sum(words[0] == "step" for words in self._words())


@pytest.fixture
def observer(tmp_path: Path) -> Path:
    path = tmp_path / "observer.py"
    path.write_text(OBSERVER, encoding="utf-8")
    return path


@pytest.fixture
def noted(observer: Path) -> Noted:
    return Noted(observer)


@pytest.fixture
def arguments(tmp_path: Path, observer: Path, tiny_bert: Path) -> list[str]:
    plugin = write_topics(tmp_path / "topics", train=TRAIN, test=12)
    options = ["--plugin", str(plugin), "--plugin", str(observer), "--model", str(tiny_bert), "--task", "topics"]
    values = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "selection": "english-dev", "evaluate_every": 20}
    settings = [f"--set=topics.{key}={value}" for key, value in values.items()]
    return ["run", *options, "--recipe", "mini", "--method", "noted", *settings]


def finished_units(store: Path) -> set[str]:
    return {path.parent.name for path in store.glob("units/*/*/unit.json")}


def outcome(run: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Records without what may vary, and every file of predictions and scores."""
    records = [without_varying(record) for record in read_records(run / "records.jsonl")]
    files = sorted((run / "predictions").rglob("*.jsonl"))
    return records, {path.relative_to(run).as_posix(): path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.parametrize("seconds", ["600", "0"], ids=["from the start", "from checkpoints"])
def test_killed_at_random_moments(
    command: Command, start: Start, arguments: list[str], noted: Noted, tmp_path: Path, seconds: str
) -> None:
    """Without checkpoints in between a training starts again; with them it goes on where it was."""
    before = time.monotonic()
    assert command(*arguments, "--out", "whole").returncode == 0
    duration = time.monotonic() - before
    expected, whole_steps = outcome(tmp_path / "whole"), noted.steps
    assert whole_steps >= UPDATES
    chance, kills, round_ = random.Random(f"crash {seconds}"), 0, 0
    while kills < KILLS:
        round_ += 1
        noted.path.unlink()
        environment = {
            "XTREME_HARNESS_STORE": str(tmp_path / f"store.{round_}"),
            "XTREME_HARNESS_CHECKPOINT_SECONDS": seconds,
        }
        lost, out = 0, f"out.{round_}"
        while True:
            store = tmp_path / f"store.{round_}"
            finished, started = finished_units(store), noted.keys("started")
            process = start(*arguments, "--out", out, environment=environment)
            time.sleep(chance.uniform(0.1, duration))
            if kills == KILLS or process.poll() is not None:
                _, errors = process.communicate()
                assert process.returncode == 0, errors
            else:
                process.kill()
                process.communicate()
                kills, lost = kills + 1, lost + 1
            assert not (noted.keys("started") - started).keys() & finished
            if process.returncode == 0:
                break
        assert outcome(tmp_path / out) == expected
        assert max(noted.keys("computed").values()) == 1
        if seconds == "0":
            assert noted.steps <= whole_steps + 2 * lost


@pytest.mark.slow
def test_two_at_once_share_the_work(
    command: Command, start: Start, arguments: list[str], noted: Noted, tmp_path: Path
) -> None:
    both = [start(*arguments, "--out", name) for name in ("one", "two")]
    for process in both:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    assert set(noted.keys("computed").values()) == {1}
    assert set(noted.keys("started").values()) == {1}
    assert noted.keys("computed").keys() == finished_units(tmp_path / "store")
    assert noted.steps == UPDATES
    assert read_records(tmp_path / "one" / "records.jsonl") == read_records(tmp_path / "two" / "records.jsonl")
    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")
    again = command(*arguments, "--out", "one")
    assert again.stdout.splitlines()[-1].startswith("0 units computed")


@pytest.mark.slow
def test_two_at_once_may_ask_for_different_languages(
    command: Command, start: Start, arguments: list[str], tmp_path: Path
) -> None:
    """They share a training whose weights each drops once it has no more use for them."""
    assert command(*arguments, "--out", "whole", environment={"XTREME_HARNESS_STORE": "another"}).returncode == 0
    expected, _ = outcome(tmp_path / "whole")
    both = {language: start(*arguments, "--language", language, "--out", language) for language in ("en", "sw")}
    for language, process in both.items():
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        assert outcome(tmp_path / language)[0] == [record for record in expected if record["language"] == language]


@pytest.mark.slow
def test_what_a_crash_leaves_behind_can_be_cleared(
    command: Command, start: Start, arguments: list[str], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    process = start(*arguments, "--out", "out", environment={"XTREME_HARNESS_CHECKPOINT_SECONDS": "0"})
    end = time.monotonic() + 60
    while not list(store.glob("partial/*/state-*")) and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert list(store.glob("units/*/.*.tmp"))
    status = command("store", "status", "--json")
    assert json.loads(status.stdout)["units"]["partial"]["number"] == 2
    assert command("store", "prune", "--yes").returncode == 0
    assert [path for one in ("partial/*", "units/*/.*") for path in store.glob(one)] == []
    assert command(*arguments, "--out", "out").stderr.startswith("5 units to do, 4 in the store already")
    assert [path for one in ("partial/*", "locks/*", "units/*/.*") for path in store.glob(one)] == []
