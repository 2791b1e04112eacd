"""Unpacks what a task wants of an archive that somebody downloaded: plain files, by name, of bounded size."""

from __future__ import annotations

import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from xtreme_harness import DataError

LARGEST_BYTES = 1 << 30  # of one file; the largest treebank has a third of it


def unpacked(archive: Path, wanted: re.Pattern[str], folder: Path) -> Iterator[Path]:
    """The files whose own name is `wanted`, under that name in `folder`: no path of the archive is followed.

    Raises DataError for an archive that is damaged, holds a name twice, or a file beyond LARGEST_BYTES.
    """
    try:
        with tarfile.open(archive) as packed:
            for member in packed:
                path = folder / Path(member.name).name
                if member.isreg() and wanted.fullmatch(path.name):
                    _unpack(archive, packed, member, path)
                    yield path
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(archive, None, f"is damaged ({error}); download it again") from error


def _unpack(archive: Path, packed: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if path.exists():
        raise DataError(archive, None, f"holds {path.name} twice")
    if member.size > LARGEST_BYTES:
        raise DataError(archive, None, f"holds {path.name} of {member.size} bytes, more than anything this task has")
    content = packed.extractfile(member)
    assert content is not None  # a plain file has content
    with path.open("wb") as stream:
        shutil.copyfileobj(content, stream)
