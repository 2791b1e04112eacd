"""Models of the hub, from a server on this machine that answers as the hub does: what is asked, kept and refused."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from xtreme_harness.errors import CheckpointError, MachineError
from xtreme_harness.hub import told
from xtreme_harness.models.hub import missing
from xtreme_harness.records import read_records

Run = Callable[..., "CompletedProcess[str]"]

COMMIT, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40
TINY = f"org/tiny@{COMMIT}"
UNITS = 10  # of the task topics in two languages, the checkpoint among them


class Hub(ThreadingHTTPServer):
    """Repositories by id, each a folder with one commit that `main` names; every request is written down."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories: dict[str, Path] = {}
        self.asked: list[str] = []
        self.told: set[str] = set()  # what the requests say of their sender

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetched(self) -> set[str]:
        """Names of the files whose content went out."""
        return {line.rsplit("/", 1)[1] for line in self.asked if line.startswith("GET /org/")}


class Handler(BaseHTTPRequestHandler):
    """The hub's layout: a revision's commit, a commit's list of files, a file (its head alone, or all of it)."""

    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *values: Any) -> None:
        self.server.asked.append(f"{self.command} {self.path.split('?')[0]}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.told |= {word.split("/")[0] for word in self.headers["User-Agent"].split("; ")}
        path = self.path.split("?")[0].strip("/").removeprefix("api/models/")
        parts = path.split("/")
        folder = self.server.repositories.get("/".join(parts[:2]))
        if folder is None:
            self.answer(404, {"X-Error-Code": "RepoNotFound"})
            return
        what, revision, name = parts[2], parts[3], "/".join(parts[4:])
        if revision not in ("main", COMMIT):
            self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        elif what == "revision":
            self.answer(200, {}, json.dumps({"id": "/".join(parts[:2]), "sha": COMMIT}).encode())
        elif what == "tree":
            self.answer(200, {}, json.dumps([entry(path) for path in sorted(folder.iterdir())]).encode())
        else:
            content = (folder / name).read_bytes()
            self.answer(200, {"X-Repo-Commit": COMMIT, "ETag": f'"{digest(content)}"'}, content)

    def answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def entry(path: Path) -> dict[str, Any]:
    return {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": digest(path.read_bytes())}


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@pytest.fixture
def hub(tmp_path: Path, tiny_bert: Path) -> Iterator[Hub]:
    server = Hub()
    whole = Path(shutil.copytree(tiny_bert, tmp_path / "hub" / "tiny"))
    (whole / "pytorch_model.bin").write_bytes(b"weights that run code")
    (whole / "modeling_tiny.py").write_text("raise SystemExit", encoding="utf-8")
    (whole / "README.md").write_text("A tiny model.", encoding="utf-8")
    server.repositories["org/tiny"] = whole
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


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


def stop(hub: Hub) -> None:
    hub.shutdown()
    hub.server_close()


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
    stop(hub)
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


@pytest.mark.slow
def test_the_hub_s_own_cache_is_used_offline(run: Run, hub: Hub, tmp_path: Path) -> None:
    assert run("org/tiny@main").returncode == 0
    stop(hub)
    shutil.rmtree(tmp_path / "store")
    done = run(f"org/tiny@{COMMIT}", "--offline")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{UNITS} units computed")


def test_what_the_hub_has_not_is_told(run: Run) -> None:
    assert "org/nobody@main: the hub has no such model" in refused(run("org/nobody@main"), 5)
    assert "org/tiny@v9: the hub has no such model" in refused(run("org/tiny@v9"), 5)


@pytest.mark.slow
def test_a_commit_that_the_hub_has_not_is_told(run: Run) -> None:
    assert f"org/tiny@{OTHER}: the hub has no such model" in refused(run(f"org/tiny@{OTHER}"), 5)


def test_a_name_that_is_no_repository_is_told(run: Run) -> None:
    assert "org/ti--ny" in refused(run("org/ti--ny@main"), 2)


def test_a_hub_that_is_not_there_is_told(run: Run, hub: Hub) -> None:
    stop(hub)
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
    (hub.repositories["org/tiny"] / "model.safetensors").unlink()
    told = refused(run("org/tiny@main"), 5)
    assert f"org/tiny@{COMMIT}" in told
    assert "safetensors" in told and "--allow-pickle" in told
    assert "pytorch_model.bin" not in hub.fetched()
