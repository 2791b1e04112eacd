"""Checkpoint folders: is it one, what are its fingerprints, and the `checkpoint` unit that makes one. No torch."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Prepared
from xtreme_harness.errors import CheckpointError
from xtreme_harness.files import HashCache
from xtreme_harness.job import Job
from xtreme_harness.unit import digest

TEXT_SUFFIXES = {".json", ".model", ".txt", ".spm", ".tiktoken", ".vocab"}
NOT_TOKENIZER = {"config.json", "generation_config.json", "model.safetensors.index.json", "unit.json", "README.txt"}
TOKENIZER_MARKS = {"tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model"}


@dataclass(frozen=True)
class Config:
    """The few fields of a config.json that a plan needs."""

    model_type: str
    depth: int | None
    width: int | None


def config_of(folder: Path) -> Config:
    """Reads config.json; raises CheckpointError when it is missing or names no model type."""
    path = folder / "config.json"
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        model_type = str(fields["model_type"])
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is no checkpoint: it has no config.json.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged or names no model_type ({error}).") from None
    depth = next((fields[key] for key in ("num_hidden_layers", "num_layers", "n_layers") if key in fields), None)
    width = next((fields[key] for key in ("hidden_size", "d_model", "emb_dim", "dim") if key in fields), None)
    return Config(model_type, depth, width)


def weight_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def require_checkpoint(folder: Path, allow_pickle: bool = False) -> None:
    """Raises CheckpointError unless `folder` holds a config, whole safetensors weights and a tokenizer."""
    config_of(folder)
    weights = weight_files(folder)
    if not weights:
        pickled = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt"))
        if not pickled:
            raise CheckpointError(f"{folder} is no checkpoint: it has no model.safetensors.")
        if not allow_pickle:
            raise CheckpointError(
                f"{folder} has its weights only as pickle ({pickled[0].name}), which can run code when loaded.\n"
                "Convert it to safetensors, or pass --allow-pickle if you trust it."
            )
    for path in weights:
        _require_whole(path)
    if not any((folder / name).is_file() for name in TOKENIZER_MARKS):
        raise CheckpointError(f"{folder} has no tokenizer (none of {', '.join(sorted(TOKENIZER_MARKS))}).")


def _require_whole(path: Path) -> None:
    """A safetensors file says in its header where its last tensor ends; a cut-off file is shorter."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > size:
                raise ValueError("its header is cut off")
            header = json.loads(stream.read(length))
            end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
        if 8 + length + end != size:
            raise ValueError(f"it should have {8 + length + end} bytes and has {size}")
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Copy or download it again.") from None


def fingerprints(folder: Path, hashes: HashCache, with_code: bool = False) -> dict[str, str]:
    """SHA-256 of weights, config and tokenizer (each over all its files, by name); of remote code where it may run."""
    weights = weight_files(folder) or sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt"))
    tokenizer = [
        path for path in sorted(folder.iterdir()) if path.suffix in TEXT_SUFFIXES and path.name not in NOT_TOKENIZER
    ]
    groups = {"weights": weights, "config": [folder / "config.json"], "tokenizer": tokenizer}
    if with_code:
        groups["remote_code"] = sorted(folder.glob("*.py"))
    return {name: digest({path.name: hashes.sha256(path) for path in paths}) for name, paths in groups.items()}


def perform(job: Job) -> dict[str, Any]:
    """The `checkpoint` unit: an ordinary Hugging Face folder from a Prepared model's source, or from the hub."""
    wanted = job.unit.parameters
    if "hub" in wanted:
        from xtreme_harness.models.hub import download

        name = f"{wanted['hub']}@{wanted['commit']}"
        download(job)
    else:
        name = job.unit.details["model"]
        model = job.registry.model(name)
        assert isinstance(model.reference, Prepared)
        model.reference.write(Path(job.unit.details["source"]), job.folder)
    try:
        require_checkpoint(job.folder, allow_pickle=bool(wanted.get("pickle")))
    except CheckpointError as error:  # the user knows the model, and not the folder it is made in
        raise CheckpointError(str(error).replace(str(job.folder), name)) from None
    return {"fingerprints": fingerprints(job.folder, HashCache(job.partial / "hashes"))}
