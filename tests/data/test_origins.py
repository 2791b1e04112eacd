"""The record of where files came from: merged, whole, and of no account for files that were changed since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.origins import NAME, read_origins, record_origins, unofficial_reasons
from xtreme_harness.errors import DataError
from xtreme_harness.files import sha256_file

LOST = "rows are lost"


def add(folder: Path, name: str, text: str, unofficial: str | None = None) -> Path:
    """A file with its origin."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    record_origins(folder, {name: {"source": "hub", "sha256": sha256_file(path), "unofficial": unofficial}})
    return path


def test_a_folder_without_a_record_has_no_origins(tmp_path: Path) -> None:
    assert read_origins(tmp_path) == {}
    assert unofficial_reasons(tmp_path, [tmp_path / "a.tsv"]) == []


def test_records_are_merged_and_sorted(tmp_path: Path) -> None:
    add(tmp_path, "b.tsv", "b")
    add(tmp_path, "a.tsv", "a", LOST)
    add(tmp_path, "b.tsv", "new")
    known = read_origins(tmp_path)
    assert list(known) == ["a.tsv", "b.tsv"]
    assert known["b.tsv"]["sha256"] == sha256_file(tmp_path / "b.tsv")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.tsv", "b.tsv", NAME]


def test_reasons_come_once_and_in_the_order_of_the_files(tmp_path: Path) -> None:
    add(tmp_path, "t/a.tsv", "a", LOST)
    add(tmp_path, "t/b.tsv", "b", LOST)
    add(tmp_path, "t/c.tsv", "c", "another release")
    add(tmp_path, "t/d.tsv", "d")
    absolute = [tmp_path / "t" / name for name in ("d.tsv", "c.tsv", "a.tsv", "b.tsv")]
    assert unofficial_reasons(tmp_path, absolute) == ["another release", LOST]
    assert unofficial_reasons(tmp_path, [tmp_path / "t" / "b.tsv"]) == [LOST]


def test_a_folder_may_be_named_in_several_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = add(tmp_path / "data", "a.tsv", "a", LOST)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for folder in (Path("data"), Path("link"), Path("data/../data")):
        assert unofficial_reasons(folder, [path]) == [LOST]
        assert unofficial_reasons(folder, [folder / "a.tsv"]) == [LOST]  # as the working directory has it


def test_files_that_changed_or_are_gone_or_elsewhere_give_no_reason(tmp_path: Path) -> None:
    changed, gone = (add(tmp_path / "data", name, name, LOST) for name in ("a.tsv", "b.tsv"))
    changed.write_text("the official file", encoding="utf-8")
    gone.unlink()
    outside = tmp_path / "a.tsv"
    outside.write_text("a.tsv", encoding="utf-8")
    assert unofficial_reasons(tmp_path / "data", [changed, gone, outside]) == []


def test_only_unofficial_files_are_hashed(tmp_path: Path) -> None:
    official, unofficial = add(tmp_path, "a.tsv", "a"), add(tmp_path, "b.tsv", "b", LOST)
    hashed: list[str] = []

    def sha256(path: Path) -> str:
        hashed.append(path.name)
        return sha256_file(path)

    unofficial_reasons(tmp_path, [official, unofficial], sha256)
    assert hashed == ["b.tsv"]


@pytest.mark.parametrize("value", ["{", [], {"a.tsv": 1}, {"a.tsv": {"sha256": "0", "unofficial": 1}}, {"a.tsv": {}}])
def test_a_damaged_record_is_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / NAME).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    with pytest.raises(DataError, match=r"origins\.json: .*remove it and import the data again"):
        unofficial_reasons(tmp_path, [tmp_path / "a.tsv"])
