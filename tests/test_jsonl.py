"""JSON lines: what is wrong in a file is said with its line, and what is text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.jsonl import dump_line, read_jsonl, read_text_lines, write_jsonl


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\n\na\n", ["", "", "a"]),
        (b" a \t\n", [" a \t"]),
        ("a\u2028b\u2029c\u0085d\x0be\n".encode(), ["a\u2028b\u2029c\u0085d\x0be"]),  # str.splitlines would cut these
        (b"a\rb\n", ["a\rb"]),
        ("\ufeffa\n".encode()[3:], ["a"]),
        ("a\n\ufeffb\n".encode(), ["a", "\ufeffb"]),  # only at the start of a file is it a byte order mark
    ],
)
def test_lines_end_at_line_feeds_only(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    assert list(read_text_lines(file_of(tmp_path, content))) == list(enumerate(lines, start=1))


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"\xef\xbb\xbfa\n", 1, "byte order mark"),
        (b"a\nb\0c\n", 2, "NUL"),
        (b"a\nb\nc\xff\n", 3, "not UTF-8 (byte 2 of the line)"),
        ("aé".encode()[:-1], 1, "not UTF-8"),  # cut off within a character
        ("a\n".encode("utf-16"), 1, "NUL"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 1, "Git LFS pointer"),
    ],
)
def test_damaged_text_is_named_with_its_line(tmp_path: Path, content: bytes, line: int, what: str) -> None:
    path = file_of(tmp_path, content)
    with pytest.raises(DataError) as caught:
        list(read_text_lines(path))
    assert (caught.value.line, caught.value.exit_code) == (line, 5)
    assert str(caught.value).startswith(f"{path}, line {line}: ") and what in caught.value.what


def test_a_missing_file_is_missing_data(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="there is no such file") as caught:
        list(read_jsonl(tmp_path / "none.jsonl"))
    assert caught.value.exit_code == 5 and str(tmp_path / "none.jsonl") in str(caught.value)


def test_objects_come_with_their_line_numbers(tmp_path: Path) -> None:
    path = file_of(tmp_path, b'{"a": 1}\n\n   \r\n{"a": [2]}\n')
    assert list(read_jsonl(path)) == [(1, {"a": 1}), (4, {"a": [2]})]


@pytest.mark.parametrize(
    ("last", "what"),
    [
        (b'{"id": "b", "te', "not JSON"),  # a torn last line
        (b'{"id": "b"} {"id": "c"}', "not JSON"),  # glued lines
        (b"['b']", "not JSON"),
        (b'{"id": ' + b"9" * 5000 + b"}", "not JSON"),  # Python turns such numbers down
        (b'{"id": ' + b"[" * 100_000, "not JSON"),
        (b"[1]", "holds list, expected a JSON object"),
        (b'"b"', "holds str"),
        (b"7", "holds int"),
        (b"null", "holds NoneType"),
        (b'{"text": "\\ud83d"}', "surrogate"),
        (b'{"text": ["a", {"b\\uDE00": 1}]}', "surrogate"),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, last: bytes, what: str) -> None:
    path = file_of(tmp_path, b'{"id": "a"}\n\n' + last)
    with pytest.raises(DataError, match="line 3") as caught:
        list(read_jsonl(path))
    assert what in caught.value.what


def test_escaped_characters_beyond_the_basic_plane_are_read(tmp_path: Path) -> None:
    path = file_of(tmp_path, b'{"text": "\\ud83d\\ude00"}\n{"text": "\\\\ud83d"}\n')
    assert [value["text"] for _, value in read_jsonl(path)] == ["\U0001f600", "\\ud83d"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
OBJECTS = st.dictionaries(TEXT, SCALARS | TEXT | st.lists(SCALARS | TEXT, max_size=3), max_size=4)


@given(st.lists(OBJECTS, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.getbasetemp() / "round.jsonl"
    write_jsonl(path, values)
    assert [value for _, value in read_jsonl(path)] == values
    assert path.read_bytes().count(b"\n") == len(values)  # one line each, whatever the texts hold


def test_a_line_keeps_order_and_text() -> None:
    assert dump_line({"b": "नमस्ते", "a": 1}) == '{"b": "नमस्ते", "a": 1}\n'
    assert json.loads(dump_line({"text": "two\nlines"})) == {"text": "two\nlines"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_not_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        dump_line({"score": value})
