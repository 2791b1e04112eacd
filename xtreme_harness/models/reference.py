"""From `--model` to an encoder that a plan can name: registered name, then folder, then hub id. Loads no torch."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Model, Prepared
from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.files import HashCache, sha256_file
from xtreme_harness.models.checkpoint import config_of, fingerprints, require_checkpoint
from xtreme_harness.models.hub import resolve_commit
from xtreme_harness.registry import Registry
from xtreme_harness.unit import Unit

HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+|[\w.-]+)@(?P<revision>[\w./-]+)")


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What the request lets a checkpoint do; both are off unless a flag says so, and stand in every record."""

    remote_code: bool = False
    pickle: bool = False


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """Weights that a row starts from: a unit that makes them (`checkpoint`, or an intermediate `train`), or a folder.

    The tokenizer is always the original checkpoint's. `fingerprints` (weights, config, tokenizer) are empty where a
    unit's key stands for them.
    """

    source: Unit | None
    tokenizer_source: Unit | None
    folder: str | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None
    depth: int | None = None
    trust: Trust = field(default_factory=Trust)

    def weight_prints(self) -> dict[str, str]:
        return {name: value for name, value in self.fingerprints.items() if name != "tokenizer"}

    @property
    def after(self) -> str:
        """` after A+B`: the intermediate tasks that it was trained on, for labels; empty for a model's own weights."""
        return f" after {self.source.task}" if self.source and self.source.type == "train" else ""

    def trained_by(self, unit: Unit) -> Encoder:
        """The encoder that a `train` unit which started from this one leaves behind; its key stands for its weights."""
        return replace(self, source=unit, fingerprints={k: v for k, v in self.fingerprints.items() if k != "weights"})

    def encoding_prints(self) -> dict[str, str]:
        """What decides how texts are encoded: the tokenizer, and the config, whose positions limit their length."""
        return {name: value for name, value in self.fingerprints.items() if name in ("tokenizer", "config")}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The model a request named, and its encoder before any training."""

    model: Model
    encoder: Encoder


def choose_model(name: str, registry: Registry, hashes: HashCache, trust: Trust, offline: bool) -> Chosen:
    """Looks `name` up as a registered model, then a folder, then a hub id `id@revision`.

    Raises UnknownName or RequestError (exit 2) when it is none of them, CheckpointError (exit 5) when a folder holds no
    sound checkpoint, MachineError (exit 6) when the hub cannot be reached.
    """
    model = _model(name, registry)
    trust = replace(trust, remote_code=trust.remote_code or model.trust_remote_code)
    if isinstance(model.reference, Prepared):
        return Chosen(model=model, encoder=_prepared(model, model.reference, trust))
    if Path(model.reference).is_dir():
        return Chosen(model=model, encoder=_folder(Path(model.reference), hashes, trust))
    return Chosen(model=model, encoder=_hub(model.reference, trust, offline))


def model_name(name: str, registry: Registry) -> str:
    """What a model is called in names of folders and in records; whether there is one is not asked."""
    if registry.has_model(name):
        return name
    is_id = HUB_ID.fullmatch(name) and not Path(name).is_dir()
    return _plain_name(name.partition("@")[0] if is_id else Path(name).resolve().name)


def _model(name: str, registry: Registry) -> Model:
    if registry.has_model(name):
        return registry.model(name)
    if Path(name).is_dir() or HUB_ID.fullmatch(name):
        return Model(name=model_name(name, registry), reference=name)
    if "/" in name or "\\" in name:
        raise RequestError(
            f"No model {name!r}: there is no such folder. A model of the hub is named with its revision: {name}@main."
        )
    raise UnknownName("model", name, registry.names("model"))


def _plain_name(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._") or "model"


def _folder(folder: Path, hashes: HashCache, trust: Trust) -> Encoder:
    require_checkpoint(folder, allow_pickle=trust.pickle)
    return Encoder(
        source=None,
        tokenizer_source=None,
        folder=str(folder.resolve()),
        fingerprints=fingerprints(folder, hashes, with_code=trust.remote_code),
        depth=config_of(folder).depth,
        trust=trust,
    )


def _prepared(model: Model, prepared: Prepared, trust: Trust) -> Encoder:
    source = prepared.source()
    unit = Unit(
        type="checkpoint",
        label=f"checkpoint {model.name}",
        modules=tuple(name for name in prepared.modules if importlib.util.find_spec(name)),
        fingerprints={"source": sha256_file(source)},
        details={"model": model.name, "source": str(source), "estimate": {"bytes": 500_000_000, "seconds": 5}},
    )
    return Encoder(source=unit, tokenizer_source=unit, trust=trust)


def _hub(reference: str, trust: Trust, offline: bool) -> Encoder:
    match = HUB_ID.fullmatch(reference)
    if match is None:
        raise RequestError(f"No folder {reference!r}, and a model of the hub is named with its revision: id@revision.")
    commit = resolve_commit(match["id"], match["revision"], offline)
    parameters: dict[str, Any] = {"hub": match["id"], "commit": commit, "pickle": trust.pickle}
    unit = Unit(
        type="checkpoint",
        label=f"checkpoint {match['id']}@{commit[:8]}",
        modules=("xtreme_harness.models.hub",),
        parameters={**parameters, "remote_code": trust.remote_code},
        details={"offline": offline, "estimate": {"bytes": 2_000_000_000, "seconds": 60}},
    )
    return Encoder(source=unit, tokenizer_source=unit, revision=commit, trust=trust)
