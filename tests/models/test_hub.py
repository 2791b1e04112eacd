"""Models of the hub, from a server on this machine that answers as the hub does: what is asked, kept and refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hub_server import COMMIT, Hub
from huggingface_hub.errors import LocalEntryNotFoundError

from xtreme_harness.errors import CheckpointError, MachineError
from xtreme_harness.hub import told
from xtreme_harness.models.hub import missing
from xtreme_harness.records import read_records

Run = Callable[..., "CompletedProcess[str]"]

OTHER = "f" * 40
TINY = f"org/tiny@{COMMIT}"
UNITS = 10  # of the task topics in two languages, the checkpoint among them


@pytest.fixture
def hub(hub: Hub, tmp_path: Path, tiny_bert: Path) -> Hub:
    """Has the model org/tiny, with files beside it that must not be fetched."""
    whole = Path(shutil.copytree(tiny_bert, tmp_path / "hub" / "tiny"))
    (whole / "pytorch_model.bin").write_bytes(b"weights that run code")
    (whole / "modeling_tiny.py").write_text("raise SystemExit", encoding="utf-8")
    (whole / "README.md").write_text("A tiny model.", encoding="utf-8")
    hub.models["org/tiny"] = whole
    return hub


@pytest.fixture
def run(hub: Hub, tmp_path: Path, topics: Path) -> Run:
    """`run` of the task topics with a model of the hub: the real command, whose hub is the server."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "hugging-face"),
        "TMPDIR": str(tmp_path),
        "XTREME_HARNESS_STORE": str(tmp_path / "store"),
        "OMP_NUM_THREADS": "1",
    }
    quick = ("--plugin", str(topics), "--task", "topics", "--recipe", "mini", "--set", "topics.epochs=1")

    def run(model: str, *more: str, **added: str) -> CompletedProcess[str]:
        command = [sys.executable, "-m", "xtreme_harness", "run", "--model", model, *quick, *more]
        variables = {**environment, **added}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=variables)
        kept = [path.read_text(encoding="utf-8") for path in tmp_path.glob("xtreme-harness-*.txt")]
        assert not kept, f"a bug: {kept[0]}"
        assert "Traceback" not in done.stderr
        return done

    return run


def refused(done: CompletedProcess[str], code: int) -> str:
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    *_, told = done.stderr.split("xtreme-harness: ")
    assert 1 <= len(told.splitlines()) <= 3
    return told


@pytest.mark.slow
def test_a_model_is_fetched_once_and_runs(run: Run, hub: Hub, tmp_path: Path, tiny_bert: Path) -> None:
    done = run("org/tiny@main", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert hub.fetched() == {path.name for path in tiny_bert.iterdir()}  # neither pickle nor code nor README
    records = read_records(tmp_path / "out" / "records.jsonl")
    for record in records:
        assert record["state"] == "ok"
        assert (record["model"]["name"], record["model"]["revision"]) == ("org-tiny", COMMIT)
        assert record["model"]["weights"].startswith("sha256:")
        assert (record["model"]["remote_code"], record["model"]["pickle"]) == (False, False)
    assert hub.told == {"unknown", "hf_hub", "python"}  # no telemetry
    hub.asked.clear()
    again = run(f"org/tiny@{COMMIT}", "--out", "again")
    assert again.stdout.splitlines()[-1].startswith("0 units computed")
    assert hub.asked == []  # a commit is a commit: nobody is asked
    hub.stop()
    shutil.rmtree(tmp_path / "hugging-face")
    offline = run(f"org/tiny@{COMMIT}", "--offline", "--out", "offline")
    assert (offline.returncode, offline.stderr) == (0, "")
    assert read_records(tmp_path / "offline" / "records.jsonl") == records


def test_a_dry_run_resolves_the_revision_and_fetches_nothing(run: Run, hub: Hub) -> None:
    done = run("org/tiny@main", "--dry-run", "--json")
    facts = json.loads(done.stdout)
    assert facts["model"] == {"name": "org-tiny", "revision": COMMIT}
    assert facts["downloads"] == [f"checkpoint org/tiny@{COMMIT[:8]}"]
    assert facts["units"]["checkpoint"]["number"] == 1
    assert sum(one["number"] for one in facts["units"].values()) == UNITS
    assert hub.asked == ["GET /api/models/org/tiny/revision/main"]


def test_a_pull_request_is_a_revision_like_any_other(run: Run, hub: Hub) -> None:
    facts = json.loads(run("org/tiny@refs/pr/1", "--dry-run", "--json").stdout)
    assert facts["model"]["revision"] == COMMIT
    assert hub.asked == ["GET /api/models/org/tiny/revision/refs%2Fpr%2F1"]


@pytest.mark.slow
def test_the_hub_s_own_cache_is_used_offline(run: Run, hub: Hub, tmp_path: Path) -> None:
    assert run("org/tiny@main").returncode == 0
    hub.stop()
    shutil.rmtree(tmp_path / "store")
    done = run(f"org/tiny@{COMMIT}", "--offline")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{UNITS} units computed")


def test_what_the_hub_has_not_is_told(run: Run) -> None:
    assert "org/nobody@main: the hub has no such model" in refused(run("org/nobody@main"), 5)
    assert "org/tiny@v9: the hub has no such model" in refused(run("org/tiny@v9"), 5)


@pytest.mark.slow
def test_a_defect_of_a_fetched_model_names_the_model(run: Run, hub: Hub, tmp_path: Path) -> None:
    (weights,) = hub.models["org/tiny"].glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-10])
    told = refused(run("org/tiny@main"), 5)
    assert f"{TINY}/model.safetensors is damaged" in told
    assert str(tmp_path / "store") not in told


@pytest.mark.slow
def test_a_commit_that_the_hub_has_not_is_told(run: Run) -> None:
    assert f"org/tiny@{OTHER}: the hub has no such model" in refused(run(f"org/tiny@{OTHER}"), 5)


def test_a_name_that_is_no_repository_is_told(run: Run) -> None:
    assert "org/ti--ny" in refused(run("org/ti--ny@main"), 2)


def test_a_hub_that_is_not_there_is_told(run: Run, hub: Hub) -> None:
    hub.stop()
    assert "The hub cannot be reached for org/tiny@main" in refused(run("org/tiny@main"), 6)


def test_a_hub_that_goes_away_before_the_download_is_told() -> None:
    """The client then looks into its cache and says that nothing is there."""
    with (
        pytest.raises(MachineError, match=f"The hub cannot be reached for org/tiny@{COMMIT}: gone$"),
        told(TINY, "model", False, missing),
    ):
        raise LocalEntryNotFoundError("gone\nand more")
    with pytest.raises(CheckpointError, match="run once without --offline"), told(TINY, "model", True, missing):
        raise LocalEntryNotFoundError("gone")


def test_a_full_disk_is_not_the_hub_s_fault() -> None:
    with pytest.raises(MachineError, match="The disk is full"), told(TINY, "model", False, missing):
        raise OSError(errno.ENOSPC, "No space left on device", "model.safetensors")


def test_offline_nobody_is_asked(run: Run, hub: Hub) -> None:
    told = refused(run("org/tiny@main", "--offline"), 5)
    assert "Offline, name the commit itself: org/tiny@<40 hex digits>" in told
    assert hub.asked == []


@pytest.mark.slow
def test_offline_a_commit_that_was_never_fetched_is_told(run: Run, hub: Hub) -> None:
    assert "is not in the local cache; run once without --offline" in refused(run(f"org/tiny@{COMMIT}", "--offline"), 5)
    assert hub.asked == []


@pytest.mark.slow
def test_weights_that_are_only_pickled_are_refused(run: Run, hub: Hub) -> None:
    (hub.models["org/tiny"] / "model.safetensors").unlink()
    told = refused(run("org/tiny@main"), 5)
    assert f"org/tiny@{COMMIT}" in told
    assert "safetensors" in told and "--allow-pickle" in told
    assert "pytorch_model.bin" not in hub.fetched()
