"""Loads tokenizers and encoders of any family through AutoTokenizer and AutoModel; every weight is accounted for."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.errors import CheckpointError

if TYPE_CHECKING:
    from torch import nn

POOLER = "pooler."


@dataclass(frozen=True)
class Loading:
    """What became of a checkpoint's tensors: how many the encoder took, which it left, which of its own it had to draw.

    What its class leaves on purpose (T5's decoder) is not named. `dropouts` are the config's own values, whatever the
    encoder was loaded with.
    """

    loaded: int
    dropped: tuple[str, ...]
    new: tuple[str, ...]
    dropouts: Mapping[str, float]


def quiet() -> None:
    """Keeps the libraries' progress bars and advice off the terminal; what matters is checked and said by us."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("torch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="torch")


def load_tokenizer(folder: Path, remote_code: bool = False) -> Any:
    """The checkpoint's tokenizer, from local files only; raises CheckpointError when it cannot be loaded.

    The last ones stay in memory: reading a vocabulary of 250,000 pieces takes a second, and every language needs it.
    """
    found = [(path.name, path.stat()) for path in sorted(folder.glob("*")) if path.is_file()]
    return _tokenizer(folder, remote_code, tuple((name, one.st_size, one.st_mtime_ns) for name, one in found))


@lru_cache(maxsize=2)
def _tokenizer(folder: Path, remote_code: bool, state: tuple[tuple[str, int, int], ...]) -> Any:
    """`state` is that of the folder's files: a tokenizer that was edited is another one."""
    from transformers import AutoTokenizer

    quiet()
    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=remote_code)
    except Exception as error:
        raise CheckpointError(f"The tokenizer in {folder} cannot be loaded: {first_line(error)}") from error


def load_encoder(folder: Path, **how: Any) -> nn.Module:
    """The encoder alone of `open_encoder`."""
    return open_encoder(folder, **how)[0]


def open_encoder(
    folder: Path, *, attention: str, dropout: float | None = None, remote_code: bool = False, pickle: bool = False
) -> tuple[nn.Module, Loading]:
    """The encoder in float32, without its pooler, in evaluation mode; and what was loaded.

    Encoder-decoders (T5) give their encoder. `dropout` overrides every dropout in the config. Raises CheckpointError
    when loading fails, or when weights that the encoder needs are not in the files: an encoder that would silently stay
    random (jiant's partial loading) is refused.
    """
    import torch
    from transformers import AutoConfig

    quiet()
    common: dict[str, Any] = {"local_files_only": True, "trust_remote_code": remote_code}
    try:
        config = AutoConfig.from_pretrained(str(folder), **common)
        dropouts = _dropouts(config)
        if dropout is not None:
            _set(config, dict.fromkeys(dropouts, dropout))
        options: dict[str, Any] = {**common, "config": config, "dtype": torch.float32}
        options["use_safetensors"] = None if pickle else True
        model, loading = _from_pretrained(_auto_class(config), folder, options, attention)
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"The encoder in {folder} cannot be loaded: {first_line(error)}") from error
    missing = sorted(name for name in loading["missing_keys"] if POOLER not in name)
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise CheckpointError(f"{folder} lacks weights of its own architecture: {shown}. It would stay random there.")
    encoder: nn.Module = model.eval()
    drawn, left = set(loading["missing_keys"]), set(loading["unexpected_keys"])
    loaded = sum(name not in drawn for name in encoder.state_dict())
    return encoder, Loading(loaded, tuple(sorted(left)), tuple(sorted(drawn)), dropouts)


def _auto_class(config: Any) -> Any:
    """AutoModel, or what loads the encoder of an encoder-decoder alone; a saved one no longer says what it is of."""
    from transformers import AutoModel, AutoModelForTextEncoding

    is_part = any(name.endswith("EncoderModel") for name in config.architectures or ())  # T5EncoderModel
    return AutoModelForTextEncoding if config.is_encoder_decoder or is_part else AutoModel


def _from_pretrained(auto: Any, folder: Path, options: dict[str, Any], attention: str) -> tuple[Any, dict[str, Any]]:
    """Not every family has a pooler to leave out, or takes every attention: ask for less until it loads."""
    attempts: list[dict[str, Any]] = [
        {"attn_implementation": attention, "add_pooling_layer": False},
        {"attn_implementation": attention},
        {},
    ]
    for extra in attempts:
        try:
            model, loading = auto.from_pretrained(str(folder), output_loading_info=True, **options, **extra)
        except (TypeError, ValueError):
            if extra:
                continue
            raise
        return model, loading
    raise AssertionError("the last attempt returns or raises")


def _dropouts(config: Any) -> dict[str, float]:
    names = [name for name in config.to_dict() if "dropout" in name]
    return {name: getattr(config, name) for name in names if isinstance(getattr(config, name), float | int)}


def _set(config: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(config, name, value)


def first_line(error: BaseException) -> str:
    """Type and first line of an exception of the libraries, for a sentence of ours."""
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"[:300]


def hidden_size(encoder: nn.Module) -> int:
    """Width of the last hidden state."""
    config: Any = encoder.config
    return int(getattr(config, "hidden_size", None) or config.d_model)


def depth(encoder: nn.Module) -> int:
    """Number of layers: the last hidden state has this number, the embeddings 0."""
    config: Any = encoder.config
    return int(getattr(config, "num_hidden_layers", None) or config.num_layers)


def save_encoder(encoder: nn.Module, folder: Path, config: Mapping[str, Any] | None = None) -> None:
    """Writes config.json and model.safetensors; `config` are values that the written config has in place of others."""
    folder.mkdir(parents=True, exist_ok=True)
    saver: Any = encoder
    _set(saver.config, config or {})
    saver.save_pretrained(str(folder), max_shard_size="1TB")
