"""`study` from a file to tables, on a tiny checkpoint: what it runs, shares, repeats, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

import pytest

from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.records import read_records, task_number
from xtreme_harness.testing import write_names, write_retrieval, write_topics

Command = Callable[..., "CompletedProcess[str]"]

STUDY = """
name = "first"
tasks = ["topics", "twins"]
models = ["{model}"]
intermediates = ["none", "names", "topics+names"]
recipe = "mini"
seeds = [1, 2]
plugins = ["topics/plugin.py", "twins/plugin.py", "names/plugin.py"]
[limit]
train = 16
test = 10
[sampler]
kind = "uniform"
[set."topics"]
epochs = 2
[set."names"]
epochs = 1
[report]
by = ["language", "joshi"]
resamples = 200
swaps = 400
"""
CELLS = 3 * 2 * 3  # rows x cells: topics en, topics sw, twins sw
ON_CPU = ("--device", "cpu", "--threads", "1")


class Shared(NamedTuple):
    """One study, run once; tests read it or run it again."""

    folder: Path
    command: Command
    done: CompletedProcess[str]

    @property
    def out(self) -> Path:
        return self.folder / "runs" / "first"


def write_study(folder: Path, text: str, model: Path) -> Path:
    path = folder / "study.toml"
    path.write_text(text.format(model=model), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("study")
    write_topics(folder / "topics", train=24, test=12)
    write_retrieval(folder / "twins", n=12)
    write_names(folder / "names", train=24, test=8)
    write_study(folder, STUDY, tiny_xlmr)
    command = command_in(folder)
    done = command("study", "study.toml", *ON_CPU)
    assert done.returncode == 0, done.stderr
    return Shared(folder, command, done)


def computed(done: CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1].split(" units computed")[0])


def told(shared: Shared) -> dict[str, Any]:
    return dict(json.loads((shared.out / "study.json").read_text(encoding="utf-8")))


def records(shared: Shared, run: str = "tiny-xlmr.mini") -> list[dict[str, Any]]:
    return read_records(shared.out / run / "records.jsonl")


def test_every_row_is_run(shared: Shared) -> None:
    rows = list(dict.fromkeys(record["row"] for record in records(shared)))
    assert rows == [f"{name}.plain.s{seed}" for name in ("none", "names", "topics+names") for seed in (1, 2)]
    assert len(records(shared)) == CELLS and {record["state"] for record in records(shared)} == {"ok"}


def test_a_limit_is_kept_in_inputs_gold_and_records(shared: Shared) -> None:
    for record in records(shared):
        assert record["n"] == 10 and record["options"]["limit"] == {"train": 16, "test": 10}
        assert not record["comparable"]
        assert record["not_comparable_because"] == "limited to some examples a language (train 16, test 10)"
    place = shared.out / "tiny-xlmr.mini/predictions/none.plain.s1/topics"
    ids = [{row["id"] for _, row in read_jsonl(place / f"{code}.jsonl")} for code in ("en", "sw")]
    assert ids[0] == ids[1] and len(ids[0]) == 10  # the same items in both languages


def test_the_file_s_values_are_those_of_the_trainings(shared: Shared) -> None:
    mixed = next(one for one in records(shared) if one["row"] == "topics+names.plain.s1" and one["task"] == "topics")
    intermediate, target = mixed["phases"]
    assert intermediate["tasks"] == ["topics", "names"] and intermediate["sampler"] == {"kind": "uniform"}
    assert {name: part["epochs"] for name, part in intermediate["options"]["tasks"].items()} == {
        "topics": 2,
        "names": 1,
    }
    assert mixed["options"]["epochs"] == 2 and target["role"] == "target"


def test_differences_are_those_of_the_records(shared: Shared) -> None:
    figures: dict[tuple[str, str], list[float]] = {}
    for record in records(shared):
        figures.setdefault((record["intermediate"], record["task"]), []).append(task_number(record))
    means = {place: sum(one) / len(one) for place, one in figures.items()}
    (part,) = told(shared)["parts"]
    whole = {(one["intermediate"], one["column"]): one for one in part["effects"] if one["group"] == "all languages"}
    assert len(whole) == 2 * 3
    for (name, column), effect in whole.items():
        tasks = ("topics", "twins") if column == "average" else (column,)
        difference = sum(means[name, task] - means["none", task] for task in tasks) / len(tasks)
        assert effect["difference"] == pytest.approx(difference, abs=1e-3)
        assert effect["low"] - 1e-3 <= difference <= effect["high"] + 1e-3
        assert len(effect["seeds"]) == 2 and effect["deviation"] is not None


def test_the_page_and_what_is_printed(shared: Shared) -> None:
    page = (shared.out / "study.md").read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings[:4] == ["# Study first", "## tiny-xlmr, recipe mini", "### Tasks", "### By language"]
    assert "### By resource class of Joshi et al. 2020, 0 to 5" in headings
    overview = page.split("### Tasks\n\n")[1].split("\n\n")[0]
    assert shared.done.stdout.startswith(overview)
    assert "limited to some examples a language" in page and "limited to" in shared.done.stdout
    assert shared.done.stdout.endswith("units computed; study.md, study.json and the runs in runs/first\n")
    assert (shared.out / "study.toml").read_text(encoding="utf-8") == (shared.folder / "study.toml").read_text("utf-8")


def test_again_repeats_nothing_and_changes_nothing(shared: Shared) -> None:
    before = (shared.out / "study.md").read_bytes(), (shared.out / "study.json").read_bytes()
    again = shared.command("study", "study.toml", *ON_CPU)
    assert computed(again) == 0
    assert before == ((shared.out / "study.md").read_bytes(), (shared.out / "study.json").read_bytes())


def test_an_intermediate_less_trains_nothing(
    shared: Shared, tmp_path: Path, command_in: Callable[[Path], Command], tiny_xlmr: Path
) -> None:
    for name in ("topics", "twins", "names"):
        (tmp_path / name).symlink_to(shared.folder / name)
    write_study(tmp_path, STUDY.replace('"names", "topics+names"', '"topics+names"'), tiny_xlmr)
    done = command_in(tmp_path)("study", "study.toml", *ON_CPU, "--store", shared.folder / "store")
    assert computed(done) == 0
    kept = json.loads((tmp_path / "runs/first/study.json").read_text("utf-8"))["parts"][0]["effects"]
    assert {one["intermediate"] for one in kept} == {"topics+names"}


def test_a_dry_run_counts_what_is_shared_and_writes_nothing(shared: Shared, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    told = shared.command("study", "study.toml", "--dry-run", "--json", "--store", empty, "--out", tmp_path / "out")
    assert told.returncode == 0 and not (tmp_path / "out").exists()
    plan = json.loads(told.stdout)
    assert list(plan["runs"]) == ["tiny-xlmr.mini"] and len(plan["runs"]["tiny-xlmr.mini"]) == 6
    # trained: names and topics+names, topics by itself and after each, every one with two seeds
    assert plan["units"]["train"] == {"rows": (1 + 2 + 2) * 2, "units": 5 * 2, "in_store": 0}
    assert plan["units"]["prepare"]["rows"] > 3 * plan["units"]["prepare"]["units"]
    assert plan["seconds"] > 0 and plan["missing"] == {}
    done = shared.command("study", "study.toml", "--dry-run", "--json")
    units = json.loads(done.stdout)["units"]
    assert all(one["in_store"] == one["units"] for one in units.values()) and json.loads(done.stdout)["seconds"] == 0
    text = shared.command("study", "study.toml", "--dry-run").stdout
    assert "less what they share" in text and "time      about 0 s" in text


def test_every_problem_is_told_before_anything_starts(command: Command, tmp_path: Path) -> None:
    text = 'name = "x"\nsuite = "minni"\nmodels = ["m"]\nintermediates = ["mini.nli"]\ncontrols = ["no-code"]\n'
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    done = command("study", "wrong.toml")
    assert (done.returncode, done.stdout) == (2, "")
    for problem in (
        "suite: Unknown suite 'minni'",
        'intermediates: must hold "none"',
        "controls[0]: none of the intermediates has the control 'no-code'",
        "models[0]: Unknown model 'm'.",
    ):
        assert f"\n  {problem}" in done.stderr  # a line each
    assert done.stderr.startswith("xtreme-harness: Study file wrong.toml: 4 problems\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["temporary", "wrong.toml"]


def test_a_folder_with_something_else_is_refused(shared: Shared, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    done = shared.command("study", "study.toml", "--out", tmp_path)
    assert done.returncode == 2 and "holds something else than a study" in done.stderr


def test_cells_that_fail_show_their_state(
    shared: Shared, tmp_path: Path, command_in: Callable[[Path], Command], tiny_xlmr: Path
) -> None:
    """A test part that is not there: exit 4, no average, and the rest stands."""
    write_topics(tmp_path / "topics", languages=("en", "sw", "de"), train=24, test=12)
    (tmp_path / "topics/data/test.de.jsonl").unlink()
    for name in ("twins", "names"):
        (tmp_path / name).symlink_to(shared.folder / name)
    write_study(tmp_path, STUDY.replace('"names", "topics+names"', '"names"'), tiny_xlmr)
    done = command_in(tmp_path)("study", "study.toml", *ON_CPU, "--store", shared.folder / "store", "--json")
    assert done.returncode == 4
    effects = {(one["by"], one["group"], one["column"]): one for one in json.loads(done.stdout)["parts"][0]["effects"]}
    assert effects["languages", "all languages", "topics"]["state"] == "missing-data"
    assert effects["languages", "all languages", "average"]["difference"] is None
    assert effects["language", "sw", "topics"]["state"] == "ok"
    assert "missing-data" in (tmp_path / "runs/first/study.md").read_text(encoding="utf-8")


SWEEP = """
name = "rates"
tasks = ["topics", "twins"]
models = ["{model}"]
intermediates = ["none", "names"]
recipe = "mini"
plugins = ["topics/plugin.py", "twins/plugin.py", "names/plugin.py"]
match = "steps"
steps = 3
[sweep.target]
learning_rate = [1e-5, 5e-3]
[report]
resamples = 100
swaps = 100
"""


@pytest.mark.slow
def test_a_sweep_is_chosen_on_english_and_shows_an_oracle(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    write_topics(tmp_path / "topics", train=48, test=24)
    write_retrieval(tmp_path / "twins", n=12)
    write_names(tmp_path / "names", train=24, test=8)
    data = tmp_path / "topics/data"
    write_jsonl(data / "dev.sw.jsonl", [{**row, "id": f"d{n}"} for n, row in read_jsonl(data / "test.sw.jsonl")])
    write_study(tmp_path, SWEEP, tiny_xlmr)
    done = command("study", "study.toml", *ON_CPU, "--json")
    assert done.returncode == 0, done.stderr
    (part,) = json.loads(done.stdout)["parts"]
    assert part["points"] == [{"target": {"learning_rate": 1e-5}}, {"target": {"learning_rate": 5e-3}}]
    runs = {n: read_records(tmp_path / f"runs/rates/tiny-xlmr.mini.{n}/records.jsonl") for n in (1, 2)}
    choices = {(one["intermediate"], one["task"]): one for one in part["choices"]}
    for (name, task), choice in choices.items():
        cells = [[one for one in runs[n] if (one["intermediate"], one["task"]) == (name, task)] for n in (1, 2)]
        if task == "twins":
            assert choice["place"] == 0 and choice["oracle"] is None  # a target's rate is nothing to retrieval
            continue
        dev = [one[0]["phases"][-1]["dev"]["accuracy"] for one in cells]
        assert choice["dev"] == pytest.approx(dev, abs=1e-3) and choice["place"] == dev.index(max(dev))
        swahili = [next(one for one in group if one["language"] == "sw") for group in cells]
        figures = [one["target_dev"]["accuracy"] for one in swahili]
        assert choice["oracle"] == figures.index(max(figures))  # the dev part is the test part here
        tests = [task_number(one) for one in swahili]
        assert choice["gain"] == pytest.approx(tests[choice["oracle"]] - tests[choice["place"]], abs=1e-3)
        assert all("target_dev" not in one for group in cells for one in group if one["language"] == "en")
    steps = {one["phases"][0]["updates"] for one in runs[1] if one["intermediate"] == "names"}
    assert steps == {3}
    page = (tmp_path / "runs/rates/study.md").read_text(encoding="utf-8")
    assert "Oracle, not a result" in page and "no target dev data" in page


CONTROLLED = """
name = "controlled"
tasks = ["twins"]
models = ["{model}"]
intermediates = ["none", "stdlib_code_search"]
controls = ["shuffled-labels", "no-code", "no-labels", "size-matched"]
recipe = "mini"
seeds = [1]
plugins = ["twins/plugin.py"]
match = "steps"
steps = 2
[limit]
train = 12
dev = 8
[report]
resamples = 100
swaps = 100
"""


def test_controls_are_arms_of_their_own_and_decide_what_an_effect_is_due_to(
    command: Command, tmp_path: Path, tiny_xlmr: Path
) -> None:
    write_retrieval(tmp_path / "twins", n=12)
    write_study(tmp_path, CONTROLLED, tiny_xlmr)
    done = command("study", "study.toml", *ON_CPU)
    assert done.returncode == 0, done.stderr
    found = read_records(tmp_path / "runs/controlled/tiny-xlmr.mini/records.jsonl")
    arms = {record["row"]: (record["intermediate"], record["control"], record["phases"]) for record in found}
    assert {row: (name, control) for row, (name, control, _) in arms.items()} == {
        "none.plain.s1": ("none", None),
        "stdlib_code_search.plain.s1": ("stdlib_code_search", None),
        "stdlib_code_search~shuffled-labels.plain.s1": ("stdlib_code_search", "shuffled-labels"),
        "stdlib_code_search~no-code.plain.s1": ("stdlib_code_search", "no-code"),
        "stdlib_code_search~no-labels.plain.s1": ("stdlib_code_search", "no-labels"),
        "stdlib_code_search~size-matched.plain.s1": ("stdlib_code_search", "size-matched"),
    }
    trained = [phases[0] for _, _, phases in arms.values() if phases]
    assert [phase["tasks"][0].rpartition(".")[2] for phase in trained] == [
        "stdlib_code_search",
        "shuffled",
        "no-code",
        "no-labels",
        "nli",
    ]
    assert {phase["updates"] for phase in trained} == {2} and len({phase["unit"] for phase in trained}) == 5
    page = (tmp_path / "runs/controlled/study.md").read_text(encoding="utf-8")
    assert "**Against controls**" in page and "No controls were run" not in page
    assert "stdlib_code_search | size-matched" in " ".join(page.split())
