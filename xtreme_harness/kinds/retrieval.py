"""What the retrieval kinds share: the layer, and the `embed` unit."""

from __future__ import annotations

from collections.abc import Mapping

from xtreme_harness.definitions import Model
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.interface import Assignment
from xtreme_harness.kinds.layout import FORWARD, encoder_details, encoder_inputs
from xtreme_harness.unit import Unit

NOT_PUBLISHED = "default, not published"


def retrieval_layer(model: Model, task: str, depth: int | None) -> tuple[int | None, str]:
    """(hidden state to use, where that comes from). None: two thirds of the depth, known once the model is loaded.

    Raises RequestError for a layer that a model of known depth has not.
    """
    layer = model.layers.get(task) if isinstance(model.layers, Mapping) else model.layers
    if layer is not None and depth is not None and layer > depth:
        raise RequestError(f"Layer {layer} was asked for, but the model has hidden states 0 to {depth}.")
    if layer is not None:
        return layer, f"model {model.name}"
    return (two_thirds(depth) if depth else None), NOT_PUBLISHED


def two_thirds(depth: int) -> int:
    """The hidden state at two thirds of the depth: 8 of 12, 16 of 24."""
    return round(depth * 2 / 3)


def embed_unit(assignment: Assignment, texts: Unit, layer: int | None, modules: tuple[str, ...]) -> Unit:
    """One forward pass over the distinct texts of both sides, pooled at one hidden state."""
    task, encoder = assignment.task, assignment.encoder
    return Unit(
        type="embed",
        label=f"embed {task.name} {texts.parameters['language']}",
        modules=(*FORWARD, "xtreme_harness.models.embed", "xtreme_harness.models.heads", *modules),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs={**encoder_inputs(encoder), "texts": texts},
        fingerprints=encoder.weight_prints(),
        parameters={"layer": layer, "pooling": assignment.model.pooling},
        dtype=assignment.dtype,
        details=encoder_details(encoder),
    )
