"""Loading encoders of several families: every weight is accounted for, and what cannot be loaded is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from xtreme_harness.errors import CheckpointError
from xtreme_harness.models.load import depth, hidden_size, load_encoder, load_tokenizer, save_encoder


@pytest.fixture
def checkpoint(tiny_xlmr: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(tiny_xlmr, tmp_path / "model"))


def change_weights(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(("name", "pad_id"), [("tiny_xlmr", 1), ("tiny_bert", 0)])
def test_both_families_load(name: str, pad_id: int, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    encoder: Any = load_encoder(folder, attention="eager")
    tokenizer = load_tokenizer(folder)
    assert (depth(encoder), hidden_size(encoder)) == (2, 32)
    assert encoder.config.pad_token_id == tokenizer.pad_token_id == pad_id
    assert encoder.get_input_embeddings().num_embeddings == len(tokenizer)
    assert not encoder.training and encoder.pooler is None
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    with torch.no_grad():
        hidden = encoder(**tokenizer("The doctor gave", return_tensors="pt")).last_hidden_state
    assert hidden.shape[-1] == 32 and torch.isfinite(hidden).all()


def test_the_tokenizer_is_the_sentencepiece_model_of_the_checkpoint(tiny_xlmr: Path) -> None:
    """As in XLM-R: the pieces of SentencePiece, one place further on, between <s> and </s>."""
    import sentencepiece

    from xtreme_harness.testing import SENTENCES

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tiny_xlmr / "sentencepiece.bpe.model"))
    tokenizer = load_tokenizer(tiny_xlmr)
    for sentence in SENTENCES:
        assert tokenizer(sentence)["input_ids"] == [0, *(piece + 1 for piece in pieces.encode(sentence)), 2]
    assert [tokenizer.convert_tokens_to_ids(token) for token in ("<s>", "<pad>", "</s>", "<unk>")] == [0, 1, 2, 3]
    assert tokenizer.mask_token_id == len(tokenizer) - 1


def test_half_precision_weights_are_computed_in_float32(checkpoint: Path) -> None:
    change_weights(checkpoint, lambda tensors: tensors.update({k: v.half() for k, v in tensors.items()}))
    encoder = load_encoder(checkpoint, attention="eager")
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    "missing",
    [
        "encoder.layer.1.attention.self.query.weight",
        "embeddings.word_embeddings.weight",
        "encoder.layer.0.output.LayerNorm.bias",
    ],
)
def test_missing_weights_are_refused(checkpoint: Path, missing: str) -> None:
    change_weights(checkpoint, lambda tensors: tensors.pop(missing))
    with pytest.raises(CheckpointError, match="lacks weights of its own architecture") as caught:
        load_encoder(checkpoint, attention="eager")
    assert missing in str(caught.value)


def test_many_missing_weights_are_counted(checkpoint: Path) -> None:
    def rename(tensors: dict[str, Any]) -> None:
        for name in list(tensors):
            tensors[f"other.{name}"] = tensors.pop(name)

    change_weights(checkpoint, rename)
    with pytest.raises(CheckpointError, match=r"and \d+ more"):
        load_encoder(checkpoint, attention="eager")


def test_weights_of_another_shape_are_refused(checkpoint: Path) -> None:
    name = "encoder.layer.0.intermediate.dense.weight"
    change_weights(checkpoint, lambda tensors: tensors.update({name: torch.zeros(3, 3)}))
    with pytest.raises(CheckpointError):
        load_encoder(checkpoint, attention="eager")


def test_a_missing_pooler_is_no_loss(tiny_bert: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "no-pooler"))

    def drop(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if name.startswith("pooler.")]:
            del tensors[name]

    change_weights(folder, drop)
    with_pooler, without = (load_encoder(path, attention="eager").state_dict() for path in (tiny_bert, folder))
    assert with_pooler.keys() == without.keys()
    assert all(torch.equal(with_pooler[name], without[name]) for name in without)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "config.json").write_text('{"model_type": "no-such-family"}'),
        lambda folder: (folder / "model.safetensors").write_bytes(b"garbage" * 10),
        lambda folder: (folder / "model.safetensors").unlink(),
    ],
)
def test_what_cannot_be_loaded_is_said(checkpoint: Path, spoil: Callable[[Path], object]) -> None:
    spoil(checkpoint)
    with pytest.raises(CheckpointError, match=f"The encoder in {checkpoint} cannot be loaded") as caught:
        load_encoder(checkpoint, attention="eager")
    assert len(str(caught.value).splitlines()) == 1


def test_a_tokenizer_that_cannot_be_loaded_is_said(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").write_text("{}")
    (checkpoint / "sentencepiece.bpe.model").unlink()
    with pytest.raises(CheckpointError, match=f"The tokenizer in {checkpoint} cannot be loaded"):
        load_tokenizer(checkpoint)


def test_pickled_weights_load_only_where_they_are_allowed(checkpoint: Path) -> None:
    torch.save(load_file(checkpoint / "model.safetensors"), checkpoint / "pytorch_model.bin")
    expected = load_encoder(checkpoint, attention="eager").state_dict()
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(CheckpointError):
        load_encoder(checkpoint, attention="eager")
    loaded = load_encoder(checkpoint, attention="eager", pickle=True).state_dict()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


@pytest.mark.parametrize("checkpoint", ["tiny_xlmr", "tiny_bert"])
@pytest.mark.parametrize("dropout", [None, 0.0, 0.3])
def test_dropout_is_the_config_s_unless_it_is_given(
    checkpoint: str, dropout: float | None, request: pytest.FixtureRequest
) -> None:
    encoder = load_encoder(request.getfixturevalue(checkpoint), attention="eager", dropout=dropout)
    rates = {module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)}
    assert rates == {0.1 if dropout is None else dropout}


def test_saved_encoders_load_again(tiny_bert: Path, tmp_path: Path) -> None:
    encoder = load_encoder(tiny_bert, attention="eager")
    save_encoder(encoder, tmp_path / "saved")
    again = load_encoder(tmp_path / "saved", attention="eager")
    assert again.state_dict().keys() == encoder.state_dict().keys()
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in encoder.state_dict().items())
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["config.json", "model.safetensors"]


@pytest.fixture
def tiny_t5(tmp_path: Path, tiny_xlmr: Path) -> Path:
    """An encoder-decoder with its decoder's weights in the file."""
    from transformers import T5Config, T5ForConditionalGeneration

    folder = tmp_path / "t5"
    config = T5Config(vocab_size=400, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0)
    T5ForConditionalGeneration(config).save_pretrained(str(folder))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(tiny_xlmr / name, folder / name)
    return folder


def test_an_encoder_decoder_gives_its_encoder(tiny_t5: Path) -> None:
    encoder: Any = load_encoder(tiny_t5, attention="eager")
    assert (depth(encoder), hidden_size(encoder)) == (2, 32)
    assert not any("decoder" in name for name, _ in encoder.named_parameters())
    hidden = encoder(input_ids=torch.tensor([[5, 6, 1]]), attention_mask=torch.ones(1, 3, dtype=torch.long))
    assert hidden.last_hidden_state.shape == (1, 3, 32)


def test_an_encoder_decoder_without_its_encoder_is_refused(tiny_t5: Path) -> None:
    name = "encoder.block.1.layer.0.SelfAttention.q.weight"
    change_weights(tiny_t5, lambda tensors: tensors.pop(name))
    with pytest.raises(CheckpointError, match=f"lacks weights of its own architecture: {name}"):
        load_encoder(tiny_t5, attention="eager")


def test_remote_code_does_not_run_unless_it_is_allowed(checkpoint: Path, tmp_path: Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    config |= {"model_type": "made-up", "auto_map": {"AutoConfig": "code.Config", "AutoModel": "code.Model"}}
    (checkpoint / "config.json").write_text(json.dumps(config))
    (checkpoint / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with pytest.raises(CheckpointError):
        load_encoder(checkpoint, attention="eager")
    assert not (tmp_path / "ran").exists()
