"""Data from a hub and a web server on this machine, by the real command; then the same without any network."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from hub_server import COMMIT, Hub
from web_server import File, Web

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "Popen[str]"]

PLUGIN = Path(__file__).parents[1] / "data_plugin" / "colours.py"
COLOURS = ("--plugin", PLUGIN, "--task", "colours")
FEATURES = Features({"text": Value("string"), "label": ClassLabel(names=["warm", "cold"])})  # not the task's order
HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test"}


@pytest.fixture
def hub(hub: Hub, tmp_path: Path, write_originals: Callable[[Path], None]) -> Hub:
    """The hub has the originals of `colours` as org/colours and org/lossy, and only their tests as org/tests."""
    write_originals(tmp_path / "originals")
    configs = {code: rows_of(tmp_path / "originals" / f"colours-{code}.txt") for code in ("en", "sw", "de")}
    tests = {code: {"test": splits["test"]} for code, splits in configs.items()}
    hub.serve({"org/colours": configs, "org/lossy": configs, "org/tests": tests}, tmp_path / "hub")
    return hub


def rows_of(original: Path) -> dict[str, Dataset]:
    rows = [line.split("\t") for line in original.read_text(encoding="utf-8").splitlines()[1:]]
    return {
        name: Dataset.from_list(
            [{"text": text, "label": label} for split, text, label in rows if split == ours], FEATURES
        )
        for ours, name in HUB_SPLITS.items()
        if any(split == ours for split, _, _ in rows)
    }


@pytest.fixture
def data(command: Command, hub: Hub) -> Command:
    """`data fetch ...` and its like, whose hub is the server; whoever asks another host fails the test."""
    return lambda *arguments, **options: command(
        "data", *arguments, environment={"HF_ENDPOINT": hub.address}, **options
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Every data and label file, without the records of where they came from."""
    paths = sorted(path for path in folder.rglob("*.tsv"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_a_set_of_the_hub_over_http_then_from_the_cache(data: Command, hub: Hub, tmp_path: Path) -> None:
    imported = data("import", tmp_path / "originals", *COLOURS, "--data", "from-originals")
    assert imported.returncode == 0, imported.stderr
    fetched = data("fetch", *COLOURS, "--from", "hub", "--data", "from-hub")
    assert fetched.returncode == 0, fetched.stderr
    assert f"org/colours@{COMMIT}, sw test: 3 rows" in fetched.stderr
    assert tree(tmp_path / "from-hub") == tree(tmp_path / "from-originals")
    origins = json.loads((tmp_path / "from-hub" / "labels" / "origins.json").read_text(encoding="utf-8"))
    assert {(one["source"], one["unofficial"]) for one in origins.values()} == {(f"hub org/colours@{COMMIT}", None)}
    hub.stop()
    offline = data("fetch", *COLOURS, "--from", "hub", "--offline", "--data", "offline", "--json")
    assert offline.returncode == 0, offline.stderr
    assert json.loads(offline.stdout)["tasks"][0]["state"] == "done"
    assert tree(tmp_path / "offline") == tree(tmp_path / "from-originals")
    assert json.loads((tmp_path / "offline" / "labels" / "origins.json").read_text(encoding="utf-8")) == origins


@pytest.mark.slow
def test_labels_for_a_download_from_the_hub(data: Command, tmp_path: Path) -> None:
    assert data("import", tmp_path / "originals", *COLOURS, "--data", "d", "--labels", "kept").returncode == 0
    done = data("labels", *COLOURS, "--from", "org/tests", "--data", "d")
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "d" / "labels") == tree(tmp_path / "kept")


@pytest.mark.slow
def test_a_set_that_has_only_tests_leaves_the_rest_missing(data: Command, tmp_path: Path) -> None:
    done = data("fetch", *COLOURS, "--from", "org/tests", "--data", "d")
    assert done.returncode == 4
    assert done.stdout == "colours: missing, 3 data files and 3 label files\n"
    assert "colours train was not among what was imported, and is not there yet: en" in done.stderr


@pytest.mark.slow
def test_an_unfit_set_is_never_taken_for_the_benchmark(
    data: Command, command: Command, tmp_path: Path, tiny_bert: Path
) -> None:
    assert data("fetch", *COLOURS, "--from", "org/lossy", "--data", "d").returncode == 5
    done = data("fetch", *COLOURS, "--from", "org/lossy", "--data", "d", "--unofficial")
    assert (done.returncode, done.stdout) == (
        *(0, "colours: done, 5 data files and 3 label files; unofficial: rows are lost there\n"),
    )
    run = ("run", "--model", tiny_bert, *COLOURS, "--data", "d", "--recipe", "mini", "--dry-run")
    refused = command(*run)
    assert refused.returncode == 5
    assert "rows are lost there" in refused.stderr and "--unofficial" in refused.stderr
    assert command(*run, "--unofficial").returncode == 0


def test_what_was_never_fetched_is_told_offline(data: Command, hub: Hub) -> None:
    done = data("fetch", *COLOURS, "--from", "hub", "--offline", "--data", "d")
    assert done.returncode == 5
    assert "is not in the local cache; run once without --offline" in done.stderr
    assert hub.asked == []


def test_a_hub_that_is_gone_is_the_machine_s_fault(data: Command, hub: Hub) -> None:
    hub.stop()
    done = data("fetch", *COLOURS, "--from", "hub", "--data", "d")
    assert done.returncode == 6
    assert "The hub cannot be reached for org/colours@main" in done.stderr


@pytest.fixture
def slow(web: Web, tmp_path: Path, write_originals: Callable[[Path], None]) -> dict[str, Any]:
    """A server whose first original takes seconds; the environment that names it."""
    write_originals(tmp_path / "upstream")
    for path in (tmp_path / "upstream").glob("colours-*"):
        web.files[f"/{path.name}"] = File(path.read_bytes())
    english = web.files["/colours-en.txt"]
    english.content += b"# \n" * 10_000
    english.slowly = lambda place: time.sleep(0.1)
    return {"COLOURS_SERVER": web.address}


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_fetch_that_was_stopped_goes_on(
    command: Command, start: Start, web: Web, slow: dict[str, str], tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    arguments = ("data", "fetch", *COLOURS, "--data", "d")
    part = tmp_path / "d" / "originals" / "colours-en.txt.part"
    process = start(*arguments, environment=slow)
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 2_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(sign)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in told
    assert ("interrupted" in told) == (code == 130)
    kept = part.stat().st_size
    web.files["/colours-en.txt"].slowly = lambda place: None
    web.asked.clear()
    done = command(*arguments, environment=slow)
    assert done.returncode == 0, done.stderr
    assert web.asked[0] == ("/colours-en.txt", f"bytes={kept}-")
    assert (tmp_path / "d" / "originals" / "colours-en.txt").read_bytes() == web.files["/colours-en.txt"].content
    assert not list((tmp_path / "d").rglob("*.part*"))
