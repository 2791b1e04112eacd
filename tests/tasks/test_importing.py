"""What imports share: finished files move into place together, originals are found by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness import DataError, Folders
from xtreme_tasks.importing import originals, staged

Places = Callable[..., Folders]


def wrote(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_move_to_both_folders_when_all_is_written(places: Places) -> None:
    folders = places()
    kept, replaced = wrote(folders.data / "t" / "kept", "old"), wrote(folders.data / "t" / "a", "old")
    with staged(folders) as new:
        wrote(new.data / "t" / "a", "new")
        wrote(new.labels / "t" / "b", "gold")
        assert (replaced.read_text(), folders.labels.exists()) == ("old", False)
        assert (new.originals, new.official) == (folders.originals, folders.official)
    assert [path.read_text() for path in (kept, replaced, folders.labels / "t" / "b")] == ["old", "new", "gold"]
    assert [path.name for path in folders.data.iterdir()] == ["t"]


def test_nothing_moves_when_something_fails(places: Places) -> None:
    folders = places()
    with pytest.raises(DataError, match="line 3"), staged(folders) as new:
        wrote(new.data / "a", "new")
        raise DataError("file", 3, "is wrong")
    assert list(folders.data.iterdir()) == [] and not folders.labels.exists()


def test_labels_need_a_folder_of_their_own(places: Places, tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match="is the data folder too"),
        staged(places(labels=tmp_path / "x" / ".." / "data")),
    ):
        pass


def test_originals_are_found_by_name_wherever_they_lie(tmp_path: Path) -> None:
    for name in ("b/x.b.json", "a/deep/x.c.json", "x.a.json", "x.a.json.part", "b/y.a.json"):
        wrote(tmp_path / name, name)
    found = originals(tmp_path, re.compile(r"x\.\w\.json"))
    assert [str(path.relative_to(tmp_path)) for path in found] == ["x.a.json", "b/x.b.json", "a/deep/x.c.json"]
    wrote(tmp_path / "again" / "x.b.json", "which one?")
    with pytest.raises(DataError, match=r"x\.b\.json: is there twice: also as .*x\.b\.json"):
        originals(tmp_path, re.compile(r"x\.\w\.json"))
