"""What is unpacked of somebody's archive, and what is not."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xtreme_harness.errors import DataError
from xtreme_tasks import archives
from xtreme_tasks.archives import unpacked

WANTED = re.compile(r"(?:de|fr)/dev\.tsv|notes\.txt")

Write = Callable[[Path, list[tuple[str, bytes]]], Path]


def write_zip(path: Path, files: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: list[tuple[str, bytes]]) -> Path:
    with tarfile.open(path, f"w:{'gz' if path.suffix in ('.gz', '.tgz') else path.suffix[1:]}") as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


FORMS = {"a.zip": write_zip, "a.tar.gz": write_tar, "a.tar.bz2": write_tar}


@pytest.fixture(params=FORMS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """`write(("name", b"content"), ...)`: an archive of one of three sorts."""
    name: str = request.param
    return lambda *files: FORMS[name](tmp_path / name, list(files))


def contents(folder: Path) -> Mapping[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_wanted_ends_of_paths_are_kept_and_nothing_else(write: Callable[..., Path], tmp_path: Path) -> None:
    archive = write(
        ("data/de/dev.tsv", b"a\r\n"),
        ("data/fr/dev.tsv", "ü\n".encode()),
        ("data/it/dev.tsv", b""),
        ("data/dev.tsv", b""),
        ("grande/dev.tsv", b""),
        ("notes.txt", b"top"),
        ("old.notes.txt", b""),
    )
    out = tmp_path / "out"
    paths = list(unpacked(archive, WANTED, out))
    assert [path.relative_to(out).as_posix() for path in paths] == ["de/dev.tsv", "fr/dev.tsv", "notes.txt"]
    assert contents(out) == {"de/dev.tsv": b"a\r\n", "fr/dev.tsv": "ü\n".encode(), "notes.txt": b"top"}


@pytest.mark.parametrize("name", ["../../notes.txt", "/notes.txt", "de/../../../notes.txt", "./notes.txt"])
def test_nothing_lands_outside(name: str, write: Callable[..., Path], tmp_path: Path) -> None:
    archive = write((name, b"x"))
    before = contents(tmp_path)
    assert list(unpacked(archive, WANTED, tmp_path / "in" / "out")) == [tmp_path / "in" / "out" / "notes.txt"]
    assert contents(tmp_path) == {**before, "in/out/notes.txt": b"x"}


def test_links_and_folders_are_no_files(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("notes.txt", tarfile.SYMTYPE), ("de/dev.tsv", tarfile.LNKTYPE), ("fr", tarfile.DIRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/hostname"
            archive.addfile(member)
    assert list(unpacked(path, WANTED, tmp_path / "out")) == []
    assert list(unpacked(write_zip(tmp_path / "b.zip", [("notes.txt/", b"")]), WANTED, tmp_path / "out")) == []
    (tmp_path / "c.zip").mkdir()  # what somebody unpacked
    assert list(unpacked(tmp_path / "c.zip", WANTED, tmp_path / "out")) == []


def test_a_file_must_not_be_there_twice(write: Callable[..., Path], tmp_path: Path) -> None:
    archive = write(("a/notes.txt", b"x"), ("b/notes.txt", b"y"))
    with pytest.raises(DataError, match=re.escape(f"{archive}: holds notes.txt twice")):
        list(unpacked(archive, WANTED, tmp_path / "out"))


def test_files_are_of_bounded_size(write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_BYTES", 1000)
    assert list(unpacked(write(("de/dev.tsv", b"0" * 1000), ("big", b"0" * 5000)), WANTED, tmp_path / "out"))
    with pytest.raises(DataError, match=r"holds notes\.txt of 1001 bytes, more than anything this task has"):
        list(unpacked(write(("notes.txt", b"0" * 1001)), WANTED, tmp_path / "out"))
    assert contents(tmp_path / "out").keys() == {"de/dev.tsv"}


def test_damaged_archives_are_told_in_a_line(write: Callable[..., Path], tmp_path: Path) -> None:
    noise = bytes(range(256)) * 40
    archive = write(("notes.txt", noise), ("de/dev.tsv", noise[::-1]))
    whole = archive.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"not an archive\n", b"version https://git-lfs.github.com/spec/v1\n"):
        archive.write_bytes(damaged)
        with pytest.raises(DataError, match=r"is damaged .*; download it again") as caught:
            list(unpacked(archive, WANTED, tmp_path / f"out{len(damaged)}"))
        assert str(caught.value).startswith(f"{archive}: ") and "\n" not in str(caught.value)


def test_changed_bytes_are_noticed(tmp_path: Path) -> None:
    """A checksum (zip, gzip, bzip2) does not fit."""
    for name in ("a.zip", "a.tar.gz", "a.tar.bz2"):
        path = FORMS[name](tmp_path / name, [("notes.txt", bytes(range(256)) * 40)])
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(DataError, match="is damaged"):
            list(unpacked(path, WANTED, tmp_path / f"{name}.out"))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", [("notes.txt", b"x")])
    content = bytearray(path.read_bytes())
    content[6] |= 1  # "encrypted" in the flags of the file's own header and of the directory's
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is damaged .*password"):
        list(unpacked(path, WANTED, tmp_path / "out"))
