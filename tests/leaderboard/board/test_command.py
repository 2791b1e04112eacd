"""The command shown beside a row makes it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from board_runs import records_of, write_run

from xtreme_harness.definitions import Board
from xtreme_harness.leaderboard.board.command import command
from xtreme_harness.leaderboard.board.series import series_of

BOARD = Board(name="b", title="B", suite="mini", runs=("*",))
RIGHT = {("mini.nli", "en"): [100.0]}
REQUEST: dict[str, Any] = {"model": "tiny", "suite": "mini", "tasks": [], "languages": [], "settings": [], "seeds": [1]}


def shown(folder: Path, request: dict[str, Any] | None = None, **fields: Any) -> str:
    records = records_of(RIGHT, **fields)
    run = write_run(folder / "run", (records, None))
    if request is not None:
        (run / "request.json").write_text(json.dumps(request), encoding="utf-8")
    (series,) = series_of(records, run)
    return command(series, BOARD, run).removeprefix("xtreme-harness run --model ")


def test_from_records_alone(tmp_path: Path) -> None:
    assert shown(tmp_path) == "tiny --suite mini --recipe mini --seed 1"


@pytest.mark.parametrize(
    "change",
    [
        *({"tasks": None}, {"suite": 5}, {"settings": "x"}, {"settings": [1]}),
        *({"model": "\u202ex"}, {"sampler": {"kind": "weights"}}, {"sampler": "x"}),
    ],
)
def test_no_command_follows_from_what_is_no_request(tmp_path: Path, change: dict[str, Any]) -> None:
    via = {"intermediate": "mini.nli", "row": "mini.nli.plain.s1"}
    assert shown(tmp_path / "a", REQUEST, **via)
    assert shown(tmp_path / "b", {**REQUEST, **change}, **via) == ""


@pytest.mark.parametrize(
    ("request_", "fields", "told"),
    [
        ({}, {"row": "none.plain.srecipe"}, "tiny --suite mini --recipe mini"),
        ({"model": "/home/someone/checkpoints/final one"}, {}, "'final one' --suite mini --recipe mini --seed 1"),
        ({"model": "org/model@abc"}, {}, "org/model@abc --suite mini --recipe mini --seed 1"),
        ({"suite": None, "tasks": ["mini.nli"]}, {}, "tiny --task mini.nli --recipe mini --seed 1"),
        ({"languages": ["sw"]}, {}, "tiny --suite mini --language sw --recipe mini --seed 1"),
        (
            {"settings": [["mini.nli", "epochs", 2], ["adv", "norm", "l2"]]},
            {"method": "adv"},
            "tiny --suite mini --method adv --recipe mini --set mini.nli.epochs=2 --set adv.norm=l2 --seed 1",
        ),
        (
            {"sampler": {"kind": "temperature", "temperature": 2.0, "cap": 100}},
            {"intermediate": "a+b"},
            "tiny --suite mini --intermediate a+b --sampler temperature --temperature 2.0 --cap 100 "
            "--recipe mini --seed 1",
        ),
        (
            {"sampler": {"kind": "weights", "weights": {"a": 2, "b": 1}}},
            {"intermediate": "a+b"},
            "tiny --suite mini --intermediate a+b --sampler a=2,b=1 --recipe mini --seed 1",
        ),
        (
            {"sampler": {"kind": "uniform"}},
            {"intermediate": "a+b"},
            "tiny --suite mini --intermediate a+b --sampler uniform --recipe mini --seed 1",
        ),
        ({"limit": {"train": 5}}, {}, ""),
        ({}, {"control": "shuffled-labels"}, ""),
    ],
)
def test_from_the_run_s_request(tmp_path: Path, request_: dict[str, Any], fields: dict[str, Any], told: str) -> None:
    assert shown(tmp_path, {**REQUEST, **request_}, **fields) == told
