"""The checkpoint that a report needs: a folder that was named, or a `checkpoint` unit, made where it is not there."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.errors import CheckpointError
from xtreme_harness.job import Settings
from xtreme_harness.models.reference import Encoder
from xtreme_harness.registry import Registry
from xtreme_harness.store import Store
from xtreme_harness.work import perform


def checkpoint_folder(encoder: Encoder, store: Store, registry: Registry) -> Path:
    """Where the encoder's config, weights and tokenizer are. Raises what making or downloading them raises."""
    if encoder.source is None:
        return Path(encoder.folder or "")
    perform(encoder.source, store, registry, Settings())
    found = store.find(encoder.source.key)
    if found is None:
        raise CheckpointError(f"{encoder.source.label} was removed from the store meanwhile; run again.")
    return found.folder
