"""Analyses beside a run: what is kept of the reports' files, and that damaged and foreign ones are named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from analysed import add_analyses, curves, fertility, layers

from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.analyses import FILES, read_analyses

Edit = Callable[[dict[str, Any]], object]
REPORTS = {"fertility": fertility("tiny"), "layers": layers("tiny"), "curves": curves("ab" * 32, "cd" * 32)}
ODD = (b'{"note": NaN}', b'{"note": 1e999}', b'{"\\ud83d": 1}')  # what could not be written again


def read(run: Path, model: str = "tiny") -> dict[str, Any]:
    return read_analyses(run, [model], {"ab" * 32, "cd" * 32})


def test_a_run_without_analyses_has_none(tmp_path: Path) -> None:
    (tmp_path / "analyses").mkdir()
    (tmp_path / "analyses" / "notes.json").write_text("{", encoding="utf-8")
    assert read(tmp_path) == {}


def test_what_the_reports_write_is_read(tmp_path: Path) -> None:
    add_analyses(tmp_path, **REPORTS)
    found = read(tmp_path)
    assert found["fertility"] == {
        "tasks": ["nli", "pos"],
        "languages": {
            "en": {"nli": [1.3333, 0.5, 12.5]},
            "zh": {"nli": None},
            "eu": {"pos": [None, 0.5, 12.5]},
            "sw": {"nli": [2.0, 0.5, 12.5]},
        },
    }
    assert list(found["fertility"]["languages"]) == ["en", "zh", "eu", "sw"]  # by pretraining data
    assert found["layers"] == {
        "layers": [0, 1],
        "tasks": {"twins": {"metric": "accuracy", "own": 1, "languages": {"eu": [20.0, "failed"], "sw": [10.0, 40.0]}}},
    }
    first, second = found["curves"]
    points = {"loss": [[1, 1.2346], [2, 0.5]], "accuracy": [[1, 40.0], [2, 60.0]]}
    assert first == {"unit": "ab" * 32, "tasks": "t0", "role": "target", "selected": 2, "points": points}
    assert second["tasks"] == "t1"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"model": 1}', b"\xff", b"[" * 100_000, *ODD])
def test_a_damaged_file_is_named(file: str, content: bytes, tmp_path: Path) -> None:
    add_analyses(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=rf"{file}: .*make it again with `report \w+ --out`, or remove it"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "edit", "told"),
    [
        ("fertility", lambda held: held["tasks"]["nli"]["sw"].pop("unknown_percent"), "lacks 'unknown_percent'"),
        ("fertility", lambda held: held["tasks"]["nli"]["sw"].update(pieces_per_word="2"), "'2' is no number"),
        ("fertility", lambda held: held["tasks"]["nli"]["sw"].update(pieces_per_word=10**400), "too large"),
        ("fertility", lambda held: held.update(tasks=["nli"]), "no attribute 'values'"),
        ("layers", lambda held: held["tasks"]["twins"]["languages"]["sw"].pop(), "without a figure for each layer"),
        ("layers", lambda held: held["tasks"]["twins"].update(own_layer=True), "True is no whole number"),
        ("layers", lambda held: held["tasks"]["twins"]["languages"]["eu"][1].pop("state"), "lacks 'state'"),
        ("curves", lambda held: held["trainings"][0]["points"]["loss"].append([3]), "not enough values"),
        ("curves", lambda held: held["trainings"][0].update(unit=None), "None is no text"),
        ("curves", lambda held: held["trainings"].append("t2"), "indices"),
    ],
)
def test_what_no_report_writes_is_told(name: str, edit: Edit, told: str, tmp_path: Path) -> None:
    report = json.loads(json.dumps(REPORTS[name]))
    edit(report)
    add_analyses(tmp_path, **{name: report})
    with pytest.raises(DataError, match=rf"{name}\.json: is not what `report {name}` writes \(.*{told}.*\)"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["fertility", "layers"])
def test_the_analysis_of_another_model_is_refused(name: str, tmp_path: Path) -> None:
    add_analyses(tmp_path, **{name: REPORTS[name]})
    with pytest.raises(DataError, match=rf"{name}\.json: is about model 'tiny', which is not this run's"):
        read(tmp_path, model="other")


def test_curves_of_another_run_s_training_are_refused(tmp_path: Path) -> None:
    add_analyses(tmp_path, curves=curves("ab" * 32, "ef" * 32))
    with pytest.raises(DataError, match=r"curves\.json: is about training 'efefefefefef' \(t1\), which is not"):
        read(tmp_path)
