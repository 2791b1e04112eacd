"""`data fetch`: the original files of tasks, from where they are published to the folder of originals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from xtreme_harness.data.download import Tick, Unreached, download, set_aside
from xtreme_harness.data.originals import fault, note_download, read_downloads
from xtreme_harness.definitions import Source
from xtreme_harness.errors import DataError, MissingData

THERE, FETCHED, BY_HAND, MISSING, REFUSED, UNREACHED = "there", "fetched", "by hand", "missing", "refused", "unreached"
EXIT_CODES = {THERE: 0, FETCHED: 0, BY_HAND: 4, MISSING: 4, REFUSED: 5, UNREACHED: 6}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What became of one original file."""

    source: Source
    state: str
    sha256: str | None = None
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        known = {"file": self.source.file, "address": self.source.address, "state": self.state}
        return {**known, "sha256": self.sha256, "remark": self.remark}


class Watcher(Protocol):
    """Whoever shows the progress of downloads."""

    def started(self, source: Source) -> Tick: ...

    def finished(self, fetched: Fetched) -> None: ...


def wanted(sources: Sequence[Source], originals: Path, with_hash: bool = False) -> tuple[Source, ...]:
    """The files that would have to be downloaded: not there or damaged, and not to be had by hand alone."""
    return tuple(
        one
        for one in sources
        if not one.steps and (not (originals / one.file).exists() or fault(one, originals, with_hash))
    )


def fetch(sources: Sequence[Source], originals: Path, watcher: Watcher) -> Iterator[Fetched]:
    """Downloads what is not there, one file after the other; one that fails does not keep the others from coming.

    A server that could not be reached is not asked again. The caller holds the folder's lock.
    """
    unreached: dict[str, str] = {}  # what was told, by server
    for source in sources:
        server = urlsplit(source.address).netloc
        damaged = _put_aside(source, originals)
        if (originals / source.file).exists():
            fetched = Fetched(source=source, state=THERE, sha256=_known_sha256(source, originals))
        elif source.steps:
            fetched = Fetched(source=source, state=BY_HAND, remark=source.steps)
        elif server in unreached:
            fetched = Fetched(source=source, state=UNREACHED, remark=unreached[server])
        else:
            fetched = _fetch(source, originals, watcher)
            if fetched.state == UNREACHED:
                unreached[server] = fetched.remark
        if damaged:
            fetched = replace(fetched, state=FETCHED if fetched.state == FETCHED else REFUSED, remark=damaged)
        watcher.finished(fetched)
        yield fetched


def _fetch(source: Source, originals: Path, watcher: Watcher) -> Fetched:
    try:
        sha256 = download(source, originals, watcher.started(source))
    except MissingData as error:
        return Fetched(source=source, state=MISSING, remark=error.what)
    except DataError as error:
        return Fetched(source=source, state=REFUSED, remark=error.what)
    except Unreached as error:
        return Fetched(source=source, state=UNREACHED, remark=str(error))
    note_download(originals, source, sha256)
    return Fetched(source=source, state=FETCHED, sha256=sha256)


def _put_aside(source: Source, originals: Path) -> str:
    """What is wrong with a file that has the right name; it is not thrown away."""
    if told := fault(source, originals, with_hash=True):
        aside = set_aside(originals / source.file, originals / source.file)
        return f"the file that was there {told}; set aside as {aside.name}"
    return ""


def _known_sha256(source: Source, originals: Path) -> str | None:
    return source.sha256 or read_downloads(originals).get(source.file, {}).get("sha256")
