"""What a checkpoint takes as input: how many tokens at most, and whether every text begins with a special one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xtreme_harness.errors import CheckpointError
from xtreme_harness.job import Job
from xtreme_harness.models.load import first_line, load_tokenizer

# RoBERTa and its kin number positions from the padding id on: XLM-R's 514 positions hold 512 tokens
COUNTED_FROM_PADDING = {
    "camembert",
    "data2vec-text",
    "ibert",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


def longest_input(folder: Path, remote_code: bool = False) -> int | None:
    """The number of tokens that the encoder in `folder` has positions for, special ones included.

    None where positions are relative and any number will do (T5, mDeBERTa-v3). A tokenizer's `model_max_length` is
    advice and counts for nothing here: T5's says 512. Raises CheckpointError for a config that cannot be read.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=remote_code)
    except Exception as error:
        raise CheckpointError(f"The config in {folder} cannot be read: {first_line(error)}") from error
    positions = getattr(config, "max_position_embeddings", None) or 0
    if positions < 1 or not getattr(config, "position_biased_input", True):  # XLNet says -1; DeBERTa-v3 has no table
        return None
    padding = config.pad_token_id if config.model_type in COUNTED_FROM_PADDING else None
    return int(positions) if padding is None else int(positions) - int(padding) - 1


def open_tokenizer(job: Job) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """A `prepare` unit's tokenizer, its parameters with a `max_length` that the encoder has positions for, and what its
    result must tell of both: {"max_length", "begins_special", "special_ids"}."""
    folder, remote_code = job.checkpoint("tokenizer"), job.unit.details["remote_code"]
    tokenizer, most = load_tokenizer(folder, remote_code), longest_input(folder, remote_code)
    asked = job.unit.parameters["max_length"]
    length = {"max_length": asked if most is None else min(asked, most)}
    told = {"begins_special": begins_special(tokenizer), "special_ids": special_ids(tokenizer)}
    return tokenizer, {**job.unit.parameters, **length}, {**length, **told}


def begins_special(tokenizer: Any) -> bool:
    """Whether `tokenizer` puts a special token before a text, as BERT's [CLS]; T5's puts none."""
    return tokenizer("a")["input_ids"][0] in tokenizer.all_special_ids


def special_ids(tokenizer: Any) -> list[int]:
    """The ids of tokens that stand for no piece of text; the unknown one stands for a word."""
    return sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id})


def check_pooling(pooling: str | None, is_special: bool) -> None:
    """Raises CheckpointError where `cls` would take the first word of a text for the whole of it."""
    if pooling == "cls" and not is_special:
        raise CheckpointError(
            "This model's texts begin with no special token, so that `cls` pooling would take the first word for the "
            "whole text.\nUse the mean: --set TASK.sentence_pooling=mean, or for retrieval --set TASK.pooling=mean."
        )
