"""Packs: what is in them, that values come back exactly, that equal runs give equal bytes, what is refused."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from analysed import add_analyses, curves, fertility, layers
from hypothesis import given, settings
from hypothesis import strategies as st

from xtreme_harness.errors import CheckFailed, DataError, MissingData, RequestError
from xtreme_harness.leaderboard.analyses import FILES
from xtreme_harness.leaderboard.verification.manifest import (
    MANIFEST,
    hashes_of,
    manifest_of_run,
    read_manifest,
    root_of,
)
from xtreme_harness.leaderboard.verification.pack import lines_of, pack, packed, without_places
from xtreme_harness.records import read_records
from xtreme_harness.scores import Rows, cell_names, read_scores, unpacked
from xtreme_harness.unit import digest

NUMBERS = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False))
IDS = st.lists(st.text(max_size=5), unique=True, max_size=6)


@st.composite
def values(draw: st.DrawFn, ids: list[str]) -> Rows:
    """Per-example values of one row of a run: every line has the same names, some have a group."""
    names = draw(st.lists(st.sampled_from(["accuracy", "f1", "hits", "predicted"]), unique=True))
    groups = draw(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=len(ids), max_size=len(ids)))
    return [
        {"id": one, **({} if group is None else {"group": group}), **{name: draw(NUMBERS) for name in names}}
        for one, group in zip(ids, groups, strict=True)
    ]


@settings(max_examples=25)
@given(st.data())
def test_values_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Also where the rows of a run have other ids: mined pairs are counted by the sources that were mined."""
    shared = data.draw(IDS)
    rows = {name: data.draw(values(data.draw(st.one_of(st.just(shared), IDS)))) for name in ("a", "b", "c")}
    path = tmp_path_factory.getbasetemp() / "values.json.gz"
    path.write_bytes(packed(rows))
    back = {name: unpacked(path, name) for name in rows}
    assert back == rows
    assert {name: lines_of(one) for name, one in back.items()} == {name: lines_of(one) for name, one in rows.items()}


def test_equal_values_give_equal_bytes_whenever_they_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = packed({"a": [{"id": "1", "accuracy": 100.0}]})
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert packed({"a": [{"id": "1", "accuracy": 100.0}]}) == first


def test_rows_with_the_same_examples_share_their_ids() -> None:
    rows: dict[str, Rows] = {name: [{"id": "1", "group": "x", "accuracy": 100.0}] for name in ("a", "b")}
    held = json.loads(gzip.decompress(packed(rows)))
    assert held == {"ids": ["1"], "groups": ["x"], "rows": {name: {"accuracy": [100.0]} for name in ("a", "b")}}


def test_a_pack_holds_records_and_values_and_names_the_rest_by_hash(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "packs" / "mine"
    pack(finished, out)
    scores = ["scores/topics/en.json.gz", "scores/topics/sw.json.gz", "scores/twins/sw.json.gz"]
    manifest, of_run = read_manifest(out), read_manifest(finished)
    assert list(manifest.files) == ["environment.json", "records.jsonl", "request.json", *scores]
    assert manifest.files == hashes_of(out)
    records = read_records(out / "records.jsonl")
    assert (out / "records.jsonl").read_bytes() == (finished / "records.jsonl").read_bytes()
    names = {name for record in records for name in cell_names(record)}
    assert names < manifest.withheld.keys()
    assert {name: of_run.files[name] for name in names} == {name: manifest.withheld[name] for name in names}
    for record in records:
        assert read_scores(out, record) == read_scores(finished, record)
    assert root_of(out) == root_of(finished) == manifest.run == of_run.root != manifest.root


def test_a_request_s_paths_are_cut_to_names(finished: Path, tmp_path: Path, tiny_xlmr: Path) -> None:
    pack(finished, tmp_path / "out")
    request = json.loads((tmp_path / "out" / "request.json").read_text(encoding="utf-8"))
    assert json.loads((finished / "request.json").read_text(encoding="utf-8"))["model"] == str(tiny_xlmr)
    assert request["model"] == tiny_xlmr.name
    assert "request.json" in read_manifest(tmp_path / "out").withheld


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/home/a/plugin.py", "plugin.py"),
        ("C:\\Users\\a\\plugin.py", "plugin.py"),
        ("org/model@v1", "org/model@v1"),
        ("runs/data", "runs/data"),
        ({"a": ["/x/y", 1, None]}, {"a": ["y", 1, None]}),
    ],
)
def test_only_absolute_paths_are_places(value: Any, kept: Any) -> None:
    assert without_places(value) == kept


def test_packing_again_gives_the_same_bytes_in_the_same_place(finished: Path, tmp_path: Path) -> None:
    pack(finished, tmp_path / "out")
    first = hashes_of(tmp_path / "out")
    (tmp_path / "out" / "records.jsonl").write_text("damaged", encoding="utf-8")
    pack(finished, tmp_path / "out")
    assert hashes_of(tmp_path / "out") == first


def test_nothing_else_is_overwritten(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RequestError, match="is no pack of this run"):
        pack(finished, tmp_path / "out")
    assert (tmp_path / "out" / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("place", [".", "packs"])
def test_a_run_is_not_overwritten_by_its_own_pack(place: str, finished: Path, tmp_path: Path) -> None:
    """`leaderboard pack runs/a --out runs` would name the run itself."""
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    with pytest.raises(RequestError, match="is the run itself or lies in it"):
        pack(run, run / place)
    assert hashes_of(run) == hashes_of(finished)


def test_another_copy_of_the_run_is_not_overwritten(finished: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    with pytest.raises(RequestError, match="is no pack of this run"):
        pack(finished, copy)
    assert hashes_of(copy) == hashes_of(finished)


def test_an_older_pack_stays_until_the_new_one_is_whole(finished: Path, tmp_path: Path) -> None:
    pack(finished, tmp_path / "out")
    run, first = Path(shutil.copytree(finished, tmp_path / "run")), hashes_of(tmp_path / "out")
    (run / "request.json").write_text("{", encoding="utf-8")
    manifest = {**read_manifest(run).as_json(), "files": hashes_of(run), "root": digest(hashes_of(run))}
    (run / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    old = json.loads((tmp_path / "out" / MANIFEST).read_text(encoding="utf-8"))
    (tmp_path / "out" / MANIFEST).write_text(json.dumps({**old, "run": manifest["root"]}), encoding="utf-8")
    with pytest.raises(DataError, match=r"request\.json: cannot be read"):
        pack(run, tmp_path / "out")
    assert hashes_of(tmp_path / "out") == first


def test_a_run_that_was_edited_is_not_packed(finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    (folder / "leaderboard.md").write_text("better", encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"leaderboard\.md: was edited"):
        pack(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["records.jsonl", "request.json"])
def test_half_a_run_is_not_packed(name: str, finished: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    (run / name).unlink()
    (run / MANIFEST).write_text(json.dumps({"files": hashes_of(run), "root": digest(hashes_of(run))}), encoding="utf-8")
    with pytest.raises(MissingData, match=f"{name}: there is no such file"):
        pack(run, tmp_path / "out")


def test_a_pack_is_not_packed_again(finished: Path, tmp_path: Path) -> None:
    pack(finished, tmp_path / "out")
    with pytest.raises(RequestError, match="is a pack already"):
        pack(tmp_path / "out", tmp_path / "again")


@pytest.mark.parametrize(
    "content",
    [
        b"no gzip",
        gzip.compress(b"{}")[:-9],
        gzip.compress(b"[]"),
        gzip.compress(b'{"ids": ["1"], "groups": null, "rows": {"a": {"accuracy": []}}}'),
        gzip.compress(b'{"ids": ["1"], "groups": null, "rows": {"b": {"accuracy": [1]}}}'),
        packed({"a": [{"id": "1", "accuracy": 1.0}]})[:20] + b"\0" * 20,
    ],
)
def test_a_damaged_file_of_values_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "sw.json.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"sw\.json\.gz: holds no per-example values"):
        unpacked(tmp_path / "sw.json.gz", "a")


def test_what_would_fill_the_memory_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtreme_harness.scores.MOST_BYTES", 1000)
    (tmp_path / "sw.json.gz").write_bytes(gzip.compress(b" " * 10_000))
    with pytest.raises(DataError, match="more than 1000 bytes"):
        unpacked(tmp_path / "sw.json.gz", "a")


# --- analyses of the run


@pytest.fixture
def analysed(finished: Path, tmp_path: Path) -> Path:
    """The run with an analysis of each kind, and the figures that reports write beside them."""
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    records = read_records(run / "records.jsonl")
    model, unit = records[0]["model"]["name"], next(one["phases"][0]["unit"] for one in records if one["phases"])
    add_analyses(run, fertility=fertility(model), layers=layers(model), curves=curves(unit))
    (run / "analyses" / "fertility.md").write_text("# A table\n", encoding="utf-8")
    return run


def test_a_pack_carries_the_analyses_of_its_run(analysed: Path, finished: Path, tmp_path: Path) -> None:
    pack(analysed, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert [name for name in manifest.files if name.startswith("analyses/")] == sorted(FILES)
    assert manifest.files == hashes_of(tmp_path / "out")
    assert manifest.run == root_of(analysed) == root_of(finished)  # they are no part of the run
    assert not [name for name in manifest.withheld if name.startswith("analyses/")]
    for name in FILES:
        packed_file, own = (
            json.loads((folder / name).read_text(encoding="utf-8")) for folder in (tmp_path / "out", analysed)
        )
        assert packed_file == {key: value for key, value in own.items() if key != "missing"}
        assert "/home/" not in (tmp_path / "out" / name).read_text(encoding="utf-8")


def test_analyses_change_neither_the_manifest_of_a_run_nor_the_other_files_of_its_pack(
    analysed: Path, finished: Path, tmp_path: Path
) -> None:
    assert manifest_of_run(analysed) == manifest_of_run(finished) == read_manifest(finished)
    for run, out in ((analysed, tmp_path / "with"), (finished, tmp_path / "without")):
        pack(run, out)
    files = {name: value for name, value in hashes_of(tmp_path / "with").items() if not name.startswith("analyses/")}
    assert files == hashes_of(tmp_path / "without")


def test_an_analysis_of_something_else_is_not_packed(analysed: Path, tmp_path: Path) -> None:
    pack(analysed, tmp_path / "out")
    before = hashes_of(tmp_path / "out")
    add_analyses(analysed, curves=curves("ab" * 32))
    with pytest.raises(DataError, match=r"curves\.json: is about training 'abababababab'"):
        pack(analysed, tmp_path / "out")
    assert hashes_of(tmp_path / "out") == before  # the older pack is kept
