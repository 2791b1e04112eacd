"""Tiny random checkpoints of every architecture among the named models, with tokenizer files as the hub has them."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import testing

Family = Callable[..., Path]

TEXT = (*testing.SENTENCES * 2, *(" ".join(testing.FIRST_NAMES + testing.TOWNS) for _ in range(4)))
BERT_LIKE = {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64}
T5_LIKE = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}


def sentencepiece(**special: Any) -> bytes:
    """A SentencePiece unigram model, with the special pieces of a family."""
    import sentencepiece

    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_writer=trained,
        model_type="unigram",
        vocab_size=420,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
        **special,
    )
    return trained.getvalue()


def mdeberta_tokenizer(folder: Path) -> None:
    """As mDeBERTa-v3 has it: a SentencePiece model and two settings, no tokenizer.json."""
    pieces = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3}
    names = {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"}
    (folder / "spm.model").write_bytes(sentencepiece(**pieces, **names))
    write_json(folder / "tokenizer_config.json", {"do_lower_case": False, "vocab_type": "spm"})


def mt5_tokenizer(folder: Path) -> None:
    """As mT5 has it: a SentencePiece model, `</s>` after a text and nothing before it."""
    (folder / "spiece.model").write_bytes(sentencepiece(pad_id=0, eos_id=1, unk_id=2, bos_id=-1))
    names = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    write_json(folder / "tokenizer_config.json", {**names, "extra_ids": 0, "additional_special_tokens": None})
    write_json(folder / "special_tokens_map.json", names)


def rembert_tokenizer(folder: Path) -> None:
    """As RemBERT has it: a SentencePiece model beside the tokenizer.json that counts."""
    from transformers import RemBertTokenizer

    special = {"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "control_symbols": "[CLS],[SEP],[MASK]"}
    (folder / "sentencepiece.model").write_bytes(sentencepiece(**special))
    RemBertTokenizer.from_pretrained(str(folder)).save_pretrained(str(folder))


def mmbert_tokenizer(folder: Path) -> None:
    """As mmBERT has it (Gemma's): byte-pair pieces, `<bos>` before a text and `<eos>` after it."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.normalizer = normalizers.Replace(" ", "▁")
    backend.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    backend.decoder = decoders.Replace("▁", " ")
    backend.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=640, special_tokens=special, show_progress=False))
    backend.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", pair="<bos> $A <eos> $B <eos>", special_tokens=[("<bos>", 2), ("<eos>", 1)]
    )
    roles = {"pad": "<pad>", "eos": "<eos>", "bos": "<bos>", "unk": "<unk>", "mask": "<mask>", "cls": "<bos>"}
    named = {f"{role}_token": token for role, token in {**roles, "sep": "<eos>"}.items()}
    PreTrainedTokenizerFast(tokenizer_object=backend, **named).save_pretrained(str(folder))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


# family: (what transformers calls it, the class of the published weights, config, tokenizer: a function or a fixture)
FAMILIES: dict[str, tuple[str, str, dict[str, Any], Any]] = {
    "mbert": ("Bert", "BertForMaskedLM", BERT_LIKE, "tiny_bert"),
    "xlm-r": ("XLMRoberta", "XLMRobertaForMaskedLM", {**BERT_LIKE, "type_vocab_size": 1}, "tiny_xlmr"),
    "mdeberta": (
        "DebertaV2",
        "DebertaV2ForMaskedLM",
        {
            **BERT_LIKE,
            "type_vocab_size": 0,
            "relative_attention": True,
            "position_buckets": 16,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
        },
        mdeberta_tokenizer,
    ),
    "rembert": (
        "RemBert",
        "RemBertForMaskedLM",
        {**BERT_LIKE, "input_embedding_size": 16, "output_embedding_size": 48},
        rembert_tokenizer,
    ),
    "mt5": ("MT5", "MT5ForConditionalGeneration", T5_LIKE, mt5_tokenizer),
    "mmbert": (
        "ModernBert",
        "ModernBertForMaskedLM",
        {**BERT_LIKE, "local_attention": 16, "global_attn_every_n_layers": 2},
        mmbert_tokenizer,
    ),
}
INITIAL = {"initializer_range": 0.1, "initializer_factor": 3.0}  # wide, so that texts differ before any training


def make_family(folder: Path, tokenizer: Path | Callable[[Path], None], family: str, **config: Any) -> Path:
    """Writes the checkpoint; special ids and the size of the vocabulary are the tokenizer's."""
    import torch
    import transformers

    name, weights, values, _ = FAMILIES[family]
    folder.mkdir(parents=True)
    config_class = getattr(transformers, f"{name}Config")
    if isinstance(tokenizer, Path):
        shutil.copytree(tokenizer, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
    else:
        config_class().save_pretrained(str(folder))  # a tokenizer without settings is known by its model's family
        tokenizer(folder)
    loaded = transformers.AutoTokenizer.from_pretrained(str(folder))
    ids = {f"{role}_token_id": getattr(loaded, f"{role}_token_id") for role in ("pad", "bos", "eos", "cls", "sep")}
    known = {name: value for name, value in {**INITIAL, **ids}.items() if value is not None}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = config_class(vocab_size=len(loaded), **{**known, **values, **config})
        getattr(transformers, weights)(made).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Family:
    """`family("mt5", num_layers=3)`: the folder of a tiny checkpoint, made once for the same arguments."""
    made: dict[str, Path] = {}

    def get(name: str, **config: Any) -> Path:
        key = f"{name} {config}"
        if key not in made:
            source = FAMILIES[name][3]
            tokenizer = request.getfixturevalue(source) if isinstance(source, str) else source
            made[key] = make_family(tmp_path_factory.mktemp("families") / name, tokenizer, name, **config)
        return made[key]

    return get
