"""JSON lines with errors that name file and line; used by tasks, the store and the records."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError, MissingData

LFS_POINTER = "version https://git-lfs"
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # as an escape; raw ones are no UTF-8


def read_text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its line end) of a UTF-8 text file.

    Lines end at LF or CRLF only: U+2028 and its like are text. Raises MissingData when there is no such file, DataError
    on a byte order mark, NUL, bytes that are not UTF-8, and on a Git LFS pointer that poses as the file.
    """
    if not path.is_file():
        raise MissingData(path, None, "there is no such file")
    with path.open("rb") as stream:
        for number, raw in enumerate(stream, start=1):
            if number == 1 and raw.startswith(codecs.BOM_UTF8):
                raise DataError(path, 1, "begins with a byte order mark; save the file as UTF-8 without it")
            if b"\0" in raw:
                raise DataError(path, number, "holds a NUL character; the file is damaged")
            try:
                line = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                raise DataError(path, number, f"is not UTF-8 (byte {error.start + 1} of the line)") from None
            if number == 1 and line.startswith(LFS_POINTER):
                raise DataError(path, 1, "is a Git LFS pointer, not the data; fetch the real file")
            yield number, line.removesuffix("\n").removesuffix("\r")


def read_jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number from 1, object). Blank lines are skipped; anything but an object a line is a DataError."""
    for number, line in read_text_lines(path):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(path, number, f"is not JSON ({error.msg} at column {error.colno}); cut off?") from None
        except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets without end
            raise DataError(path, number, f"is not JSON that can be read ({error})") from None
        if not isinstance(value, dict):
            raise DataError(path, number, f"holds {type(value).__name__}, expected a JSON object")
        if SURROGATE.search(line) and not _is_text(value):
            raise DataError(path, number, "holds half a surrogate pair (an escape such as \\ud83d alone)")
        yield number, value


def read_part(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """`Task.read` of a task whose parts are a file of JSON lines each."""
    return (example for _, example in read_jsonl(files[0]))


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def dump_line(value: Any) -> str:
    """One JSON line as this project writes them: UTF-8 text, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def write_jsonl(path: Path, values: Iterable[Any]) -> None:
    """Writes `values` to `path`, one a line; the caller sees to atomicity."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(dump_line(value) for value in values)
