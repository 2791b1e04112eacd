"""Importing a task from its originals: what is written and recorded, what is refused, and nothing is half there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.filling import Way, check_source, originals_named, way_of
from xtreme_harness.data.imports import DONE, MISSING, REFUSED, Outcome, exit_code, import_task
from xtreme_harness.data.origins import NAME, read_origins, unofficial_reasons
from xtreme_harness.data.stage import writing_to
from xtreme_harness.definitions import Folders, Source, Task
from xtreme_harness.errors import HarnessError, MachineError, UnknownName
from xtreme_harness.files import sha256_file
from xtreme_harness.registry import Registry

Import = Callable[..., Outcome]
NAMES = ("dev-en", "test-de", "test-en", "test-sw", "train-en")


@pytest.fixture
def imported(colours: Registry, folders: Folders) -> Import:
    """`imported("colours", official=False)`: the outcome of an import from originals."""

    def run(task: str | Task, **changes: Any) -> Outcome:
        one = colours.task(task) if isinstance(task, str) else task
        way = partial(way_of, source="original", offline=True, say=print)
        places = replace(folders, **changes)
        with writing_to(places.data, places.labels):
            return import_task(one, colours, places, way)

    return run


def tree(folder: Path) -> dict[str, bytes]:
    """Every file by its name."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def change(folders: Folders, name: str, old: str, new: str) -> None:
    path = folders.originals / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_data_and_labels_are_written_with_their_origins(imported: Import, folders: Folders) -> None:
    outcome = imported("colours")
    assert (outcome.state, outcome.remarks, outcome.unofficial) == (DONE, (), None)
    assert outcome.data == tuple(f"colours/{name}.tsv" for name in NAMES)
    assert outcome.labels == tuple(f"colours/test-{code}.tsv" for code in ("de", "en", "sw"))
    assert (folders.data / "colours" / "test-sw.tsv").read_text(encoding="utf-8").startswith("Paa jekundu\n")
    assert (folders.labels / "colours" / "test-sw.tsv").read_text(encoding="utf-8") == "warm\ncold\nwarm\n"
    assert set(tree(folders.data)) == {
        *outcome.data,
        *(f"labels/{name}" for name in outcome.labels),
        NAME,
        f"labels/{NAME}",
    }
    for folder, names in ((folders.data, outcome.data), (folders.labels, outcome.labels)):
        assert set(read_origins(folder)) == set(names)
        for name, origin in read_origins(folder).items():
            english = sha256_file(folders.originals / "colours-en.txt")
            assert origin["source"].startswith(f"colours-en.txt sha256:{english}, colours-sw.txt sha256:")
            assert (origin["sha256"], origin["unofficial"]) == (sha256_file(folder / name), None)


def test_an_import_twice_is_as_once(imported: Import, folders: Folders) -> None:
    imported("colours")
    before = tree(folders.data)
    assert imported("colours").state == DONE
    assert tree(folders.data) == before


def test_other_files_stay(imported: Import, folders: Folders) -> None:
    (folders.data / "colours").mkdir()
    (folders.data / "colours" / "notes.txt").write_text("mine")
    imported("colours")
    assert (folders.data / "colours" / "notes.txt").read_text() == "mine"


REFUSED_ORIGINALS: dict[str, tuple[str, str, str, str]] = {
    "a row": ("colours-de.txt", "\tcold\n", "\n", "colours-de.txt, line 3: is no row of three columns"),
    "a label": ("colours-sw.txt", "\tcold\n", "\tCold\n", "colours gold sw: colours/test-sw.tsv: example 2"),
    "a count": ("colours-sw.txt", "Mvinyo mwekundu\twarm\n", "A\twarm\ntest\tB\twarm\n", "holds 4 examples, the bench"),
    "a language": ("colours-de.txt", "test\t", "dev\t", "colours test de: there is no file"),
    "a release": ("colours-en.txt", "release 2", "release 1", "colours-en.txt, line 1: is release 1, not release 2"),
}


@pytest.mark.parametrize("name", REFUSED_ORIGINALS)
def test_what_is_wrong_is_refused_and_nothing_is_written(imported: Import, folders: Folders, name: str) -> None:
    file, old, new, told = REFUSED_ORIGINALS[name]
    imported("colours")
    before = tree(folders.data)
    change(folders, file, old, new)
    outcome = imported("colours")
    assert (outcome.state, outcome.data) == (REFUSED, ())
    assert any(told in remark for remark in outcome.remarks), outcome.remarks
    assert not any(".incoming-" in remark for remark in outcome.remarks)
    assert tree(folders.data) == before


@pytest.mark.parametrize("name", ["a row", "a label"])
def test_wrong_rows_are_refused_even_as_unofficial(imported: Import, folders: Folders, name: str) -> None:
    change(folders, *REFUSED_ORIGINALS[name][:3])
    assert imported("colours", official=False).state == REFUSED
    assert tree(folders.data) == {}


@pytest.mark.parametrize("name", ["a count", "a language", "a release"])
def test_unofficial_data_is_taken_with_its_reason(imported: Import, folders: Folders, name: str) -> None:
    file, old, new, told = REFUSED_ORIGINALS[name]
    change(folders, file, old, new)
    outcome = imported("colours", official=False)
    assert outcome.state == (MISSING if name == "a language" else DONE)
    assert outcome.unofficial is not None and told.removeprefix(f"{file}, line 1: ") in outcome.unofficial
    assert str(folders.originals) not in outcome.unofficial
    assert unofficial_reasons(folders.data, [folders.data / "colours" / "test-sw.tsv"]) == [outcome.unofficial]
    assert unofficial_reasons(folders.labels, [folders.labels / "colours" / "test-sw.tsv"]) == [outcome.unofficial]


def test_official_data_stays_official_whoever_allows_more(imported: Import, folders: Folders) -> None:
    assert imported("colours", official=False).unofficial is None
    assert unofficial_reasons(folders.data, [folders.data / f"colours/{name}.tsv" for name in NAMES]) == []


def test_missing_originals_are_told_with_what_to_do(imported: Import, folders: Folders) -> None:
    (folders.originals / "colours-de.txt").unlink()
    outcome = imported("colours")
    assert outcome.state == MISSING
    assert outcome.remarks[0].endswith("originals: holds no colours-de.txt")
    assert outcome.remarks[1:] == ("colours-de.txt: http://127.0.0.1:9/colours-de.txt",)  # the others are there
    assert tree(folders.data) == {}
    partial_ = imported("colours", official=False)
    assert (partial_.state, partial_.unofficial) == (MISSING, "holds no colours-de.txt")
    absent = "was not among what was imported, and is not there yet: de"
    assert partial_.remarks == (f"colours test {absent}", f"colours gold {absent}")


def test_of_many_originals_few_are_told_and_one_hash_is_recorded(
    imported: Import, colours: Registry, folders: Folders
) -> None:
    task = colours.task("colours")
    more = tuple(Source(file=f"more-{number:02}.txt", address=f"http://x/{number:02}") for number in range(20))
    shutil.rmtree(folders.originals)
    folders.originals.mkdir()
    assert imported(replace(task, sources=more)).remarks[1:] == (
        *("more-00.txt: http://x/00", "more-01.txt: http://x/01", "more-02.txt: http://x/02"),
        "... and 17 more; xtreme-harness data fetch downloads them",
    )
    for source in more:
        (folders.originals / source.file).write_text(source.file)
    named = originals_named(replace(task, sources=more), folders.originals)
    assert named.startswith("20 original files from more-00.txt to more-19.txt, sha256 of their list:")
    (folders.originals / "more-07.txt").write_text("changed")
    assert originals_named(replace(task, sources=more), folders.originals) != named


def test_no_folder_of_originals(imported: Import, tmp_path: Path) -> None:
    outcome = imported("tones", originals=tmp_path / "nowhere")
    assert outcome.state == MISSING
    assert outcome.remarks[0].endswith("nowhere: there is no such folder of original files")
    assert "tones-en.txt: by hand: ask the choir (http://127.0.0.1:9/tones-en.txt)" in outcome.remarks


def test_an_import_sees_what_its_task_trains_on(imported: Import, folders: Folders) -> None:
    assert imported("tones").state == DONE
    change(folders, "colours-en.txt", "Blue ice", "A blue drum")
    imported("colours")
    outcome = imported("tones")
    assert outcome.state == REFUSED
    assert outcome.remarks[0].endswith("colours/train-en.tsv: holds a test text: A blue drum")
    assert (folders.data / "colours" / "train-en.tsv").is_file()


def test_labels_may_be_elsewhere(imported: Import, folders: Folders, tmp_path: Path) -> None:
    elsewhere = tmp_path / "gold"
    assert imported("colours", labels=elsewhere).state == DONE
    assert set(tree(elsewhere)) == {*(f"colours/test-{code}.tsv" for code in ("de", "en", "sw")), NAME}
    assert not folders.labels.exists()


def failing(error: Exception) -> Callable[[Folders], None]:
    def import_files(folders: Folders) -> None:
        (folders.data / "colours").mkdir()
        (folders.data / "colours" / "train-en.tsv").write_text("half")
        raise error

    return import_files


def test_an_import_that_fails_in_its_code_is_refused(imported: Import, colours: Registry, folders: Folders) -> None:
    outcome = imported(replace(colours.task("colours"), import_files=failing(KeyError("label"))))
    assert outcome.state == REFUSED
    assert outcome.remarks == ("colours: the task's import failed: KeyError: 'label'",)
    assert tree(folders.data) == {}


def test_an_import_that_works_only_as_unofficial_is_unofficial(imported: Import, colours: Registry) -> None:
    task = colours.task("colours")

    def import_files(folders: Folders) -> None:
        if folders.official:
            raise KeyError("label")
        assert task.import_files is not None
        task.import_files(folders)

    outcome = imported(replace(task, import_files=import_files), official=False)
    assert (outcome.state, outcome.unofficial) == (DONE, "the task's import failed: KeyError: 'label'")


@pytest.mark.parametrize("error", [MachineError("The disk is full."), OSError(28, "No space left on device")])
def test_the_machine_s_faults_end_the_command(
    imported: Import, colours: Registry, folders: Folders, error: Exception
) -> None:
    with pytest.raises(type(error)):
        imported(replace(colours.task("colours"), import_files=failing(error)))
    assert tree(folders.data) == {}


def test_tasks_without_a_way(imported: Import, colours: Registry) -> None:
    outcome = imported(replace(colours.task("colours"), import_files=None, sources=()))
    assert (outcome.state, outcome.remarks) == (MISSING, ("colours: cannot be imported from original files",))
    imported("colours")
    assert imported(replace(colours.task("colours"), import_files=None)).state == DONE  # another task brought its files
    assert imported("mini.nli") == Outcome(task="mini.nli", state=DONE)  # its plugin brings all of it along


def test_ways_by_name(colours: Registry) -> None:
    task = colours.task("colours")
    assert way_of(task, "hub", True, print).unfit == ""  # the first that is fit
    assert way_of(task, "org/lossy", True, print).unfit == "rows are lost there"
    for source in ("original", "hub", "org/lossy", "org/colours"):
        check_source(source, [task])
    with pytest.raises(UnknownName, match="Did you mean org/colours"):
        check_source("org/colour", [task])
    with pytest.raises(HarnessError, match="tones: is not on the hub"):
        way_of(colours.task("tones"), "hub", True, print)
    with pytest.raises(HarnessError, match="tones: has no set org/colours on the hub"):
        way_of(colours.task("tones"), "org/colours", True, print)


def test_unfit_sets_are_not_even_asked_for(colours: Registry, folders: Folders) -> None:
    def fill(folders: Folders) -> str:
        raise AssertionError("asked for")

    outcome = import_task(colours.task("colours"), colours, folders, lambda task: Way(fill, "rows are lost there"))
    assert outcome.state == REFUSED
    assert outcome.remarks == ("colours: rows are lost there (--unofficial takes it, marked as not comparable)",)


def test_exit_codes() -> None:
    assert [exit_code(states) for states in ([], [DONE], [DONE, MISSING], [MISSING, REFUSED])] == [0, 0, 4, 5]
