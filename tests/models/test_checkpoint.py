"""Checkpoint folders: what is none is refused with a sentence; fingerprints follow weights, config, tokenizer."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness import testing
from xtreme_harness.errors import CheckpointError, RequestError, UnknownName
from xtreme_harness.files import HashCache
from xtreme_harness.models.checkpoint import config_of, fingerprints, require_checkpoint
from xtreme_harness.models.reference import Trust, choose_model
from xtreme_harness.registry import Registry


@pytest.fixture
def checkpoint(tiny_xlmr: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(tiny_xlmr, tmp_path / "model"))


def weights(folder: Path) -> Path:
    return folder / "model.safetensors"


def cut(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:-1])


def cut_in_the_header(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:40])


def cut_to_nothing(folder: Path) -> None:
    weights(folder).write_bytes(b"")


def lengthen(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes() + b"\0")


def lie_about_the_header(folder: Path) -> None:
    weights(folder).write_bytes(struct.pack("<Q", 1 << 60) + weights(folder).read_bytes()[8:])


def garble_the_header(folder: Path) -> None:
    data = weights(folder).read_bytes()
    weights(folder).write_bytes(data[:8] + b"[]" + data[10:])


def only_pickle(folder: Path) -> None:
    weights(folder).rename(folder / "pytorch_model.bin")


def without_tokenizer(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()


def config_text(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "config.json").write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "is no checkpoint: it has no config.json."),
        (config_text('{"model_type": "xlm-r'), "config.json is damaged or names no model_type"),
        (config_text("{}"), "config.json is damaged or names no model_type"),
        (config_text("[]"), "config.json is damaged or names no model_type"),
        (config_text(""), "config.json is damaged or names no model_type"),
        (lambda folder: weights(folder).unlink(), "is no checkpoint: it has no model.safetensors."),
        (cut, "model.safetensors is damaged: it should have"),
        (cut_in_the_header, "model.safetensors is damaged: its header is cut off"),
        (cut_to_nothing, "model.safetensors is damaged"),
        (lengthen, "model.safetensors is damaged: it should have"),
        (lie_about_the_header, "model.safetensors is damaged: its header is cut off"),
        (garble_the_header, "model.safetensors is damaged"),
        (only_pickle, "has its weights only as pickle (pytorch_model.bin), which can run code when loaded."),
        (without_tokenizer, "has no tokenizer (none of"),
    ],
)
def test_what_is_no_checkpoint_is_refused(checkpoint: Path, spoil: Callable[[Path], None], told: str) -> None:
    require_checkpoint(checkpoint)
    spoil(checkpoint)
    with pytest.raises(CheckpointError) as caught:
        require_checkpoint(checkpoint)
    assert told in str(caught.value) and str(checkpoint) in str(caught.value)
    assert caught.value.exit_code == 5 and len(str(caught.value).splitlines()) <= 3


def test_pickle_is_taken_where_it_is_allowed(checkpoint: Path) -> None:
    only_pickle(checkpoint)
    require_checkpoint(checkpoint, allow_pickle=True)


def test_an_empty_folder_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"it has no config\.json"):
        require_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("fields", "depth", "width"),
    [
        ({"num_hidden_layers": 12, "hidden_size": 768}, 12, 768),
        ({"num_layers": 8, "d_model": 512}, 8, 512),  # T5
        ({"n_layers": 6, "dim": 768}, 6, 768),  # DistilBERT
        ({"n_layers": 16, "emb_dim": 1280}, 16, 1280),  # XLM
        ({}, None, None),
    ],
)
def test_depth_and_width_of_every_family(
    tmp_path: Path, fields: dict[str, int], depth: int | None, width: int | None
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "some", **fields}))
    config = config_of(tmp_path)
    assert (config.model_type, config.depth, config.width) == ("some", depth, width)


def prints(folder: Path, tmp_path: Path) -> dict[str, str]:
    return fingerprints(folder, HashCache(tmp_path / "hashes"))


def edited_config(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "layer_norm_eps": 1e-6}))


def other_weights(folder: Path) -> None:
    data = bytearray(weights(folder).read_bytes())
    data[-1] ^= 1
    weights(folder).write_bytes(bytes(data))


def edited(name: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")

    return edit


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (other_weights, "weights"),
        (edited_config, "config"),
        (edited("tokenizer.json"), "tokenizer"),
        (edited("tokenizer_config.json"), "tokenizer"),
        (edited("sentencepiece.bpe.model"), "tokenizer"),
        (lambda folder: (folder / "added_tokens.json").write_text("{}") and None, "tokenizer"),
    ],
)
def test_a_change_shows_in_its_fingerprint_and_in_no_other(
    checkpoint: Path, tmp_path: Path, change: Callable[[Path], None], changed: str
) -> None:
    before = prints(checkpoint, tmp_path)
    change(checkpoint)
    after = prints(checkpoint, tmp_path)
    assert [name for name in before if before[name] != after[name]] == [changed]


@pytest.mark.parametrize("beside", ["README.md", "README.txt", "training.log", "generation_config.json", "events.1"])
def test_files_that_decide_nothing_do_not_show(checkpoint: Path, tmp_path: Path, beside: str) -> None:
    before = prints(checkpoint, tmp_path)
    (checkpoint / beside).write_text("{}")
    assert prints(checkpoint, tmp_path) == before


def test_a_copy_has_the_same_fingerprints(checkpoint: Path, tiny_xlmr: Path, tmp_path: Path) -> None:
    assert prints(checkpoint, tmp_path) == prints(tiny_xlmr, tmp_path)


def test_remote_code_shows_only_where_it_may_run(checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "modeling.py").write_text("A = 1\n")
    cache = HashCache(tmp_path / "hashes")
    before = fingerprints(checkpoint, cache, with_code=True)
    (checkpoint / "modeling.py").write_text("A = 22\n")
    after = fingerprints(checkpoint, cache, with_code=True)
    assert [name for name in before if before[name] != after[name]] == ["remote_code"]
    assert "remote_code" not in fingerprints(checkpoint, cache)


def test_mock_checkpoints_are_the_same_for_a_seed(tmp_path: Path) -> None:
    for make in (testing.make_tiny_xlmr, testing.make_tiny_bert):
        first, again, other = (
            prints(make(tmp_path / f"{make.__name__}{n}", seed=seed), tmp_path) for n, seed in enumerate((0, 0, 1))
        )
        assert first == again
        assert [name for name in first if first[name] != other[name]] == ["weights"]


def choose(name: str | Path, registry: Registry, tmp_path: Path, **trust: bool) -> str:
    chosen = choose_model(str(name), registry, HashCache(tmp_path / "hashes"), Trust(**trust), offline=True)
    return chosen.model.name


def test_a_folder_is_a_model_named_after_it(checkpoint: Path, registry: Registry, tmp_path: Path) -> None:
    named = checkpoint.rename(checkpoint.with_name("My Model (v2)"))
    assert choose(named, registry, tmp_path) == "my-model-v2"


def test_a_spoilt_folder_is_refused_when_it_is_chosen(checkpoint: Path, registry: Registry, tmp_path: Path) -> None:
    cut(checkpoint)
    with pytest.raises(CheckpointError, match="is damaged"):
        choose(checkpoint, registry, tmp_path)


def test_a_misspelt_name_is_unknown(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean mini"):
        choose("minni", registry, tmp_path)


@pytest.mark.parametrize("name", ["no/such/folder", "org/model", "./model"])
def test_a_path_that_is_not_there_is_a_wrong_request(name: str, registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no such folder") as caught:
        choose(name, registry, tmp_path)
    assert caught.value.exit_code == 2


def test_offline_a_hub_model_needs_its_commit(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="must be resolved to a commit"):
        choose("org/model@main", registry, tmp_path)
    assert choose(f"org/model@{'0a' * 20}", registry, tmp_path) == "org-model"
