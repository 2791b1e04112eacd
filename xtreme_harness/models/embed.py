"""The `embed` unit: pooled hidden states of one layer for every distinct text, float32, on disk."""

from __future__ import annotations

from typing import Any

from xtreme_harness.data.encoded import load_encoded
from xtreme_harness.errors import RequestError
from xtreme_harness.job import Job


def embed(job: Job) -> dict[str, Any]:
    """Writes layer.npy [texts, width].

    Raises RequestError when the model has no such layer, CheckpointError for a pooling that its texts do not allow.
    """
    import numpy as np

    from xtreme_harness.models.forward import forward_batches
    from xtreme_harness.models.heads import pool
    from xtreme_harness.models.inputs import check_pooling
    from xtreme_harness.models.load import depth, hidden_size
    from xtreme_harness.models.resident import resident_encoder

    parameters, texts = job.unit.parameters, job.inputs["texts"]
    check_pooling(parameters["pooling"], texts.result["begins_special"])
    encoded = load_encoded(texts.folder)
    model = resident_encoder(job)
    layers = depth(model.network)
    layer = parameters["layer"] if parameters["layer"] is not None else round(layers * 2 / 3)
    if layer > layers:
        raise RequestError(f"Layer {layer} was asked for, but the model has hidden states 0 to {layers}.")
    vectors = np.lib.format.open_memmap(
        job.folder / "layer.npy", mode="w+", dtype=np.float32, shape=(len(encoded), hidden_size(model.network))
    )
    network: Any = _AllStates(model.network) if layer < layers else model.network
    how: dict[str, Any] = {"pad_id": model.pad_id, "device": model.device, "budget": model.budget}
    done = 0
    for rows, output, mask in forward_batches(network, encoded, dtype=job.unit.dtype or "float32", **how):
        hidden = output.last_hidden_state if layer == layers else output.hidden_states[layer]
        vectors[rows] = pool(hidden, mask, parameters["pooling"]).float().cpu().numpy()
        done += int(encoded.lengths[rows].sum())
        job.tick(done / encoded.tokens, "")
    vectors.flush()
    counts = {"tokens": encoded.tokens, "windows": len(encoded)}
    return {"device": model.device_name, **counts, "layer": layer, "handover": dict(model.handover)}


class _AllStates:
    """Asks the encoder for every hidden state; only lower layers need that."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def eval(self) -> None:
        self.network.eval()

    def __call__(self, **batch: Any) -> Any:
        return self.network(**batch, output_hidden_states=True)
