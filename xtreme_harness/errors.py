"""Every exception a user can meet, with its exit code; the command line turns each into one sentence.

    HarnessError                 1   (never raised itself)
    ├── RequestError             2   the request is wrong: unknown name, option, file; nothing was started
    │   ├── UnknownName          2   a name nobody registered; says what is close to it
    │   ├── DefinitionError      2   a Task, Model, ... whose fields do not fit; every problem at once
    │   └── PluginError          2   a plugin that could not be loaded, where that is fatal
    ├── CheckFailed              3   a check found differences
    ├── IncompleteRun            4   the run ended, but some cells failed, are missing or unlabelled
    ├── DataError                5   data is missing, damaged or refused; names file and line
    │   └── MissingData          5   a data file that is not there
    ├── CheckpointError          5   a checkpoint is missing, damaged or refused
    ├── StoreError               5   a unit in the store is damaged
    ├── MachineError             6   disk full, no permission, no such device, out of memory, network gone
    └── ProtocolError            1   code asked for labels that the protocol keeps closed: a bug, never a user's fault

Exit code 130 (interrupted) has no class: it is KeyboardInterrupt.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LISTED = ("task", "model", "suite", "recipe", "method", "kind", "board", "executor")  # xtreme-harness list ...s
EXIT_CODES = {
    0: "all that was asked for is there",
    1: "a bug of ours: one sentence, the traceback goes to a file that is named",
    2: "the request is wrong: unknown name, option, file; nothing was started",
    3: "a check found differences",
    4: "the run ended, but some cells failed, are missing or unlabelled",
    5: "data or a checkpoint is missing, damaged or refused",
    6: "the machine: disk full, no permission, no such device, out of memory, network gone",
    130: "interrupted; what was finished is kept, the next run goes on",
}


class HarnessError(Exception):
    """Root of all errors that are told to the user in a sentence."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)  # workers hand errors on by pickle


def _again(type_: type[HarnessError], args: tuple[Any, ...], state: dict[str, Any]) -> HarnessError:
    error = type_.__new__(type_, *args)  # not by __init__, whose arguments differ from the message in `args`
    error.__dict__.update(state)
    return error


class RequestError(HarnessError):
    exit_code = 2


class UnknownName(RequestError):
    """`kind` (task, model, ...) `name` is not among `known`."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = list(known)
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        listed = f" See: xtreme-harness list {kind}s." if kind in LISTED else f" Known: {', '.join(known) or 'none'}."
        meant = f" Did you mean {' or '.join(close)}?" if close else listed
        super().__init__(f"Unknown {kind} {name!r}.{meant}{hint}")


class DefinitionError(RequestError):
    """The problems of one definition, all at once. The command line prints several of them one a line."""

    def __init__(self, what: str, problems: Iterable[str]) -> None:
        self.what, self.problems = what, tuple(problems)
        super().__init__(f"{what}: {'; '.join(self.problems)}")


class PluginError(RequestError):
    pass


class CheckFailed(HarnessError):
    exit_code = 3


class IncompleteRun(HarnessError):
    exit_code = 4


class DataError(HarnessError):
    """Something wrong in a data file: says which file and, where known, which line (counted from 1)."""

    exit_code = 5

    def __init__(self, file: str | Path, line: int | None, what: str) -> None:
        place = f"{file}, line {line}" if line is not None else str(file)
        super().__init__(f"{place}: {what}")
        self.file, self.line, self.what = str(file), line, what


class MissingData(DataError):
    pass


class CheckpointError(HarnessError):
    exit_code = 5


class StoreError(HarnessError):
    exit_code = 5


class MachineError(HarnessError):
    exit_code = 6


class ProtocolError(HarnessError):
    exit_code = 1


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL_WORDS = ("no space left", "file too large", "disk quota", "os error 28", "os error 27", "enforce fail")


def machine_error(error: BaseException) -> MachineError | None:
    """The machine's part in `error`, as a sentence; None when the machine is not to blame."""
    text = f"{error}"
    if (isinstance(error, OSError) and error.errno in _FULL) or any(word in text.lower() for word in _FULL_WORDS):
        place = getattr(error, "filename", None)
        where = f" while writing {place}" if place else ""
        return MachineError(f"The disk is full{where}. Free some space (xtreme-harness store prune) and run again.")
    if isinstance(error, OSError) and error.errno in _FORBIDDEN | {errno.ENOTDIR, errno.EEXIST}:
        return MachineError(f"Cannot write {error.filename}: {error.strerror}. Name another folder or mend its rights.")
    if isinstance(error, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text.lower():
        return MachineError("Out of memory. Lower --token-budget, or use a machine with more memory.")
    return None
