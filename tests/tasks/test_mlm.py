"""Plain text to train on: which lines are in which part, one task a language, and one for several."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness import Folders, MissingData
from xtreme_harness.data.access import data_files
from xtreme_harness.data.parts import by_split, parts_of
from xtreme_harness.languages import languages
from xtreme_harness.registry import Registry


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Swahili text: 120 distinct lines, blank ones and repeated ones between."""
    lines = [text for number in range(120) for text in (f" Mstari wa {number}. ", "", "Mstari wa 7.")]
    (tmp_path / "intermediate" / "mlm").mkdir(parents=True)
    (tmp_path / "intermediate" / "mlm" / "sw.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_every_fiftieth_distinct_line_is_in_the_dev_part(data: Path, registry: Registry) -> None:
    task = registry.intermediate_task("mlm.sw")
    train, dev = (list(task.read(split, "sw", data_files(task, split, "sw", data))) for split in ("train", "dev"))
    assert [row["text"] for row in dev] == ["Mstari wa 0.", "Mstari wa 50.", "Mstari wa 100."]
    assert dev[1]["id"] == "151"  # its line
    texts = [row["text"] for row in train]
    assert len(texts) == len(set(texts)) == 117 and not set(texts) & {row["text"] for row in dev}


def test_there_is_a_task_for_each_language_of_xtreme_and_one_for_all(registry: Registry) -> None:
    codes = {language.code for language in languages()}
    names = [name for name in registry.names("task", "intermediate") if name.startswith("mlm.")]
    assert {name.removeprefix("mlm.") for name in names} == codes == set(registry.task("mlm").languages)
    assert all(registry.task(name).languages == (name.removeprefix("mlm."),) for name in names)
    assert not [name for name in registry.names("task", "target") if "mlm" in name]


def test_what_is_needed_is_in_the_task_s_own_language(data: Path, registry: Registry) -> None:
    folders = Folders(originals=data, data=data, labels=data)
    parts = by_split(parts_of(registry.task("mlm.sw"), registry, folders))
    assert {split: [str(part) for part in found] for split, found in parts.items()} == {
        "train": ["mlm.sw train sw"],
        "dev": ["mlm.sw dev sw"],
    }
    assert len(by_split(parts_of(registry.task("mlm"), registry, folders))["train"]) == 40
    with pytest.raises(MissingData, match=r"intermediate/mlm/te\.txt: task mlm\.te needs .*plain text of your own"):
        data_files(registry.task("mlm.te"), "train", "te", data)


def test_files_are_imported(data: Path, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "eu.txt").write_text("Kaixo.\nAgur.\n", encoding="utf-8")
    folders = Folders(originals=tmp_path / "originals", data=data, labels=tmp_path / "labels")
    task = registry.task("mlm.eu")
    assert task.import_files is not None
    task.import_files(folders)
    assert [row["text"] for row in task.read("train", "eu", data_files(task, "train", "eu", data))] == ["Agur."]
