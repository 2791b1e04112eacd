"""What a user can do wrong, or a machine: a sentence, the documented exit code, no traceback, nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess, Popen

import pytest

from xtreme_harness.errors import EXIT_CODES
from xtreme_harness.records import read_records
from xtreme_harness.testing import write_topics

Command = Callable[..., "CompletedProcess[str]"]
Start = Callable[..., "Popen[str]"]

UNITS = 9  # of the task topics in two languages: prepare 4, train 1, predict 2, score 2
QUICK = ("--task", "topics", "--recipe", "mini", "--set", "topics.epochs=1")
PREFIX = "xtreme-harness: "
IS_ROOT = os.geteuid() == 0


def sentences(done: CompletedProcess[str]) -> str:
    """What standard error says in the end, below the progress: one to three lines."""
    lines = done.stderr.splitlines()
    first = max((place for place, line in enumerate(lines) if line.startswith(PREFIX)), default=None)
    assert first is not None, done.stderr
    assert len(lines) - first <= 3, done.stderr
    return "\n".join(lines[first:]).removeprefix(PREFIX)


def refused(done: CompletedProcess[str], code: int) -> str:
    """The sentence of a command that ended with `code` and printed no result."""
    assert done.returncode == code, f"{EXIT_CODES[code]}, not {done.returncode}: {done.stderr}"
    assert done.stdout == ""
    return sentences(done)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return write_topics(tmp_path / "topics")


@pytest.fixture
def data(plugin: Path) -> Path:
    return plugin.parent / "data"


@pytest.fixture
def model(tmp_path: Path, tiny_bert: Path) -> Path:
    """A checkpoint that the test may break."""
    return Path(shutil.copytree(tiny_bert, tmp_path / "model"))


@pytest.fixture
def run(command: Command, plugin: Path, tiny_bert: Path) -> Command:
    """`run` of the task topics with a sound checkpoint; later options replace earlier ones."""

    def run(*more: str | Path, model: str | Path = tiny_bert, **options: object) -> CompletedProcess[str]:
        return command("run", *QUICK, "--plugin", plugin, "--model", model, "--out", "out", *more, **options)

    return run


def completes(done: CompletedProcess[str], units: int, reused: int) -> None:
    """The run that follows once the cause is mended does the rest, and only the rest."""
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"{units - reused} units to do, {reused} in the store already"), done.stderr
    assert done.stdout.splitlines()[-1].startswith(f"{units - reused} units computed")


# What was asked for is wrong: exit 2, before anything is started.

MINI = ("--model", "mini", "--suite", "mini")
WRONG = {
    ("--model", "mini", "--task", "xnly"): "Unknown task 'xnly'. Did you mean xnli",
    ("--model", "mini", "--suite", "min"): "Unknown suite 'min'. Did you mean mini?",
    ("--model", "minni", "--suite", "mini"): "Unknown model 'minni'. Did you mean mini",
    (*MINI, "--recipe", "xtrem"): "Unknown recipe 'xtrem'. Did you mean xtreme?",
    (*MINI, "--method", "plane"): "Unknown method 'plane'. Did you mean plain?",
    (*MINI, "--executor", "locale"): "Unknown executor 'locale'. Did you mean local?",
    (*MINI, "--language", "swa"): "Unknown language 'swa'. Did you mean sw?",
    (*MINI, "--language", "sw", "--language", "sw"): "--language sw is given twice.",
    (*MINI, "--task", "mini.nli", "--task", "mini.nli"): "--task mini.nli is given twice.",
    (*MINI, "--seed", "1", "--seed", "1"): "--seed 1 is given twice.",
    (*MINI, "--task", "xnli"): "Task xnli is not in suite mini, which has mini.nli, mini.paraphrase,",
    (*MINI, "--set", "mini.nli.epoch=2"): "Unknown setting 'epoch'. Did you mean epochs?",
    (*MINI, "--set", "mini.nly.epochs=2"): "Unknown task 'mini.nly'. Did you mean mini.nli",
    (*MINI, "--set", "epochs=2"): "--set 'epochs=2' does not read TASK.KEY=VALUE",
    (*MINI, "--set", "mini.nli.epochs=many"): "--set mini.nli.epochs=many: expected a number.",
    (*MINI, "--set", "mini.nli.epochs=0"): "--set mini.nli.epochs=0: must be at least 1.",
    (*MINI, "--set", "mini.nli.batch_size=1.5"): "--set mini.nli.batch_size=1.5: expected a whole number.",
    (*MINI, "--set", "mini.nli.max_length=3"): "--set mini.nli.max_length=3: must be at least 8",
    (*MINI, "--set", "mini.nli.learning_rate=-1e-4"): "must not be negative",
    (*MINI, "--set", "mini.nli.selection=best"): "must be one of english-dev, last",
    (*MINI, "--set", "mini.retrieval.pooling=max"): "pooling must be one of mean, cls",
    (*MINI, "--data", "nowhere"): "--data nowhere: there is no such folder.",
    (*MINI, "--labels", "nowhere"): "--labels nowhere: there is no such folder.",
    (*MINI, "--dtype", "float16"): "'float16'",
    (*MINI, "--seed", "one"): "'one'",
    (*MINI, "--token-budget", "0"): "--token-budget",
    (*MINI, "--plugin", "nowhere.py"): "nowhere.py",
    ("--model", "mini"): "--suite NAME or --task NAME",
    ("--suite", "mini"): "--model",
    ("--model", "no/such/folder", "--suite", "mini"): "No model 'no/such/folder': there is no such folder.",
    ("--model", "org/model", "--suite", "mini"): "org/model@main",
}


@pytest.mark.parametrize(("arguments", "expected"), WRONG.items(), ids=[" ".join(words) for words in WRONG])
def test_a_wrong_request_is_refused(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    assert expected in refused(command("run", *arguments), 2)
    assert not (tmp_path / "runs").exists()
    assert not list((tmp_path / "store" / "units").glob("*"))


def test_an_unknown_name_points_to_plugins_that_failed(command: Command) -> None:
    broken = Path(__file__).parents[1] / "broken_plugins" / "import_error.py"
    told = refused(command("run", "--model", "mini", "--task", "mytask", "--plugin", broken), 2)
    assert "1 plugin failed to load: run `xtreme-harness plugins`" in told


def test_a_layer_that_the_model_lacks_is_refused(command: Command, twins: Path, tiny_bert: Path) -> None:
    options = ["--plugin", twins, "--task", "twins", "--model", tiny_bert, "--set", "twins.layer=3"]
    told = refused(command("run", *options), 2)
    assert "ayer 3 was asked for, but the model has hidden states 0 to 2" in told


def test_a_folder_that_holds_something_else_is_left_alone(run: Command, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert "--out out" in refused(run(), 2)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.txt"]


# A checkpoint that is none: exit 5.


def break_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert", "hidden', encoding="utf-8")


def no_family(folder: Path) -> None:
    (folder / "config.json").write_text('{"hidden_size": 32}', encoding="utf-8")


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def cut_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:50])


def empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def no_tokenizer(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            path.unlink()


def nothing(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


NO_CHECKPOINT = {
    nothing: "is no checkpoint: it has no config.json",
    break_config: "config.json is damaged",
    no_family: "config.json is damaged or names no model_type",
    cut_weights: "model.safetensors is damaged: it should have",
    cut_header: "model.safetensors is damaged: its header is cut off",
    empty_weights: "model.safetensors is damaged",
    only_pickle: "has its weights only as pickle (pytorch_model.bin)",
    no_tokenizer: "has no tokenizer",
}


@pytest.mark.parametrize(("damage", "expected"), NO_CHECKPOINT.items(), ids=[one.__name__ for one in NO_CHECKPOINT])
def test_a_folder_that_is_no_checkpoint_is_refused(
    run: Command, model: Path, damage: Callable[[Path], None], expected: str
) -> None:
    damage(model)
    told = refused(run(model=model), 5)
    assert expected in told
    assert "model" in told


def test_pickled_weights_name_the_flag_that_takes_them(run: Command, model: Path) -> None:
    only_pickle(model)
    assert "--allow-pickle" in refused(run(model=model), 5)


def unknown_family(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "nobody-knows-this"}', encoding="utf-8")


def other_shape(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))


def damaged_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"version": "1.0"', encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("damage", [unknown_family, other_shape, damaged_tokenizer], ids=lambda one: one.__name__)
def test_a_checkpoint_that_cannot_be_loaded_is_refused(
    run: Command, model: Path, damage: Callable[[Path], None]
) -> None:
    damage(model)
    done = run(model=model)
    assert done.returncode == 5, done.stderr
    assert str(model) in sentences(done)


# Data that is missing, damaged or refused.


def cut_line(data: Path) -> None:
    path = data / "test.sw.jsonl"
    path.write_bytes(path.read_bytes()[:-25])


def foreign_label(data: Path) -> None:
    path = data / "train.en.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"sport"', '"sports"', 1), encoding="utf-8")


def byte_order_mark(data: Path) -> None:
    path = data / "dev.en.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def no_utf8(data: Path) -> None:
    path = data / "test.sw.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Hii", b"H\xefi", 1).replace(b"Kila", b"K\xedla", 1))


def empty_file(data: Path) -> None:
    (data / "test.sw.jsonl").write_bytes(b"")


def missing_text(data: Path) -> None:
    path = data / "test.sw.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"text_a"', '"text"', 1), encoding="utf-8")


def same_id(data: Path) -> None:
    path = data / "test.sw.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"test-1"', '"test-0"'), encoding="utf-8")


DAMAGED = {
    cut_line: ("test.sw.jsonl, line 6: is not JSON", 3),
    foreign_label: ("train.en.jsonl: example 3 (id train-2): label 'sports' is not one of 'health', 'sport'", 0),
    byte_order_mark: ("dev.en.jsonl, line 1: begins with a byte order mark", 1),
    no_utf8: ("is not UTF-8", 3),
    empty_file: ("test.sw.jsonl: holds no example at all", 3),
    missing_text: ("test.sw.jsonl: example 1 (id test-0): text_a must be text", 3),
    same_id: ("test.sw.jsonl: example 2: the id 'test-0' is there twice", 3),
}
FAST = (cut_line, foreign_label)


@pytest.mark.parametrize(
    "damage",
    [pytest.param(one, marks=() if one in FAST else pytest.mark.slow, id=one.__name__) for one in DAMAGED],
)
def test_damaged_data_is_refused_before_training(
    run: Command, data: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    expected, finished = DAMAGED[damage]
    whole = shutil.copytree(data, tmp_path / "whole")
    damage(data)
    done = run()
    assert expected in refused(done, 5)
    assert "train topics" not in done.stderr
    shutil.copytree(whole, data, dirs_exist_ok=True)
    if damage not in FAST:
        completes(run(), UNITS, finished)


@pytest.mark.slow
def test_a_missing_language_leaves_the_others_their_figures(run: Command, data: Path, tmp_path: Path) -> None:
    (data / "test.sw.jsonl").rename(tmp_path / "kept.jsonl")
    done = run("--keep", "all")  # without it the weights go once all that can be predicted is predicted
    assert done.returncode == 4, done.stderr
    states = {record["language"]: record["state"] for record in read_records(tmp_path / "out" / "records.jsonl")}
    assert states == {"en": "ok", "sw": "missing-data"}
    assert "missing-data: topics sw:" in done.stdout
    assert "test.sw.jsonl" in done.stdout
    (tmp_path / "kept.jsonl").rename(data / "test.sw.jsonl")
    completes(run("--keep", "all", "--out", "whole"), UNITS, 6)


@pytest.mark.parametrize("name", ["train.en.jsonl", "dev.en.jsonl"])
def test_without_its_english_part_nothing_can_be_done(run: Command, data: Path, name: str) -> None:
    (data / name).unlink()
    done = run()
    assert done.returncode == 5, done.stderr
    assert f"missing-data: topics en, sw: {data / name}" in done.stdout


# The machine: exit 6.


@pytest.mark.parametrize("place", ["--out", "--store"])
def test_a_place_below_a_file_cannot_be_written(run: Command, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "file" in refused(run(place, "file/below"), 6)


@pytest.mark.parametrize("place", ["--out", "--store"])
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place where not even root can write")
def test_a_read_only_place_cannot_be_written(run: Command, place: str) -> None:
    assert "/proc/xtreme" in refused(run(place, "/proc/xtreme"), 6)


@pytest.mark.parametrize("place", ["--out", "--store"])
@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_folder_without_permission_cannot_be_written(run: Command, tmp_path: Path, place: str) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "closed" in refused(run(place, "closed/below"), 6)


@pytest.mark.parametrize("device", ["cuda:99", pytest.param("warp-drive", marks=pytest.mark.slow)])
def test_a_device_that_is_not_there_is_named(run: Command, device: str) -> None:
    assert f"There is no device {device!r} here" in refused(run("--device", device), 6)


@pytest.mark.slow
@pytest.mark.parametrize("most", [100, 1_500, 6_000, 60_000])
def test_a_full_disk_loses_nothing(run: Command, most: int) -> None:
    """No file may grow beyond `most` bytes, which shows at another place for each."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    done = run(preexec_fn=limit)
    assert "The disk is full" in refused(done, 6)
    again = run()
    finished = done.stderr.count("] ")
    completes(again, UNITS, finished)


@pytest.mark.slow
def test_a_full_file_system_loses_nothing(run: Command, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)]
    if not IS_ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        done = run("--store", small / "store")
        assert "The disk is full" in refused(done, 6)
        subprocess.run(["mount", "-o", "remount,size=9m", str(small)], check=True)
        completes(run("--store", small / "store"), UNITS, done.stderr.count("] "))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def wait_for(condition: Callable[[], object], process: Popen[str]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["prepare", "train"])
def test_ctrl_c_keeps_what_was_finished(
    run: Command, start: Start, plugin: Path, tmp_path: Path, tiny_bert: Path, moment: str
) -> None:
    options = [*QUICK[:-1], "topics.epochs=200", "--plugin", str(plugin), "--model", str(tiny_bert), "--out", "out"]
    environment = {"XTREME_HARNESS_CHECKPOINT_SECONDS": "0"}
    process = start("run", *options, environment=environment, preexec_fn=default_interrupt)
    pattern = {"prepare": "locks/*", "train": "partial/*/state-*"}[moment]
    wait_for(lambda: list((tmp_path / "store").glob(pattern)), process)
    process.send_signal(signal.SIGINT)
    done = CompletedProcess("run", process.wait(), *process.communicate())
    assert "interrupted" in refused(done, 130)
    assert "the same command goes on from there" in sentences(done)
    assert "Traceback" not in done.stderr
    finished = done.stderr.count("] ")
    assert (finished == 4) if moment == "train" else (finished < 4)
    completes(run("--set", "topics.epochs=200"), UNITS, finished)


def default_interrupt() -> None:
    """A test that runs in the background passes on that Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
