"""Retrieval by layer: one pass gives what runs at each layer give, and what is left of it in the store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness.execute import pending_units
from xtreme_harness.job import Settings
from xtreme_harness.leaderboard.averages import Figure
from xtreme_harness.models import embed
from xtreme_harness.plan import Plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.report.layers import Layers, TaskLayers, best, retrieval_by_layer
from xtreme_harness.request import Request
from xtreme_harness.store import Store
from xtreme_harness.testing import write_retrieval
from xtreme_harness.work import dropped_files

TINY = Settings(device="cpu", threads=1)


class Silent:
    """Watches without a word."""

    def planned(self, *told: Any) -> None: ...
    def started(self, *told: Any) -> None: ...
    def ticked(self, *told: Any) -> None: ...
    def finished(self, *told: Any) -> None: ...


@pytest.fixture
def by_layer(store: Store, registry: Registry) -> Callable[..., Layers]:
    def make(model: Path, *layers: int, registry: Registry = registry, **fields: Any) -> Layers:
        asked = {"tasks": ("twins",), "device": "cpu", "dtype": "float32", **fields}
        return retrieval_by_layer(Request(model=str(model), **asked), layers, registry, store, TINY, Silent())

    return make


def embed_units(plan: Plan) -> list[Any]:
    return [unit for unit in plan.units() if unit.type == "embed"]


@pytest.mark.parametrize(
    "model", ["tiny_xlmr", *(pytest.param(name, marks=pytest.mark.slow) for name in ("tiny_bert", "tiny_t5"))]
)
def test_every_layer_is_what_a_run_at_that_layer_gives(
    model: str,
    by_layer: Callable[..., Layers],
    plan_of: Callable[..., Plan],
    perform_all: Callable[..., Any],
    store: Store,
    tmp_path: Path,
    registry: Registry,
    request: pytest.FixtureRequest,
) -> None:
    """Bit by bit, the last hidden state after T5's final norm included."""
    folder = request.getfixturevalue(model)
    found = by_layer(folder)
    assert found.layers == (0, 1, 2) and found.passes == 1 and found.states == {"ok"}
    elsewhere = Store(tmp_path / "elsewhere")
    elsewhere.make()
    for layer, figure in zip(found.layers, found.tasks[0].figures["sw"], strict=True):
        plan = plan_of(folder, "twins", settings=(("twins", "layer", layer),))
        perform_all(plan.units(), store=elsewhere)
        score = next(unit for unit in plan.units() if unit.type == "score")
        assert elsewhere.find(score.key).result["metrics"]["accuracy"] == figure.value  # type: ignore[union-attr]
        search = next(unit for unit in plan.units() if unit.type == "predict")
        files = [one.find(search.key).sha256("predictions.jsonl") for one in (store, elsewhere)]  # type: ignore[union-attr]
        assert files[0] == files[1]


def test_vectors_are_dropped_unless_a_run_had_made_them(
    by_layer: Callable[..., Layers],
    plan_of: Callable[..., Plan],
    perform_all: Callable[..., Any],
    store: Store,
    tiny_xlmr: Path,
) -> None:
    plans = [plan_of(tiny_xlmr, "twins", settings=(("twins", "layer", layer),)) for layer in (0, 1, 2)]
    perform_all(plans[1].units())
    kept = store.find(embed_units(plans[1])[0].key)
    vectors = np.load(kept.file("layer.npy"))  # type: ignore[union-attr]
    by_layer(tiny_xlmr)
    held = [store.find(unit.key, needs=dropped_files(unit)) for plan in plans for unit in embed_units(plan)]
    assert [one is not None for one in held] == [False, True, False]
    assert np.array_equal(np.load(held[1].file("layer.npy")), vectors)  # type: ignore[union-attr]


@pytest.mark.slow
def test_vectors_that_were_dropped_are_made_again_by_a_run_that_needs_them(
    by_layer: Callable[..., Layers],
    plan_of: Callable[..., Plan],
    perform_all: Callable[..., Any],
    store: Store,
    tiny_xlmr: Path,
) -> None:
    by_layer(tiny_xlmr)
    plan = plan_of(tiny_xlmr, "twins", settings=(("twins", "layer", 0),))
    (unit,) = embed_units(plan)
    assert pending_units(plan, store) == []  # it is scored already
    search = next(one for one in plan.units() if one.type == "predict")
    store.folder(search.key).joinpath("unit.json").unlink()
    pending = pending_units(plan, store)
    assert [one.type for one in pending] == ["embed", "predict"]
    assert [one.state for one in perform_all(pending)] == ["computed"] * 2
    assert store.find(unit.key, needs=("layer.npy",)) is not None


def test_the_same_command_again_passes_no_text(by_layer: Callable[..., Layers], tiny_xlmr: Path) -> None:
    first, again = by_layer(tiny_xlmr), by_layer(tiny_xlmr)
    assert again.passes == 0 and again.tasks == first.tasks


@pytest.mark.slow
def test_one_pass_for_each_language(by_layer: Callable[..., Layers], tiny_xlmr: Path, tmp_path: Path) -> None:
    loaded = load_registry([str(write_retrieval(tmp_path / "two", languages=("sw", "eu")))])
    found = by_layer(tiny_xlmr, 2, 0, registry=loaded)
    assert found.layers == (0, 2) and found.passes == 2 and list(found.tasks[0].figures) == ["sw", "eu"]


@pytest.mark.slow
def test_a_kind_with_its_own_way_to_embed_is_left_to_it(
    by_layer: Callable[..., Layers], tiny_xlmr: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xtreme_harness.kinds.nearest.kind import Nearest

    calls = []

    def own(self: Any, job: Any) -> dict[str, Any]:
        calls.append(job.unit.parameters["layer"])
        return embed.embed(job)

    monkeypatch.setattr(Nearest, "embed", own)
    assert by_layer(tiny_xlmr).passes == 0 and calls == [0, 1, 2]


def test_a_layer_that_fails_takes_no_other_with_it(
    by_layer: Callable[..., Layers], tiny_xlmr: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN vectors at layer 1: nothing can be retrieved there."""
    whole = embed.embed_layers

    def broken(job: Any, files: dict[int, Path]) -> list[dict[str, Any]]:
        told = whole(job, files)
        np.lib.format.open_memmap(files[1], mode="r+")[:] = np.nan
        return told

    monkeypatch.setattr(embed, "embed_layers", broken)
    found = by_layer(tiny_xlmr)
    assert [one.state for one in found.tasks[0].figures["sw"]] == ["ok", "failed", "ok"]
    assert found.states == {"ok", "failed"} and "not finite" in found.whys[0]
    assert "failed" in found.markdown()


@pytest.mark.slow
def test_mining_tunes_its_threshold_at_each_layer(by_layer: Callable[..., Layers], tiny_xlmr: Path) -> None:
    """Dev and test texts are a pass each."""
    found = by_layer(tiny_xlmr, tasks=("mini.mining",), languages=("sw",))
    assert found.passes == 2 and len(found.tasks[0].figures["sw"]) == 3 and found.tasks[0].metric == "f1"


FIGURES = {"sw": [10.0, 30.0, 20.0], "de": [50.0, 40.0, 50.0]}


def of_figures() -> Layers:
    figures = {code: [Figure(value, "ok") for value in values] for code, values in FIGURES.items()}
    task = TaskLayers(task="twins", metric="accuracy", own=2, figures=figures)
    return Layers(model="m", layers=(0, 1, 2), tasks=(task,), passes=1, whys=())


def test_the_table_marks_the_run_s_layer_and_says_that_the_best_is_an_oracle() -> None:
    page = of_figures().markdown()
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")
    ]
    assert lines[0] == ["language", "0", "1", "2*", "best layer"]
    assert lines[2:] == [
        ["de", "50.0", "40.0", "50.0", "0"],
        ["sw", "10.0", "30.0", "20.0", "1"],
        ["mean", "30.0", "35.0", "35.0", "1"],
    ]
    assert "An analysis, not a result" in page and "oracle" in page


def test_as_json() -> None:
    told = of_figures().as_json()
    assert told["layers"] == [0, 1, 2] and "not a result" in told["note"]
    task = told["tasks"]["twins"]
    assert task["own_layer"] == 2 and task["languages"]["sw"][1] == {"layer": 1, "value": 30.0, "state": "ok"}
    assert [one["value"] for one in task["mean"]] == [30.0, 35.0, 35.0]


def test_the_best_is_the_first_of_the_highest_and_none_where_one_is_missing() -> None:
    assert best([Figure(1.0, "ok"), Figure(3.0, "ok"), Figure(3.0, "ok")]) == 1
    assert best([Figure(1.0, "ok"), Figure(None, "failed")]) is None and best([]) is None


def test_the_command(report: Callable[..., Any], tiny_xlmr: Path, twins: Path, tmp_path: Path) -> None:
    asked = ("layers", "--model", tiny_xlmr, "--task", "twins", "--plugin", twins, "--device", "cpu", "--threads", "1")
    done = report(*asked, "--out", "drawn", "--store", tmp_path / "mine")
    assert done.code == 0, done.err
    assert "| mean " in done.out and done.out.startswith("# tiny-xlmr: retrieval by layer")
    names = sorted(path.name for path in (tmp_path / "drawn").iterdir())
    assert names == ["layers.json", "layers.md", "layers.twins.png", "layers.twins.svg"]


def test_data_and_labels_that_are_not_there_are_named(
    report: Callable[..., Any], tiny_xlmr: Path, tmp_path: Path
) -> None:
    """A task without the languages asked for is left out."""
    asked = ("layers", "--model", tiny_xlmr, "--task", "tatoeba", "--task", "bucc2018", "--language", "sw")
    done = report(*asked, "--store", tmp_path / "mine", "--layer", "1", "--json")
    assert done.code == 5 and "say where it is with --data DIR" in done.err
    assert list(done.json["tasks"]) == ["tatoeba"]
    assert done.json["tasks"]["tatoeba"]["languages"] == {"sw": [{"layer": 1, "value": None, "state": "missing-data"}]}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--task", "topics"), "Task topics is trained: only retrieval tasks have figures by layer"),
        (("--task", "twins", "--layer", "3"), "Layer 3 was asked for, but the model has hidden states 0 to 2"),
        (("--task", "twins", "--language", "xx"), "Unknown language 'xx'"),
    ],
)
def test_a_wrong_request_starts_nothing(
    report: Callable[..., Any],
    tiny_xlmr: Path,
    topics: Path,
    twins: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    plugins = ("--plugin", topics, "--plugin", twins)
    done = report("layers", "--model", tiny_xlmr, *plugins, "--store", "mine", *arguments)
    assert done.code == 2 and told in done.err
    assert not list((tmp_path / "mine" / "units").glob("*"))


def test_without_matplotlib_figures_are_refused_before_anything_is_computed(
    report: Callable[..., Any], tiny_xlmr: Path, twins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    asked = ("layers", "--model", tiny_xlmr, "--task", "twins", "--plugin", twins, "--store", "mine")
    done = report(*asked, "--out", "drawn")
    assert done.code == 2 and "xtreme-harness[plots]" in done.err and not (tmp_path / "mine").exists()
    assert report(*asked, "--json").code == 0
