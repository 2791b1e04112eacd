"""Named models: references that can be resolved, the layers that were published, and pages that say where from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness import Model
from xtreme_harness.cli.main import run
from xtreme_harness.kinds.retrieval import retrieval_layer
from xtreme_harness.models.reference import HUB_ID
from xtreme_harness.registry import Registry, load_registry
from xtreme_plugins.models import MODELS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
Command = Callable[..., str]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> str:
        assert run(arguments) == 0
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize("name", MODELS)
def test_a_name_stands_for_a_revision_of_the_hub(name: str, registry: Registry) -> None:
    model = registry.model(name)
    assert isinstance(model.reference, str) and HUB_ID.fullmatch(model.reference)
    assert not model.trust_remote_code
    assert model.source


@pytest.mark.parametrize(
    ("name", "task", "depth", "layer"),
    [
        ("mbert", "tatoeba", 12, 8),
        ("mbert", "bucc2018", 12, 8),
        ("xlm-roberta-large", "tatoeba", 24, 14),
        ("xlm-roberta-large", "bucc2018", 24, 20),
        ("multilingual-e5-large", "tatoeba", 24, 24),
        ("labse", "bucc2018", 12, 12),
    ],
)
def test_published_layers(name: str, task: str, depth: int, layer: int, registry: Registry) -> None:
    """Index 7 of the last 12 hidden states of 24 is the 20th layer, index 13 of all the 14th."""
    assert retrieval_layer(registry.model(name), task, depth) == (layer, f"model {name}")


@pytest.mark.parametrize(("name", "depth", "layer"), [("xlm-roberta-base", 12, 8), ("mt5-large", 24, 16)])
def test_other_layers_are_called_defaults(name: str, depth: int, layer: int, registry: Registry) -> None:
    assert retrieval_layer(registry.model(name), "tatoeba", depth) == (layer, "default, not published")


def test_a_published_layer_is_that_of_its_task_alone(registry: Registry) -> None:
    assert retrieval_layer(registry.model("xlm-roberta-large"), "mini.retrieval", 24)[1] == "default, not published"


@pytest.mark.parametrize("name", [name for name, fields in MODELS.items() if "layers" not in fields])
def test_show_says_that_a_layer_is_not_published(name: str, out: Command) -> None:
    assert re.search(r"^  layers +two thirds of the depth \(default, not published\)$", out("show", name), re.MULTILINE)


def test_show_and_list_name_hub_and_source(out: Command) -> None:
    page = out("show", "labse")
    assert re.search(r"^  reference +sentence-transformers/LaBSE@main$", page, re.MULTILINE)
    assert "Not reproduced: the dense layer with tanh" in page
    assert re.search(r"^  prefix +'query: '$", out("show", "multilingual-e5-base"), re.MULTILINE)
    listed = {one["name"] for one in json.loads(out("list", "models", "--json"))}
    assert set(MODELS) <= listed


def row(model: Model) -> str:
    layers = model.layers
    if isinstance(layers, dict):
        shown = ", ".join(f"{title} {layers[task]}" for task, title in (("bucc2018", "BUCC"), ("tatoeba", "Tatoeba")))
    else:
        shown = "default" if layers is None else str(layers)
    prefix = f"`{model.prefix}` " if model.prefix else ""
    return f"| `{model.name}` | `{model.reference}` | {shown} | {model.pooling} | {model.sentence_pooling} | {prefix}|"


def test_the_page_about_models_has_every_name_and_no_other(registry: Registry) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == [row(registry.model(name)) for name in MODELS]
