"""The pretrained language model as it is: log-probabilities of pieces where a window's masks are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.errors import IncompleteRun
from xtreme_harness.job import Job
from xtreme_harness.models import devices
from xtreme_harness.models.forward import forward_batches
from xtreme_harness.models.handover import handover
from xtreme_harness.models.heads import EncoderWithHead
from xtreme_harness.models.load import open_encoder
from xtreme_harness.models.masked_head import AT_ONCE, MaskedHead
from xtreme_harness.models.resident import Loaded, Resident, resident, starting_pad_id

NO_HEAD = (
    "this model has no pretrained masked-LM head of a known make (BERT's, XLM-R's, DistilBERT's, ModernBERT's, tied to "
    "the word embedding), and none is handed on from intermediate training: there is nothing to probe"
)


def resident_language_model(job: Job) -> Resident:
    """The unit's own encoder with its pretrained head. Raises IncompleteRun where there is none."""
    return resident(f"lm {job.checkpoint()} {sorted(job.unit.fingerprints.items())}", job, partial(_load, job))


def _load(job: Job, device: str) -> Loaded:
    details, folder = job.unit.details, job.checkpoint()
    trust = {"remote_code": details["remote_code"], "pickle": details["pickle"]}
    encoder, loading = open_encoder(folder, attention=devices.attention(device), **trust)
    head = MaskedHead(encoder)
    head.begin_with(folder, pickle=details["pickle"])
    if not head.taken:
        raise IncompleteRun(f"Task {job.unit.task}: {NO_HEAD}.")
    pad_id = starting_pad_id(encoder, job)
    return Loaded(EncoderWithHead(encoder, head), pad_id, handover(job, loading, taken=head.taken))


class _Scores:
    """The network, giving what its head scores pieces by."""

    def __init__(self, network: EncoderWithHead) -> None:
        self.network = network

    def eval(self) -> None:
        self.network.eval()

    def __call__(self, **batch: Any) -> Any:
        return self.network.head.scored(self.network.encoder(**batch).last_hidden_state)  # type: ignore[operator]


def gap_log_probabilities(
    job: Job, model: Resident, encoded: Encoded, pieces: Sequence[int]
) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """For every window (the number of its item, [masks, pieces] the log-probability of each piece at each mask).

    Over the whole vocabulary, in float32. Raises IncompleteRun where they are not finite.
    """
    network: Any = _Scores(model.network)
    how: dict[str, Any] = {"pad_id": model.pad_id, "device": model.device, "budget": model.budget}
    places, done = encoded.columns["places"], 0
    for rows, scored, _ in forward_batches(network, encoded, dtype=job.unit.dtype or "float32", **how):
        batch = [place for place, row in enumerate(rows) for _ in range(places.lengths[row])]
        tokens = np.concatenate([places[row] for row in rows])
        found = _at(scored, batch, tokens.tolist(), pieces)
        if not np.isfinite(found).all():
            raise IncompleteRun("The model's outputs are not finite.")
        bounds = np.cumsum(places.lengths[rows])[:-1]
        for row, values in zip(rows, np.split(found, bounds), strict=True):
            yield int(encoded.columns["item"][row][0]), values
        done += int(encoded.lengths[rows].sum())
        job.tick(done / encoded.tokens, "")


def _at(scored: Any, batch: list[int], tokens: list[int], pieces: Sequence[int]) -> np.ndarray[Any, Any]:
    chosen, wanted = scored.vectors[batch, tokens], list(pieces)
    parts = []
    for vectors in torch.split(chosen, AT_ONCE):
        logits = scored._replace(vectors=vectors).logits(slice(None))
        parts.append((logits[:, wanted] - logits.logsumexp(dim=1, keepdim=True)).cpu().numpy())
    return np.concatenate(parts)
