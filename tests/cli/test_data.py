"""The commands `data ...` as typed, on two small tasks: what they print, their exit codes, what is where afterwards."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ended import Ended
from web_server import File, Web

from xtreme_harness.cli.main import run

PLUGIN = Path(__file__).parents[1] / "data_plugin" / "colours.py"

Data = Callable[..., Ended]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], web: Web) -> Data:
    """`data("status", "--task", "colours")`: in tmp_path, with the data folder `d`; the originals are at the server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLOURS_SERVER", web.address)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def call(command: str, *arguments: str | Path) -> Ended:
        options = ["--data", "d", "--plugin", str(PLUGIN), *map(str, arguments)]
        try:
            code: Any = run(["data", command, *options])
        except SystemExit as error:
            code = error.code
        kept = [path.read_text(encoding="utf-8") for path in tmp_path.glob("xtreme-harness-*.txt")]
        assert not kept, kept[0]
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def originals(tmp_path: Path, write_originals: Callable[[Path], None]) -> Path:
    """Already in place: d/originals."""
    write_originals(tmp_path / "d" / "originals")
    return tmp_path / "d" / "originals"


@pytest.fixture
def served(tmp_path: Path, web: Web, write_originals: Callable[[Path], None]) -> Web:
    """The server has the originals of both tasks."""
    write_originals(tmp_path / "upstream")
    for path in (tmp_path / "upstream").iterdir():
        web.files[f"/{path.name}"] = File(path.read_bytes())
    return web


COLOURS = ("--task", "colours")
BOTH = ("--task", "tones")  # which is trained on colours


# data status


def test_status_of_an_empty_folder(data: Data, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    ended = data("status", *BOTH)
    assert ended.code == 4
    lines = ended.out.splitlines()
    assert lines[:3] == [
        "task     train  dev  test  gold",
        "colours  0/1    0/1  0/3   0/3",
        "tones                0/3   0/3",
    ]
    assert "missing  colours test: all en sw de" in lines
    assert [line.split()[:2] for line in lines if line.startswith("tones-")] == [
        *(["tones-en.txt", "missing"], ["tones-sw.txt", "missing"], ["tones-de.txt", "missing"]),
    ]
    assert any(line.startswith("by hand  tones-en.txt: by hand: ask the choir (http://127") for line in lines)


def test_status_when_all_is_there(data: Data, originals: Path) -> None:
    assert data("import", *BOTH).code == 0
    ended = data("status", *BOTH, "--check", "--json")
    assert ended.code == 0
    facts = ended.json
    assert facts["findings"] == []
    assert facts["tasks"]["colours"]["test"] == {"there": 3, "of": 3, "missing": []}
    first = facts["sources"][0]
    assert (first["file"], first["state"], first["licence"]) == ("colours-en.txt", "there", "CC0")
    assert (first["tasks"], first["bytes"], first["sha256"]) == (["colours"], None, None)


def test_status_when_some_is_there(data: Data, originals: Path) -> None:
    data("import", *COLOURS)
    (originals.parent / "colours" / "test-sw.tsv").unlink()
    ended = data("status", *COLOURS)
    assert ended.code == 4
    assert "colours  1/1    1/1  2/3   3/3" in ended.out
    assert "missing  colours test: sw\n" in ended.out


def test_what_a_check_finds(data: Data, originals: Path) -> None:
    data("import", *COLOURS)
    folder = originals.parent / "colours"
    (folder / "test-sw.tsv").write_text("Paa\nVilima\n", encoding="utf-8")
    assert data("status", *COLOURS).code == 0  # nobody looked
    ended = data("status", *COLOURS, "--check")
    assert ended.code == 5  # the gold no longer belongs to it
    assert "refused  colours gold sw: d/labels/colours/test-sw.tsv: holds 3 gold items for 2 examples" in ended.out
    assert "size     colours test sw: d/colours/test-sw.tsv: holds 2 examples, the benchmark has 3" in ended.out
    (folder.parent / "labels" / "colours" / "test-sw.tsv").unlink()
    assert data("status", *COLOURS, "--check").code == 4
    (folder / "train-en.tsv").write_text("red\twarm\nblue\n", encoding="utf-8")
    found = data("status", *COLOURS, "--check", "--json").json["findings"]
    assert [(one["split"], one["language"], one["line"], one["kind"]) for one in found] == [
        ("train", "en", 2, "refused"),
        ("test", "sw", None, "size"),
    ]


def test_status_with_labels_elsewhere(data: Data, originals: Path, tmp_path: Path) -> None:
    data("import", *COLOURS, "--labels", "gold")
    assert data("status", *COLOURS).code == 4
    assert data("status", *COLOURS, "--labels", tmp_path / "gold").code == 0


def test_bundled_tasks_need_nothing(data: Data, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    ended = data("status", "--suite", "mini")
    assert (ended.code, ended.err) == (0, "")
    assert "original" not in ended.out and "missing" not in ended.out


def test_every_task_by_default(data: Data, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    tasks = data("status", "--json").json["tasks"]
    assert {"xnli", "squad_v1", "tatoeba", "mini.nli", "colours", "tones"} <= set(tasks)


# data fetch


def test_files_come_once(data: Data, served: Web, tmp_path: Path) -> None:
    ended = data("fetch", *COLOURS)
    assert ended.code == 0
    assert ended.err.splitlines()[:2] == [
        "3 files to download, 0.0 kB and 3 of unknown size",
        "licences: CC0 (colours-en.txt, colours-sw.txt, colours-de.txt)",
    ]
    assert f"colours-en.txt: from {served.address}/colours-en.txt" in ended.err
    for path in (tmp_path / "upstream").glob("colours-*"):
        assert (tmp_path / "d" / "originals" / path.name).read_bytes() == path.read_bytes()
        assert f"{path.name}: fetched (sha256 {hashlib.sha256(path.read_bytes()).hexdigest()})" in ended.out
    served.asked.clear()
    again = data("fetch", *COLOURS, "--json")
    assert again.code == 0
    assert [(one["file"], one["state"]) for one in again.json["files"]] == [
        (f"colours-{code}.txt", "there") for code in ("en", "sw", "de")
    ]
    english = hashlib.sha256((tmp_path / "upstream" / "colours-en.txt").read_bytes()).hexdigest()
    assert again.json["files"][0]["sha256"] == english
    assert served.asked == []


def test_fetched_files_are_imported(data: Data, served: Web) -> None:
    assert data("fetch", *COLOURS).code == 0
    assert data("import", *COLOURS).code == 0
    assert data("status", *COLOURS, "--check").code == 0


def test_what_must_be_had_by_hand_is_told(data: Data, served: Web, tmp_path: Path) -> None:
    ended = data("fetch", *BOTH, "--originals", "o")
    assert ended.code == 4
    assert "tones-sw.txt: by hand, by hand: ask the choir" in ended.out
    for path in (tmp_path / "upstream").glob("tones-*"):
        shutil.copy(path, tmp_path / "o")
    assert data("fetch", *BOTH, "--originals", "o").code == 0
    assert not any(path.startswith("/tones") for path, _ in served.asked)


def test_one_that_fails_does_not_keep_the_others(data: Data, served: Web, tmp_path: Path) -> None:
    served.files["/colours-en.txt"] = File(status=404)
    ended = data("fetch", *COLOURS)
    assert ended.code == 4
    assert "colours-en.txt: missing, " in ended.out and "is not there any more (404 Not Found)" in ended.out
    assert (tmp_path / "d" / "originals" / "colours-de.txt").is_file()


def test_a_server_that_fails_is_asked_once(data: Data, served: Web) -> None:
    for path in served.files:
        served.files[path] = File(status=503)
    ended = data("fetch", *COLOURS)
    assert ended.code == 6
    assert ended.out.count("fails (503 Service Unavailable); try again later.") == 3
    assert len(served.asked) == 1


def test_a_server_that_is_gone(data: Data, served: Web) -> None:
    served.stop()
    ended = data("fetch", *COLOURS)
    assert ended.code == 6
    assert "colours-en.txt: unreached, " in ended.out and "cannot be reached" in ended.out


def test_a_file_that_was_damaged_since_comes_again(data: Data, served: Web, tmp_path: Path) -> None:
    data("fetch", *COLOURS)
    path = tmp_path / "d" / "originals" / "colours-sw.txt"
    content = path.read_bytes()
    path.write_bytes(content.upper())
    assert "has SHA-256" in data("status", *COLOURS, "--check").out
    ended = data("fetch", *COLOURS)
    assert ended.code == 0
    assert "the file that was there has SHA-256" in ended.out
    assert path.read_bytes() == content
    assert path.with_name("colours-sw.txt.refused").read_bytes() == content.upper()


def test_offline_nothing_is_asked(data: Data, served: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")  # the command sets it; monkeypatch puts it back
    ended = data("fetch", *COLOURS, "--offline")
    assert (ended.code, ended.out, served.asked) == (2, "", [])
    assert "--offline: 3 files would have to be downloaded: colours-en.txt, " in ended.err
    data("fetch", *COLOURS)
    served.stop()
    assert data("fetch", *COLOURS, "--offline").code == 0


def test_an_unknown_set(data: Data) -> None:
    ended = data("fetch", *COLOURS, "--from", "org/colour")
    assert ended.code == 2
    assert "Unknown source 'org/colour'. Did you mean org/colours" in ended.err


def test_an_unfit_set_is_refused_without_asking_for_it(data: Data, tmp_path: Path) -> None:
    ended = data("fetch", *COLOURS, "--from", "org/lossy")
    assert ended.code == 5
    assert "colours: rows are lost there (--unofficial takes it, marked as not comparable)" in ended.err
    assert not (tmp_path / "d" / "colours").exists()


def test_tasks_that_the_hub_does_not_have(data: Data) -> None:
    ended = data("fetch", "--task", "tones", "--from", "org/lossy", "--json")
    assert ended.code == 5
    assert [(one["task"], one["state"]) for one in ended.json["tasks"]] == [
        ("colours", "refused"),
        ("tones", "missing"),
    ]


# data import


def test_a_folder_of_originals_anywhere(data: Data, originals: Path, tmp_path: Path) -> None:
    originals.rename(tmp_path / "elsewhere")
    assert data("import", *COLOURS).code == 4
    ended = data("import", "elsewhere", *COLOURS)
    assert ended.code == 0
    assert ended.out == "colours: done, 5 data files and 3 label files\n"


def test_what_is_missing_is_told_with_its_address(data: Data, originals: Path, web: Web) -> None:
    (originals / "colours-de.txt").unlink()
    ended = data("import", *BOTH)
    assert ended.code == 4
    assert "colours: missing, nothing written" in ended.out
    assert "tones: done, 3 data files and 3 label files" in ended.out
    assert f"xtreme-harness: colours-de.txt: {web.address}/colours-de.txt" in ended.err


def test_what_is_wrong_is_refused(data: Data, originals: Path) -> None:
    path = originals / "colours-de.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("\tcold", ""), encoding="utf-8")
    ended = data("import", *BOTH)
    assert ended.code == 5
    assert "colours-de.txt, line 3: is no row of three columns" in ended.err
    assert not (originals.parent / "colours").exists()
    assert (originals.parent / "tones").exists()


def test_unofficial_data_is_imported_with_its_reason(data: Data, originals: Path) -> None:
    path = originals / "colours-de.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("release 2", "release 3"), encoding="utf-8")
    assert data("import", *COLOURS).code == 5
    ended = data("import", *COLOURS, "--unofficial", "--json")
    assert ended.code == 0
    assert ended.json["tasks"][0]["unofficial"] is not None
    assert "is release 3, not release 2" in ended.json["tasks"][0]["unofficial"]


def test_originals_that_are_not_there(data: Data) -> None:
    ended = data("import", "nowhere", *COLOURS)
    assert ended.code == 2
    assert "nowhere: there is no such folder of originals, nor such a pack" in ended.err


# data labels


def test_an_ordinary_download_gets_its_labels(data: Data, originals: Path) -> None:
    data("import", *BOTH)
    labels = originals.parent / "labels"
    before = {path: path.read_bytes() for path in labels.rglob("*.tsv")}
    shutil.rmtree(labels)
    ended = data("labels", *BOTH)
    assert ended.code == 0
    assert ended.err.splitlines() == ["colours: importing from d/originals"]  # tones has a way of its own
    assert ended.out == "colours: done, 3 label files\ntones: done, 3 label files\n"
    assert {path: path.read_bytes() for path in labels.rglob("*.tsv")} == before
    assert data("status", *BOTH, "--check").code == 0


def test_another_test_file_is_refused(data: Data, originals: Path) -> None:
    data("import", *COLOURS)
    (originals.parent / "colours" / "test-sw.tsv").write_text("Paa\nVilima\nMvinyo\n", encoding="utf-8")
    shutil.rmtree(originals.parent / "labels")
    ended = data("labels", *COLOURS, "--labels", "gold")  # made where it is not there
    assert ended.code == 5
    assert "in example 1, text_a is 'Paa', not 'Paa jekundu'" in ended.err
    assert {path.name for path in Path("gold/colours").iterdir()} == {"test-de.tsv", "test-en.tsv"}


def test_labels_need_a_data_folder(data: Data) -> None:
    ended = data("labels", *COLOURS)
    assert ended.code == 2
    assert "--data d: there is no such folder." in ended.err


# data pack


def test_a_pack_goes_there_and_back(data: Data, originals: Path, tmp_path: Path) -> None:
    data("import", *BOTH)
    ended = data("pack", *BOTH, "--out", "packs/both.tar.gz")
    assert ended.code == 0
    assert ended.out.splitlines()[1] == "licences: CC0 (colours); not stated (tones)"
    (tmp_path / "d").rename(tmp_path / "before")
    ended = data("import", "packs/both.tar.gz")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "colours: done, 5 data files and 3 label files",
        "tones: done, 3 data files and 3 label files",
    ]
    assert data("status", *BOTH, "--check").code == 0


def test_a_pack_without_labels(data: Data, originals: Path, tmp_path: Path) -> None:
    data("import", *COLOURS)
    ended = data("pack", *COLOURS, "--no-labels", "--out", "pack.tar.gz", "--json")
    assert ended.code == 0
    assert {name.split("/")[0] for name in ended.json["files"]} == {"data"}


def test_a_pack_of_incomplete_data(data: Data, originals: Path) -> None:
    data("import", *COLOURS)
    (originals.parent / "colours" / "test-sw.tsv").unlink()
    ended = data("pack", *COLOURS, "--out", "pack.tar.gz")
    assert ended.code == 4
    assert "xtreme-harness: colours test is not there: sw\n" in ended.err


def test_nothing_to_pack(data: Data, originals: Path) -> None:
    ended = data("pack", *COLOURS, "--out", "pack.tar.gz")
    assert ended.code == 2
    assert "d has no data of colours: nothing to pack." in ended.err
    assert not Path("pack.tar.gz").exists()


def test_a_damaged_pack(data: Data, tmp_path: Path) -> None:
    (tmp_path / "pack.tar.gz").write_bytes(b"no pack")
    ended = data("import", "pack.tar.gz")
    assert ended.code == 5
    assert "pack.tar.gz: is damaged, or no pack" in ended.err


@pytest.mark.parametrize("command", ["status", "fetch", "import", "labels"])
def test_wrong_names(data: Data, tmp_path: Path, command: str) -> None:
    (tmp_path / "d").mkdir()
    ended = data(command, "--task", "colour")
    assert (ended.code, ended.out) == (2, "")
    assert "Unknown task 'colour'. Did you mean colours" in ended.err
    ended = data(command, "--suite", "mini", "--task", "colours")
    assert ended.code == 2
    assert "Task colours is not in suite mini" in ended.err


@pytest.mark.parametrize("command", ["status", "labels", "pack"])
@pytest.mark.parametrize("option", ["data", "labels"])
def test_folders_that_are_not_there(data: Data, tmp_path: Path, command: str, option: str) -> None:
    (tmp_path / "d").mkdir()
    out = ("--out", "x.tar.gz") if command == "pack" else ()
    ended = data(command, *COLOURS, f"--{option}", "nowhere", *out)
    if (command, option) == ("labels", "labels"):
        assert ended.code == 4  # it is what the command makes
    else:
        assert (ended.code, ended.out) == (2, "")
        assert f"--{option} nowhere: there is no such folder." in ended.err
