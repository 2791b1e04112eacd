"""What is on its way in: locks, leftovers of killed processes, and the order in which files and records are written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xtreme_harness.data import stage
from xtreme_harness.data.stage import move_in, staged, writing_to, written
from xtreme_harness.definitions import Folders


def test_folders_are_made_and_their_locks_let_go(tmp_path: Path) -> None:
    with writing_to(tmp_path / "a" / "b", tmp_path / "c"):
        assert (tmp_path / "a" / "b").is_dir() and (tmp_path / "c").is_dir()
    with writing_to(tmp_path / "c", tmp_path / "c" / "." / ".." / "c"):  # one folder in two forms is fine too
        pass


@pytest.mark.slow
def test_another_process_waits(tmp_path: Path) -> None:
    told: list[Path] = []
    done = threading.Event()

    def second() -> None:
        with writing_to(tmp_path, waiting=told.append):
            done.set()

    with writing_to(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(0.5)
    assert done.wait(10)
    thread.join()
    assert told == [tmp_path]


def test_staged_folders_vanish(tmp_path: Path) -> None:
    folders = Folders(originals=tmp_path, data=tmp_path / "data", labels=tmp_path / "data" / "labels")
    with writing_to(folders.data, folders.labels), staged(folders) as new:
        (new.data / "deep").mkdir()
        (new.data / "deep" / "a.tsv").write_text("a")
        (new.labels / "lent.tsv").symlink_to(new.data / "deep" / "a.tsv")
        assert written(new.data) == ["deep/a.tsv"]
        assert written(new.labels) == []
        assert new.data.parent == folders.data and new.labels.parent == folders.labels
    assert sorted(path.name for path in folders.data.iterdir()) == ["labels"]


KILLED = """
import os, signal, sys
from pathlib import Path
from xtreme_harness.data.stage import staged, writing_to
from xtreme_harness.definitions import Folders
place = Path(sys.argv[1])
with writing_to(place), staged(Folders(originals=place, data=place, labels=place)) as new:
    (new.data / "half.tsv").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.rglob("half.tsv"))
    with writing_to(tmp_path):
        assert not list(tmp_path.rglob("half.tsv"))


def test_the_record_is_there_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends in between leaves no unofficial file that passes as official."""
    new, final = tmp_path / "new", tmp_path / "final"
    new.mkdir()
    (new / "a.tsv").write_text("a")

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "sync", killed)
    with pytest.raises(KeyboardInterrupt):
        move_in(new, final, {"a.tsv": {"source": "hub", "sha256": "0", "unofficial": "lossy"}})
    assert [path.name for path in final.iterdir()] == ["origins.json"]
    assert json.loads((final / "origins.json").read_text())["a.tsv"]["unofficial"] == "lossy"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError), writing_to(tmp_path / "data"):
        pass
