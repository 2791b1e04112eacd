"""A pack: prepared data of some tasks in one file, for a cluster without network; the same data gives the same bytes.

A gzipped tar of plain files: manifest.json first, then data/... and labels/... in the order of their names. What comes
out of one is checked against the manifest (path, size, SHA-256), all of it before anything is used.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_harness import __version__
from xtreme_harness.data.origins import is_origin, read_origins
from xtreme_harness.data.parts import Part, is_inside
from xtreme_harness.definitions import Folders
from xtreme_harness.errors import DataError, MachineError
from xtreme_harness.files import sha256_file, sync

MANIFEST = "manifest.json"
SCHEMA = 1
SIDES = ("data", "labels")
LARGEST_MANIFEST = 16 << 20
OVERHEAD = 1 << 12  # bytes of a member's headers and padding, at most
BLOCK = 1 << 20

Entry = dict[str, Any]  # bytes, sha256, task, licence, origin


def write_pack(parts: Sequence[Part], folders: Folders, suite: str | None, out: Path) -> dict[str, Entry]:
    """Packs the files of the parts that are there; returns what the manifest says of each, by its name in the pack."""
    entries = _entries(parts, folders)
    manifest = {"schema": SCHEMA, "made_by": f"xtreme-harness {__version__}", "suite": suite, "files": entries}
    head = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        with (
            temporary.open("wb") as raw,
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as pack,
        ):
            pack.addfile(_member(MANIFEST, len(head)), io.BytesIO(head))
            for name, entry in entries.items():
                with _place(name, folders).open("rb") as content:
                    pack.addfile(_member(name, entry["bytes"]), content)
        sync(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return entries


def _entries(parts: Sequence[Part], folders: Folders) -> dict[str, Entry]:
    origins = {"data": read_origins(folders.data), "labels": read_origins(folders.labels)}
    found: dict[str, Entry] = {}
    for part in (part for part in parts if not part.missing):
        side = side_of(part)
        for name, path in zip(part.own_names, part.files, strict=True):
            sha256 = sha256_file(path)
            origin = origins[side].get(name)
            about = {"bytes": path.stat().st_size, "sha256": sha256, "task": part.task.name}
            known = origin if origin and origin["sha256"] == sha256 else None
            found.setdefault(f"{side}/{name}", {**about, "licence": part.task.licence, "origin": known})
    return {name: found[name] for name in sorted(found)}


def side_of(part: Part) -> str:
    """Which of the folders in a pack has the files of a part."""
    return "labels" if part.split == "gold" else "data"


def _place(name: str, folders: Folders) -> Path:
    side, _, rest = name.partition("/")
    return (folders.labels if side == "labels" else folders.data) / rest


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Nothing in it depends on the machine, its user or the day."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


def read_pack(pack: Path, new: Folders) -> dict[str, Entry]:
    """Unpacks into the (staged) folders; returns the manifest's files. Raises DataError for whatever is not as it says.

    Only plain files that the manifest names, once each and as long as it says, are written; the manifest's sizes bound
    what is read.
    """
    try:
        with gzip.open(pack) as stream, _members(stream) as (tar, bound):
            files = _manifest(pack, tar)
            _check_room(pack, files, new)
            bound.limit += sum(entry["bytes"] + OVERHEAD for entry in files.values())
            seen = list(_unpacked(pack, tar, files, new))
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(pack, None, f"is damaged, or no pack ({error}); get it again") from None
    if missing := [name for name in files if name not in seen]:
        raise DataError(pack, None, f"lacks {missing[0]}, which its manifest names")
    return files


class _Bounded(io.RawIOBase):
    """A stream of at most `limit` bytes: a small pack may unpack to more than any disk holds."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self.stream, self.limit = stream, LARGEST_MANIFEST + 4 * OVERHEAD

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(min(size, self.limit + 1) if size >= 0 else self.limit + 1)
        self.limit -= len(block)
        if self.limit < 0:
            raise tarfile.ReadError("it holds more than its manifest says")
        return block


@contextmanager
def _members(stream: gzip.GzipFile) -> Iterator[tuple[tarfile.TarFile, _Bounded]]:
    bound = _Bounded(stream)
    with tarfile.open(fileobj=bound, mode="r|") as tar:
        yield tar, bound


def _manifest(pack: Path, tar: tarfile.TarFile) -> dict[str, Entry]:
    member = tar.next()
    content = tar.extractfile(member) if member and member.isreg() and member.name == MANIFEST else None
    if content is None:
        raise DataError(pack, None, f"does not begin with {MANIFEST}: it is no pack of xtreme-harness data pack")
    try:
        known = json.loads(content.read().decode())
    except ValueError as error:
        raise DataError(pack, None, f"has a {MANIFEST} that is not JSON ({error})") from None
    files = known.get("files") if isinstance(known, dict) and known.get("schema") == SCHEMA else None
    if not isinstance(files, dict) or not all(_is_entry(name, entry) for name, entry in files.items()):
        raise DataError(pack, None, f"has a {MANIFEST} that this version cannot read, or with a name that leads astray")
    return files


def _is_entry(name: str, entry: Any) -> bool:
    """Whether a line of a manifest names a plain place in the data or the label folder, and tells size and hash."""
    side, _, rest = name.partition("/")
    if side not in SIDES or not is_inside(rest) or not isinstance(entry, dict):
        return False
    texts = all(isinstance(entry.get(key), str) for key in ("sha256", "task", "licence"))
    size, origin = entry.get("bytes"), entry.get("origin")
    has_origin = origin is None or (is_origin(origin) and origin["sha256"] == entry["sha256"])
    return texts and isinstance(size, int) and size >= 0 and has_origin


def _check_room(pack: Path, files: Mapping[str, Entry], new: Folders) -> None:
    needed, free = sum(entry["bytes"] for entry in files.values()), shutil.disk_usage(new.data).free
    if needed > free:
        raise MachineError(f"{pack} unpacks to {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free in {new.data}.")


def _unpacked(pack: Path, tar: tarfile.TarFile, files: Mapping[str, Entry], new: Folders) -> Iterator[str]:
    while member := tar.next():
        _unpack(pack, tar, member, files.get(member.name), new)
        yield member.name


def _unpack(pack: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, entry: Entry | None, new: Folders) -> None:
    if entry is None or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.size != entry["bytes"]:
        raise DataError(pack, None, f"holds {member.name!r}, which is not the file that its manifest names")
    path = _place(member.name, new)
    if path.exists():
        raise DataError(pack, None, f"holds {member.name} twice")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    assert content is not None  # a plain file has content
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        while block := content.read(BLOCK):
            digest.update(block)
            stream.write(block)
    if digest.hexdigest() != entry["sha256"]:
        raise DataError(pack, None, f"holds {member.name}, but not as its manifest says (SHA-256); get the pack again")
