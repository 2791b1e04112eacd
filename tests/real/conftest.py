"""What tests on real data share: slices and original layouts unpacked, and the bundled encoder's tokenizer."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.real.download import DATA
from xtreme_harness.models.load import load_tokenizer

Unzipped = Callable[[str], Path]


@pytest.fixture(scope="session")
def unzipped(tmp_path_factory: pytest.TempPathFactory) -> Unzipped:
    """`unzipped("code/devign/train.jsonl.gz")` is that slice unpacked; slices of one folder stay in one folder."""
    folder = tmp_path_factory.mktemp("slices")

    def make(name: str) -> Path:
        path = folder / name.removesuffix(".gz")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.decompress((DATA / name).read_bytes()))
        return path

    return make


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few real records of many sets, each in its original archive's layout."""
    folder = tmp_path_factory.mktemp("layouts")
    with tarfile.open(DATA / "layouts" / "datasets_dummy_layouts.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "datasets_dummy"


@pytest.fixture(scope="session")
def mini_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bundled encoder's tokenizer: XLM-R's 250,000 pieces."""
    from xtreme_plugins import e5_tokenizer, e5s1, mini_encoder

    folder = tmp_path_factory.mktemp("mini-tokenizer")
    model = e5s1.read(mini_encoder.source_file(mini_encoder.FULL).read_bytes(), "e5s1")
    for name, text in e5_tokenizer.files(model).items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_tokenizer(folder)
