"""Forward passes over encoded windows in batches that fill the token budget; results in the windows' order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xtreme_harness.data.batches import prediction_batches
from xtreme_harness.data.encoded import Encoded, Ragged
from xtreme_harness.errors import IncompleteRun
from xtreme_harness.models.devices import autocast, to_device

if TYPE_CHECKING:
    from torch import Tensor, nn


def pad_rows(column: Ragged, rows: Sequence[int], width: int, filler: int) -> np.ndarray[Any, Any]:
    """[rows, width] int64 of a ragged column, filled up on the right."""
    out = np.full((len(rows), width), filler, dtype=np.int64)
    for place, row in enumerate(rows):
        values = column[row]
        out[place, : len(values)] = values
    return out


def model_inputs(encoded: Encoded, rows: Sequence[int], pad_id: int) -> dict[str, np.ndarray[Any, Any]]:
    """What an encoder takes for `rows`: ids padded to the longest, their mask, segment ids where it has them."""
    ids = encoded.columns["input_ids"]
    lengths = np.array([ids.offsets[row + 1] - ids.offsets[row] for row in rows])
    width = int(lengths.max())
    arrays = {"input_ids": pad_rows(ids, rows, width, pad_id)}
    arrays["attention_mask"] = (np.arange(width)[None, :] < lengths[:, None]).astype(np.int64)
    if "token_type_ids" in encoded.columns:
        arrays["token_type_ids"] = pad_rows(encoded.columns["token_type_ids"], rows, width, 0)
    return arrays


def forward_batches(
    model: nn.Module, encoded: Encoded, *, pad_id: int, device: str, dtype: str, budget: int
) -> Iterator[tuple[list[int], Any, Tensor]]:
    """Yields (rows, the model's output, attention mask) for every batch, longest windows first."""
    model.eval()
    with torch.inference_mode(), autocast(device, dtype):
        for rows in prediction_batches(encoded.lengths.tolist(), budget):
            batch = to_device(model_inputs(encoded, rows, pad_id), device)
            yield rows, model(**batch), batch["attention_mask"]


def outputs_in_order(
    model: nn.Module, encoded: Encoded, tick: Callable[[int], None] = lambda tokens: None, **how: Any
) -> list[np.ndarray[Any, Any]]:
    """One float32 array a window, in the windows' order: [outputs], or [tokens, outputs] of a head on every token.

    Raises IncompleteRun where they are not finite: the largest of NaNs would be a prediction like any other.
    """
    outputs: list[Any] = [None] * len(encoded)
    for rows, logits, _ in forward_batches(model, encoded, **how):
        values = logits.float().cpu().numpy()
        for place, row in enumerate(rows):
            outputs[row] = values[place] if values.ndim == 2 else values[place, : encoded.lengths[row]]
            if not np.isfinite(outputs[row]).all():
                raise IncompleteRun("The model's outputs are not finite: training diverged. Try a lower learning_rate.")
        tick(int(encoded.lengths[rows].sum()))
    return outputs
