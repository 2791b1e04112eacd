"""Small trainings without units and store: tiny encoders on the mock task's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.definitions import RECIPE_DEFAULTS
from xtreme_harness.jsonl import read_jsonl

LABELS = ("health", "sport", "trade")


@dataclass
class Lab:
    """What one training starts from; `train` runs it and gives the weights it ends with, by name."""

    checkpoint: Path
    data: Encoded
    dev: Encoded
    folder: Path
    values: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> Lab:
        """The same with other recipe values."""
        return replace(self, values={**self.values, **changes})

    def network(self) -> Any:
        import torch

        from xtreme_harness.kinds.classify.kind import Classify
        from xtreme_harness.models.heads import EncoderWithHead
        from xtreme_harness.models.load import load_encoder

        torch.manual_seed(7)
        encoder = load_encoder(self.checkpoint, attention="eager", dropout=self.values["dropout"])
        options = {"labels": LABELS, "dropout": self.values["dropout"], "sentence_pooling": "cls"}
        return EncoderWithHead(encoder, Classify().make_head(encoder, options))

    def plan(self, **changes: Any) -> Any:
        from xtreme_harness.kinds.classify.kind import Classify
        from xtreme_harness.models.resident import pad_id_of
        from xtreme_harness.training.loop import Plan

        fields: dict[str, Any] = {
            "train": self.data,
            "kind": Classify(),
            "values": self.values,
            "seed": 5,
            "dtype": "float32",
            "device": "cpu",
            "budget": 4096,
            "pad_id": pad_id_of(self.network().encoder, self.checkpoint),
        }
        return Plan(**{**fields, **changes})

    def train(self, place: str = "partial", **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """(weights, what `fit` tells); `changes` are fields of the training's Plan."""
        from xtreme_harness.training.loop import fit

        network = self.network()
        told = fit(network, self.plan(**changes), self.folder / place)
        return {name: value.detach().clone() for name, value in network.state_dict().items()}, told


def encoded(path: Path, checkpoint: Path, folder: Path) -> Encoded:
    from xtreme_harness.kinds.classify.encode import encode_texts
    from xtreme_harness.models.load import load_tokenizer

    examples = [example for _, example in read_jsonl(path)]
    columns = encode_texts(load_tokenizer(checkpoint), examples, {"labels": LABELS, "max_length": 64})
    folder.mkdir()
    save_encoded(folder, columns, [{"id": example["id"]} for example in examples])
    return load_encoded(folder)


@pytest.fixture
def lab_of(topics: Path, tmp_path: Path) -> Callable[[Path], Lab]:
    def make(checkpoint: Path) -> Lab:
        data = topics.parent / "data"
        return Lab(
            checkpoint=checkpoint,
            data=encoded(data / "train.en.jsonl", checkpoint, tmp_path / "train"),
            dev=encoded(data / "dev.en.jsonl", checkpoint, tmp_path / "dev"),
            folder=tmp_path,
            values={**RECIPE_DEFAULTS, "learning_rate": 1e-3, "epochs": 2, "batch_size": 5, "dropout": 0.0},
        )

    return make


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def lab(request: pytest.FixtureRequest, lab_of: Callable[[Path], Lab]) -> Lab:
    """Both families in turn."""
    return lab_of(request.getfixturevalue(request.param))


@pytest.fixture
def xlmr_lab(tiny_xlmr: Path, lab_of: Callable[[Path], Lab]) -> Lab:
    return lab_of(tiny_xlmr)
