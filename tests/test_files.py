"""Files: whole or not at all, and hashes that are remembered until a file changes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xtreme_harness import files
from xtreme_harness.files import HashCache, new_folder, sha256_file, write_text


def test_sha256_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert sha256_file(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    text = "erste Zeile\nनमस्ते\u2028\r\nend"
    write_text(tmp_path / "a.txt", text)
    assert (tmp_path / "a.txt").read_bytes() == text.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "a.txt", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_text(tmp_path / "a.txt", "new and longer")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_appears_when_its_block_ends_well(tmp_path: Path) -> None:
    final = tmp_path / "units" / "ab" / "abcd"
    with new_folder(final) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a").write_text("1")
        assert not final.exists() and folder.parent == final.parent
    assert (final / "deep" / "a").read_text() == "1"
    assert list(final.parent.iterdir()) == [final]


def test_a_folder_does_not_appear_when_its_block_fails(tmp_path: Path) -> None:
    final = tmp_path / "final"
    with pytest.raises(KeyboardInterrupt), new_folder(final) as folder:
        (folder / "a").write_text("1")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_by_then_stays(tmp_path: Path) -> None:
    final = tmp_path / "final"
    with new_folder(final) as folder:
        (folder / "a").write_text("second")
        final.mkdir()
        (final / "a").write_text("first")
    assert (final / "a").read_text() == "first"
    assert list(tmp_path.iterdir()) == [final]


def test_a_killed_process_leaves_no_folder_by_the_final_name(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from xtreme_harness.files import new_folder
with new_folder(Path({str(tmp_path / "final")!r})) as folder:
    (folder / "a").write_text("half")
    Path({str(tmp_path / "started")!r}).touch()
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "final").exists()
    with new_folder(tmp_path / "final") as folder:  # what the dead one left is in nobody's way
        (folder / "a").write_text("whole")
    assert (tmp_path / "final" / "a").read_text() == "whole"


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(500):
        if path.exists():
            return
        assert process.poll() is None
        time.sleep(0.02)
    raise AssertionError(f"{path} did not appear")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes were really read."""
    names: list[str] = []

    def counting(path: Path) -> str:
        names.append(path.name)
        return sha256_file(path)

    monkeypatch.setattr(files, "sha256_file", counting)
    return names


def test_a_hash_is_remembered_in_the_process_and_on_disk(tmp_path: Path, hashed: list[str]) -> None:
    (tmp_path / "a").write_text("one")
    cache = HashCache(tmp_path / "hashes")
    assert cache.sha256(tmp_path / "a") == cache.sha256(tmp_path / "a") == hashlib.sha256(b"one").hexdigest()
    assert HashCache(tmp_path / "hashes").sha256(tmp_path / "a") == hashlib.sha256(b"one").hexdigest()
    assert hashed == ["a"]


def test_a_change_of_size_is_seen(tmp_path: Path, hashed: list[str]) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    stamp = path.stat().st_mtime_ns
    cache = HashCache(tmp_path / "hashes")
    cache.sha256(path)
    path.write_text("one more")
    os.utime(path, ns=(stamp, stamp))
    assert cache.sha256(path) == hashlib.sha256(b"one more").hexdigest()
    assert HashCache(tmp_path / "hashes").sha256(path) == hashlib.sha256(b"one more").hexdigest()
    assert hashed == ["a", "a"]


def test_a_change_of_time_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    cache = HashCache(tmp_path / "hashes")
    cache.sha256(path)
    stamp = path.stat().st_mtime_ns + 1
    path.write_text("two")
    os.utime(path, ns=(stamp, stamp))
    for asked in (cache, HashCache(tmp_path / "hashes")):
        assert asked.sha256(path) == hashlib.sha256(b"two").hexdigest()


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    cache = HashCache(tmp_path / "hashes")
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a").write_text(folder)
        os.utime(tmp_path / folder / "a", ns=(1, 1))
    assert cache.sha256(tmp_path / "x" / "a") != cache.sha256(tmp_path / "y" / "a")


@pytest.mark.parametrize("garbage", ["", "{", "[]", "null", "{}", '{"stamp": 1}'])
def test_a_damaged_entry_is_computed_again(tmp_path: Path, garbage: str) -> None:
    (tmp_path / "a").write_text("one")
    right = HashCache(tmp_path / "hashes").sha256(tmp_path / "a")
    (entry,) = (tmp_path / "hashes").iterdir()
    entry.write_text(garbage)
    assert HashCache(tmp_path / "hashes").sha256(tmp_path / "a") == right
