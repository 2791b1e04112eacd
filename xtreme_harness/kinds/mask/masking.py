"""Which pieces are masked: anew in every epoch of a training, and once for all in a dev part.

BERT's recipe: of a window's pieces 15 %, at least one, are chosen; of those, 80 % become the mask, 10 % another piece,
and 10 % stay what they are, so that the encoder learns of every token what it is and not of masks alone. Pure functions
of (encoded windows, seed, epoch), so a resumed training finds the masks that it would have had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from xtreme_harness.data.encoded import Encoded, Ragged

Ints = np.ndarray[Any, Any]

SHARE = 0.15
AS_MASK, AS_OTHER = 0.8, 0.1  # of the chosen ones; the rest stays
STREAM = 2  # keeps these random numbers apart from those that shuffle epochs and draw tasks


def chosen_counts(pieces: Ints) -> Ints:
    """[windows] how many pieces of each window are chosen, given how many it has: never none."""
    return np.maximum(1, np.rint(SHARE * pieces)).astype(np.int64)


def fixed_places(id: str, window: int, places: Sequence[int]) -> list[int]:
    """The chosen ones of a dev window's places: by a hash of text, window and place, the same everywhere."""
    count = int(chosen_counts(np.array(len(places))))
    return sorted(sorted(places, key=lambda place: _order(f"{id} {window} {place}"))[:count])


def _order(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def masked_windows(encoded: Encoded, seed: int, epoch: int) -> Encoded:
    """The windows as an epoch has them.

    `input_ids` with what is masked in place, `places` where that is, `masked` the ids that stood there. Other pieces
    are drawn from the distinct ones of all windows: those that a compact word embedding holds.
    """
    random = np.random.Generator(np.random.PCG64([seed, epoch, STREAM]))
    ids, maskable = encoded.columns["input_ids"], encoded.columns["maskable"]
    windows = np.repeat(np.arange(len(maskable)), maskable.lengths)
    flat = ids.offsets[windows] + maskable.values  # where the pieces are in all windows together
    counts = chosen_counts(maskable.lengths)
    chosen = _drawn(random, windows, maskable, counts)
    before = ids.values[flat[chosen]]
    after = np.array(ids.values)
    after[flat[chosen]] = _shown(random, before, encoded.columns["mask_ids"].values[windows[chosen]], ids.values[flat])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    columns = {"input_ids": Ragged(after, ids.offsets), "places": Ragged(maskable.values[chosen], offsets)}
    return replace(encoded, columns={**encoded.columns, **columns, "masked": Ragged(before, offsets)})


def _drawn(random: np.random.Generator, windows: Ints, maskable: Ragged, counts: Ints) -> Ints:
    """[chosen] places in `maskable.values`, ascending: of each window so many, without replacement."""
    shuffled = np.lexsort((random.random(len(windows)), windows))
    rank = np.arange(len(windows)) - maskable.offsets[windows]
    return np.sort(shuffled[rank < counts[windows]])


def _shown(random: np.random.Generator, before: Ints, masks: Ints, pieces: Ints) -> Ints:
    """[chosen] what stands there now."""
    kinds, distinct = random.random(len(before)), np.unique(pieces)
    others = distinct[random.integers(len(distinct), size=len(before))]
    return np.where(kinds < AS_MASK, masks, np.where(kinds < AS_MASK + AS_OTHER, others, before))
