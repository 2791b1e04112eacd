"""The command `report ...` as typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ended import Ended

from xtreme_harness.cli.main import run

Report = Callable[..., Ended]


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Report:
    """`report("fertility", "--model", folder, ...)` in tmp_path: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def call(*arguments: str | Path) -> Ended:
        try:
            code: Any = run(["report", *map(str, arguments)])
        except SystemExit as error:
            code = error.code
        kept = [path.read_text(encoding="utf-8") for path in tmp_path.glob("xtreme-harness-*.txt")]
        assert not kept, kept[0]
        return Ended(code, *capsys.readouterr())

    return call
