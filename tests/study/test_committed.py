"""Studies in the repository: their files are sound, and their tables are what their committed records make."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.study.file import read_study

STUDIES = Path(__file__).resolve().parents[2] / "leaderboards" / "studies"
FILES = sorted(STUDIES.glob("*/study.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_committed_study_files_are_sound_and_run_controls(file: Path) -> None:
    study, _ = read_study(file)
    assert study.name == file.parent.name and study.controls


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_committed_tables_have_not_drifted_from_their_records(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (file.parent / "study.md").is_file():
        pytest.skip("this study has not been run yet")
    code = run(["study", str(file), "--tables", str(file.parent), "--check"])
    assert code == 0, capsys.readouterr().err
