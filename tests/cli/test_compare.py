"""`compare` as a user meets it: two runs of the mock tasks' shape, in tables and as JSON, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.records import Record, write_records

RecordOf = Callable[..., Record]


@pytest.fixture
def runs(tmp_path: Path, record_of: RecordOf) -> tuple[str, str]:
    """Two runs with an equal arm, which flips two of four examples, and one arm each that the other has not."""

    def write(name: str, right: str, other: str) -> str:
        folder = tmp_path / name
        scores = folder / "predictions" / "mnli.plain.s1" / "xnli" / "sw.scores.jsonl"
        scores.parent.mkdir(parents=True)
        values = [100.0 if mark == "+" else 0.0 for mark in right]
        write_jsonl(scores, [{"id": f"i{place}", "accuracy": value} for place, value in enumerate(values)])
        ours = record_of(metrics={"accuracy": sum(values) / len(values)}, options={"epochs": len(name)})
        write_records(folder / "records.jsonl", [ours, record_of(row=other, intermediate=other)])
        return str(folder)

    return write("first", "++--", "squad"), write("second", "+-+-", "none")


Shown = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["compare", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_tables(runs: tuple[str, str], shown: Shown) -> None:
    code, out, err = shown(*runs)
    assert code == 0
    assert "| configuration | options.epochs | 5   | 6   | everywhere |" in out
    assert "i2" in out and "i1" in out
    assert err == ("xtreme-harness: not compared, only in A: squad\nxtreme-harness: not compared, only in B: none\n")


def test_json(runs: tuple[str, str], shown: Shown) -> None:
    code, out, _ = shown(*runs, "--json", "--flips", "0")
    (found,) = json.loads(out)
    assert code == 0
    assert [found[side]["row"] for side in "ab"] == ["mnli.plain.s1"] * 2
    (flips,) = found["flips"]
    assert (flips["better_in_a"], flips["better_in_b"], flips["same"]) == (1, 1, 2)
    assert flips["ids_a"] == flips["ids_b"] == []


def test_named_rows_of_one_run(runs: tuple[str, str], shown: Shown) -> None:
    code, out, err = shown(runs[0], runs[0], "--row", "mnli.plain.s1", "squad")
    assert code == 0 and err == ""
    assert re.search(r"\| configuration \| intermediate +\| mnli +\| squad +\| everywhere \|", out)
    assert "no interval for everywhere: B has no per-example values at hand" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["{a}", "{a}x"], "firstx: there is no such folder"),
        (["{a}", "{b}", "--row", "mnli.plain.s2", "none"], "Unknown row 'mnli.plain.s2'. Did you mean mnli.plain.s1?"),
        (["{a}"], "Missing argument 'RUN_B'"),
        (["{a}", "{b}", "--flips", "-1"], "Invalid value for '--flips'"),
    ],
)
def test_wrong_requests(runs: tuple[str, str], shown: Shown, arguments: list[str], expected: str) -> None:
    code, out, err = shown(*(one.format(a=runs[0], b=runs[1]) for one in arguments))
    assert (code, out) == (2, "")
    assert expected in err and err.count("\n") <= 3


def test_damaged_records_are_named(runs: tuple[str, str], shown: Shown) -> None:
    (Path(runs[1]) / "records.jsonl").write_text('{"schema": 1}\n', encoding="utf-8")
    code, _, err = shown(*runs)
    assert code == 5 and "records.jsonl, line 1: the field row is missing" in err


@pytest.mark.slow
def test_it_loads_no_torch(runs: tuple[str, str]) -> None:
    program = f"""
import sys
from xtreme_harness.cli.main import run
code = run(["compare", *{runs!r}])
sys.exit(code or ("torch" in sys.modules or "transformers" in sys.modules) * 9)
"""
    done: Any = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
