"""The store: whole units or none, damage found and mended, one unit never done twice, by real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import MachineError
from xtreme_harness.files import LEASE_SECONDS
from xtreme_harness.job import Settings
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.store import Finished, Store, default_store
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

UNIT = Unit(type="score", label="score x", modules=("xtreme_harness.jsonl",), parameters={"language": "sw"})
LARGE = b"0123456789abcdef" * (1 << 16)  # of a size whose hash is remembered, not computed each time


def filled(folder: Path) -> dict[str, Any]:
    (folder / "small.jsonl").write_text('{"a": 1}\n')
    (folder / "encoder").mkdir()
    (folder / "encoder" / "large.bin").write_bytes(LARGE)
    return {"metrics": {"accuracy": 71.25}, "n": 4}


def refused(folder: Path) -> dict[str, Any]:
    raise AssertionError("the unit was computed again")


@pytest.fixture
def written(store: Store) -> Finished:
    return store.write(UNIT, filled)


def test_a_unit_is_found_with_files_and_result(store: Store, written: Finished) -> None:
    found = store.find(UNIT.key)
    assert found is not None and found.folder == store.root / "units" / UNIT.key[:2] / UNIT.key
    assert found.result == {"metrics": {"accuracy": 71.25}, "n": 4}
    assert found.file("encoder/large.bin").read_bytes() == LARGE
    assert len(found.sha256("small.jsonl")) == 64
    assert sorted(found.about["files"]) == ["encoder/large.bin", "small.jsonl"]
    assert found.about["files"]["small.jsonl"]["bytes"] == 9


def test_another_store_object_finds_it(store: Store, written: Finished) -> None:
    again = Store(store.root).find(UNIT.key)
    assert again is not None and again.about == written.about


def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert store.find(UNIT.key) is None


def test_finished_units_are_listed(store: Store, written: Finished) -> None:
    (store.root / "units" / "zz" / "zz00").mkdir(parents=True)
    (store.root / "units" / "zz" / "zz00" / "unit.json").write_text("{")
    assert [(key, about["label"]) for key, about in store.finished()] == [(UNIT.key, "score x")]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_a_unit_that_fails_leaves_nothing_but_what_it_resumes_from(store: Store, error: BaseException) -> None:
    store.partial(UNIT.key).mkdir()
    (store.partial(UNIT.key) / "state").write_text("half")

    def failing(folder: Path) -> dict[str, Any]:
        filled(folder)
        raise error

    with pytest.raises(type(error)):
        store.write(UNIT, failing)
    assert store.find(UNIT.key) is None
    assert list((store.root / "units").rglob("*.jsonl")) == []
    assert (store.partial(UNIT.key) / "state").read_text() == "half"


def test_what_a_unit_resumed_from_goes_when_it_is_finished(store: Store) -> None:
    store.partial(UNIT.key).mkdir()
    (store.partial(UNIT.key) / "state").write_text("half")
    store.write(UNIT, filled)
    assert not store.partial(UNIT.key).exists()


def flip(path: Path, place: int = -3) -> None:
    """Turns one bit of one byte."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def turn_to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def edit(**fields: Any) -> Callable[[Path], None]:
    """Changes fields of unit.json as a careless hand would."""

    def change(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return change


def misread(path: Path) -> None:
    text = path.read_text()
    assert "71.25" in text
    path.write_text(text.replace("71.25", "91.25"))


def overwrite(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text.encode("latin-1")) and None


DAMAGES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a byte of a small file": ("small.jsonl", flip, "small.jsonl is not what was written"),
    "a byte of a large file": ("encoder/large.bin", flip, "encoder/large.bin is not what was written"),
    "a file cut": ("encoder/large.bin", cut, "encoder/large.bin is not what was written"),
    "a file longer": ("small.jsonl", lengthen, "small.jsonl is not what was written"),
    "a file gone": ("small.jsonl", Path.unlink, "small.jsonl is missing"),
    "a folder in its place": ("small.jsonl", turn_to_folder, "small.jsonl is missing"),
    "unit.json empty": ("unit.json", overwrite(""), "unit.json"),
    "unit.json cut": ("unit.json", cut, "unit.json"),
    "unit.json not UTF-8": ("unit.json", overwrite("\xff\xfe{"), "unit.json"),
    "unit.json a list": ("unit.json", overwrite("[]"), "unit.json"),
    "unit.json empty object": ("unit.json", overwrite("{}"), "unit.json"),
    "unit.json without files": ("unit.json", edit(files=None), "unit.json"),
    "unit.json with a list of files": ("unit.json", edit(files=[]), "unit.json"),
    "unit.json with fewer files": ("unit.json", edit(files={}), "unit.json"),
    "a figure in unit.json": ("unit.json", misread, "unit.json"),
    "the key in unit.json": ("unit.json", edit(key="0" * 64), "unit.json"),
}


@pytest.mark.parametrize(("name", "damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_unit_is_moved_aside_and_computed_again(
    store: Store,
    written: Finished,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: Callable[[Path], None],
    told: str,
) -> None:
    damage(written.file(name))
    assert store.find(UNIT.key) is None
    err = capsys.readouterr().err
    assert f"unit {UNIT.key[:12]} is damaged ({told}" in err and len(err.splitlines()) == 1
    assert not store.folder(UNIT.key).exists()
    assert (store.root / "damaged" / UNIT.key).is_dir()  # nothing is deleted that somebody may want to look at
    again = store.write(UNIT, filled)
    assert again.about["files"] == written.about["files"] and again.result == written.result
    assert capsys.readouterr().err == ""


def test_a_unit_under_another_key_is_refused(store: Store, written: Finished) -> None:
    other = Unit(type="score", label="other", modules=(), parameters={"language": "te"})
    store.folder(other.key).parent.mkdir(parents=True, exist_ok=True)
    written.folder.rename(store.folder(other.key))
    assert store.find(other.key) is None


def test_a_unit_may_be_damaged_twice(store: Store, written: Finished) -> None:
    for _ in range(2):
        cut(written.file("small.jsonl"))
        assert store.find(UNIT.key) is None
        store.write(UNIT, filled)
    assert store.find(UNIT.key) is not None


def test_dropped_files_go_and_the_rest_stays(store: Store, written: Finished) -> None:
    store.drop(UNIT.key, ("encoder/large.bin", "head.safetensors"))
    found = store.find(UNIT.key)
    assert found is not None and found.result == written.result
    assert found.about["dropped"] == ["encoder/large.bin"] and list(found.about["files"]) == ["small.jsonl"]
    assert not written.file("encoder/large.bin").exists() and written.file("small.jsonl").exists()
    assert store.find(UNIT.key, needs=("small.jsonl", "head.safetensors")) is not None
    assert store.find(UNIT.key, needs=("encoder/large.bin",)) is None
    assert store.folder(UNIT.key).exists()  # what is not enough for one is not damaged for all


def test_dropping_twice_or_nothing_changes_nothing(store: Store, written: Finished) -> None:
    store.drop("f" * 64, ("small.jsonl",))
    store.drop(UNIT.key, ("no such file",))
    assert store.find(UNIT.key) == written
    store.drop(UNIT.key, ("encoder/large.bin",))
    once = store.find(UNIT.key)
    store.drop(UNIT.key, ("encoder/large.bin",))
    assert store.find(UNIT.key) == once


def test_what_was_dropped_can_be_computed_again(store: Store, written: Finished) -> None:
    store.drop(UNIT.key, ("encoder/large.bin",))
    again = store.write(UNIT, filled)
    assert again.about == written.about
    assert store.find(UNIT.key, needs=("encoder/large.bin",)) is not None


def test_what_is_kept_is_not_dropped(store: Store, written: Finished) -> None:
    store.keep("f" * 64)
    store.keep(UNIT.key)
    store.keep(UNIT.key)
    store.drop(UNIT.key, ("encoder/large.bin",))
    found = store.find(UNIT.key, needs=("encoder/large.bin",))
    assert found is not None and found.result == written.result and found.about["dropped"] == []


def test_a_kept_unit_that_is_damaged_is_no_longer_kept(store: Store, written: Finished) -> None:
    store.keep(UNIT.key)
    cut(written.file("small.jsonl"))
    assert store.find(UNIT.key) is None
    store.write(UNIT, filled)
    store.drop(UNIT.key, ("encoder/large.bin",))
    assert store.find(UNIT.key, needs=("encoder/large.bin",)) is None


def test_a_store_where_none_can_be_is_the_machine_s_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="Cannot") as caught:
        Store(tmp_path / "file" / "store").make()
    assert caught.value.exit_code == 6


def test_the_store_s_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XTREME_HARNESS_STORE", str(tmp_path / "named"))
    assert default_store() == tmp_path / "named"
    monkeypatch.delenv("XTREME_HARNESS_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_store() == tmp_path / "cache" / "xtreme-harness"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_store() == tmp_path / "home" / ".cache" / "xtreme-harness"


# A kind whose units say in a file that somebody began and ended them: how often is seen from outside.
COUNTED = """
import os, time
from pathlib import Path
from xtreme_harness import Kind, hookimpl

class Work:
    def score(self, job):
        log = Path(os.environ["COUNTED_LOG"])
        with log.open("a") as stream:
            stream.write(f"begin {os.getpid()}\\n")
        while not Path(os.environ["COUNTED_GATE"]).exists():
            time.sleep(0.02)
        (job.folder / "scores.jsonl").write_text(f"{os.getpid()}\\n")
        with log.open("a") as stream:
            stream.write(f"end {os.getpid()}\\n")
        return {"n": 1}

@hookimpl
def register_kinds(register):
    register(Kind(name="counted", summary="says that it was done", trainable=False, load=Work))
"""
WORKER = """
import os, sys
from pathlib import Path
from xtreme_harness.job import Settings
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import perform

def tell(share, note):
    with Path(os.environ["COUNTED_LOG"]).open("a") as stream:
        stream.write(note + "\\n")

store, plugin = Path(sys.argv[1]), sys.argv[2]
for language in sys.argv[3:]:
    unit = Unit(type="score", kind="counted", label="x", modules=(), parameters={"language": language})
    outcome = perform(unit, Store(store), load_registry([plugin]), Settings(), tell)
    print(outcome.state, flush=True)
"""


WAITING = "another process is computing it; waiting"


class Counted:
    """Real processes that perform units of the kind `counted` in one store; a unit ends when the gate is open."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.log, self.gate = store, folder / "log", folder / "gate"
        self.plugin = folder / "counted.py"
        self.plugin.write_text(COUNTED)
        self.log.touch()
        self.processes: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {"COUNTED_LOG": str(self.log), "COUNTED_GATE": str(self.gate)}

    def start(self, *languages: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(self.store.root), str(self.plugin), *languages]
        environment = {**os.environ, **self.environment}
        self.processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return self.processes[-1]

    def lines(self, word: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith(word)]

    def until(self, word: str, process: subprocess.Popen[str]) -> None:
        for _ in range(3000):
            if self.lines(word):
                return
            assert process.poll() is None
            time.sleep(0.02)
        raise AssertionError(f"nobody said {word}")


@pytest.fixture
def counted(store: Store, tmp_path: Path) -> Iterator[Counted]:
    made = Counted(store, tmp_path)
    yield made
    for process in made.processes:  # after a failure some may wait for the gate
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> list[str]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out.splitlines()


@pytest.mark.slow
def test_a_second_process_waits_and_takes_what_the_first_made(counted: Counted) -> None:
    first = counted.start("sw")
    counted.until("begin", first)
    second = counted.start("sw")
    counted.until(WAITING, second)
    counted.gate.touch()
    assert said(first) == ["computed"] and said(second) == ["reused"]
    assert len(counted.lines("begin")) == len(counted.lines("end")) == 1


@pytest.mark.slow
def test_processes_that_start_together_do_every_unit_once(counted: Counted) -> None:
    counted.gate.touch()
    languages = ["sw", "te", "eu", "ar"]
    orders = [languages, languages[::-1], languages[2:] + languages[:2]]
    processes = [counted.start(*order) for order in orders]
    states = [state for process in processes for state in said(process)]
    assert sorted(states) == ["computed"] * 4 + ["reused"] * 8
    assert len(counted.lines("begin")) == len(counted.lines("end")) == 4


@pytest.mark.slow
def test_the_lock_of_a_killed_process_is_taken_over(counted: Counted) -> None:
    first = counted.start("sw")
    counted.until("begin", first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    counted.gate.touch()
    started = time.monotonic()
    assert said(counted.start("sw")) == ["computed"]
    assert time.monotonic() - started < LEASE_SECONDS / 2  # nobody waits for the lease of one that is gone
    assert counted.lines(WAITING) == []
    assert len(counted.lines("begin")) == 2 and len(counted.lines("end")) == 1


@pytest.mark.slow
def test_a_waiting_process_goes_on_when_the_owner_is_killed(counted: Counted) -> None:
    first = counted.start("sw")
    counted.until("begin", first)
    second = counted.start("sw")
    counted.until(WAITING, second)
    first.send_signal(signal.SIGKILL)
    first.wait()
    counted.gate.touch()
    assert said(second) == ["computed"]
    assert len(counted.lines("begin")) == 2 and len(counted.lines("end")) == 1


def test_the_lock_is_free_after_a_failure(store: Store) -> None:
    with pytest.raises(ValueError), store.lock(UNIT.key):
        raise ValueError
    waited: list[str] = []
    with store.lock(UNIT.key, waiting=lambda: waited.append("waited")):
        pass
    assert waited == []


@pytest.fixture
def counting(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> Registry:
    for name, value in counted.environment.items():
        monkeypatch.setenv(name, value)
    counted.gate.touch()
    return load_registry([str(counted.plugin)])


def test_damage_is_mended_by_the_next_run(store: Store, counted: Counted, counting: Registry) -> None:
    unit = Unit(type="score", kind="counted", label="x", modules=(), parameters={"language": "sw"})
    assert perform(unit, store, counting, Settings()).state == "computed"
    assert perform(unit, store, counting, Settings()).state == "reused"
    cut(store.folder(unit.key) / "scores.jsonl")
    assert perform(unit, store, counting, Settings()).state == "computed"
    assert perform(unit, store, counting, Settings()).state == "reused"
    assert len(counted.lines("begin")) == 2
