"""The store: outputs of units by content key, written atomically and checked when they are opened.

STORE/units/ab/abcdef.../{unit.json, ...}    a finished unit; unit.json lists its files with sizes and SHA-256
STORE/partial/abcdef.../                     checkpoints of a unit that is being trained, to resume from
STORE/locks/abcdef....lock                   who is doing the unit at the moment
STORE/hashes/                                file hashes by path, size and time
STORE/damaged/                               units that failed their check, moved aside
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.errors import MachineError, machine_error
from xtreme_harness.files import HashCache, locked, new_folder, sha256_file, write_text
from xtreme_harness.unit import Unit, digest

SCHEMA = 1
REMEMBERED_BYTES = 1 << 20


def default_store() -> Path:
    """XTREME_HARNESS_STORE, else the user's cache folder."""
    if named := os.environ.get("XTREME_HARNESS_STORE"):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "xtreme-harness"


@dataclass(frozen=True)
class Finished:
    """A unit's output folder with what its unit.json says."""

    folder: Path
    about: Mapping[str, Any]

    def file(self, name: str) -> Path:
        return self.folder / name

    def sha256(self, name: str) -> str:
        return str(self.about["files"][name]["sha256"])

    @property
    def result(self) -> dict[str, Any]:
        """What the unit said about itself: figures, counts, device."""
        return dict(self.about["result"])


class Store:
    """Content-addressed outputs in one folder; safe for several processes and machines at once."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.hashes = HashCache(self.root / "hashes")

    def make(self) -> None:
        """Creates the folders; raises MachineError where that is not allowed."""
        try:
            for name in ("units", "locks", "partial", "hashes"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise machine_error(error) or MachineError(f"Cannot make the store {self.root}: {error}") from error

    def folder(self, key: str) -> Path:
        return self.root / "units" / key[:2] / key

    def partial(self, key: str) -> Path:
        """Where a unit keeps what it needs to resume; removed once it is finished."""
        return self.root / "partial" / key

    def find(self, key: str, needs: tuple[str, ...] = ()) -> Finished | None:
        """The finished unit, checked file by file, if it is there and none of the files `needs` was dropped.

        A damaged unit is moved aside, named on standard error, and None is returned: it will be computed again.
        """
        folder = self.folder(key)
        if not (folder / "unit.json").is_file():
            return None
        try:
            about = _read_about(folder)
            if set(needs) & set(about["dropped"]):
                return None
            damage = self._damage(folder, about["files"])
        except (ValueError, FileNotFoundError) as error:
            damage = f"unit.json cannot be read: {error}"
        if damage is None:
            return Finished(folder, about)
        self._move_aside(key, damage)
        return None

    def _damage(self, folder: Path, files: Mapping[str, Mapping[str, Any]]) -> str | None:
        for name, expected in files.items():
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != expected["bytes"] or self._sha256(path) != expected["sha256"]:
                return f"{name} is not what was written"
        return None

    def _sha256(self, path: Path) -> str:
        """Small files are hashed each time, which costs less than remembering; large ones when they changed."""
        return sha256_file(path) if path.stat().st_size < REMEMBERED_BYTES else self.hashes.sha256(path)

    def _move_aside(self, key: str, damage: str) -> None:
        aside = self.root / "damaged" / key
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        self.folder(key).rename(aside)
        sys.stderr.write(f"store: unit {key[:12]} is damaged ({damage}); moved to {aside}, computing it again\n")

    @contextmanager
    def lock(self, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Holds the unit's lock. A lock whose owner is gone is taken over; `waiting` is called if another holds it."""
        with locked(self.root / "locks" / f"{key}.lock", waiting):
            yield

    def write(self, unit: Unit, perform: Callable[[Path], dict[str, Any]]) -> Finished:
        """Runs `perform(folder)`, which fills the folder and returns the unit's result, and keeps both."""
        final = self.folder(unit.key)
        if final.exists():  # there, but weights were dropped
            shutil.rmtree(final)
        with new_folder(final) as folder:
            result = perform(folder)
            about = {
                "schema": SCHEMA,
                "key": unit.key,
                "label": unit.label,
                "identity": unit.identity,
                "result": result,
                "dropped": [],
                "kept": False,
                "files": self._listing(folder),
            }
            _write_about(folder, about)
        shutil.rmtree(self.partial(unit.key), ignore_errors=True)
        found = self.find(unit.key)
        if found is None:
            raise MachineError(f"Unit {unit.label} was written to {final} but cannot be read back; check the disk.")
        return found

    def _listing(self, folder: Path) -> dict[str, dict[str, Any]]:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
            for path in paths
        }

    def keep(self, key: str) -> None:
        """Marks a finished unit: its files are dropped by nobody until it is removed or computed again."""
        folder = self.folder(key)
        try:
            about = _read_about(folder)
        except (ValueError, FileNotFoundError):
            return  # not there, or damaged: whoever asks for it next finds that
        if not about.get("kept"):
            _write_about(folder, {**about, "kept": True})

    def drop(self, key: str, names: tuple[str, ...]) -> None:
        """Removes files of a finished unit that can be computed again, unless it is kept; unit.json says so first."""
        folder = self.folder(key)
        try:
            about = _read_about(folder)
        except (ValueError, FileNotFoundError):
            return
        gone = [name for name in names if name in about["files"]]
        if about.get("kept") or not gone:
            return
        files = {name: entry for name, entry in about["files"].items() if name not in gone}
        _write_about(folder, {**about, "files": files, "dropped": [*about["dropped"], *gone]})
        for name in gone:
            (folder / name).unlink(missing_ok=True)

    def finished(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, unit.json) of every finished unit, in the order of their keys; their files are not checked."""
        for path in sorted((self.root / "units").glob("*/*/unit.json")):
            try:
                yield path.parent.name, _read_about(path.parent)
            except ValueError:
                continue


def _read_about(folder: Path) -> dict[str, Any]:
    """A unit's unit.json; raises ValueError when it is not what was written, or another unit's."""
    about = json.loads((folder / "unit.json").read_text(encoding="utf-8"))
    if not isinstance(about, dict) or about.pop("seal", None) != digest(about) or about["key"] != folder.name:
        raise ValueError("it is not what was written")
    return about


def _write_about(folder: Path, about: Mapping[str, Any]) -> None:
    """Writes unit.json with a hash over itself: figures and counts are in no other file."""
    plain = json.loads(json.dumps(about))  # as it will be read: tuples are lists, keys are text
    write_text(folder / "unit.json", json.dumps({**plain, "seal": digest(plain)}, ensure_ascii=False, indent=1))
