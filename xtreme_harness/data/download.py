"""One file from a web address: goes on where an earlier attempt ended, and has its name only when it is verified.

Meanwhile it is FILE.part, with FILE.part.json beside it that says which state of the file on the server this is. What
turns out to be another file is set aside as FILE.refused.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any

from xtreme_harness import __version__
from xtreme_harness.definitions import Source
from xtreme_harness.errors import DataError, HarnessError, MachineError, MissingData
from xtreme_harness.files import sha256_file, sync, write_text

BLOCK = 1 << 20
SILENCE_SECONDS = 60.0  # of a server, until it counts as gone
GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)  # as are 500 and above
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")

Tick = Callable[[int, int | None], None]  # bytes so far, bytes in all where known


@dataclass(frozen=True)
class Begun:
    """Which state of a file on the server a part belongs to; `validator` is its ETag or, without a strong one, date."""

    address: str
    validator: str
    bytes: int | None


class Unreached(MachineError):
    """The network or the server is at fault, not this machine: another server may well answer."""


class Cut(Exception):
    """The connection ended early, or there was none."""


def download(source: Source, folder: Path, tick: Tick = lambda done, total: None) -> str:
    """Downloads the file to `folder` and returns its SHA-256.

    Raises MissingData or DataError where the server does not have the file, or has another one, Unreached where it
    cannot be reached or fails, MachineError where the disk has no room. A connection that is cut is taken up again as
    long as each attempt brings something; what has come stays for the next call.
    """
    target = folder / source.file
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        before = _size(part)
        try:
            _attempt(source, part, tick)
        except Cut as error:
            if _size(part) <= before:
                kept = f"\n{_size(part)} bytes are kept, the same command goes on from there." if _size(part) else ""
                raise Unreached(f"{source.address} cannot be reached: {error}.{kept}") from None
        else:
            return _finish(source, part, target)


def _attempt(source: Source, part: Path, tick: Tick) -> None:
    begun = _begun(source, part)
    if begun and begun.bytes == _size(part):
        return
    response, start = _answer(source, _size(part) if begun else 0, begun)
    with response:
        total = _total(response, start)
        _check_total(source, part, total, start)
        with part.open("ab" if start else "wb") as stream:
            if not start:
                _note(part, Begun(source.address, _validator(response), total))
            _copy(response, stream, start, total, tick)


def _answer(source: Source, start: int, begun: Begun | None) -> tuple[Any, int]:
    """The server's answer and the place in the file where it begins: `start`, or 0 where the server does not go on."""
    if start and begun:
        condition = {"If-Range": begun.validator} if begun.validator else {}
        response = _ask(source, {"Range": f"bytes={start}-", **condition})
        if response.status == HTTPStatus.OK:
            return response, 0
        if _goes_on(response, start, begun):
            return response, start
        response.close()
    return _ask(source, {}), 0


def _goes_on(response: Any, start: int, begun: Begun) -> bool:
    """Whether it is the rest of the same file; there are servers that do not look at If-Range."""
    found = RANGE.fullmatch(response.headers.get("Content-Range", ""))
    same = not begun.validator or _validator(response) in ("", begun.validator)
    return bool(found and same and int(found[1]) == start and found[2] in ("*", str(begun.bytes)))


def _ask(source: Source, headers: dict[str, str]) -> Any:
    """The response; to a request for a range it may be 416, the file being shorter by now."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    asking = {"User-Agent": f"xtreme-harness/{__version__}", "Accept-Encoding": "identity", **headers}
    try:
        return opener.open(urllib.request.Request(source.address, headers=asking), timeout=SILENCE_SECONDS)
    except urllib.error.HTTPError as error:
        if "Range" in headers and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return error
        error.close()
        raise _refusal(source, error) from None
    except (http.client.InvalidURL, ValueError) as error:
        raise DataError(source.file, None, f"{source.address} is no web address: {error}") from None
    except urllib.error.URLError as error:
        if "unknown url type" in str(error.reason):
            what = f"{source.address} leads to {str(error.reason).split(': ')[-1]}:, only http and https are followed"
            raise DataError(source.file, None, what) from None
        raise Cut(error.reason) from None
    except (OSError, http.client.HTTPException) as error:
        raise Cut(error) from None


def _refusal(source: Source, error: urllib.error.HTTPError) -> HarnessError:
    answer = f"{error.code} {error.reason}".splitlines()[0]
    if error.code in GONE:
        return MissingData(source.file, None, f"{source.address} is not there any more ({answer})")
    if error.code in PASSING or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreached(f"{source.address} fails ({answer}); try again later.")
    return DataError(source.file, None, f"{source.address} refuses it ({answer})")


def _total(response: Any, start: int) -> int | None:
    """The length of the whole file, where the server says it."""
    length = response.headers.get("Content-Length", "")
    return start + int(length) if length.isdecimal() else None


def _check_total(source: Source, part: Path, total: int | None, start: int) -> None:
    """Before anything comes: is it the file, and is there room for it?"""
    if source.bytes is not None and total not in (None, source.bytes):
        what = f"the server's file has {total} bytes, expected {source.bytes}: {source.address} is another file now"
        raise DataError(source.file, None, what)
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - start > free:
        needs = f"{source.file} needs {(total - start) / 1e6:.0f} MB in {part.parent}"
        raise MachineError(f"{needs}, {free / 1e6:.0f} MB are free. Name another folder or make room.")


def _copy(response: Any, stream: IO[bytes], done: int, total: int | None, tick: Tick) -> None:
    while block := _block(response):
        stream.write(block)
        done += len(block)
        tick(done, total)
    if total is not None and done < total:
        raise Cut(f"the connection ended after {done} of {total} bytes")


def _block(response: Any) -> bytes:
    """What is there, up to BLOCK bytes. A failing network is no failing disk: both raise OSError."""
    try:
        return bytes(response.read1(BLOCK))
    except (OSError, http.client.HTTPException) as error:
        raise Cut(error) from None


def _validator(response: Any) -> str:
    """What tells this state of the file from another one; a weak ETag does not, byte by byte."""
    tag = str(response.headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(response.headers.get("Last-Modified", ""))


def _about(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _note(part: Path, begun: Begun) -> None:
    write_text(_about(part), json.dumps(asdict(begun)))


def _begun(source: Source, part: Path) -> Begun | None:
    """What the part belongs to; None where it cannot be gone on with."""
    try:
        begun = Begun(**json.loads(_about(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    is_sure = begun.validator or source.sha256  # without either, two files could be joined
    return begun if begun.address == source.address and is_sure else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _finish(source: Source, part: Path, target: Path) -> str:
    """Gives the verified file its name. Raises DataError for another file, which is set aside."""
    size, found = _size(part), sha256_file(part)
    wrong = ""
    if source.bytes not in (None, size):
        wrong = f"has {size} bytes, expected {source.bytes}"
    elif source.sha256 not in (None, found):
        wrong = f"has SHA-256 {found}, expected {source.sha256}"
    if wrong:
        aside = set_aside(part, target)
        _about(part).unlink(missing_ok=True)
        raise DataError(target, None, f"what came from {source.address} {wrong}; set aside as {aside.name}")
    sync(part)
    part.replace(target)
    _about(part).unlink(missing_ok=True)
    return found


def set_aside(path: Path, target: Path) -> Path:
    """Moves what is not `target` although it should be to TARGET.refused, and returns that."""
    aside = target.with_name(f"{target.name}.refused")
    path.replace(aside)
    return aside
