"""Verification: a sound run and its pack pass; every kind of edit is named, with the manifest made to match or not."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from analysed import add_analyses, curves, fertility

from xtreme_harness import Folders, Suite
from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.run_page import run_page
from xtreme_harness.leaderboard.verification.asked import Asked, place_problems
from xtreme_harness.leaderboard.verification.at_hand import Data
from xtreme_harness.leaderboard.verification.manifest import (
    ADDED,
    MANIFEST,
    Manifest,
    hashes_of,
    manifest_of_run,
    root_of,
)
from xtreme_harness.leaderboard.verification.pack import lines_of, pack, packed
from xtreme_harness.leaderboard.verification.verify import Verified, find_runs, verify
from xtreme_harness.records import read_records, write_records
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.scores import unpacked
from xtreme_harness.testing import write_remedies
from xtreme_harness.unit import digest

MakeRun = Callable[..., Path]
Edit = Callable[[Path], None]

ROW = "none.plain.s1"
CELL = f"{ROW} topics sw"
PREDICTIONS, SCORES = f"predictions/{ROW}/topics/sw.jsonl", f"predictions/{ROW}/topics/sw.scores.jsonl"
PACKED = "scores/topics/sw.json.gz"
COLOURS = Path(__file__).parents[2] / "data_plugin" / "colours.py"


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def packed_run(finished: Path, tmp_path: Path) -> Path:
    pack(finished, tmp_path / "pack")
    return tmp_path / "pack"


def problems(folder: Path, registry: Registry) -> list[str]:
    return verify(folder, registry, Data()).problems


def make_match(folder: Path) -> None:
    """Writes the manifest anew, as a forger would who knows how."""
    old = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if "run" not in old:
        write_json(folder / MANIFEST, manifest_of_run(folder).as_json())
        return
    files, withheld = hashes_of(folder), old["withheld"]
    of_run = {name: value for name, value in files.items() if not name.startswith(ADDED)} | withheld
    run = digest(of_run)
    root = digest({"files": files, "withheld": withheld, "run": run})
    write_json(folder / MANIFEST, Manifest(files=files, withheld=withheld, run=run, root=root).as_json())


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def replaced(name: str, pattern: str, by: str) -> Edit:
    """An edit of the first place in a file that a pattern matches."""

    def edit(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        changed = re.sub(pattern, by, text, count=1)
        assert changed != text
        (folder / name).write_text(changed, encoding="utf-8", newline="\n")

    return edit


def recorded(language: str = "sw", task: str = "topics", **fields: Any) -> Edit:
    """An edit of fields of the first row's record."""

    def edit(folder: Path) -> None:
        records = read_records(folder / "records.jsonl")
        found = next(one for one in records if (one["row"], one["task"], one["language"]) == (ROW, task, language))
        assert any(found.get(name) != value for name, value in fields.items())
        found.update(fields)
        write_records(folder / "records.jsonl", records)

    return edit


def without_records(**place: str) -> Edit:
    """Removes the records, and the files, of a row, task or language."""

    def edit(folder: Path) -> None:
        records = read_records(folder / "records.jsonl")
        gone = [one for one in records if all(one[name] == value for name, value in place.items())]
        write_records(folder / "records.jsonl", [one for one in records if one not in gone])
        for one in gone:
            for file in (folder / "predictions" / one["row"] / one["task"]).glob(f"{one['language']}.*"):
                file.unlink()

    return edit


def in_all(language: str | None = None, **fields: Any) -> Edit:
    """An edit of fields of all records, or of all in one language; a dict changes those of its names."""

    def edit(folder: Path) -> None:
        records = read_records(folder / "records.jsonl")
        for record in records:
            if language in (None, record["language"]):
                changed = {
                    name: {**record[name], **one} if isinstance(one, dict) else one for name, one in fields.items()
                }
                record.update(changed)
        write_records(folder / "records.jsonl", records)

    return edit


def phased(of_role: str = "target", **fields: Any) -> Edit:
    """An edit of fields of the phase of one cell."""

    def edit(folder: Path) -> None:
        records = read_records(folder / "records.jsonl")
        (phase,) = [phase for phase in records[1]["phases"] if phase["role"] == of_role]
        phase.update(fields)
        write_records(folder / "records.jsonl", records)

    return edit


def swapped(field: str) -> Edit:
    """The first two records, which differ in their language, with each other's value."""

    def edit(folder: Path) -> None:
        records = read_records(folder / "records.jsonl")
        records[0][field], records[1][field] = records[1][field], records[0][field]
        write_records(folder / "records.jsonl", records)

    return edit


def doubled(folder: Path) -> None:
    records = read_records(folder / "records.jsonl")
    write_records(folder / "records.jsonl", [*records, records[0]])


def renamed(folder: Path) -> None:
    (folder / PREDICTIONS).rename(folder / PREDICTIONS.replace("sw", "sv"))


def removed(name: str) -> Edit:
    return lambda folder: (folder / name).unlink()


def added(name: str) -> Edit:
    return lambda folder: write_json(folder / name, {})


def linked(folder: Path) -> None:
    (folder / PREDICTIONS).rename(folder.parent / "elsewhere")
    (folder / PREDICTIONS).symlink_to(folder.parent / "elsewhere")


class Case(NamedTuple):
    """An edit; the file that the manifest then names; what is named when the manifest was made to match."""

    edit: Edit
    file: str
    told: str


CASES = {
    "figure": Case(
        recorded(metrics={"accuracy": 12.5}),
        "records.jsonl",
        rf"{CELL}: accuracy is 12\.5 in the record and [\d.]+ from predictions and gold",
    ),
    "prediction": Case(
        replaced(PREDICTIONS, '"prediction": "[a-z]+"', '"prediction": "weather"'),
        PREDICTIONS,
        f"{CELL}: {PREDICTIONS} is not the file whose hash the record gives",
    ),
    "prediction's id": Case(
        replaced(PREDICTIONS, "test-1", "test-9"), PREDICTIONS, f"{CELL}: its predictions hold the id test-9"
    ),
    "prediction torn": Case(
        replaced(PREDICTIONS, r"\}\n$", ""), PREDICTIONS, f"{CELL}: cannot be computed again: .*is not JSON"
    ),
    "prediction taken out": Case(
        replaced(PREDICTIONS, r".*\n", ""), PREDICTIONS, f"{CELL}: its predictions hold 5 rows for the 6 examples"
    ),
    "score": Case(
        replaced(SCORES, r'"accuracy": [\d.]+', '"accuracy": 50.0'),
        SCORES,
        f"{CELL}: line 1 of its per-example values is not what predictions and gold give",
    ),
    "score taken out": Case(replaced(SCORES, r"\{[^{]*\n$", ""), SCORES, f"{CELL}: line 6 of its per-example values"),
    "hash of predictions": Case(
        recorded(predictions="sha256:" + "0" * 64), "records.jsonl", f"{CELL}: {PREDICTIONS} is not the file"
    ),
    "hash of scores": Case(recorded(scores="sha256:" + "0" * 64), "records.jsonl", f"{CELL}: {SCORES} is not the file"),
    "hash of data": Case(
        recorded(data={"test": "sha256:1", "gold": "sha256:2"}), "records.jsonl", f"{CELL}: was scored on other data"
    ),
    "unit": Case(recorded(unit="0" * 64), "records.jsonl", f"{CELL}: its unit is not in plan.json"),
    "n": Case(recorded(n=7), "records.jsonl", f"{CELL}: n is 7 in the record and 6 from"),
    "groups": Case(recorded(groups=2), "records.jsonl", f"{CELL}: groups is 2 in the record and 6 from"),
    "headline": Case(
        recorded(headline=["f1"], metrics={"accuracy": 1.0, "f1": 99.0}), "records.jsonl", f"{CELL}: its headline is f1"
    ),
    "metric added": Case(
        recorded(metrics={"accuracy": 1.0, "f1": 99.0}), "records.jsonl", f"{CELL}: its metrics are accuracy, f1"
    ),
    "task version": Case(recorded(task_version="2"), "records.jsonl", f"{CELL}: is of version 2 of task topics"),
    "signature": Case(
        recorded(model={"name": "x", "weights": None, "tokenizer": "", "revision": None}),
        "records.jsonl",
        rf"{CELL}: its signature is incomplete: model\.weights, model\.tokenizer",
    ),
    "recipe": Case(recorded(recipe="xtreme"), "records.jsonl", f"{CELL}: recipe is not that of the run's other"),
    "seed": Case(recorded(seed=3), "records.jsonl", f"{CELL}: intermediate, control, method and seed are not those"),
    "intermediate": Case(recorded(intermediate="mnli"), "records.jsonl", f"{CELL}: intermediate, control, method"),
    "comparable": Case(
        recorded(comparable=False), "records.jsonl", f"{CELL}: comparable and not_comparable_because contradict"
    ),
    "limited": Case(
        recorded(options={"limit": {"test": 6}}), "records.jsonl", f"{CELL}: says that it is comparable: limited"
    ),
    "state": Case(recorded(state="failed"), "records.jsonl", f"{CELL}: is failed, but has figures"),
    "schema": Case(
        replaced("records.jsonl", '"protocol"', '"protokoll"'), "records.jsonl", r"records\.jsonl, line 1: the field"
    ),
    "language removed": Case(without_records(language="sw"), "records.jsonl", f"{CELL}: has no record"),
    "task removed": Case(without_records(task="topics"), "records.jsonl", f"{CELL}: has no record"),
    "row removed": Case(without_records(row=ROW), "records.jsonl", f"row {ROW}: was asked for and has no record"),
    "record doubled": Case(doubled, "records.jsonl", f"{ROW} topics en: has 2 records"),
    "page": Case(
        replaced("leaderboard.md", r"\d\d\.\d", "99.9"), "leaderboard.md", "leaderboard.md: is not the page that the"
    ),
    "page removed": Case(removed("leaderboard.md"), "leaderboard.md", "leaderboard.md: is missing"),
    "request": Case(
        replaced("request.json", r'"languages": \[\]', '"languages": ["en"]'),
        "request.json",
        f"{CELL}: was not asked for",
    ),
    "seeds asked for": Case(
        replaced("request.json", r'"seeds": \[\s+1,', '"seeds": [ 5,'),
        "request.json",
        r"row none\.plain\.s5: was asked",
    ),
    "request of no task": Case(
        replaced("request.json", '"topics"', '"topicz"'), "request.json", r"request\.json: .*topicz.*--plugin"
    ),
    "request removed": Case(removed("request.json"), "request.json", r"request\.json: there is no such file"),
    "records removed": Case(removed("records.jsonl"), "records.jsonl", r"records\.jsonl: there is no such file"),
    "plan": Case(replaced("plan.json", '"id": "..', '"id": "xy'), "plan.json", "plan.json: id is not that"),
    "file renamed": Case(renamed, PREDICTIONS, f"{CELL}: {PREDICTIONS} is missing"),
    "file added": Case(
        added(f"predictions/{ROW}/topics/xx.jsonl"),
        f"predictions/{ROW}/topics/xx.jsonl",
        f"predictions/{ROW}/topics/xx.jsonl: belongs to no record",
    ),
    "file elsewhere": Case(linked, PREDICTIONS, f"{PREDICTIONS}: is a link"),
    "name twice": Case(
        replaced("records.jsonl", '"n": 6', '"n": 60, "n": 6'),
        "records.jsonl",
        r"records\.jsonl, line 1: is not written",
    ),
    "line end": Case(
        replaced("records.jsonl", r"\n", "\r\n"), "records.jsonl", r"records\.jsonl, line 1: is not written as a run"
    ),
    "no number": Case(
        replaced("records.jsonl", '"clip": 1.0', '"clip": 1e400'),
        "records.jsonl",
        r"records\.jsonl, line 1: is not written",
    ),
    "no line end": Case(
        replaced("records.jsonl", r"\}\n$", "}"), "records.jsonl", r"records\.jsonl, line 6: has no line end"
    ),
    "environment removed": Case(
        removed("environment.json"), "environment.json", r"environment\.json: there is no such"
    ),
    "field added": Case(recorded(award="best"), "records.jsonl", f"{CELL}: has award, which no record has"),
    "field of the model added": Case(
        in_all(model={"award": "best"}), "records.jsonl", rf"{CELL}: has model\.award, which no record has"
    ),
    "why": Case(recorded(why="late"), "records.jsonl", f"{CELL}: is ok, and why says late"),
    "protocol": Case(
        in_all(protocol="oracle"), "records.jsonl", f"{CELL}: its protocol is oracle; there are zero-shot"
    ),
    "truth as a number": Case(
        in_all("en", model={"pickle": 0}), "records.jsonl", f"{CELL}: model is not that of the run's other records"
    ),
    "no hash": Case(
        in_all(model={"weights": "sha256:none"}), "records.jsonl", rf"{CELL}: model\.weights is no SHA-256"
    ),
    "options": Case(
        in_all("sw", options={"learning_rate": 1.0}),
        "records.jsonl",
        f"{CELL}: options is not that of the row's other records",
    ),
    "selection": Case(
        in_all(options={"selection": "english-dev"}),
        "records.jsonl",
        f"{CELL}: selection of its target phase is not that of the record",
    ),
    "dev figure": Case(
        phased(dev={"accuracy": 100.0}), "records.jsonl", f"{CELL}: phases is not that of the row's other records"
    ),
    "phase's seed": Case(phased(seed=True), "records.jsonl", f"{CELL}: seed of its target phase is not that of the"),
    "phase's task": Case(phased(tasks=["twins"]), "records.jsonl", f"{CELL}: tasks of its target phase is not that"),
    "phase's method": Case(phased(method={}), "records.jsonl", f"{CELL}: method of its target phase is not that"),
    "phase's unit": Case(phased(unit=[]), "records.jsonl", f"{CELL}: the unit of its target phase is not in plan"),
    "phase removed": Case(in_all(phases=[]), "records.jsonl", f"{CELL}: its phases are not target"),
    "phase's role": Case(phased(role="intermediate"), "records.jsonl", f"{CELL}: its phases are not target"),
    "training data": Case(
        in_all("sw", data={"train": "sha256:" + "0" * 64}),
        "records.jsonl",
        f"{CELL}: data of train or dev is not that of the row's other records",
    ),
    "other training data": Case(
        in_all(data={"train": "sha256:" + "0" * 64}),
        "records.jsonl",
        rf"{CELL}: was trained on other data \(train\) than version 1 of task topics has here",
    ),
    "units swapped": Case(swapped("unit"), "records.jsonl", rf"{CELL}: its unit is another cell's in plan\.json"),
    "place elsewhere": Case(
        recorded(predictions=None, scores=None, metrics={}, n=None, state="failed"),
        "records.jsonl",
        f"{CELL}: {PREDICTIONS} is there, but the record names no predictions",
    ),
}


def test_a_sound_run_is_computed_from_predictions_and_gold(run: Path, registry: Registry) -> None:
    done = verify(run, registry, Data())
    assert (done.problems, done.notes, done.exit_code) == ([], [], 0)
    assert done.checked == {"from predictions and gold": 6}
    assert done.summary() == f"{run}: run {root_of(run)[:12]}: 6 cells (6 from predictions and gold)"


def test_a_sound_pack_is_computed_from_per_example_values(packed_run: Path, registry: Registry) -> None:
    done = verify(packed_run, registry, Data())
    assert (done.problems, done.notes, done.exit_code) == ([], [], 0)
    assert done.checked == {"from per-example values": 6}
    assert done.is_pack


@pytest.mark.parametrize("name", CASES)
def test_an_edit_is_named_with_its_file_and_with_its_cell(name: str, run: Path, registry: Registry) -> None:
    """By the manifest; and by what is computed again when the manifest was made to match."""
    edit, file, told = CASES[name]
    edit(run)
    done = verify(run, registry, Data())
    assert done.exit_code == 3
    assert [one for one in done.problems if one.startswith(f"{file}: ")], done.problems
    make_match(run)
    again = verify(run, registry, Data())
    assert again.exit_code == 3
    assert [one for one in again.problems if re.match(told, one)], again.problems


@pytest.mark.parametrize(
    ("pattern", "by", "told"),
    [
        (r'"files"', '"root": "", "files"', "manifest.json: is no manifest: is not JSON: root stands in it twice"),
        (
            r'"request.json": "',
            r'"request.json": "\\ud800',
            "manifest.json: is no manifest: is not JSON: 'utf-8' codec",
        ),
        (r'"root": "..', '"root": "xy', "manifest.json: the root hash is not that of its files"),
        (r'"request.json": "..', '"request.json": "xy', "request.json: was edited, its hash is not the manifest's"),
        (r',\s+"request.json": "\w+"', "", "request.json: is not in the manifest"),
    ],
)
def test_an_edited_manifest_is_named(pattern: str, by: str, told: str, run: Path, registry: Registry) -> None:
    replaced(MANIFEST, pattern, by)(run)
    assert [one for one in problems(run, registry) if one.startswith(told)]


def test_all_edits_are_named_at_once(run: Path, registry: Registry) -> None:
    for language in ("en", "sw"):
        recorded(language, metrics={"accuracy": 12.5})(run)
    replaced("leaderboard.md", "#", "##")(run)
    found = problems(run, registry)
    assert len([one for one in found if "accuracy is 12.5" in one]) == 2
    assert len([one for one in found if one.startswith("leaderboard.md: ")]) == 2  # by its hash, and by its text


def test_a_forger_who_rewrites_everything_is_betrayed_by_the_root_hash_alone(run: Path, registry: Registry) -> None:
    """Predictions that are the gold, with values, figures, hashes, page and manifest to match: nobody else can tell."""
    published = root_of(run)
    gold = {row["id"]: row["label"] for row in registry.task("topics").read("test", "sw", files(registry))}
    rows = [{"id": one, "prediction": label, "scores": [0.0, 0.0, 1.0]} for one, label in gold.items()]
    (run / PREDICTIONS).write_bytes(lines_of(rows))
    (run / SCORES).write_bytes(lines_of([{"id": one, "accuracy": 100.0} for one in gold]))
    hashes = {"predictions": PREDICTIONS, "scores": SCORES}
    named = {field: f"sha256:{hashes_of(run)[name]}" for field, name in hashes.items()}
    recorded(metrics={"accuracy": 100.0}, **named)(run)
    make_match(run)
    assert problems(run, registry) == ["leaderboard.md: is not the page that the records make"]
    suite, records = Suite(name="tasks", groups={"": ("topics", "twins")}), read_records(run / "records.jsonl")
    (run / "leaderboard.md").write_text(run_page(records, suite, ()), encoding="utf-8")
    make_match(run)
    assert problems(run, registry) == []
    assert root_of(run) != published


def files(registry: Registry) -> tuple[Path, ...]:
    return tuple(Path(name) for name in registry.task("topics").files("test", "sw"))


def value_edit(change: Callable[[list[dict[str, Any]]], Any]) -> Edit:
    """An edit of the per-example values of the first row in a pack."""

    def edit(folder: Path) -> None:
        rows = {row: unpacked(folder / PACKED, row) for row in (ROW, "none.plain.s2")}
        change(rows[ROW])
        (folder / PACKED).write_bytes(packed(rows))

    return edit


def set_first(rows: list[dict[str, Any]]) -> None:
    rows[0]["accuracy"] = 100.0 - rows[0]["accuracy"]


def with_row(folder: Path) -> None:
    """Values of a row that no record has."""
    rows = {row: unpacked(folder / PACKED, row) for row in (ROW, "none.plain.s2")}
    (folder / PACKED).write_bytes(packed({**rows, "none.plain.s3": rows[ROW]}))


def recompressed(pattern: bytes, by: bytes) -> Edit:
    def edit(folder: Path) -> None:
        text = gzip.decompress((folder / PACKED).read_bytes())
        changed = re.sub(pattern, by, text, count=1)
        assert changed != text
        (folder / PACKED).write_bytes(gzip.compress(changed))

    return edit


PACK_CASES = {
    "figure": Case(recorded(metrics={"accuracy": 12.5}), "records.jsonl", rf"{CELL}: accuracy is 12\.5 in the record"),
    "value": Case(value_edit(set_first), PACKED, f"{CELL}: its per-example values are not those whose hash"),
    "value taken out": Case(
        value_edit(lambda rows: rows.pop()), PACKED, f"{CELL}: its per-example values hold 5 rows for the 6 examples"
    ),
    "value of another example": Case(
        value_edit(lambda rows: rows[0].update(id="x")), PACKED, f"{CELL}: its per-example values hold the id x"
    ),
    "row of values added": Case(
        with_row, PACKED, f"{PACKED}: is not what `leaderboard pack` makes of the values of its"
    ),
    "values' name twice": Case(
        recompressed(b'"ids"', b'"ids": ["x"], "ids"'), PACKED, f"{PACKED}: is not what `leaderboard pack` makes"
    ),
    "brackets without end": Case(
        recompressed(b".*", b"[" * 100_000), PACKED, f"{CELL}: cannot be computed again: .*holds no per-example values"
    ),
    "model": Case(
        replaced("request.json", '"model": ".*"', '"model": "mini"'),
        "request.json",
        rf"{CELL}: model is not that of request\.json",
    ),
    "recipe": Case(in_all(recipe="xtreme"), "records.jsonl", rf"{CELL}: recipe is not that of request\.json"),
    "dtype": Case(in_all(dtype="bfloat16"), "records.jsonl", rf"{CELL}: dtype is not that of request\.json"),
    "limit": Case(
        replaced("request.json", r'"limit": \{\}', '"limit": {"test": 6}'),
        "request.json",
        rf"{CELL}: limit is not that of request\.json",
    ),
    "suite": Case(
        replaced("request.json", '"suite": null', '"suite": false'),
        "request.json",
        r"request\.json: is no request: suite must be a name or null",
    ),
    "values removed": Case(removed(PACKED), PACKED, f"{CELL}: cannot be computed again: {PACKED}"),
    "values damaged": Case(added(PACKED), PACKED, f"{CELL}: cannot be computed again: .*holds no per-example values"),
    "hash of scores": Case(recorded(scores="sha256:" + "0" * 64), "records.jsonl", f"{CELL}: {SCORES} is not the file"),
    "hash of predictions": Case(
        recorded(predictions="sha256:" + "0" * 64), "records.jsonl", f"{CELL}: {PREDICTIONS} is not the file"
    ),
    "language removed": Case(without_records(language="sw"), "records.jsonl", f"{CELL}: has no record"),
    "record doubled": Case(doubled, "records.jsonl", f"{ROW} topics en: has 2 records"),
    "values added": Case(
        added("scores/topics/xx.json.gz"), "scores/topics/xx.json.gz", "scores/topics/xx.json.gz: belongs to no record"
    ),
}


@pytest.mark.parametrize("name", PACK_CASES)
def test_an_edit_of_a_pack_is_named(name: str, packed_run: Path, registry: Registry) -> None:
    edit, file, told = PACK_CASES[name]
    edit(packed_run)
    found = problems(packed_run, registry)
    assert [one for one in found if one.startswith(f"{file}: ")], found
    make_match(packed_run)
    found = problems(packed_run, registry)
    assert [one for one in found if re.match(told, one)], found


def test_a_hash_of_what_is_withheld_is_part_of_the_run_s_root(packed_run: Path, registry: Registry) -> None:
    replaced(MANIFEST, rf'"{re.escape(PREDICTIONS)}": "..', f'"{PREDICTIONS}": "xy')(packed_run)
    assert problems(packed_run, registry) == [
        "manifest.json: the root hash is not that of its files",
        "manifest.json: the run's root hash is not that of its files and of what is withheld",
        f"{CELL}: {PREDICTIONS} is not the file whose hash the record gives",
    ]


def test_records_are_not_exchanged_under_the_root_hash_of_the_run(packed_run: Path, registry: Registry) -> None:
    """What a pack withholds counts for the run's root hash: a file of the run cannot be both there and withheld."""
    manifest = json.loads((packed_run / MANIFEST).read_text(encoding="utf-8"))
    was = hashes_of(packed_run)["records.jsonl"]
    in_all(seconds=0.0)(packed_run)
    withheld = {**manifest["withheld"], "records.jsonl": was}
    files, run = hashes_of(packed_run), manifest["run"]
    root = digest({"files": files, "withheld": withheld, "run": run})
    write_json(packed_run / MANIFEST, Manifest(files=files, withheld=withheld, run=run, root=root).as_json())
    assert problems(packed_run, registry) == ["manifest.json: records.jsonl is in the pack and withheld"]


@pytest.mark.parametrize("name", [b"x\n3 verified", b"x\x1b[2J", b"\xff"])
def test_the_name_of_a_file_tells_nothing_but_itself(name: bytes, run: Path, registry: Registry) -> None:
    """Neither a line of its own, nor an order to the terminal; and it need not be UTF-8."""
    Path(os.fsdecode(bytes(run) + b"/" + name)).write_text("", encoding="utf-8")
    (told,) = problems(run, registry)
    assert told.endswith(": is not in the manifest") and told.isprintable()
    told.encode()


def test_what_is_neither_file_nor_folder_is_named(run: Path, registry: Registry) -> None:
    os.mkfifo(run / "pipe")
    assert problems(run, registry) == ["pipe: is a device or pipe, not a file"]


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"files": {}}', '{"files": {"a": 1}, "root": ""}', '{"root": 1}', "[" * 100_000]
)
def test_a_manifest_that_cannot_be_read_ends_with_5(content: str, run: Path, registry: Registry) -> None:
    (run / MANIFEST).write_text(content, encoding="utf-8")
    done = verify(run, registry, Data())
    assert done.exit_code == 5
    assert len(done.problems) == 1 and done.problems[0].startswith("manifest.json: is no manifest")


def test_records_that_cannot_be_read_are_an_edit_unless_the_manifest_has_them_so(run: Path, registry: Registry) -> None:
    replaced("records.jsonl", r"\}\n$", "")(run)
    assert verify(run, registry, Data()).exit_code == 3
    make_match(run)
    done = verify(run, registry, Data())
    assert (done.exit_code, len(done.problems)) == (5, 1)
    assert re.match(r"records\.jsonl, line 6: is not JSON", done.problems[0])


def test_a_folder_without_a_manifest_is_not_verified(run: Path, registry: Registry) -> None:
    (run / MANIFEST).unlink()
    done = verify(run, registry, Data())
    assert done.exit_code == 3
    assert done.problems[0].startswith("manifest.json: there is no such file")


def test_a_place_outside_the_folder_is_not_read(run: Path, registry: Registry) -> None:
    """A record whose row, task or language is no name is not looked at; others are looked up among the files there."""
    (run.parent / "sw.jsonl").write_bytes((run / PREDICTIONS).read_bytes())
    records = read_records(run / "records.jsonl")
    records[1] = {**records[1], "row": "../../..", "task": "."}
    write_records(run / "records.jsonl", records)
    make_match(run)
    assert "records.jsonl, line 2: the field row holds '../../..'" in problems(run, registry)


def test_runs_are_found_up_to_two_folders_down(run: Path, tmp_path: Path) -> None:
    places = [tmp_path / "all" / name for name in ("b", "a/x", "a/y")]
    for place in places:
        shutil.copytree(run, place)
    shutil.copytree(run, tmp_path / "all" / "a" / "deep" / "er" / "z")
    assert find_runs(tmp_path / "all") == sorted(places)
    assert find_runs(run) == [run]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory, write_originals: Callable[[Path], None]) -> Path:
    """A data folder of the task `colours`, with its label folder: the gold lies apart."""
    folder = tmp_path_factory.mktemp("colours")
    write_originals(folder / "originals")
    task = load_registry([str(COLOURS)]).task("colours")
    assert task.import_files is not None
    data = folder / "data"
    task.import_files(Folders(originals=folder / "originals", data=data, labels=data / "labels", official=False))
    return data


@pytest.fixture(scope="module")
def of_colours() -> Registry:
    return load_registry([str(COLOURS)])


@pytest.fixture(scope="module")
def coloured(colours: Path, of_colours: Registry, make_run: MakeRun) -> Path:
    return make_run(of_colours, tasks=("colours",), data=str(colours))


def test_data_in_a_folder_is_used_when_it_is_named_and_the_same(
    coloured: Path, colours: Path, of_colours: Registry, tmp_path: Path
) -> None:
    def verified(data: Data) -> Verified:
        done = verify(coloured, of_colours, data)
        assert done.problems == []
        return done

    assert verified(Data()).checked == {"from per-example values": 3}
    assert verified(Data(colours)).checked == {"from predictions and gold": 3}
    moved = Path(shutil.copytree(colours, tmp_path / "data"))
    (moved / "labels").rename(tmp_path / "gold")
    assert verified(Data(moved)).checked == {"from per-example values": 3}
    assert verified(Data(moved, tmp_path / "gold")).checked == {"from predictions and gold": 3}
    replaced("colours/test-sw.tsv", "Paa", "Pua")(moved)
    done = verified(Data(moved, tmp_path / "gold"))
    assert done.checked == {"from predictions and gold": 2, "from per-example values": 1}
    assert done.notes == ["the data of colours in the folder named is not that of the records; not used"]
    train = next((moved / "colours").glob("train*"))
    train.write_bytes(train.read_bytes() + train.read_bytes().splitlines(keepends=True)[-1])
    assert verified(Data(moved, tmp_path / "gold")).notes == [
        "colours was trained on other data than that in the folder named",
        *done.notes,
    ]


def test_cells_without_gold_are_checked_as_far_as_they_go(
    colours: Path, of_colours: Registry, make_run: MakeRun, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(colours, tmp_path / "data"))
    shutil.rmtree(data / "labels")
    (data / "colours" / "test-de.tsv").unlink()
    run = make_run(of_colours, tasks=("colours",), data=str(data))
    states = {record["language"]: record["state"] for record in read_records(run / "records.jsonl")}
    assert states == {"en": "unlabelled", "sw": "unlabelled", "de": "missing-data"}
    done = verify(run, of_colours, Data(data))
    assert (done.problems, done.checked) == ([], {"without a figure": 3})
    name = "predictions/none.plain.srecipe/colours/sw.jsonl"
    replaced(name, '"id": "1"', '"id": "8"')(run)
    assert "none.plain.srecipe colours sw: its predictions hold the id 8, which the data has not" in problems_with(
        run, of_colours, data
    )


def problems_with(run: Path, registry: Registry, data: Path) -> list[str]:
    return verify(run, registry, Data(data)).problems


def test_a_metric_without_per_example_values_is_said_to_be_unchecked(run: Path, registry: Registry) -> None:
    """As one of the `evaluate` package; with the data it is computed."""
    pack(run, run.parent / "pack")
    records = read_records(run.parent / "pack" / "records.jsonl")
    assert records[0]["metrics"].keys() == {"accuracy"}
    rows = {row: [{"id": one["id"]} for one in unpacked(run.parent / "pack" / PACKED, row)] for row in (ROW,)}
    (run.parent / "pack" / PACKED).write_bytes(packed(rows))
    done = verify(run.parent / "pack", registry, Data())
    assert done.checked["with a figure that does not follow from per-example values"] == 2


def test_limited_parts_and_rows_by_way_of_intermediates_are_computed_again(
    topics: Path, tmp_path: Path, make_run: MakeRun
) -> None:
    registry = load_registry([str(topics), str(write_remedies(tmp_path / "remedies"))])
    limit = {"train": 8, "test": 4}
    run = make_run(registry, tasks=("topics", "remedies"), intermediates=("none", "remedies"), limit=limit)
    done = verify(run, registry, Data())
    assert (done.problems, done.checked) == ([], {"from predictions and gold": 8})
    assert {record["n"] for record in read_records(run / "records.jsonl")} == {4}


REQUEST = {
    "suite": None,
    "tasks": ["topics"],
    "languages": ["sw"],
    "intermediates": ["none", "mnli"],
    "methods": ["plain"],
    "seeds": [1, 2],
    "controls": ["shuffled-labels"],
}
PLAIN = [f"{arm}.plain.s{seed}" for arm in ("none", "mnli") for seed in (1, 2)]
CONTROLS = [f"mnli~shuffled-labels.plain.s{seed}" for seed in (1, 2)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (PLAIN, []),
        (PLAIN + CONTROLS, []),
        (PLAIN + CONTROLS[:1], [f"row {CONTROLS[1]}: was asked for and has no record"]),
        (PLAIN[1:], [f"row {PLAIN[0]}: was asked for and has no record"]),
        ([*PLAIN, "mnli~no-code.plain.s1"], ["row mnli~no-code.plain.s1: was not asked for"]),
    ],
)
def test_a_control_has_all_its_rows_or_none(
    rows: list[str], told: list[str], record_of: Callable[..., dict[str, Any]], registry: Registry
) -> None:
    records = [record_of(row=row, task="topics") for row in rows]
    assert list(place_problems(records, Asked.of(REQUEST, registry))) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seeds": 1}, "TypeError"),
        ({"tasks": "topics"}, "tasks must be a list of names"),
        ({"languages": [1], "methods": None}, "languages, methods must be a list of names"),
    ],
)
def test_what_is_no_request_is_said_so(change: dict[str, Any], told: str, registry: Registry) -> None:
    with pytest.raises(DataError, match=rf"request\.json: is no request: {told}"):
        Asked.of({**REQUEST, **change}, registry)


def test_a_request_that_lacks_something_is_said_so(registry: Registry) -> None:
    with pytest.raises(DataError, match=r"request\.json: is no request: KeyError 'seeds'"):
        Asked.of({name: value for name, value in REQUEST.items() if name != "seeds"}, registry)


# --- analyses that were added after the run


@pytest.fixture
def analysed(run: Path) -> Path:
    records = read_records(run / "records.jsonl")
    unit = next(one["phases"][0]["unit"] for one in records if one["phases"])
    add_analyses(run, fertility=fertility(records[0]["model"]["name"]), curves=curves(unit))
    (run / "analyses" / "curves.svg").write_text("<svg/>", encoding="utf-8")
    return run


def test_a_run_and_a_pack_with_analyses_are_sound(analysed: Path, tmp_path: Path, registry: Registry) -> None:
    pack(analysed, tmp_path / "pack")
    assert problems(analysed, registry) == problems(tmp_path / "pack", registry) == []


def test_an_edited_analysis_in_a_pack_is_named(analysed: Path, tmp_path: Path, registry: Registry) -> None:
    pack(analysed, tmp_path / "pack")
    replaced("analyses/fertility.json", '"pieces": 8', '"pieces": 9')(tmp_path / "pack")
    (tmp_path / "pack" / "analyses" / "layers.json").write_text("{}", encoding="utf-8")
    (tmp_path / "pack" / "analyses" / "curves.json").unlink()
    told = problems(tmp_path / "pack", registry)
    assert told[:3] == [
        "analyses/curves.json: is missing",
        "analyses/fertility.json: was edited, its hash is not the manifest's",
        "analyses/layers.json: is not in the manifest",
    ]
    assert told[3].startswith("analyses/layers.json: is not what `report layers` writes (lacks 'model')")
    make_match(tmp_path / "pack")
    assert problems(tmp_path / "pack", registry) == told[3:]


def test_an_analysis_of_another_model_is_named_in_runs_and_packs(
    analysed: Path, tmp_path: Path, registry: Registry
) -> None:
    pack(analysed, tmp_path / "pack")
    for folder in (analysed, tmp_path / "pack"):
        add_analyses(folder, fertility=fertility("another"))
        make_match(folder)
        told = problems(folder, registry)
        assert [one.partition(",")[0] for one in told] == ["analyses/fertility.json: is about model 'another'"]
