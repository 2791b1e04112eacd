"""A study's tables again, from what its runs left or what was published of them: the same, and without a model."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records, write_records
from xtreme_harness.study.file import read_study
from xtreme_harness.study.finished import finished_report, not_run

STUDY = """
name = "s"
tasks = ["mini.nli", "mini.retrieval"]
models = ["mini"]
intermediates = ["none", "mini.qa"]
recipe = "mini"
languages = ["en", "sw"]
seeds = [1]
[data]
dir = "gone"
[report]
resamples = 200
swaps = 200
"""
RUN = "mini.mini"


@pytest.fixture
def folder(runs: Any) -> Path:
    """The folder of a study whose one run is finished, with its file."""
    right = {"none.plain.s1": 20, "mini.qa.plain.s1": 30}
    tasks = {"mini.nli": ("en", "sw"), "mini.retrieval": ("sw",)}
    figures = {
        row: {task: {code: [100.0] * n + [0.0] * (40 - n) for code in codes} for task, codes in tasks.items()}
        for row, n in right.items()
    }
    model = {"name": "mini", "weights": "sha256:aa", "tokenizer": "sha256:bb", "revision": None}
    cells = runs.add(RUN, figures, lambda *place: {"model": model, "recipe": "mini"})
    write_records(runs.folder / RUN / "records.jsonl", [cell.record for cell in cells.table.values()])
    (runs.folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return Path(runs.folder)


def study(folder: Path, *options: str) -> int:
    return run(["study", str(folder / "study.toml"), "--tables", str(folder), *options])


def pack(folder: Path) -> None:
    """Puts packed scores in the place of predictions, as published runs have them."""
    held: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted((folder / "predictions").rglob("*.scores.jsonl")):
        row, task, name = path.parts[-3:]
        lines = [line for _, line in read_jsonl(path)]
        one = held.setdefault((task, name.partition(".")[0]), {"ids": [], "groups": None, "rows": {}})
        one["ids"] = [line["id"] for line in lines]
        one["rows"][row] = {"accuracy": [line["accuracy"] for line in lines]}
    for (task, language), one in held.items():
        target = folder / "scores" / task / f"{language}.json.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(json.dumps(one).encode()))
    shutil.rmtree(folder / "predictions")


def test_tables_are_made_of_records_and_scores(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Although the study's data are not at hand."""
    assert study(folder) == 0
    shown = capsys.readouterr().out
    assert (
        "| mini.qa " in shown
        and "°: trained on the target's own data" in shown
        and shown.endswith(f"study.md and study.json in {folder}\n")
    )
    told = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    assert {row["difference"] for row in told["parts"][0]["effects"]} == {25.0}
    assert study(folder, "--check") == 0


def test_controls_that_a_study_leaves_out_are_told(folder: Path) -> None:
    """Those that every task of an intermediate has: of mini.qa there are none, and of a mix with it neither."""
    named = '"none", "mini.qa", "stdlib_code_search", "mini.qa+stdlib_code_search", "advtest+devign"'
    text = STUDY.replace('"none", "mini.qa"', named).replace("recipe =", 'controls = ["shuffled-labels"]\nrecipe =')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    asked, registry = read_study(folder / "study.toml", with_data=False)
    assert not_run(asked, registry) == {
        "stdlib_code_search": ("no-labels", "no-code", "size-matched"),
        "advtest+devign": ("no-labels", "size-matched"),
    }


def test_packed_scores_make_the_same_tables(folder: Path) -> None:
    assert study(folder) == 0
    before = (folder / "study.json").read_bytes()
    pack(folder / RUN)
    assert study(folder, "--check") == 0 and study(folder) == 0
    assert (folder / "study.json").read_bytes() == before


@pytest.mark.parametrize("name", ["study.md", "study.json"])
def test_an_edited_table_is_found_and_left_alone(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(folder) == 0
    edited = (folder / name).read_text(encoding="utf-8").replace("25.0", "35.0")
    (folder / name).write_text(edited, encoding="utf-8")
    capsys.readouterr()
    assert study(folder, "--check") == 3
    told = capsys.readouterr().err
    assert f"{folder / name}: not what the records make" in told and told.count("study.") == 1
    assert (folder / name).read_text(encoding="utf-8") == edited


def test_missing_tables_have_drifted_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(folder, "--check") == 3
    assert f"{folder / 'study.md'} and {folder / 'study.json'}: not what" in capsys.readouterr().err


def test_an_edited_record_changes_the_tables(folder: Path) -> None:
    assert study(folder) == 0
    path = folder / RUN / "records.jsonl"
    records = read_records(path)
    records[0]["metrics"]["accuracy"] += 1
    write_records(path, records)
    assert study(folder, "--check") == 3


def test_records_and_scores_must_be_there(folder: Path) -> None:
    asked, registry = read_study(folder / "study.toml", with_data=False)
    shutil.rmtree(folder / RUN / "predictions" / "none.plain.s1" / "mini.nli")
    with pytest.raises(MissingData, match=r"has no per-example values of none\.plain\.s1 mini\.nli en"):
        finished_report(asked, registry, folder)
    shutil.rmtree(folder / RUN)
    assert run(["study", str(folder / "study.toml"), "--tables", str(folder / "nowhere")]) == 2
    with pytest.raises(MissingData, match=r"records\.jsonl: is not there; the study's runs lie in"):
        finished_report(asked, registry, folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seeds = [1]", "seeds = [1, 2]", "lacks cells that the study file asks for: none.plain.s2 mini.nli en, none"),
        ('["en", "sw"]', '["en", "sw", "de"]', "asks for: none.plain.s1 mini.nli de, none.plain.s1 mini.retrieval de"),
        ('"none", "mini.qa"', '"none"', "has cells that the study file does not ask for: mini.qa.plain.s1 mini.nli en"),
        (
            ', "mini.retrieval"',
            "",
            "does not ask for: none.plain.s1 mini.retrieval sw, mini.qa.plain.s1 mini.retrieval",
        ),
    ],
)
def test_cells_must_be_those_of_the_study_file(old: str, new: str, told: str, folder: Path) -> None:
    (folder / "study.toml").write_text(STUDY.replace(old, new), encoding="utf-8")
    asked, registry = read_study(folder / "study.toml", with_data=False)
    with pytest.raises(DataError, match=told):
        finished_report(asked, registry, folder)


@pytest.mark.parametrize("place", [0, -1])
def test_a_cell_too_few_or_too_many_is_told(place: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / RUN / "records.jsonl"
    records = read_records(path)
    cell = " ".join(records[place][name] for name in ("row", "task", "language"))
    write_records(path, [one for one in records if one is not records[place]])
    assert study(folder) == 5
    assert f"{path}: lacks cells that the study file asks for: {cell}\n" in capsys.readouterr().err
    write_records(path, [*records, records[place]])
    assert study(folder) == 5
    assert f"{path}: has cells twice: {cell}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": "i0", "accuracy": "high"}', "holds damaged per-example values of mini.qa.plain.s1 mini.nli sw: "),
        ('{"accuracy": 100.0}', "holds damaged per-example values of mini.qa.plain.s1 mini.nli sw: 'id'"),
        (
            '{"id": "i0", "accuracy": 100.0}',
            "they share 1 of 40 items. Score both on the same items. The cells: mini.qa",
        ),
    ],
)
def test_damaged_scores_are_told_of(line: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = folder / RUN / "predictions/mini.qa.plain.s1/mini.nli/sw.scores.jsonl"
    scores.write_text(f"{line}\n", encoding="utf-8")
    assert study(folder) == 5
    assert told in capsys.readouterr().err


def test_a_target_without_a_language_of_the_study_is_told_of(folder: Path) -> None:
    path = folder / RUN / "records.jsonl"
    write_records(path, [one for one in read_records(path) if one["language"] == "en"])
    (folder / "study.toml").write_text(STUDY.replace('["en", "sw"]', '["en"]'), encoding="utf-8")
    assert study(folder) == 0
    page = (folder / "study.md").read_text(encoding="utf-8")
    assert "- no column: mini.retrieval (none of the study's languages)\n" in page


def test_an_intermediate_s_own_figure_is_in_its_own_metric(folder: Path) -> None:
    """mini.qa's is the mean of exact match and F1, although the first target's is accuracy."""
    path = folder / RUN / "records.jsonl"
    phase = {"role": "intermediate", "tasks": ["mini.qa"], "dev": {"exact_match": 30.0, "f1": 50.0}}
    records = [{**one, "phases": [phase] if one["intermediate"] == "mini.qa" else []} for one in read_records(path)]
    write_records(path, records)
    assert study(folder) == 0
    figures = (folder / "study.md").read_text(encoding="utf-8").split("### English dev figures\n\n")[1].splitlines()
    assert [cell.strip() for cell in figures[-1].strip("|").split("|")] == ["mini.qa", "40.0", "–", "–"]


@pytest.mark.parametrize("options", [("--dry-run",), ("--out", "elsewhere")])
def test_what_tables_have_no_use_for_is_refused(
    options: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(folder, *options) == 2
    assert "--tables DIR runs nothing and writes into DIR: leave --dry-run and --out." in capsys.readouterr().err
    assert not (folder / "study.md").exists()


def test_a_check_needs_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = STUDY.replace('dir = "gone"', "")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    assert run(["study", str(folder / "study.toml"), "--check"]) == 2
    assert "--check belongs to --tables DIR" in capsys.readouterr().err


def test_all_problems_of_a_study_file_are_printed_one_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "study.toml").write_text('name = "s"\nsuite = "mini"\nlimits = 3\nmodels = []\n', encoding="utf-8")
    assert run(["study", str(folder / "study.toml")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"xtreme-harness: Study file {folder / 'study.toml'}: 3 problems",
        "  limits: unknown key, did you mean limit?",
        "  models: must not be empty",
        "  intermediates: is missing",
    ]
