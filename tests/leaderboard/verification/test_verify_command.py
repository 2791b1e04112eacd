"""`leaderboard verify` and `leaderboard pack` as they are typed: what they print, their exit codes, what they load."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from xtreme_harness.cli.main import run as xtreme_harness
from xtreme_harness.leaderboard.verification.manifest import root_of

WORKFLOW = Path(__file__).parents[3] / "docs" / "results-repository" / "verify.yml"


@pytest.fixture
def plugins(topics: Path, twins: Path) -> list[str]:
    return ["--plugin", str(topics), "--plugin", str(twins)]


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run, in the working folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, tmp_path / "run")
    return Path("run")


def leaderboard(*arguments: str | Path) -> int:
    try:
        return xtreme_harness(["leaderboard", *map(str, arguments)])
    except SystemExit as ended:
        return int(str(ended.code))


def test_a_run_and_its_pack_are_verified(run: Path, plugins: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert leaderboard("pack", run, "--out", "packs") == 0
    assert capsys.readouterr().out == "packs/run\n"
    assert leaderboard("verify", run, "packs", *plugins) == 0
    root = root_of(run)[:12]
    assert capsys.readouterr().out.splitlines() == [
        f"run: run {root}: 6 cells (6 from predictions and gold)",
        f"packs/run: pack {root}: 6 cells (6 from per-example values)",
        "2 verified",
    ]


def test_every_difference_is_a_line_and_the_code_is_3(
    run: Path, plugins: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "leaderboard.md").write_text("better", encoding="utf-8")
    assert leaderboard("verify", run, *plugins) == 3
    told = capsys.readouterr()
    assert told.out.splitlines()[:2] == [
        "run: leaderboard.md: was edited, its hash is not the manifest's",
        "run: leaderboard.md: is not the page that the records make",
    ]
    assert told.out.splitlines()[-1] == "2 differences in 1 of 1"


def test_json_says_the_same(run: Path, plugins: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert leaderboard("verify", run, "--json", *plugins) == 0
    told = json.loads(capsys.readouterr().out)
    (about,) = told["runs"]
    assert (told["verified"], about["cells"]) == (True, {"from predictions and gold": 6})
    (run / "plan.json").unlink()
    assert leaderboard("verify", run, "--json", *plugins) == 3
    told = json.loads(capsys.readouterr().out)
    assert not told["verified"] and "plan.json: is missing" in told["runs"][0]["problems"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["verify"], 2, "Missing argument 'PATH...'"),
        (["verify", "nowhere"], 2, "nowhere: there is no such folder"),
        (["verify", "empty"], 5, "empty: holds no run and no pack"),
        (["verify", "run", "--data", "nowhere"], 2, "--data nowhere: there is no such folder"),
        (["verify", "run", "--labels", "nowhere"], 2, "--labels nowhere: there is no such folder"),
        (["pack", "run"], 2, "Missing option '--out'"),
        (["pack", "empty", "--out", "packs"], 5, "empty: holds no run and no pack"),
        (["pack", "run", "other/run", "--out", "packs"], 2, "Two runs are called run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_a_sentence(
    arguments: list[str], code: int, told: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    shutil.copytree(run, "other/run")
    assert leaderboard(*arguments) == code
    assert told in capsys.readouterr().err


def test_a_manifest_that_cannot_be_read_ends_with_5(run: Path, plugins: list[str]) -> None:
    (run / "manifest.json").write_text("{", encoding="utf-8")
    assert leaderboard("verify", run, *plugins) == 5


def test_a_task_that_nobody_registers_is_not_verified(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert leaderboard("verify", run) == 3
    assert "Unknown task 'topics'" in capsys.readouterr().out


def test_a_repository_is_checked_for_its_conventions(
    run: Path, plugins: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("results").mkdir()
    assert leaderboard("verify", "--repository", "results", *plugins) == 0
    assert leaderboard("pack", run, "--out", "results/amina") == 0
    assert leaderboard("verify", "--repository", "results", *plugins) == 0
    assert leaderboard("pack", run, "--out", "results/juma") == 0
    capsys.readouterr()
    assert leaderboard("verify", "--repository", "results", *plugins) == 3
    assert "results/juma/run: the run is a duplicate: amina/run has it" in capsys.readouterr().out.splitlines()


# only these can be imported, beside the standard library and the project: what the workflow installs
BLOCKED = """
import sys
allowed = {{*sys.stdlib_module_names, "xtreme_harness", "xtreme_plugins", "xtreme_tasks", *{installed}}}
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if path is None and name not in allowed and not name.startswith(("_", "plugin")):
            raise ModuleNotFoundError(f"{{name}} is not installed", name=name)
sys.meta_path.insert(0, Blocked())
from xtreme_harness.cli.main import run
code = run(sys.argv[1:])
print("torch" in sys.modules)
sys.exit(code)
"""


@pytest.mark.slow
def test_verification_needs_only_what_the_workflow_installs(run: Path, plugins: list[str]) -> None:
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["verify"]["steps"]
    (line,) = [one for step in steps for one in step.get("run", "").splitlines() if one.startswith("pip install c")]
    program = BLOCKED.format(installed=line.split()[2:])
    command = [sys.executable, "-c", program, "leaderboard", "verify", str(run), *plugins]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.splitlines()[-2:] == ["1 verified", "False"]


@pytest.mark.slow
def test_committed_runs_are_what_their_manifests_and_values_say(capsys: pytest.CaptureFixture[str]) -> None:
    boards = WORKFLOW.parents[2] / "leaderboards"
    assert leaderboard("verify", boards, boards / "studies") == 0, capsys.readouterr().out
