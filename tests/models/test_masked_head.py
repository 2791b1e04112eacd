"""The masked-LM head: each family's own where the checkpoint has one, else drawn; and what the report tells of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from xtreme_harness import testing
from xtreme_harness.models.load import load_encoder, load_tokenizer, open_encoder
from xtreme_harness.models.masked_head import MaskedHead, pretrained
from xtreme_harness.store import Store

Family = Callable[..., Path]

WITH_HEAD = {"mbert": 5, "xlm-r": 5, "mdeberta": 5, "mmbert": 3}  # its number of tensors


@pytest.mark.parametrize("name", WITH_HEAD)
def test_a_family_s_own_head_gives_its_own_logits(name: str, family: Family) -> None:
    from transformers import AutoModelForMaskedLM

    folder = family(name)
    encoder, loading = open_encoder(folder, attention="eager")
    head = MaskedHead(encoder)
    with torch.no_grad():
        head.bias += 1.0  # what it begins with is of the checkpoint alone
    head.begin_with(folder)
    assert len(head.taken) == WITH_HEAD[name]
    assert set(head.taken) <= set(loading.dropped)
    whole: Any = AutoModelForMaskedLM.from_pretrained(str(folder)).eval()
    batch = load_tokenizer(folder)(testing.SENTENCES[0], return_tensors="pt")
    with torch.no_grad():
        ours = head.scored(encoder(**batch).last_hidden_state)  # type: ignore[operator]
        theirs = whole(**batch).logits
    assert torch.allclose(ours.logits(slice(None)), theirs, atol=1e-4)
    head.eval()
    assert torch.equal(head(encoder(**batch).last_hidden_state, None)[..., 0], theirs.argmax(-1))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["rembert", "mt5"])
def test_a_head_that_is_not_tied_or_none_is_drawn(name: str, family: Family) -> None:
    assert pretrained(family(name)) is None
    head = MaskedHead(load_encoder(family(name), attention="eager"))
    before = head.dense.weight.clone()
    head.begin_with(family(name))
    assert head.taken == () and torch.equal(head.dense.weight, before)


def test_a_checkpoint_of_the_encoder_alone_has_none(tiny_xlmr: Path, tiny_bert: Path) -> None:
    assert pretrained(tiny_xlmr) is None and pretrained(tiny_bert) is None


@pytest.mark.parametrize("shape", [None, (7,)], ids=["missing", "of another vocabulary"])
def test_half_a_head_is_none(shape: tuple[int, ...] | None, tiny_masked: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_masked, tmp_path / "half"))
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.bias"]
    tensors |= {"lm_head.bias": torch.zeros(shape)} if shape else {}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    assert pretrained(tiny_masked) is not None and pretrained(folder) is None


def test_looking_for_a_head_leaves_the_random_numbers_alone(tiny_bert: Path) -> None:
    """A head that is drawn after another one, in a mix, is drawn as it would be."""
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    assert pretrained(tiny_bert) is None
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.slow
def test_training_begins_with_the_checkpoint_s_head_and_says_so(
    tiny_masked: Path, plan_of: Callable[..., Any], perform_all: Callable[..., Any], store: Store
) -> None:
    """At a rate that changes next to nothing."""
    chosen = {"updates": 2, "batch_size": 4, "max_length": 16, "learning_rate": 1e-9, "head_learning_rate": 1e-9}
    plan = plan_of(
        tiny_masked,
        "topics",
        intermediates=("mini.mlm",),
        settings=tuple(("mini.mlm", name, value) for name, value in chosen.items()),
        limit={"train": 8, "dev": 4},
    )
    (unit,) = {cell.intermediate for cell in plan.cells}
    perform_all([*unit.inputs.values(), unit])
    found = store.find(unit.key)
    assert found is not None
    tensors = load_file(tiny_masked / "model.safetensors")
    head = [name for name in tensors if name.startswith("lm_head.")]
    assert found.result["handover"] == {"loaded": len(tensors), "dropped": [], "new": []} and len(head) == 5
    kept = load_file(found.file("head.safetensors"))
    for own, name in (("dense.weight", "dense.weight"), ("norm.bias", "layer_norm.bias"), ("bias", "bias")):
        assert torch.allclose(kept[own], tensors[f"lm_head.{name}"], atol=1e-7)
    assert not [name for name in load_file(found.file("encoder/model.safetensors")) if "lm_head" in name]
