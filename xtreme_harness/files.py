"""Files on disk: hashes (cached by path, size and time), atomic writes, locks. Knows nothing of units."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LEASE_SECONDS = 60.0


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of the bytes of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Makes sure that a file or folder is on the disk and not only in a cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def write_text(path: Path, text: str) -> None:
    """Writes a whole file or nothing: to a temporary name beside it, fsynced, renamed."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(final: Path) -> Iterator[Path]:
    """A temporary folder that becomes `final` when the block ends well, and vanishes otherwise.

    If `final` is there by then, it stays and the new one is dropped: whoever made it did the same work.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{final.name}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        sync_tree(temporary)
        if not final.exists():
            temporary.rename(final)
            sync(final.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Holds the lock file `path`, on a shared file system too. `waiting` is called if another process holds it.

    A lock whose owner is gone is taken over.
    """
    from filelock import SoftFileLease, Timeout

    lease = SoftFileLease(path, lease_duration=LEASE_SECONDS)
    try:
        lease.acquire(timeout=0.2)
    except Timeout:
        waiting()
        lease.acquire(poll_interval=0.5)
    try:
        yield
    finally:
        lease.release()


class HashCache:
    """SHA-256 of files, kept in a folder by path, size and modification time; one small file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[tuple[str, int, int], str] = {}

    def sha256(self, path: Path) -> str:
        """The hash of `path`, computed only when the file is new or changed."""
        place = str(path.resolve())
        status = path.stat()
        stamp = (place, status.st_size, status.st_mtime_ns)
        if stamp not in self._seen:
            entry = self.folder / f"{hashlib.sha256(place.encode()).hexdigest()[:32]}.json"
            self._seen[stamp] = self._read(entry, stamp) or self._compute(path, entry, stamp)
        return self._seen[stamp]

    def _read(self, entry: Path, stamp: tuple[str, int, int]) -> str | None:
        try:
            known = json.loads(entry.read_text(encoding="utf-8"))
            return str(known["sha256"]) if known["stamp"] == list(stamp) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _compute(self, path: Path, entry: Path, stamp: tuple[str, int, int]) -> str:
        value = sha256_file(path)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text(entry, json.dumps({"stamp": list(stamp), "sha256": value}))
        return value
