"""The `embed` unit: pooled hidden states of a layer for every distinct text, float32, on disk; of many in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.errors import RequestError
from xtreme_harness.job import Job


def embed(job: Job) -> dict[str, Any]:
    """Writes layer.npy [texts, width] of the unit's own layer. Raises as `embed_layers` does."""
    return embed_layers(job, {job.unit.parameters["layer"]: job.folder / "layer.npy"})[0]


def embed_layers(job: Job, files: Mapping[int | None, Path]) -> list[dict[str, Any]]:
    """One pass over the texts, pooled at every layer of `files` into its file; the result for each, in order.

    Layer None is that at two thirds of the depth. Raises RequestError when the model has no such layer, CheckpointError
    for a pooling that its texts do not allow.
    """
    from xtreme_harness.models.forward import forward_batches
    from xtreme_harness.models.heads import pool
    from xtreme_harness.models.inputs import check_pooling
    from xtreme_harness.models.load import depth, hidden_size
    from xtreme_harness.models.resident import resident_encoder

    pooling, texts = job.unit.parameters["pooling"], job.inputs["texts"]
    check_pooling(pooling, texts.result["begins_special"])
    encoded = load_encoded(texts.folder)
    model = resident_encoder(job)
    last = depth(model.network)
    vectors = {
        _layer(asked, last): _create(path, len(encoded), hidden_size(model.network)) for asked, path in files.items()
    }
    network: Any = model.network if set(vectors) == {last} else _AllStates(model.network)
    how: dict[str, Any] = {"pad_id": model.pad_id, "device": model.device, "budget": model.budget}
    done = 0
    for rows, output, mask in forward_batches(network, encoded, dtype=job.unit.dtype or "float32", **how):
        for layer, held in vectors.items():
            hidden = output.last_hidden_state if layer == last else output.hidden_states[layer]
            held[rows] = pool(hidden, mask, pooling).float().cpu().numpy()
        done += int(encoded.lengths[rows].sum())
        job.tick(done / encoded.tokens, "")
    for held in vectors.values():
        held.flush()
    told = {"device": model.device_name, "tokens": encoded.tokens, "windows": len(encoded)}
    return [{**told, "layer": layer, "handover": dict(model.handover)} for layer in vectors]


def _layer(asked: int | None, last: int) -> int:
    layer = asked if asked is not None else round(last * 2 / 3)
    if layer > last:
        raise RequestError(f"Layer {layer} was asked for, but the model has hidden states 0 to {last}.")
    return layer


def _create(path: Path, rows: int, width: int) -> Any:
    """A file of zeros, [rows, width] float32, memory-mapped."""
    import numpy as np

    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, width))


class _AllStates:
    """Asks the encoder for every hidden state; only lower layers need that."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def eval(self) -> None:
        self.network.eval()

    def __call__(self, **batch: Any) -> Any:
        return self.network(**batch, output_hidden_states=True)
