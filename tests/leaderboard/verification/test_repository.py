"""A results repository: packs in their places, named soundly, whole, and none twice; the workflow that checks it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from analysed import add_analyses, fertility

from xtreme_harness.leaderboard.verification.manifest import MANIFEST, hashes_of, manifest_of_pack, read_manifest
from xtreme_harness.leaderboard.verification.pack import pack
from xtreme_harness.leaderboard.verification.repository import repository_problems
from xtreme_harness.records import read_records, write_records
from xtreme_harness.registry import Registry

MakeRun = Callable[..., Path]
WORKFLOW = Path(__file__).parents[3] / "docs" / "results-repository" / "verify.yml"
DOUBLE = "row none.plain.s1 is a duplicate: amina/first has it"


@pytest.fixture
def results(finished: Path, tmp_path: Path) -> Path:
    """A repository with a README and one submission."""
    folder = tmp_path / "results"
    pack(finished, folder / "amina" / "first")
    (folder / "README.md").write_text("# Results\n", encoding="utf-8")
    return folder


def problems(results: Path, registry: Registry) -> list[str]:
    return list(repository_problems(results, registry))


def test_sound_submissions_break_no_convention(results: Path, registry: Registry, make_run: MakeRun) -> None:
    other = make_run(registry, tasks=("topics",), recipe="mini", seeds=(3,))
    pack(other, results / "juma" / "second")
    assert problems(results, registry) == []


def test_a_submission_may_have_analyses_and_no_other_files(results: Path, registry: Registry) -> None:
    submission = results / "amina" / "first"
    add_analyses(submission, fertility=fertility("tiny"))
    assert problems(results, registry) == []
    (submission / "analyses" / "fertility.svg").write_text("<svg/>", encoding="utf-8")
    assert problems(results, registry) == ["amina/first: analyses/fertility.svg is no file of a pack"]


def test_an_empty_repository_is_sound(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / ".gitkeep").touch()
    assert problems(tmp_path, registry) == []


def copied(results: Path) -> None:
    shutil.copytree(results / "amina" / "first", results / "juma" / "mine")


def with_other_times(results: Path) -> None:
    """A copy whose records were changed where two runs of one request may differ."""
    changed(results, "juma/mine", lambda one: one.update(created="2030-01-01T00:00:00Z", seconds=1.0))


def changed(results: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """A copy of the submission under another name, with every record changed and hashes to match."""
    folder = Path(shutil.copytree(results / "amina" / "first", results / name))
    records = read_records(folder / "records.jsonl")
    for record in records:
        change(record)
    write_records(folder / "records.jsonl", records)
    made = manifest_of_pack(folder, read_manifest(folder))
    (folder / MANIFEST).write_text(json.dumps(made.as_json() | {"run": "0" * 64}), encoding="utf-8")


def of_another_version(results: Path) -> None:
    """With values in another order, so that only figures tell."""
    changed(
        results,
        "juma/mine",
        lambda one: one.update(code={"xtreme-harness": "9.9"}, scores=f"sha256:{one['scores'][::-1]}"),
    )


def of_another_model(results: Path) -> None:
    changed(results, "juma/mine", lambda one: one["model"].update(name="mine", weights="sha256:" + "0" * 64))


def in_a_folder_like_a_readme(results: Path) -> None:
    (results / "README.md").unlink()
    shutil.copytree(results / "amina" / "first", results / "README.md" / "mine")


def in_capitals(results: Path) -> None:
    shutil.copytree(results / "amina" / "first", results / "Amina" / "second")


def misplaced(results: Path) -> None:
    (results / "amina" / "first").rename(results / "first")


def run_instead(results: Path) -> None:
    manifest = results / "amina" / "first" / MANIFEST
    made = {"files": hashes_of(manifest.parent), "root": ""}
    manifest.write_text(json.dumps(made), encoding="utf-8")


def few_languages(results: Path) -> None:
    request = results / "amina" / "first" / "request.json"
    told = json.loads(request.read_text(encoding="utf-8")) | {"languages": ["en", "sw"]}
    request.write_text(json.dumps(told), encoding="utf-8")


def named(name: str) -> Callable[[Path], object]:
    return lambda results: (results / "amina" / "first").rename(results / "amina" / name)


def with_file(name: str) -> Callable[[Path], object]:
    return lambda results: (results / name).write_text("{}", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (copied, "juma/mine: the run is a duplicate: amina/first has it"),
        (with_other_times, f"juma/mine: {DOUBLE}"),
        (of_another_version, f"juma/mine: {DOUBLE}"),
        (of_another_model, f"juma/mine: {DOUBLE}"),
        (in_a_folder_like_a_readme, "amina/first: the run is a duplicate: README.md/mine has it"),
        (in_capitals, "amina: differs from Amina by its capitals alone"),
        (misplaced, "first: is a pack; its place is <submitter>/<run name>/"),
        (run_instead, "amina/first: is no pack; make one with: xtreme-harness leaderboard pack RUN --out DIR"),
        (few_languages, "amina/first: has only the languages en, sw; a submission has all of its tasks"),
        (
            named("a b"),
            "amina/a b: a name has letters, digits, '.', '_' and '-' only, and begins with one of the first",
        ),
        (named("-x"), "amina/-x: a name has letters, digits"),
        (with_file("notes.txt"), "notes.txt: is no folder; there are packs only, in <submitter>/<run name>/"),
        (with_file("amina/a.json"), "amina/a.json: is no folder; there are packs only"),
        (with_file("amina/first/model.bin"), "amina/first: model.bin is no file of a pack"),
        (with_file("amina/first/records.jsonl"), "amina/first: cannot be read: "),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_breaks_a_convention_is_named(
    change: Callable[[Path], object], told: str, results: Path, registry: Registry
) -> None:
    change(results)
    found = problems(results, registry)
    assert [one for one in found if one.startswith(told)], found


def test_what_stands_in_a_failed_cell_is_no_figure(results: Path, registry: Registry) -> None:
    changed(results, "juma/mine", lambda one: one.update(state="failed", metrics={"accuracy": "high"}, scores=None))
    assert problems(results, registry) == []  # that it has figures is told by the verification of the pack


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda results: (results / "b").write_text("new", encoding="utf-8"), 0),
        (lambda results: (results.parent / "README.md").write_text("new", encoding="utf-8"), 0),
        (lambda results: (results / "a").write_text("other", encoding="utf-8"), 1),
        (lambda results: (results / "a").unlink(), 1),
        (lambda results: (results / "a").rename(results / "b"), 1),
    ],
    ids=["added", "elsewhere", "changed", "removed", "renamed"],
)
def test_the_workflow_lets_nobody_change_what_is_published(
    change: Callable[[Path], object], code: int, tmp_path: Path
) -> None:
    """Its own command, in a repository whose base is what was published."""
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["verify"]["steps"]
    (command,) = [step["run"] for step in steps if "stays" in step.get("name", "")]
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a").write_text("published", encoding="utf-8")

    def shell(line: str) -> subprocess.CompletedProcess[str]:
        program = ["bash", "-e", "-c", line]
        return subprocess.run(program, cwd=tmp_path, env={**os.environ, "BASE": "main"}, capture_output=True, text=True)

    commit = "git add -A && git -c user.name=a -c user.email=a@b commit -qm x"
    assert shell(f"git init -q && {commit} && git update-ref refs/remotes/origin/main HEAD").returncode == 0
    change(tmp_path / "results")
    assert shell(commit).returncode == 0
    assert shell(command).returncode == code


def test_the_workflow_runs_what_the_docs_say() -> None:
    """On pull requests, without rights, from what a user would write in the repository's folder."""
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request" in workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    commands = [step.get("run", "") for step in workflow["jobs"]["verify"]["steps"]]
    docs = (WORKFLOW.parents[1] / "leaderboards.md").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(commands[-1].strip())}$", docs, re.MULTILINE)
