"""Reads text files as the official scorer's `open` does, and tells what that lets pass."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import LFS_POINTER
from xtreme_harness.scoring.folders.findings import Findings

BYTE_ORDER_MARK = "\ufeff"
TOO_FEW_TO_TELL = 2  # examples: XTREME's own fixture has two sentences of the same single tag


def read_text(path: Path, findings: Findings) -> str:
    """The text of a UTF-8 file. Raises DataError where it is not UTF-8, or a Git LFS pointer that poses as the file.

    A byte order mark stays, as in the original, where it makes the first line wrong (docs/traps.md, 40).
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(path, line, "is not UTF-8; save the file as UTF-8") from None
    if text.startswith(LFS_POINTER):
        raise DataError(path, 1, "is a Git LFS pointer, not the data; fetch the real file")
    if text.startswith(BYTE_ORDER_MARK):
        findings.lenient(path, 1, "bom", "begins with a byte order mark; save the file as UTF-8 without it")
    if (place := text.find("\0")) >= 0:
        findings.lenient(path, text.count("\n", 0, place) + 1, "nul", "holds a NUL character; the file is damaged")
    if not text.strip():
        findings.lenient(path, None, "empty", "is empty")
    return text


def read_lines(path: Path, findings: Findings) -> list[str]:
    """Every line without the white space around it; CR, LF and CRLF end a line."""
    return [line.strip() for line in io.StringIO(read_text(path, findings), newline=None)]


def check_same_number(what: str, predictions: Path, predicted: int, labels: Path, gold: int) -> None:
    if predicted != gold:
        raise DataError(predictions, None, f"holds {predicted} {what}, but {labels} holds {gold}")


def check_gold(path: Path, gold: Sequence[str], examples: int, placeholder: str | None = None) -> None:
    """Refuses gold that is none: all the same, above all what a download holds in place of the removed labels.

    A single label is taken at its word, and so are other labels than the placeholder in a file of two examples.
    """
    if len(gold) < 2 or len(set(gold)) > 1:
        return
    if gold[0] == placeholder:
        why = "which stands where labels were removed"
    elif examples > TOO_FEW_TO_TELL:
        why = "which no test set has"
    else:
        return
    raise DataError(path, None, f"all {len(gold)} gold labels are {gold[0]!r}, {why}: nothing can be scored")
