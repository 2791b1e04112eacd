"""`report figures`: the figures of finished runs, from their records alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.records import Record, write_records
from xtreme_harness.report.runs import read_runs, standings_of

RecordOf = Callable[..., Record]


@pytest.fixture
def run_at(tmp_path: Path, record_of: RecordOf) -> Callable[..., Path]:
    """`run_at("first", {"en": 80.0, "sw": None})`: a run's folder; None is a cell that failed."""

    def make(name: str, figures: dict[str, float | None], **fields: object) -> Path:
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        write_records(
            folder / "records.jsonl",
            [
                record_of(language=code, metrics={"accuracy": value}, **fields)
                if value is not None
                else record_of(language=code, metrics={}, state="failed", why="because", **fields)
                for code, value in figures.items()
            ],
        )
        return folder

    return make


def test_a_run_is_standings_without_ranks(run_at: Callable[..., Path]) -> None:
    folders = [run_at("a", {"en": 80.0, "sw": 60.0}), run_at("b", {"en": 82.0, "sw": None}, row="none.plain.s1")]
    found = standings_of(read_runs(folders), "runs", "Two runs")
    assert found.languages == {"xnli": ("en", "sw")} and found.tracks == ("zero-shot",)
    first, second = found.rows
    assert (first.name, first.rank, first.tasks["xnli"].value) == ("tiny mnli.plain.s1", None, 70.0)
    assert (first.gap.value, first.without_english.value, first.seeds) == (20.0, 60.0, (1,))
    assert second.languages["xnli"]["sw"].state == second.average.state == "failed"
    assert len({row.id for row in found.rows}) == 2


def test_what_is_no_run_and_what_is_there_twice_are_refused(run_at: Callable[..., Path], tmp_path: Path) -> None:
    one, two = run_at("a", {"en": 80.0}), run_at("b", {"en": 81.0})
    with pytest.raises(MissingData, match=r"runs: is no run"):
        read_runs([tmp_path / "runs"])
    with pytest.raises(DataError, match=r"b.records\.jsonl: tiny mnli\.plain\.s1 xnli en is in an earlier run"):
        read_runs([one, two])


@pytest.mark.slow
def test_figures_are_written_as_svg_and_png_with_a_page(
    report: Callable[..., Any], run_at: Callable[..., Path], tmp_path: Path
) -> None:
    folder = run_at("a", {"en": 80.0, "sw": 60.0}, row="x: *y")
    done = report("figures", folder, "--out", "drawn", "--title", "My run")
    assert done.code == 0, done.err
    place = tmp_path / "drawn" / "runs.figures"
    names = sorted(path.name for path in place.iterdir())
    assert {"task.xnli.svg", "task.xnli.png", "gap.svg", "by.family.png"} <= set(names)
    assert all((place / name).with_suffix(".png").is_file() for name in names)
    page = (tmp_path / "drawn" / "runs.figures.md").read_text(encoding="utf-8")
    assert "# My run: figures" in page and "### By language family" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "runs"]


def test_without_matplotlib_nothing_is_started(
    report: Callable[..., Any], run_at: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_at("a", {"en": 80.0})
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = report("figures", folder, "--out", "drawn")
    assert done.code == 2 and "xtreme-harness[plots]" in done.err
    assert not (tmp_path / "drawn").exists()
