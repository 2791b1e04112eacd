"""The tasks `colours` and `tones`, their original files, and folders to import them to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness.definitions import Folders
from xtreme_harness.registry import Registry, load_registry

PLUGIN = Path(__file__).parents[1] / "data_plugin" / "colours.py"


@pytest.fixture(scope="session")
def colours() -> Registry:
    loaded = load_registry([str(PLUGIN)])
    assert not loaded.failures
    return loaded


@pytest.fixture
def folders(tmp_path: Path, write_originals: Callable[[Path], None]) -> Folders:
    """Originals of both tasks; data and labels are empty."""
    (tmp_path / "data").mkdir()
    write_originals(tmp_path / "originals")
    return Folders(originals=tmp_path / "originals", data=tmp_path / "data", labels=tmp_path / "data" / "labels")
