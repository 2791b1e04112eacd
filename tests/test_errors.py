"""The exception tree: every class has a documented exit code, messages help, errors travel between processes."""

from __future__ import annotations

import errno
import pickle
import re

import pytest

from xtreme_harness import errors
from xtreme_harness.errors import (
    EXIT_CODES,
    LISTED,
    CheckpointError,
    DataError,
    DefinitionError,
    HarnessError,
    MachineError,
    MissingData,
    RequestError,
    UnknownName,
    machine_error,
)


def all_errors() -> list[type[HarnessError]]:
    return [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, HarnessError)]


def test_the_picture_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^[ │├└─]*(\w+(?:Error|Name|Failed|Run|Data)) +(\d+) ", errors.__doc__ or "", re.MULTILINE)
    assert {name: int(code) for name, code in drawn} == {class_.__name__: class_.exit_code for class_ in all_errors()}


def test_every_exit_code_is_explained() -> None:
    assert {class_.exit_code for class_ in all_errors()} <= set(EXIT_CODES)
    assert {0, 1, 130} <= set(EXIT_CODES) and all(EXIT_CODES.values())


@pytest.mark.parametrize(
    ("kind", "name", "known", "message"),
    [
        ("task", "xnil", ["xnli", "pawsx"], "Unknown task 'xnil'. Did you mean xnli?"),
        ("task", "qqqqq", ["xnli"], "Unknown task 'qqqqq'. See: xtreme-harness list tasks."),
        ("metric", "qqqqq", ["f1", "accuracy"], "Unknown metric 'qqqqq'. Known: f1, accuracy."),
        ("metric", "qqqqq", [], "Unknown metric 'qqqqq'. Known: none."),
    ],
)
def test_unknown_names(kind: str, name: str, known: list[str], message: str) -> None:
    assert str(UnknownName(kind, name, iter(known))) == message
    assert str(UnknownName(kind, name, known, " More.")) == f"{message} More."


def test_only_what_list_lists_is_sent_to_list() -> None:
    from xtreme_harness.cli.listing import PLURALS

    assert set(PLURALS.values()) == set(LISTED)


def test_a_definition_names_every_problem() -> None:
    assert str(DefinitionError("Task 't'", ["one", "two"])) == "Task 't': one; two"


def test_data_errors_name_file_and_line() -> None:
    error = DataError("train.jsonl", 7, "is not JSON")
    assert str(error) == "train.jsonl, line 7: is not JSON"
    assert (error.file, error.line, error.what) == ("train.jsonl", 7, "is not JSON")
    assert str(MissingData("train.jsonl", None, "there is no such file")) == "train.jsonl: there is no such file"


@pytest.mark.parametrize(
    "error",
    [
        RequestError("no"),
        UnknownName("task", "xnil", ["xnli"], " hint"),
        DefinitionError("Task 't'", ["one", "two"]),
        DataError("f", 3, "bad"),
        MissingData("f", None, "gone"),
        CheckpointError("no weights"),
    ],
)
def test_errors_travel_between_processes(error: HarnessError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy), copy.exit_code) == (
        type(error),
        str(error),
        vars(error),
        error.exit_code,
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "out/x"), "The disk is full while writing out/x"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "The disk is full."),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "The disk is full."),
        (PermissionError(errno.EACCES, "Permission denied", "out"), "Cannot write out: Permission denied"),
        (OSError(errno.EROFS, "Read-only file system", "out"), "Cannot write out: Read-only file system"),
        (MemoryError(), "Out of memory."),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "Out of memory."),
    ],
)
def test_the_machine_is_named(error: BaseException, message: str) -> None:
    found = machine_error(error)
    assert isinstance(found, MachineError) and str(found).startswith(message)
    assert found.exit_code == 6


@pytest.mark.parametrize(
    "error", [ValueError("no"), FileNotFoundError(errno.ENOENT, "No such file", "x"), KeyError("x")]
)
def test_the_machine_is_not_blamed_for_other_things(error: BaseException) -> None:
    assert machine_error(error) is None
