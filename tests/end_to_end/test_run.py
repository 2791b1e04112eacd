"""`run` from options to the run's folder, on a tiny checkpoint: what it prints, writes, repeats and leaves alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

import pytest

from xtreme_harness.files import sha256_file
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records, task_number, without_varying
from xtreme_harness.testing import write_retrieval, write_topics

Command = Callable[..., "CompletedProcess[str]"]

RECIPE = ("--recipe", "mini", "--set", "topics.epochs=2", "--set", "topics.batch_size=8")
ROW = "none.plain.s1"
CELLS = [("topics", "en"), ("topics", "sw"), ("twins", "sw")]
UNITS = 13  # prepare 5, train 1, embed 1, predict 3, score 3
MOST_SECONDS = 2.0

# Python as it starts, then the command, timed, with the modules it leaves loaded
TIMED = """
import sys, time
start = time.perf_counter()
from xtreme_harness.cli.main import run
code = run(sys.argv[1:])
print(time.perf_counter() - start, "torch" in sys.modules, file=sys.stderr)
sys.exit(code)
"""


class Shared(NamedTuple):
    """One run of two tasks, made once: tests read it, or run further in its folder with `--out` of their own."""

    folder: Path
    command: Command
    arguments: list[str]
    done: CompletedProcess[str]

    @property
    def run(self) -> Path:
        return self.folder / "first"

    def again(self, *more: str, **options: Any) -> CompletedProcess[str]:
        return self.command(*self.arguments, *more, **options)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("shared")
    plugins = [write_topics(folder / "topics", train=24, test=12), write_retrieval(folder / "twins")]
    arguments = ["run", "--model", str(tiny_xlmr), "--task", "topics", "--task", "twins", *RECIPE]
    arguments += [word for plugin in plugins for word in ("--plugin", str(plugin))]
    command = command_in(folder)
    done = command(*arguments, "--seed", "1", "--out", "first")
    assert done.returncode == 0, done.stderr
    return Shared(folder, command, arguments, done)


def cells(table: str) -> list[list[str]]:
    """The rows of every markdown table in a text, without their head."""
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if row[0].strip() != "row"]


def computed(done: CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1].split(" units computed")[0])


def test_the_table_shows_what_the_records_hold(shared: Shared) -> None:
    figures = {(record["task"], record["language"]): task_number(record) for record in records(shared.run)}
    english, swahili, twins = figures["topics", "en"], figures["topics", "sw"], figures["twins", "sw"]
    topics = (english + swahili) / 2
    numbers = [
        [topics, twins, (topics + twins) / 2],
        [(swahili + twins) / 2, english - swahili],
        [english, swahili, topics, swahili, english - swahili],
        [twins, twins],
    ]
    expected = [[ROW, *(f"{number:.1f}" for number in row)] for row in numbers]
    assert cells(shared.done.stdout) == expected
    assert cells((shared.run / "leaderboard.md").read_text(encoding="utf-8")) == expected


def test_results_go_to_standard_output_and_progress_to_standard_error(shared: Shared) -> None:
    assert computed(shared.done) == UNITS
    assert shared.done.stdout.endswith("leaderboard.md in first\n")
    first, *events = shared.done.stderr.splitlines()
    assert first.startswith(f"{UNITS} units to do, 0 in the store already; about ")
    assert [event.partition("]")[0] for event in events] == [f"[{n}/{UNITS}" for n in range(1, UNITS + 1)]
    assert all(event.endswith(" left") for event in events)


def records(run: Path) -> list[dict[str, Any]]:
    return read_records(run / "records.jsonl")


def test_every_cell_has_a_record(shared: Shared, tiny_xlmr: Path) -> None:
    assert [(record["task"], record["language"]) for record in records(shared.run)] == CELLS
    for record in records(shared.run):
        assert (record["row"], record["state"], record["why"]) == (ROW, "ok", None)
        assert (record["recipe"], record["method"], record["seed"], record["protocol"]) == (
            *("mini", "plain"),
            *(1, "zero-shot"),
        )
        assert (record["model"]["name"], record["model"]["remote_code"]) == (tiny_xlmr.name, False)
        assert record["n"] == record["groups"] == 12
    english, _, twins = records(shared.run)
    assert (english["options"]["batch_size"], english["options"]["epochs"]) == (8, 2)
    (phase,) = english["phases"]
    assert (phase["tasks"], phase["seed"], phase["updates"]) == (["topics"], 1, 6)
    assert 0 <= phase["dev"]["accuracy"] <= 100
    assert (twins["phases"], twins["options"]["layer"], twins["options"]["pooling"]) == ([], 1, "mean")


def test_predictions_are_those_of_the_records(shared: Shared) -> None:
    for record in records(shared.run):
        place = shared.run / "predictions" / ROW / record["task"]
        predictions, scores = (place / f"{record['language']}{end}.jsonl" for end in ("", ".scores"))
        assert record["predictions"] == f"sha256:{sha256_file(predictions)}"
        assert record["scores"] == f"sha256:{sha256_file(scores)}"
        values = [row["accuracy"] for _, row in read_jsonl(scores)]
        assert record["metrics"]["accuracy"] == pytest.approx(sum(values) / len(values))
        assert len(list(read_jsonl(predictions))) == len(values) == record["n"]


def test_predictions_have_the_forms_that_others_rely_on(shared: Shared) -> None:
    place = shared.run / "predictions" / ROW
    for _, row in read_jsonl(place / "topics" / "sw.jsonl"):
        assert set(row) == {"id", "prediction", "scores"}
        assert row["prediction"] in ("health", "sport", "trade")
        assert len(row["scores"]) == 3
    for _, row in read_jsonl(place / "twins" / "sw.jsonl"):
        assert set(row) == {"id", "prediction", "similarity"}
        assert (row["id"][:3], row["prediction"][:3]) == ("en-", "sw-")
    text = "".join(path.read_text(encoding="utf-8") for path in place.rglob("*.jsonl"))
    assert "vitamin" not in text
    assert "Amina" not in text


def test_the_manifest_lists_every_file(shared: Shared) -> None:
    manifest = json.loads((shared.run / "manifest.json").read_text(encoding="utf-8"))
    files = {path.relative_to(shared.run).as_posix() for path in shared.run.rglob("*") if path.is_file()}
    assert set(manifest["files"]) == files - {"manifest.json"}
    assert {"request.json", "plan.json", "records.jsonl", "leaderboard.md", "environment.json"} < files
    assert all(sha256_file(shared.run / name) == value for name, value in manifest["files"].items())
    assert len(manifest["root"]) == 64


def test_json_has_the_documented_form(shared: Shared) -> None:
    done = shared.again("--seed", "1", "--out", "first", "--json")
    result = json.loads(done.stdout)
    assert {"run", "plan", "rows"} <= set(result)
    assert result["run"] == "first"
    assert result["plan"] == json.loads((shared.run / "plan.json").read_text(encoding="utf-8"))["id"]
    (row,) = result["rows"]
    assert set(row) == {"row", "intermediate", "control", "method", "seed", "tasks", "groups", "average"}
    assert (row["row"], row["intermediate"], row["method"], row["seed"]) == (ROW, "none", "plain", 1)
    expected = {(record["task"], record["language"]): record["metrics"] for record in records(shared.run)}
    found = {(task, code): one for task in row["tasks"] for code, one in row["tasks"][task]["languages"].items()}
    assert found == expected
    assert {row["tasks"][task]["state"] for task in ("topics", "twins")} == {"ok"}
    assert row["average"] == pytest.approx(sum(row["tasks"][task]["score"] for task in ("topics", "twins")) / 2)


def test_the_same_command_again_computes_nothing(shared: Shared) -> None:
    before = (shared.run / "records.jsonl").read_bytes()
    done = shared.again("--seed", "1", "--out", "first")
    assert (computed(done), done.stderr) == (0, "")
    assert cells(done.stdout) == cells(shared.done.stdout)
    assert (shared.run / "records.jsonl").read_bytes() == before


def test_the_same_command_again_takes_under_two_seconds_of_work(shared: Shared) -> None:
    seconds, torch = [], set()
    for _ in range(3):
        done = shared.again("--seed", "1", "--out", "first", program=("-c", TIMED))
        assert computed(done) == 0
        taken, loaded = done.stderr.split()
        seconds.append(float(taken))
        torch.add(loaded)
    assert min(seconds) < MOST_SECONDS
    assert torch == {"False"}


@pytest.mark.parametrize(
    "options",
    [("--intermediate", "none"), ("--token-budget", "64"), ("--threads", "2"), ("--dtype", "auto"), ("--offline",)],
    ids=" ".join,
)
def test_what_changes_no_result_reuses_everything(shared: Shared, options: tuple[str, ...]) -> None:
    assert computed(shared.again("--seed", "1", "--out", "first", *options)) == 0


def test_a_filter_takes_some_languages(shared: Shared) -> None:
    done = shared.again("--seed", "1", "--out", "swahili", "--language", "sw")
    assert computed(done) == 0
    assert [(record["task"], record["language"]) for record in records(shared.folder / "swahili")] == CELLS[1:]
    assert [row[0] for row in cells(done.stdout)] == [ROW] * 4


def test_a_filter_that_leaves_a_task_no_language_says_so(shared: Shared) -> None:
    done = shared.again("--seed", "1", "--out", "english", "--language", "en", "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert row["tasks"]["topics"]["state"] == "ok"
    assert (row["tasks"]["twins"]["score"], row["average"]) == (None, None)


@pytest.mark.slow
def test_two_seeds_make_two_rows_and_share_what_they_can(shared: Shared) -> None:
    done = shared.again("--seed", "1", "--seed", "2", "--out", "seeds")
    assert computed(done) == 5  # train, and predict and score of two languages; retrieval knows no seed
    found = records(shared.folder / "seeds")
    assert [record["row"] for record in found] == ["none.plain.s1"] * 3 + ["none.plain.s2"] * 3
    assert found[:3] == records(shared.run)
    assert [row[0] for row in cells(done.stdout)] == ["none.plain.s1", "none.plain.s2"] * 4
    assert found[2]["unit"] == found[5]["unit"]
    assert found[0]["unit"] != found[3]["unit"]


def test_without_a_seed_the_recipes_own_is_taken(shared: Shared) -> None:
    facts = json.loads(shared.again("--dry-run", "--json").stdout)
    assert facts["rows"] == ["none.plain.srecipe"]
    assert facts["units"]["train"] == {**facts["units"]["train"], "number": 1, "in_store": 0}


def test_a_dry_run_shows_the_plan(shared: Shared) -> None:
    done = shared.again("--seed", "3", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert lines["prepare"][:2] == ["5", "5"]
    assert lines["train"][:2] == ["1", "0"]
    assert not lines["train"][2].startswith("~")  # exact, because the texts are prepared
    assert lines["rows"] == ["none.plain.s3"]
    for word in ("plan", "model", "time", "memory", "disk", "downloads", "licences"):
        assert word in lines


def test_a_dry_run_writes_nothing(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    plugin = write_topics(tmp_path / "topics")
    done = command("run", "--model", tiny_xlmr, "--task", "topics", "--plugin", plugin, "--dry-run", "--json")
    facts = json.loads(done.stdout)
    assert facts["units"]["prepare"] == {"number": 4, "in_store": 0, "tokens": facts["units"]["prepare"]["tokens"]}
    assert facts["units"]["prepare"]["tokens"].startswith("~")
    assert not (tmp_path / "runs").exists()
    assert [path for name in ("units", "locks", "partial") for path in (tmp_path / "store" / name).rglob("*")] == []


def test_without_out_the_folder_is_named_after_model_and_tasks(shared: Shared, tiny_xlmr: Path) -> None:
    assert computed(shared.again("--seed", "1")) == 0
    assert (shared.folder / "runs" / f"{tiny_xlmr.name}.topics+twins" / "records.jsonl").is_file()
    assert computed(shared.again("--seed", "1", "--language", "sw")) == 0  # another request: a folder of its own
    assert len(list((shared.folder / "runs").iterdir())) == 2


def test_the_console_script_is_the_module(shared: Shared) -> None:
    script = Path(sys.executable).with_name("xtreme-harness")
    if not script.is_file():
        pytest.skip("the package is not installed with its console script")
    done = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == shared.command("--version").stdout


@pytest.mark.slow
def test_a_task_can_be_learnt(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    plugin = write_topics(tmp_path / "topics", train=240, test=48)
    settings = [f"--set=topics.{setting}" for setting in ("epochs=8", "batch_size=8", "learning_rate=0.002")]
    options = ["--plugin", plugin, "--model", tiny_xlmr, "--task", "topics", "--recipe", "mini", *settings]
    done = command("run", *options, "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert row["tasks"]["topics"]["languages"]["en"]["accuracy"] >= 80
    assert row["tasks"]["topics"]["languages"]["sw"]["accuracy"] >= 60


@pytest.mark.slow
def test_budget_and_threads_change_no_prediction(command: Command, tmp_path: Path, tiny_xlmr: Path) -> None:
    """Separate stores, so that training, prediction and search are done anew under each setting."""
    plugins = [write_topics(tmp_path / "topics", train=48, test=48), write_retrieval(tmp_path / "twins", n=48)]
    options = [word for plugin in plugins for word in ("--plugin", str(plugin))]
    options += ["--task", "topics", "--task", "twins", "--model", str(tiny_xlmr), "--dtype", "float32", *RECIPE]

    def outcome(budget: int, threads: int) -> tuple[list[Any], list[Any]]:
        name = f"{budget}.{threads}"
        environment = {"XTREME_HARNESS_STORE": str(tmp_path / f"store.{name}"), "OMP_NUM_THREADS": str(threads)}
        machine = ("--token-budget", str(budget), "--threads", str(threads), "--out", name)
        done = command("run", *options, *machine, environment=environment)
        assert computed(done) == UNITS
        found = sorted((tmp_path / name / "predictions").rglob("*.jsonl"))
        rows = [row for path in found if ".scores" not in path.name for _, row in read_jsonl(path)]
        kept = [without_varying(record) for record in records(tmp_path / name)]
        return [row["prediction"] for row in rows], [{**record, "predictions": None} for record in kept]

    first = outcome(128, 1)
    assert len(set(first[0])) > 3
    for budget, threads in [(128, 2), (512, 1), (512, 2), (2048, 1), (2048, 2)]:
        assert outcome(budget, threads) == first
