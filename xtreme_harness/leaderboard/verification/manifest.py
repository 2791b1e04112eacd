"""Manifests of runs and of their published packs: a hash for every file, one root hash, and what no longer fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.files import sha256_file
from xtreme_harness.leaderboard.analyses import FOLDER as ANALYSES
from xtreme_harness.leaderboard.verification.form import json_object
from xtreme_harness.unit import digest

MANIFEST = "manifest.json"
VALUES = "scores/"
ADDED = (VALUES, ANALYSES)  # what a pack adds to the files of its run
CUT = ("request.json",)  # what a pack has in another form than its run

Hashes = Mapping[str, str]  # SHA-256 by the name of a file, relative to the folder, with `/`


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a manifest.json says.

    In a pack `withheld` lists the files of the run that are not in it as the run had them, and `run` is the run's root
    hash; a run's own manifest has neither.
    """

    files: Hashes
    root: str
    withheld: Hashes = field(default_factory=dict)
    run: str = ""

    @property
    def is_pack(self) -> bool:
        return bool(self.run)

    def as_json(self) -> dict[str, Any]:
        about_run = {"withheld": dict(self.withheld), "run": self.run} if self.is_pack else {}
        return {"files": dict(self.files), **about_run, "root": self.root}


def manifest_of_run(folder: Path) -> Manifest:
    """SHA-256 of every file of a run, and the root hash over them; analyses come later and are no part of it."""
    files = _without_analyses(hashes_of(folder))
    return Manifest(files=files, root=digest(files))


def manifest_of_pack(folder: Path, run: Manifest) -> Manifest:
    """The same of a pack, with what its run had besides: the run's root hash follows from both."""
    files = hashes_of(folder)
    withheld = {name: value for name, value in run.files.items() if files.get(name) != value}
    return Manifest(files=files, withheld=withheld, run=run.root, root=_pack_root(files, withheld, run.root))


def _pack_root(files: Hashes, withheld: Hashes, run: str) -> str:
    return digest({"files": dict(files), "withheld": dict(withheld), "run": run})


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` but its manifest, in the order of their names; links are left out."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {name: sha256_file(paths[name]) for name in sorted(paths) if name != MANIFEST and _is_plain(paths[name])}


def _without_analyses(hashes: Hashes) -> dict[str, str]:
    return {name: value for name, value in hashes.items() if not name.startswith(ANALYSES)}


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_usual(path: Path) -> bool:
    return _is_plain(path) or (path.is_dir() and not path.is_symlink())


def read_manifest(folder: Path) -> Manifest:
    """Raises MissingData where there is none, DataError for one that cannot be read."""
    path = folder / MANIFEST
    if not path.is_file():
        raise MissingData(path, None, "there is no such file; it lists what the folder must hold")
    try:
        manifest = Manifest(**json_object(path))
    except DataError as error:
        raise DataError(path, None, f"is no manifest: {error.what}") from None
    except TypeError as error:
        raise DataError(path, None, f"is no manifest: {error}") from None
    tables = [manifest.files, manifest.withheld]
    if not all(isinstance(one, dict) and all(isinstance(value, str) for value in one.values()) for one in tables):
        raise DataError(path, None, "is no manifest: files and withheld must name a hash each")
    if not isinstance(manifest.root, str) or not isinstance(manifest.run, str):
        raise DataError(path, None, "is no manifest: root and run must be hashes")
    return manifest


def root_of(folder: Path) -> str:
    """The root hash of a run, from its folder or from its pack; "" where there is no manifest. It is not checked."""
    if not (folder / MANIFEST).is_file():
        return ""
    manifest = read_manifest(folder)
    return manifest.run or manifest.root


def manifest_problems(manifest: Manifest, folder: Path, found: Hashes) -> Iterator[str]:
    """What differs between a manifest and the files `found` in the folder, by name; then what its roots say."""
    found = found if manifest.is_pack else _without_analyses(found)
    strange = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not _is_usual(path)}
    for name in sorted({*manifest.files, *found, *strange}):
        if name in strange:
            yield f"{name}: is {'a link' if strange[name].is_symlink() else 'a device or pipe'}, not a file"
        elif name not in found:
            yield f"{name}: is missing"
        elif name not in manifest.files:
            yield f"{name}: is not in the manifest"
        elif found[name] != manifest.files[name]:
            yield f"{name}: was edited, its hash is not the manifest's"
    yield from _root_problems(manifest)


def _root_problems(manifest: Manifest) -> Iterator[str]:
    files, withheld = dict(manifest.files), dict(manifest.withheld)
    expected = _pack_root(files, withheld, manifest.run) if manifest.is_pack else digest(files)
    if manifest.root != expected:
        yield f"{MANIFEST}: the root hash is not that of its files"
    for name in files:
        if name in withheld and name not in CUT:
            yield f"{MANIFEST}: {name} is in the pack and withheld"
    of_run = {name: value for name, value in files.items() if not name.startswith(ADDED)} | withheld
    if manifest.is_pack and manifest.run != digest(of_run):
        yield f"{MANIFEST}: the run's root hash is not that of its files and of what is withheld"
