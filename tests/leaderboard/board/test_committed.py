"""Boards in the repository are what their committed records make; an edit on either side is noticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from xtreme_harness.records import read_records

pytestmark = pytest.mark.slow  # each starts the command as a process

ROOT = Path(__file__).resolve().parents[3]
BOARDS = ROOT / "leaderboards"
COMMITTED = sorted(path.stem for path in BOARDS.glob("*.md"))
RUNS = sorted(BOARDS.glob("*/*/records.jsonl"))
PLACE = re.compile(r"""(^|[\s"'])(/|~|[A-Za-z]:\\)""")  # where an absolute path begins


def build(folder: Path, board: str, *options: str) -> subprocess.CompletedProcess[str]:
    """With a cache that is empty: what is committed must not depend on one."""
    command = [sys.executable, "-m", "xtreme_harness", "leaderboard", "build", board, "--dir", str(folder), *options]
    with TemporaryDirectory() as store:
        environment = {**os.environ, "XTREME_HARNESS_STORE": store}
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


def check(folder: Path, board: str = "mini") -> subprocess.CompletedProcess[str]:
    return build(folder, board, "--check")


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BOARDS, tmp_path / "leaderboards"))


def edit(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize("board", COMMITTED)
def test_committed_boards_have_not_drifted_from_their_records(board: str) -> None:
    done = check(BOARDS, board)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("records", RUNS, ids=lambda path: path.parent.name)
def test_committed_records_name_no_place_of_a_machine(records: Path) -> None:
    whys = [record["why"] for record in read_records(records) if record["why"]]
    assert not [why for why in whys if PLACE.search(why)]


def test_an_edited_table_is_noticed(boards: Path) -> None:
    edit(boards / "mini.md", r"\| +\d\d\.\d \|", "| 99.9 |")
    done = check(boards)
    assert done.returncode == 3
    assert "mini.md" in done.stderr


def test_an_edited_record_is_noticed(boards: Path) -> None:
    records = sorted(boards.glob("mini/*/records.jsonl"))[0]
    edit(records, r'"accuracy": \d+\.\d+', '"accuracy": 99.0')
    done = check(boards)
    assert done.returncode == 5
    assert "values" in done.stderr  # they give another figure


def test_a_record_that_lacks_a_field_is_refused_with_its_line(boards: Path) -> None:
    records = sorted(boards.glob("mini/*/records.jsonl"))[0]
    edit(records, r'"protocol"', '"protokoll"')
    done = check(boards)
    assert done.returncode == 5
    assert "records.jsonl, line 1" in done.stderr
    assert "protocol" in done.stderr


def test_an_edited_published_figure_is_noticed(boards: Path) -> None:
    edit(boards / "xtreme" / "published.json", r'"xnli": 65\.4', '"xnli": 75.4')
    assert check(boards, "xtreme").returncode == 3
    assert build(boards, "xtreme").returncode == check(boards, "xtreme").returncode == 0
    (boards / "xtreme" / "published.json").unlink()
    assert check(boards, "xtreme").returncode == 5


def test_a_board_of_one_s_own_in_every_table_form(boards: Path, tmp_path: Path) -> None:
    board = tmp_path / "own.toml"
    board.write_text('suite = "mini"\nruns = ["mini/*"]\noutputs = ["markdown", "csv", "json"]\n', encoding="utf-8")
    done = build(boards, str(board))
    assert (done.returncode, done.stdout) == (0, "own: 3 files, 3 changed\n")
    assert all((boards / f"own.{ending}").read_text(encoding="utf-8") for ending in ("md", "csv", "json"))
    board.write_text('suite = "mini"\nruns = ["/etc/*"]\n', encoding="utf-8")
    refused = build(boards, str(board))
    assert refused.returncode == 2 and "must be relative" in refused.stderr


def test_a_task_that_nobody_registers_is_no_column(tmp_path: Path) -> None:
    board = tmp_path / "own.toml"
    board.write_text('tasks = ["mini.nlu"]\nruns = ["*"]\n', encoding="utf-8")
    refused = build(tmp_path, str(board))
    assert refused.returncode == 2 and "Unknown task 'mini.nlu'" in refused.stderr


def test_the_board_says_that_it_is_not_comparable_and_gives_signatures() -> None:
    page = (BOARDS / "mini.md").read_text(encoding="utf-8")
    assert "not comparable" in page
    assert re.search(r"xtreme-harness \S+ \| suite mini\.1 \| model sha256:[0-9a-f]{8} \| recipe mini", page)


@pytest.mark.parametrize(("task", "least"), [("mini.nli", 50.0), ("mini.paraphrase", 55.0), ("mini.retrieval", 85.0)])
def test_the_bundled_encoder_learns_the_bundled_tasks(task: str, least: float) -> None:
    """Means over the languages; chance is 33 and 50, and 0.6 for retrieval."""
    records = read_records(BOARDS / "mini" / "mini.mini" / "records.jsonl")
    figures = [
        record["metrics"]["accuracy"]
        for record in records
        if (record["task"], record["intermediate"]) == (task, "none")
    ]
    assert len(figures) >= 9
    assert sum(figures) / len(figures) >= least
