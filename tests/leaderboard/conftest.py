"""Standings made of thin air, for the tests of output formats: two tracks, intervals, ties, a published row, states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from analysed import add_analyses, curves, fertility, layers

from xtreme_harness.job import Settings
from xtreme_harness.leaderboard.analyses import read_analyses
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings
from xtreme_harness.plan import make_plan
from xtreme_harness.registry import Registry
from xtreme_harness.request import Request
from xtreme_harness.run import run
from xtreme_harness.store import Store

MakeRun = Callable[..., Path]


def shown(value: float, is_best: bool = False) -> Shown:
    return Shown(value=value, low=value - 1.5, high=value + 1.5, deviation=0.4, is_best=is_best)


def standing(identity: str, nli: float, pos: float | None, **fields: object) -> Standing:
    """A row over two tasks and two languages each; `pos` None: that task failed in one language."""
    tagged = Shown(value=None, state="failed") if pos is None else shown(pos)
    missing = Shown(value=None, state="failed") if pos is None else shown((nli + pos) / 2)
    known: dict[str, object] = {
        "id": identity,
        "name": identity,
        "track": "zero-shot",
        "rank": None if pos is None else 1,
        "average": missing,
        "groups": {"pair": shown(nli), "tagging": tagged},
        "tasks": {"nli": shown(nli, is_best=True), "pos": tagged},
        "languages": {
            "nli": {"en": shown(nli + 5), "sw": shown(nli - 5)},
            "pos": {"en": shown(90.0), "eu": tagged},
        },
        "without_english": missing,
        "gap": missing,
        "model": "mini",
        "recipe": "mini",
        "seeds": (1, 2),
        "signature": "xtreme-harness 0.1.0 | suite two.1 | model sha256:ab12cd34 | recipe mini",
        "command": "xtreme-harness run --model mini --suite two --seed 1 --seed 2",
        "run": f"two/{identity}",
        "records": f"two/{identity}/records.jsonl",
        "root": "3f" * 32,
    }
    return Standing(**{**known, **fields})  # type: ignore[arg-type]


@pytest.fixture
def standings() -> Standings:
    published = standing(
        "published.mbert", 65.4, 71.0, rank=None, source="A paper, table 3", run="", records="", root="", command=""
    )
    return Standings(
        name="two",
        title="Two tasks & <more>",
        suite="two.1",
        groups={"pair": ("nli",), "tagging": ("pos",)},
        languages={"nli": ("en", "sw"), "pos": ("en", "eu")},
        metrics={"nli": ("accuracy",), "pos": ("f1",)},
        tracks=("zero-shot", "translate-train"),
        rows=(
            standing("mini.none_plain", 61.2, 70.4),
            standing("mini.mini-nli_plain", 59.9, 68.0, intermediate="mini.nli", rank=2),
            standing("broken", 55.0, None),
            published,
            standing("translated", 66.0, 72.0, track="translate-train"),
        ),
        remarks=("not comparable: nli, pos (bundled miniature data)",),
    )


@pytest.fixture
def explained(standings: Standings, tmp_path: Path) -> Standings:
    """The first row with all analyses, the second with a training of its own."""
    first, second = (row.id for row in standings.rows[:2])
    add_analyses(tmp_path, fertility=fertility("mini"), layers=layers("mini"), curves=curves("ab" * 32, "cd" * 32))
    found = read_analyses(tmp_path, ["mini"], {"ab" * 32, "cd" * 32})
    ours, theirs = found["curves"]
    return replace(
        standings,
        analyses={
            standings.rows[0].run: {**found, "curves": [{**ours, "rows": [first]}, {**theirs, "rows": [second]}]},
            standings.rows[1].run: {**found, "curves": [{**theirs, "rows": [second]}]},
        },
    )


class Silent:
    """Nobody watches."""

    def planned(self, *told: Any) -> None: ...

    started = ticked = finished = planned


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory, tiny_xlmr: Path) -> MakeRun:
    """`make_run(registry, tasks=("topics",), seeds=(1, 2))`: a real run of one epoch with the tiny encoder."""
    store = Store(tmp_path_factory.mktemp("store"))
    store.make()

    def make(registry: Registry, **fields: Any) -> Path:
        quick = {"device": "cpu", "dtype": "float32", "role_settings": (("target", "epochs", 1),)}
        plan = make_plan(Request(model=str(tiny_xlmr), **{**quick, **fields}), registry, store)
        folder = tmp_path_factory.mktemp("runs") / "run"
        run(plan, folder, store, registry, Settings(device="cpu", threads=1), "local", Silent())
        return folder

    return make


@pytest.fixture(scope="session")
def finished(make_run: MakeRun, registry: Registry) -> Path:
    """A run of a trained and a retrieval task, two seeds: to be copied, not to be changed."""
    return make_run(registry, tasks=("topics", "twins"), recipe="mini", seeds=(1, 2))
