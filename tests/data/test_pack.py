"""Packs: the same data makes the same bytes, and nothing comes out of one that its manifest does not name."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.filling import way_of
from xtreme_harness.data.imports import DONE, MISSING, REFUSED, Outcome, import_pack, import_task
from xtreme_harness.data.origins import read_origins
from xtreme_harness.data.pack import write_pack
from xtreme_harness.data.parts import Part
from xtreme_harness.data.stage import writing_to
from xtreme_harness.data.status import all_parts
from xtreme_harness.definitions import Folders
from xtreme_harness.errors import DataError, MachineError
from xtreme_harness.registry import Registry

TEXT = b"A red roof\n"
Unpack = Callable[..., list[Outcome]]
Member = tuple[tarfile.TarInfo, bytes]


def tree(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def prepared(colours: Registry, folders: Folders) -> list[Part]:
    """The parts of both tasks, imported."""
    way = partial(way_of, source="original", offline=True, say=print)
    tasks = [colours.task(name) for name in ("colours", "tones")]
    with writing_to(folders.data, folders.labels):
        assert {import_task(task, colours, folders, way).state for task in tasks} == {DONE}
    return all_parts(tasks, colours, folders)


@pytest.fixture
def there(tmp_path: Path) -> Folders:
    """The folders of another machine."""
    return Folders(originals=tmp_path / "none", data=tmp_path / "there", labels=tmp_path / "there" / "labels")


@pytest.fixture
def unpack(colours: Registry, there: Folders) -> Unpack:
    def run(pack: Path, tasks: tuple[str, ...] = ()) -> list[Outcome]:
        with writing_to(there.data, there.labels):
            return import_pack(pack, colours, there, tasks)

    return run


def test_a_pack_carries_data_labels_and_origins(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path
) -> None:
    pack = tmp_path / "colours.tar.gz"
    entries = write_pack(prepared, folders, "colourful", pack)
    assert list(entries) == sorted(entries) and len(entries) == 14
    assert [(outcome.task, outcome.state) for outcome in unpack(pack)] == [("colours", DONE), ("tones", DONE)]
    assert tree(there.data) == tree(folders.data)  # origins.json too
    with tarfile.open(pack) as opened:
        assert opened.getnames() == ["manifest.json", *entries]
        manifest = json.load(opened.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert manifest["suite"] == "colourful"
    assert manifest["files"]["labels/tones/test-de.tsv"]["licence"] == ""
    english = manifest["files"]["data/colours/test-en.tsv"]
    assert (english["task"], english["licence"], english["bytes"]) == ("colours", "CC0", 31)
    assert english["origin"]["source"].startswith("colours-en.txt sha256:")


def test_the_same_data_makes_the_same_bytes(prepared: list[Part], folders: Folders, tmp_path: Path) -> None:
    write_pack(prepared, folders, None, tmp_path / "one.tar.gz")
    for path in folders.data.rglob("*"):
        path.touch()
    moved = Path(shutil.move(folders.data, tmp_path / "moved"))
    elsewhere = replace(folders, data=moved, labels=moved / "labels")
    parts = [replace(part, folder=elsewhere.labels if part.split == "gold" else moved) for part in prepared]
    write_pack(parts[::-1], elsewhere, None, tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_some_tasks_of_a_pack(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path
) -> None:
    write_pack(prepared, folders, None, tmp_path / "pack.tar.gz")
    assert [outcome.task for outcome in unpack(tmp_path / "pack.tar.gz", ("tones",))] == ["tones"]
    (outcome,) = unpack(tmp_path / "pack.tar.gz", ("xnli",))
    assert (outcome.task, outcome.state, outcome.remarks) == ("xnli", MISSING, ("pack.tar.gz has no data of xnli",))
    assert set(read_origins(there.data)) == {f"tones/test-{code}.tsv" for code in ("en", "sw", "de")}


def test_unofficial_data_stays_unofficial(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path
) -> None:
    record = folders.data / "origins.json"
    known = json.loads(record.read_text(encoding="utf-8"))
    known["tones/test-sw.tsv"]["unofficial"] = "sung"
    record.write_text(json.dumps(known), encoding="utf-8")
    write_pack(prepared, folders, None, tmp_path / "pack.tar.gz")
    assert [outcome.unofficial for outcome in unpack(tmp_path / "pack.tar.gz")] == [None, "sung"]
    assert read_origins(there.data)["tones/test-sw.tsv"]["unofficial"] == "sung"


def test_data_without_a_record_is_from_the_pack(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path
) -> None:
    (folders.data / "origins.json").unlink()
    write_pack([part for part in prepared if part.split == "test"], folders, None, tmp_path / "pack.tar.gz")
    unpack(tmp_path / "pack.tar.gz")
    assert {one["source"] for one in read_origins(there.data).values()} == {"pack pack.tar.gz"}
    assert not (there.labels / "colours").exists()


def test_wrong_rows_in_a_pack_are_refused(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path
) -> None:
    (folders.labels / "tones" / "test-sw.tsv").write_text("loud\nsoft\n", encoding="utf-8")
    write_pack(prepared, folders, None, tmp_path / "pack.tar.gz")
    colours_, tones = unpack(tmp_path / "pack.tar.gz")
    assert (colours_.state, tones.state) == (DONE, REFUSED)
    assert tones.remarks[0].startswith("tones gold sw: tones/test-sw.tsv: example 1 (id 1): label 'loud' is not one of")
    assert not (there.data / "tones").exists()


# What follows are packs that no version of this program wrote.


def entry(content: bytes = TEXT, **changes: Any) -> dict[str, Any]:
    about = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "task": "tones", "licence": ""}
    return {**about, "origin": None, **changes}


def plain(name: str, content: bytes = TEXT, **fields: Any) -> Member:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in fields.items():
        setattr(member, key, value)
    return member, content


def forged(path: Path, files: Any, *members: Member, schema: int = 1) -> Path:
    head = json.dumps({"schema": schema, "files": files}).encode()
    with tarfile.open(path, "w:gz") as pack:
        for member, content in (plain("manifest.json", head), *members):
            pack.addfile(member, io.BytesIO(content))
    return path


NAME = "data/tones/test-en.tsv"
GOOD = {NAME: entry()}
FORGED: dict[str, tuple[Any, tuple[Member, ...], str]] = {
    "path up": ({"data/../../x": entry()}, (plain("data/../../x"),), "a name that leads astray"),
    "absolute": ({"/etc/x": entry()}, (plain("/etc/x"),), "a name that leads astray"),
    "absolute below": ({"data//etc/x": entry()}, (plain("data//etc/x"),), "a name that leads astray"),
    "another side": ({"store/x": entry()}, (plain("store/x"),), "a name that leads astray"),
    "unnamed member": (GOOD, (plain(NAME), plain("data/../x")), "holds 'data/../x', which is not the file that its"),
    "link": (GOOD, (plain(NAME, b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),), "which is not the file that its"),
    "hard link": (GOOD, (plain(NAME, b"", type=tarfile.LNKTYPE, linkname="x"),), "which is not the file that its"),
    "device": (GOOD, (plain(NAME, b"", type=tarfile.CHRTYPE),), "which is not the file that its manifest names"),
    "folder": (GOOD, (plain(NAME, b"", type=tarfile.DIRTYPE),), "which is not the file that its manifest names"),
    "another size": (GOOD, (plain(NAME, TEXT + b"!"),), "which is not the file that its manifest names"),
    "another content": (GOOD, (plain(NAME, TEXT.upper()),), f"holds {NAME}, but not as its manifest says (SHA-256)"),
    "twice": (GOOD, (plain(NAME), plain(NAME)), f"holds {NAME} twice"),
    "lacking": ({**GOOD, "data/tones/test-sw.tsv": entry()}, (plain(NAME),), "lacks data/tones/test-sw.tsv"),
    "no hash": ({NAME: entry(sha256=None)}, (plain(NAME),), "that this version cannot read"),
    "negative size": ({NAME: entry(bytes=-1)}, (plain(NAME),), "that this version cannot read"),
    "a lying origin": (
        *({NAME: entry(origin={"source": "x", "sha256": "0", "unofficial": None})}, (plain(NAME),)),
        "that this version cannot read",
    ),
    "no files": ([], (), "that this version cannot read"),
    "unknown task": ({NAME: entry(task="songs")}, (plain(NAME),), "has data of songs, which is not registered here"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_packs_are_refused(name: str, unpack: Unpack, there: Folders, tmp_path: Path) -> None:
    files, members, told = FORGED[name]
    pack = forged(tmp_path / "forged.tar.gz", files, *members)
    with pytest.raises(DataError, match="forged.tar.gz: ") as caught:  # noqa: RUF043
        unpack(pack)
    assert told in str(caught.value)
    assert tree(there.data) == {}
    assert {path.name for path in tmp_path.iterdir()} == {"forged.tar.gz", "there"}


@pytest.mark.parametrize("name", ["data/origins.json", "data/xnli/train-en.tsv", "labels/origins.json", "data/tones"])
def test_a_pack_brings_only_what_its_tasks_read(unpack: Unpack, there: Folders, tmp_path: Path, name: str) -> None:
    (outcome,) = unpack(forged(tmp_path / "forged.tar.gz", {name: entry()}, plain(name)))
    assert outcome.state == REFUSED
    assert outcome.remarks[0] == f"forged.tar.gz: {name} is no file of tones"
    assert tree(there.data) == {}


def test_a_later_form_is_refused(unpack: Unpack, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="that this version cannot read"):
        unpack(forged(tmp_path / "forged.tar.gz", GOOD, plain(NAME), schema=2))


def test_a_pack_larger_than_it_says_is_not_read_to_its_end(unpack: Unpack, tmp_path: Path) -> None:
    """64 MB of headers that hold nothing, 64 kB packed: a reader would take them all into memory."""
    head = json.dumps({"schema": 1, "files": {}}).encode()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as pack:
        pack.addfile(plain("manifest.json", head)[0], io.BytesIO(head))
        big, content = plain("x", bytes(64 << 20), type=tarfile.XHDTYPE)
        pack.addfile(big, io.BytesIO(content))
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(raw.getvalue()))
    with pytest.raises(DataError, match="it holds more than its manifest says"):
        unpack(tmp_path / "bomb.tar.gz")


def test_a_pack_without_room(
    prepared: list[Part], folders: Folders, unpack: Unpack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pack(prepared, folders, None, tmp_path / "pack.tar.gz")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    with pytest.raises(MachineError, match=r"pack\.tar\.gz unpacks to 0 MB, 0 MB are free"):
        unpack(tmp_path / "pack.tar.gz")


def damaged(pack: Path) -> dict[str, bytes]:
    content = pack.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    return {
        "cut": content[: len(content) // 2],
        "flipped": bytes(flipped),
        "empty": b"",
        "no gzip": b"PK\x03\x04 and more",
        "no tar": gzip.compress(b"A red roof\n" * 1000),
    }


@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "no gzip", "no tar"])
def test_damaged_packs_are_refused(
    prepared: list[Part], folders: Folders, there: Folders, unpack: Unpack, tmp_path: Path, how: str
) -> None:
    pack = tmp_path / "pack.tar.gz"
    write_pack(prepared, folders, None, pack)
    pack.write_bytes(damaged(pack)[how])
    with pytest.raises(DataError, match=r"pack\.tar\.gz: "):
        unpack(pack)
    assert tree(there.data) == {}


def test_another_archive_is_no_pack(unpack: Unpack, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as other:
        member, content = plain("x-final/de/test_2k.tsv")
        other.addfile(member, io.BytesIO(content))
    with pytest.raises(DataError, match=r"does not begin with manifest\.json: it is no pack"):
        unpack(tmp_path / "other.tar.gz")


def test_a_pack_that_cannot_be_written_whole_is_not_there(
    prepared: list[Part], folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("xtreme_harness.data.pack.sync", full)
    with pytest.raises(OSError, match="No space left"):
        write_pack(prepared, folders, None, tmp_path / "pack.tar.gz")
    assert not list(tmp_path.glob("*pack*"))
