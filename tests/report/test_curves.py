"""Learning curves: what the trainings behind a run left in the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.plan import Plan
from xtreme_harness.records import Record, write_records
from xtreme_harness.report.curves import Curve, Curves, learning_curves, points_of
from xtreme_harness.store import Finished, Store

SETTINGS = (
    ("topics", "epochs", 2),
    ("topics", "batch_size", 6),
    ("topics", "selection", "english-dev"),
    ("topics", "evaluate_every", 4),
)


def test_points_of_one_task_and_of_several() -> None:
    log = [{"update": 1, "loss": 1.5}, {"update": 2, "loss": 1.0}, {"update": 2, "dev": {"f1": 50.0}}]
    assert points_of(log) == {"loss": [(1, 1.5), (2, 1.0)], "f1": [(2, 50.0)]}
    assert points_of([{"update": 3, "dev": {"a": {"f1": 1.0}, "b": {"accuracy": 2.0}}}]) == {
        "a f1": [(3, 1.0)],
        "b accuracy": [(3, 2.0)],
    }


def phase(unit: str, **fields: Any) -> dict[str, Any]:
    return {"unit": unit, "tasks": ["topics"], "role": "target", "selected_update": 8, **fields}


@pytest.fixture
def trained(tiny_xlmr: Path, plan_of: Callable[..., Plan], perform_all: Callable[..., Any]) -> str:
    """The key of a training of 8 updates, evaluated twice."""
    units = plan_of(tiny_xlmr, "topics", settings=SETTINGS).units()
    place = next(place for place, unit in enumerate(units) if unit.type == "train")
    perform_all(units[: place + 1])
    return units[place].key


@pytest.mark.slow
def test_a_training_s_curve_is_found_once_for_all_rows_that_share_it(
    trained: str, store: Store, record_of: Callable[..., Record], report: Callable[..., Any], tmp_path: Path
) -> None:
    gone = phase("0" * 64, tasks=["mini.nli", "mini.qa"], role="intermediate")
    records = [
        record_of(row=row, language=code, phases=[gone, phase(trained)]) for row in "ab" for code in ("en", "sw")
    ]
    found = learning_curves(records, "a run", store)
    (curve,) = found.curves
    assert curve.rows == ("a", "b") and curve.role == "target" and found.lost == ("mini.nli+mini.qa 000000000000",)
    assert [update for update, _ in curve.points["loss"]] == list(range(1, 9))
    assert [update for update, _ in curve.points["accuracy"]] == [4, 8]
    assert all(0 < loss < 5 for _, loss in curve.points["loss"])

    write_records(tmp_path / "records.jsonl", records)
    done = report("curves", tmp_path, "--store", store.root, "--out", "drawn", "--json")
    assert done.code == 4 and "no longer in the store: mini.nli+mini.qa" in done.err
    (told,) = done.json["trainings"]
    assert told["unit"] == trained and len(told["points"]["loss"]) == 8 and told["selected_update"] == 8
    assert (tmp_path / "drawn" / "curves.topics.png").is_file()


def of_points() -> Curves:
    points = {"loss": [(2, 1.25), (4, 0.5)], "accuracy": [(4, 75.0)]}
    curve = Curve(unit="3f", tasks="topics", rows=("a",), role="target", selected=4, points=points)
    return Curves(title="a run", curves=(curve,), lost=())


def test_the_table_says_which_update_is_kept() -> None:
    page = of_points().markdown()
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")
    ]
    assert lines[0] == ["update", "loss", "accuracy"]
    assert lines[2:] == [["2", "1.2500", ""], ["4 (kept)", "0.5000", "75.0"]]
    assert "## topics (target, a)" in page


def test_the_table_of_a_long_training_has_every_evaluation_and_some_losses() -> None:
    points = {"loss": [(update, 1.0) for update in range(1, 51)], "accuracy": [(13, 60.0), (50, 70.0)]}
    curve = Curve(unit="3f", tasks="topics", rows=("a",), role="target", selected=13, points=points)
    page = Curves(title="a run", curves=(curve,), lost=()).markdown()
    lines = [line.strip("|").split("|")[0].strip() for line in page.splitlines() if line.startswith("| ")]
    assert lines == ["update", "5", "10", "13 (kept)", *(str(update) for update in range(15, 51, 5))]


def test_one_figure_for_tasks_that_were_trained_on() -> None:
    pictures = of_points().pictures()
    assert list(pictures) == ["curves.topics"]
    svg = pictures["curves.topics"].svg()
    assert all(f">{text}</text>" in svg for text in ("loss", "accuracy", "update", "a, target"))


def test_trainings_that_are_gone_are_named(
    report: Callable[..., Any], record_of: Callable[..., Record], tmp_path: Path
) -> None:
    write_records(tmp_path / "records.jsonl", [record_of(phases=[phase("ab" * 32)])])
    done = report("curves", tmp_path, "--store", tmp_path / "empty")
    assert done.code == 5 and "topics abababababab" in done.err and "no longer in the store" in done.err


def test_a_run_without_training_has_no_curve(
    report: Callable[..., Any], record_of: Callable[..., Record], tmp_path: Path
) -> None:
    write_records(tmp_path / "records.jsonl", [record_of(phases=[])])
    done = report("curves", tmp_path, "--store", tmp_path / "empty")
    assert done.code == 2 and "no training" in done.err


def test_a_log_of_an_older_version_has_dev_figures_alone(
    store: Store, record_of: Callable[..., Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before losses were kept, log.jsonl stood alone."""
    write_jsonl(tmp_path / "log.jsonl", [{"update": 4, "dev": {"accuracy": 50.0}}])
    monkeypatch.setattr(store, "find", lambda key: Finished(tmp_path, {}))
    (curve,) = learning_curves([record_of(phases=[phase("3f" * 32)])], "a run", store).curves
    assert curve.points == {"accuracy": [(4, 50.0)]}
