"""Downloads from a server on this machine: taken up again, verified, and never a wrong file under the right name."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from web_server import File, Web

from xtreme_harness.data import download as module
from xtreme_harness.data.download import Unreached, download
from xtreme_harness.definitions import Source
from xtreme_harness.errors import DataError, MachineError, MissingData

TEXT = bytes(number % 251 for number in range(20_000))
SHA256 = hashlib.sha256(TEXT).hexdigest()

SourceOf = Callable[..., Source]


@pytest.fixture
def source(web: Web) -> SourceOf:
    """A source at the server's /a.bin."""
    return lambda **fields: Source(**{"file": "a.bin", "address": f"{web.address}/a.bin", **fields})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT)
    seen: list[tuple[int, int | None]] = []
    found = download(source(bytes=len(TEXT), sha256=SHA256), tmp_path, lambda *place: seen.append(place))
    assert found == SHA256
    assert (tmp_path / "a.bin").read_bytes() == TEXT
    assert names(tmp_path) == ["a.bin"]
    assert seen == sorted(seen) and seen[-1] == (len(TEXT), len(TEXT))


def test_a_file_in_a_folder(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT)
    download(source(file="sub/b.bin"), tmp_path)
    assert (tmp_path / "sub" / "b.bin").read_bytes() == TEXT


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_a_cut_connection_is_taken_up_where_it_ended(
    web: Web, source: SourceOf, tmp_path: Path, sha256: str | None
) -> None:
    web.files["/a.bin"] = File(TEXT, cuts=(5_000, 12_345))
    assert download(source(sha256=sha256), tmp_path) == SHA256
    assert web.asked == [("/a.bin", ""), ("/a.bin", "bytes=5000-"), ("/a.bin", "bytes=12345-")]
    assert web.sent["/a.bin"] == len(TEXT)  # nothing twice


def test_a_second_call_goes_on_where_the_first_gave_up(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, cuts=(5_000, 5_000))
    with pytest.raises(Unreached, match=r"(?s)ended after 5000 of 20000 bytes.*5000 bytes are kept"):
        download(source(), tmp_path)
    assert names(tmp_path) == ["a.bin.part", "a.bin.part.json"]
    assert download(source(), tmp_path) == SHA256
    assert web.sent["/a.bin"] == len(TEXT)
    assert names(tmp_path) == ["a.bin"]


def test_a_server_without_ranges_starts_again(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, cuts=(5_000,), ranges=False)
    assert download(source(), tmp_path) == SHA256
    assert web.sent["/a.bin"] == 5_000 + len(TEXT)


@pytest.mark.parametrize("file", [File(tagged=False), File(weak=True)], ids=["no ETag", "a weak ETag"])
def test_without_a_validator_two_files_are_never_joined(web: Web, source: SourceOf, tmp_path: Path, file: File) -> None:
    web.files["/a.bin"] = file
    file.content, file.cuts = TEXT[::-1], (5_000, 5_000)
    with pytest.raises(Unreached):
        download(source(), tmp_path)
    file.content = TEXT
    assert download(source(), tmp_path) == SHA256
    assert {asked for _, asked in web.asked} == {""}


def test_without_a_validator_a_known_hash_is_enough_to_go_on(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, cuts=(5_000,), tagged=False)
    assert download(source(sha256=SHA256), tmp_path) == SHA256
    assert web.sent["/a.bin"] == len(TEXT)


@pytest.mark.parametrize("minds_condition", [True, False], ids=["minds If-Range", "does not mind If-Range"])
@pytest.mark.parametrize("size", [len(TEXT), 15_000, 3_000], ids=["as long", "shorter", "shorter than the part"])
def test_a_file_that_changed_in_between_is_fetched_anew(
    web: Web, source: SourceOf, tmp_path: Path, minds_condition: bool, size: int
) -> None:
    web.files["/a.bin"] = File(TEXT[::-1], cuts=(5_000, 5_000))
    with pytest.raises(Unreached):
        download(source(), tmp_path)
    web.files["/a.bin"] = File(TEXT[:size], minds_condition=minds_condition)
    assert download(source(), tmp_path) == hashlib.sha256(TEXT[:size]).hexdigest()


def test_an_address_that_changed_in_between_starts_again(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, cuts=(5_000, 5_000))
    with pytest.raises(Unreached):
        download(source(), tmp_path)
    web.files["/b.bin"] = File(TEXT)
    assert download(source(address=f"{web.address}/b.bin"), tmp_path) == SHA256
    assert web.asked[-1] == ("/b.bin", "")


@pytest.mark.parametrize("note", ["", "{", "[]", '{"address": 1}'])
def test_a_part_whose_note_is_lost_starts_again(web: Web, source: SourceOf, tmp_path: Path, note: str) -> None:
    web.files["/a.bin"] = File(TEXT)
    (tmp_path / "a.bin.part").write_bytes(b"who knows")
    (tmp_path / "a.bin.part.json").write_text(note)
    assert download(source(), tmp_path) == SHA256


def test_a_part_that_is_whole_is_not_asked_for(web: Web, source: SourceOf, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(TEXT)
    note = {"address": source().address, "validator": '"x"', "bytes": len(TEXT)}
    (tmp_path / "a.bin.part.json").write_text(json.dumps(note))
    assert download(source(), tmp_path) == SHA256
    assert web.asked == []


def test_a_wrong_hash_is_told_and_the_file_set_aside(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT)
    with pytest.raises(DataError, match=f"has SHA-256 {SHA256}, expected {'0' * 64}; set aside as a.bin.refused"):
        download(source(sha256="0" * 64), tmp_path)
    assert names(tmp_path) == ["a.bin.refused"]


def test_a_wrong_length_is_told_before_anything_comes(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT)
    with pytest.raises(DataError, match=r"a\.bin: the server's file has 20000 bytes, expected 19999"):
        download(source(bytes=19_999), tmp_path)
    assert names(tmp_path) == []


def test_a_wrong_length_that_the_server_does_not_tell(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, sized=False)
    with pytest.raises(DataError, match=r"has 20000 bytes, expected 19999; set aside as a\.bin\.refused"):
        download(source(bytes=19_999), tmp_path)
    assert download(source(), tmp_path) == SHA256


STATUS: dict[int, tuple[type[Exception], str]] = {
    404: (MissingData, r"a\.bin: http://127\.0\.0\.1:\d+/a\.bin is not there any more \(404 Not Found\)"),
    410: (MissingData, r"is not there any more \(410 Gone\)"),
    403: (DataError, r"refuses it \(403 Forbidden\)"),
    429: (Unreached, r"fails \(429 Too Many Requests\); try again later"),
    500: (Unreached, r"fails \(500 Internal Server Error\); try again later"),
    503: (Unreached, r"fails \(503 Service Unavailable\); try again later"),
}


@pytest.mark.parametrize("status", STATUS)
def test_answers_that_are_no_file(web: Web, source: SourceOf, tmp_path: Path, status: int) -> None:
    web.files["/a.bin"] = File(status=status)
    error, told = STATUS[status]
    with pytest.raises(error, match=told) as caught:
        download(source(), tmp_path)
    assert type(caught.value) is error
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(web: Web, source: SourceOf, tmp_path: Path, status: int) -> None:
    web.files["/a.bin"] = File(status=status, location="/b.bin")
    web.files["/b.bin"] = File(TEXT, cuts=(5_000,))
    assert download(source(), tmp_path) == SHA256
    assert web.asked[-1] == ("/b.bin", "bytes=5000-")


def test_redirects_that_lead_nowhere(web: Web, source: SourceOf, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    for location, told in {
        "/a.bin": "refuses it",
        secret.as_uri(): "refuses it",
        "ftp://127.0.0.1/a": "leads to ftp:",
    }.items():
        web.files["/a.bin"] = File(status=302, location=location)
        with pytest.raises(DataError, match=told):
            download(source(), tmp_path / "originals")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("file:///etc/hostname", "leads to file:, only http and https are followed"),
        ("ftp://127.0.0.1/a", "leads to ftp:, only"),
        ("nowhere", "is no web address"),
        ("http://127.0.0.1/a b", "is no web address"),
    ],
)
def test_addresses_that_are_none(source: SourceOf, tmp_path: Path, address: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        download(source(address=address), tmp_path)


def test_a_server_that_is_not_there(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.stop()
    with pytest.raises(Unreached, match=r"a\.bin cannot be reached: .*refused\.$"):
        download(source(), tmp_path)


def test_a_server_that_falls_silent(
    web: Web, source: SourceOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    web.files["/a.bin"] = File(TEXT, slowly=lambda place: place >= 2048 and goes_on.wait(20))
    try:
        with pytest.raises(Unreached, match="timed out"):
            download(source(), tmp_path)
    finally:
        goes_on.set()
    assert (tmp_path / "a.bin.part").stat().st_size == 2048
    assert download(source(), tmp_path) == SHA256


def test_a_disk_without_room_is_told_before_anything_comes(
    web: Web, source: SourceOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(1, 1, 10_000))
    web.files["/a.bin"] = File(TEXT)
    with pytest.raises(MachineError, match=r"a\.bin needs 0 MB in .*, 0 MB are free") as caught:
        download(source(), tmp_path)
    assert not isinstance(caught.value, Unreached)
    assert names(tmp_path) == []


def test_a_failing_disk_is_not_the_network_s_fault(
    web: Web, source: SourceOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files["/a.bin"] = File(TEXT)
    monkeypatch.setattr(module, "_note", lambda *_: None)

    def tick(done: int, total: int | None) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download(source(), tmp_path, tick)


KILLED = """
import sys
from pathlib import Path
from xtreme_harness.data.download import download
from xtreme_harness.definitions import Source
print(download(Source(file="a.bin", address=sys.argv[1]), Path(sys.argv[2])))
"""


def test_a_killed_process_goes_on_later(web: Web, source: SourceOf, tmp_path: Path) -> None:
    web.files["/a.bin"] = File(TEXT, slowly=lambda place: time.sleep(0.05))
    command = [sys.executable, "-c", KILLED, source().address, str(tmp_path)]
    part = tmp_path / "a.bin.part"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= 3_000) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    kept = part.stat().st_size
    assert 3_000 <= kept < len(TEXT)
    web.files["/a.bin"] = File(TEXT)
    web.asked.clear()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SHA256
    assert web.asked == [("/a.bin", f"bytes={kept}-")]
