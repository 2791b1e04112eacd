"""Small trainings without units and store: tiny encoders on the mock tasks' data, one task or two at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.definitions import RECIPE_DEFAULTS
from xtreme_harness.jsonl import read_jsonl

LABELS = ("health", "sport", "trade")
TAGGING: dict[str, Any] = {"labels": ("B-LOC", "B-PER", "I-PER", "O"), "first_content_subword": False}


@cache
def specials(checkpoint: Path) -> tuple[int, ...]:
    from xtreme_harness.models.inputs import special_ids
    from xtreme_harness.models.load import load_tokenizer

    return tuple(special_ids(load_tokenizer(checkpoint)))


@dataclass
class Lab:
    """What one training starts from; `train` runs it and gives the weights it ends with, by name."""

    checkpoint: Path
    data: Encoded
    dev: Encoded
    folder: Path
    values: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> Any:
        """The same with other recipe values."""
        return replace(self, values={**self.values, **changes})

    def encoder(self) -> Any:
        import torch

        from xtreme_harness.models.load import load_encoder

        torch.manual_seed(7)
        return load_encoder(self.checkpoint, attention="eager", dropout=self.values["dropout"])

    def head(self, encoder: Any) -> Any:
        from xtreme_harness.kinds.classify.kind import Classify

        options = {"labels": LABELS, "dropout": self.values["dropout"], "sentence_pooling": "cls"}
        return Classify().make_head(encoder, options)

    def network(self) -> Any:
        from xtreme_harness.models.heads import EncoderWithHead

        encoder = self.encoder()
        return EncoderWithHead(encoder, self.head(encoder))

    def part(self, **changes: Any) -> Any:
        from xtreme_harness.kinds.classify.kind import Classify
        from xtreme_harness.training.parts import Part

        fields = {name: self.values[name] for name in ("epochs", "batch_size")}
        fields["special_ids"] = specials(self.checkpoint)
        return Part(**{"name": "topics", "train": self.data, "kind": Classify(), **fields, **changes})

    def plan(self, **changes: Any) -> Any:
        from xtreme_harness.models.resident import pad_id_of
        from xtreme_harness.training.loop import Plan

        of_the_part = {name: changes.pop(name) for name in ("evaluate", "headlines", "dev") if name in changes}
        fields: dict[str, Any] = {
            "parts": (self.part(**of_the_part),),
            "values": self.values,
            "seed": 5,
            "dtype": "float32",
            "device": "cpu",
            "budget": 4096,
            "pad_id": pad_id_of(self.encoder(), self.checkpoint),
        }
        return Plan(**{**fields, **changes})

    def train(self, place: str = "partial", **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """(weights, what `fit` tells); `changes` are fields of the training's Plan and of its only part."""
        from xtreme_harness.training.loop import fit

        network = self.network()
        told = fit(network, self.plan(**changes), self.folder / place)
        return {name: value.detach().clone() for name, value in network.state_dict().items()}, told


@dataclass
class Mix(Lab):
    """Two tasks at once: `topics` (24 sentences, updates of 5) and `names` (32 sentences, updates of 8)."""

    names: Any = None  # (train, dev), encoded
    EPOCHS: ClassVar[dict[str, int]] = {"topics": 2, "names": 3}

    def network(self) -> Any:
        from xtreme_harness.kinds.tag.kind import Tag
        from xtreme_harness.models.heads import EncoderWithHeads

        encoder = self.encoder()
        heads = [self.head(encoder), Tag().make_head(encoder, {**TAGGING, "dropout": self.values["dropout"]})]
        return EncoderWithHeads(encoder, heads)

    def plan(self, **changes: Any) -> Any:
        """`evaluates` are the parts' evaluations, in order."""
        from xtreme_harness.kinds.tag.kind import Tag

        topics, names = changes.pop("evaluates", (None, None))
        parts = (
            self.part(epochs=self.EPOCHS["topics"], evaluate=topics, dev=self.dev),
            self.part(
                name="names",
                train=self.names[0],
                kind=Tag(),
                epochs=self.EPOCHS["names"],
                batch_size=8,
                evaluate=names,
                dev=self.names[1],
            ),
        )
        return super().plan(**{"parts": parts, **changes})


Encode = Callable[[Any, Sequence[dict[str, Any]], dict[str, Any]], Any]


def encoded(path: Path, checkpoint: Path, folder: Path, encode: Encode, options: dict[str, Any]) -> Encoded:
    from xtreme_harness.models.load import load_tokenizer

    examples = [example for _, example in read_jsonl(path)]
    columns = encode(load_tokenizer(checkpoint), examples, {**options, "max_length": 64})
    folder.mkdir()
    save_encoded(folder, columns, [{"id": example["id"]} for example in examples])
    return load_encoded(folder)


@pytest.fixture
def lab_of(topics: Path, tmp_path: Path) -> Callable[[Path], Lab]:
    from xtreme_harness.kinds.classify.encode import encode_texts

    def make(checkpoint: Path) -> Lab:
        data, options = topics.parent / "data", {"labels": LABELS}
        train, dev = (
            encoded(data / f"{split}.en.jsonl", checkpoint, tmp_path / split, encode_texts, options)
            for split in ("train", "dev")
        )
        return Lab(
            checkpoint=checkpoint,
            data=train,
            dev=dev,
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


@pytest.fixture
def mix(xlmr_lab: Lab, tmp_path: Path) -> Mix:
    from xtreme_harness.kinds.tag.encode import encode_sentences

    data = testing.write_names(tmp_path / "names").parent / "data"
    names = tuple(
        encoded(data / f"{split}.en.jsonl", xlmr_lab.checkpoint, tmp_path / f"names-{split}", encode_sentences, TAGGING)
        for split in ("train", "dev")
    )
    return Mix(**vars(xlmr_lab), names=names)
