"""Encoded windows on disk: what is saved is what is loaded, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.data.encoded import load_encoded, save_encoded

IDS = st.integers(0, 2**31 - 1)
ROW = st.lists(IDS, max_size=9)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def encoded(draw: st.DrawFn) -> tuple[dict[str, list[list[int]]], list[dict[str, Any]]]:
    count = draw(st.integers(1, 8))
    columns = {"input_ids": [[1, *draw(ROW)] for _ in range(count)]}
    for name in draw(st.sets(st.sampled_from(["token_type_ids", "labels"]))):
        columns[name] = [draw(ROW) for _ in range(count)]
    return columns, [{"id": draw(TEXT), "group": draw(TEXT)} for _ in range(count)]


@given(encoded())
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[dict[str, list[list[int]]], list[dict[str, Any]]]
) -> None:
    columns, items = made
    folder = tmp_path_factory.mktemp("encoded")
    save_encoded(folder, columns, items)
    loaded = load_encoded(folder)
    assert {
        name: [list(column[row]) for row in range(len(column))] for name, column in loaded.columns.items()
    } == columns
    assert list(loaded.items) == items
    assert len(loaded) == len(columns["input_ids"])
    assert loaded.lengths.tolist() == [len(row) for row in columns["input_ids"]]
    assert loaded.tokens == sum(len(row) for row in columns["input_ids"])


def test_arrays_are_mapped_and_cannot_be_written(tmp_path: Path) -> None:
    save_encoded(tmp_path, {"input_ids": [[1, 2], [3]]}, [{"id": "a"}, {"id": "b"}])
    column = load_encoded(tmp_path).columns["input_ids"]
    assert isinstance(column.values, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = 9


def test_the_same_content_makes_the_same_files(tmp_path: Path) -> None:
    """Keys and hashes rest on it."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_encoded(tmp_path / name, {"input_ids": [[1, 2], [3]], "labels": [[0], [1]]}, [{"id": "x"}, {"id": "y"}])
    written = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert written[0] == written[1] and len(written[0]) == 6


def test_rows_are_examples_by_themselves_or_together(tmp_path: Path) -> None:
    rows, items = [[1], [2, 3], [4], [5], [6]], [{"id": "a"}]
    save_encoded(tmp_path, {"input_ids": rows}, items)
    assert load_encoded(tmp_path).bounds.tolist() == [0, 1, 2, 3, 4, 5]
    save_encoded(tmp_path, {"input_ids": rows, "together": [[7], [7], [2], [2], [9]]}, items)
    assert load_encoded(tmp_path).bounds.tolist() == [0, 2, 4, 5]
    assert load_encoded(tmp_path).examples == 3
