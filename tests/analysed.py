"""Analyses as the reports write them to RUN/analyses, for the tests of what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtreme_harness.leaderboard.analyses import FOLDER
from xtreme_harness.leaderboard.averages import Figure
from xtreme_harness.report.curves import Curve, Curves
from xtreme_harness.report.fertility import Fertilities, Fertility
from xtreme_harness.report.layers import Layers, TaskLayers

Report = dict[str, Any]


def fertility(model: str) -> Report:
    counted = {"texts": 2, "characters": 16, "pieces": 8, "unknown": 1}
    tasks = {
        "nli": {"sw": Fertility(words=4, **counted), "en": Fertility(words=6, **counted), "zh": None},
        "pos": {"eu": Fertility(words=None, **counted)},
    }
    missing = ("/home/amina/data/nli/test-zh.jsonl: there is no such file",)
    return Fertilities(model=model, tasks=tasks, missing=missing).as_json()


def layers(model: str) -> Report:
    figures = {"sw": [Figure(10.0, "ok"), Figure(40.0, "ok")], "eu": [Figure(20.0, "ok"), Figure(None, "failed")]}
    task = TaskLayers(task="twins", metric="accuracy", own=1, figures=figures)
    return Layers(model=model, layers=(0, 1), tasks=(task,), passes=2, whys=("eu: why",)).as_json()


def curves(*units: str) -> Report:
    """A training of task `t0`, `t1` ... for each unit; of the first there is a dev figure along the way."""
    points = {"loss": [(1, 1.23456), (2, 0.5)], "accuracy": [(1, 40.0), (2, 60.0)]}
    trainings = [
        Curve(unit=unit, tasks=f"t{place}", rows=(f"row {place}",), role="target", selected=2, points=points)
        for place, unit in enumerate(units)
    ]
    return Curves(title="run", curves=tuple(trainings), lost=("t9 0123",)).as_json()


def add_analyses(run: Path, **reports: Report) -> None:
    """Writes reports, by name, into the folder of a run."""
    (run / FOLDER).mkdir(exist_ok=True)
    for name, report in reports.items():
        (run / f"{FOLDER}{name}.json").write_text(json.dumps(report), encoding="utf-8")
