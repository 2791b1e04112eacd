"""Unpacks what a task wants of an archive that somebody downloaded: plain files, by name, of bounded size."""

from __future__ import annotations

import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from xtreme_harness import DataError

LARGEST_BYTES = 1 << 30  # of one file; the largest treebank has a third of it
CHUNK_BYTES = 1 << 20
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error)


class Member(NamedTuple):
    """A plain file in an archive; `size` in bytes as the archive has it, which `open` does not exceed."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]


def unpacked(archive: Path, wanted: re.Pattern[str], folder: Path) -> Iterator[Path]:
    """The files of a tar or zip archive whose path ends in something `wanted` (a name, or folders and a name).

    That end is their place in `folder`: nothing else of a path in the archive is followed. Raises DataError for an
    archive that is damaged or encrypted, holds an end twice, or a file beyond LARGEST_BYTES.
    """
    if archive.is_dir():  # unpacked under the archive's name: its files are found without us
        return
    ends = re.compile(rf"(?:.*/)?(?P<end>{wanted.pattern})")
    try:
        with _members(archive) as members:
            for member in members:
                if match := ends.fullmatch(member.name):
                    path = folder / match["end"]
                    _unpack(archive, member, path)
                    yield path
    except (*DAMAGE, RuntimeError) as error:  # RuntimeError: a zip that asks for a password
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is not None:  # the machine's, not the archive's
            raise
        raise _damaged(archive, error) from error


@contextmanager
def _members(archive: Path) -> Iterator[Iterator[Member]]:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as zipped:
            files = (one for one in zipped.infolist() if not one.is_dir())
            yield (Member(one.filename, one.file_size, partial(zipped.open, one)) for one in files)
    else:
        with tarfile.open(archive) as packed:
            yield (Member(one.name, one.size, partial(packed.extractfile, one)) for one in packed if one.isreg())
            while packed.fileobj and packed.fileobj.read(CHUNK_BYTES):  # to the end, where a checksum of gzip stands
                pass


def _unpack(archive: Path, member: Member, path: Path) -> None:
    if path.exists():
        raise DataError(archive, None, f"holds {path.name} twice")
    if member.size > LARGEST_BYTES:
        raise DataError(archive, None, f"holds {path.name} of {member.size} bytes, more than anything this task has")
    content = member.open()
    assert content is not None  # a plain file has content
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as stream:
        shutil.copyfileobj(content, stream)


def _damaged(archive: Path, error: Exception) -> DataError:
    reason = str(error).split("\n")[0] or type(error).__name__
    return DataError(archive, None, f"is damaged ({reason}); download it again")
