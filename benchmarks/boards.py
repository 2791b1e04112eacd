"""Time and memory of building a large board from made-up runs over XTREME's cells, cold and from the cache.

    python -m benchmarks.boards --runs 50 --examples 20 --json
    python -m benchmarks.boards --runs 1000 --output markdown --output html

Every run is a pack of one row: a record of real size for each cell and, with --examples, that many per-example values.
The board is built twice by the command in a process of its own: `cold` reads everything and computes all statistics,
`warm` finds them in the cache.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import numpy as np

from xtreme_harness.jsonl import dump_line
from xtreme_harness.registry import load_registry
from xtreme_harness.scores import packed_scores

ROW = "none.plain.s1"
GIGABYTE = 1e9
OPTIONS = {f"option_{number}": number * 1e-5 for number in range(16)}
PHASES = [{"tasks": ["xnli"], "role": "target", "method": {"name": "plain"}, "seed": 1, "unit": "ab" * 32}]


def cells() -> dict[str, tuple[str, ...]]:
    """XTREME's languages by task: 162 cells."""
    registry = load_registry()
    return {task: registry.task(task).languages for task in registry.suite("full").tasks}


def write_runs(folder: Path, runs: int, examples: int, languages: Mapping[str, Sequence[str]]) -> None:
    """Systems of which each is a little better than the one before; all find the same items hard."""
    generator = np.random.default_rng(1)
    hardness = {task: generator.random((len(codes), max(examples, 1))) for task, codes in languages.items()}
    for number in range(runs):
        run = folder / "runs" / f"r{number:04}"
        run.mkdir(parents=True)
        right = {task: 100.0 * (hard < 0.4 + 0.4 * number / runs) for task, hard in hardness.items()}
        records = [
            _record(f"system-{number}", task, code, float(values.mean()), examples)
            for task, codes in languages.items()
            for code, values in zip(codes, right[task], strict=True)
        ]
        (run / "records.jsonl").write_text("".join(dump_line(record) for record in records), encoding="utf-8")
        if examples:
            _write_values(run, languages, right)


def _record(model: str, task: str, language: str, figure: float, examples: int) -> dict[str, Any]:
    weights, values = (f"sha256:{sha256(name.encode()).hexdigest()}" for name in (model, f"{model} {task} {language}"))
    about = {"name": model, "weights": weights, "tokenizer": weights, "revision": None}
    return {
        "schema": 1,
        "row": ROW,
        "task": task,
        "task_version": "1",
        "language": language,
        "metrics": {"accuracy": figure},
        "headline": ["accuracy"],
        "n": examples,
        "groups": None,
        "state": "ok",
        "why": None,
        "unit": values,
        "model": {**about, "remote_code": False, "pickle": False},
        "intermediate": "none",
        "control": None,
        "method": "plain",
        "seed": 1,
        "recipe": "xtreme",
        "dtype": "bfloat16",
        "options": OPTIONS,
        "phases": PHASES,
        "protocol": "zero-shot",
        "comparable": True,
        "not_comparable_because": "",
        "data": dict.fromkeys(("dev", "gold", "test", "train"), f"sha256:{'cd' * 32}"),
        "predictions": values,
        "scores": values if examples else None,
        "code": {"xtreme-harness": "0.1.0", "torch": "2.9", "transformers": "5.0"},
        "device": "cuda",
        "seconds": 1.0,
        "created": "2026-01-01T00:00:00Z",
    }


def _write_values(run: Path, languages: Mapping[str, Sequence[str]], right: Mapping[str, Any]) -> None:
    for task, codes in languages.items():
        for code, values in zip(codes, right[task], strict=True):
            held = {"ids": [str(item) for item in range(len(values))], "groups": None}
            path = packed_scores(run, task, code)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**held, "rows": {ROW: {"accuracy": values.tolist()}}})
            path.write_bytes(gzip.compress(text.encode(), 1))


def build(folder: Path) -> dict[str, float]:
    """Seconds, processor seconds (which other work on the machine hardly changes) and peak memory of one build, in a
    process of its own."""
    environment = {**os.environ, "XTREME_HARNESS_STORE": str(folder / "store"), "XTREME_HARNESS_LOAD_PLUGINS": ""}
    command = ["leaderboard", "build", str(folder / "large.toml"), "--dir", str(folder)]
    started, busy = time.perf_counter(), _processor_seconds()
    subprocess.run([sys.executable, "-m", "xtreme_harness", *command], env=environment, check=True, stdout=sys.stderr)
    seconds = time.perf_counter() - started
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(_processor_seconds() - busy, 2),
        "gigabytes": round(largest / GIGABYTE, 3),  # of the largest build so far
    }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@click.command()
@click.option("--runs", default=1000, show_default=True, help="Runs of one row over XTREME's 162 cells.")
@click.option("--examples", default=0, show_default=True, help="Per-example values a cell; 0: none at hand.")
@click.option("--output", "outputs", multiple=True, default=["markdown", "html"], show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(runs: int, examples: int, outputs: tuple[str, ...], as_json: bool) -> None:
    """Measure the building of a board, cold and from the cache."""
    languages = cells()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "large.toml").write_text(f'suite = "full"\nruns = ["runs/*"]\noutputs = {json.dumps(outputs)}\n')
        write_runs(folder, runs, examples, languages)
        builds = {name: build(folder) for name in ("cold", "warm")}
    if as_json:
        cells_in_all = runs * sum(map(len, languages.values()))
        click.echo(json.dumps({"runs": runs, "cells": cells_in_all, "examples": examples, **builds}))
    else:
        for name, one in builds.items():
            seconds = f"{one['seconds']} s ({one['processor_seconds']} s of processor time)"
            click.echo(f"{name}: {seconds}, {one['gigabytes']} GB at most")


if __name__ == "__main__":
    main()
