"""The command that makes a board's row again, from its records and, where it is there, the run's request."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from xtreme_harness.definitions import Board
from xtreme_harness.leaderboard.board.series import Series
from xtreme_harness.legible import is_legible

RECIPE_SEED = ".srecipe"  # ends the label of a row without --seed
ONLY_IN_STUDIES = ("role_settings", "limit", "target_dev")


def command(series: Series, board: Board, folder: Path) -> str:
    """ "" for a row that no single command makes: a control, or an arm of a study with values of its own.

    Nor does one follow from a request that is none, or that nobody could read.
    """
    request = _request(folder)
    if series.first["control"] or any(request.get(name) for name in ONLY_IN_STUDIES):
        return ""
    try:
        line = shlex.join(["xtreme-harness", "run", *_options(series, board, request)])
    except (TypeError, ValueError, KeyError, AttributeError):
        return ""
    return line if is_legible(line) else ""


def _options(series: Series, board: Board, request: Mapping[str, Any]) -> Iterator[str]:
    about = series.first
    yield from ("--model", _model(about["model"], request))
    if suite := request.get("suite", board.suite):
        yield from ("--suite", suite)
    for option, values in (("--task", request.get("tasks", board.tasks)), ("--language", request.get("languages", ()))):
        yield from (part for value in values for part in (option, value))
    if about["intermediate"] != "none":
        yield from ("--intermediate", about["intermediate"])
        yield from _sampler(request.get("sampler") or {})
    if about["method"] != "plain":
        yield from ("--method", about["method"])
    yield from ("--recipe", about["recipe"])
    for task, key, value in request.get("settings", ()):
        yield from ("--set", f"{task}.{key}={value if isinstance(value, str) else json.dumps(value)}")
    if not all(label.endswith(RECIPE_SEED) for label in series.about):
        yield from (part for seed in series.seeds for part in ("--seed", str(seed)))


def _model(model: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """As it was asked for; of a checkpoint folder its last name, since its place is another on every machine."""
    asked = str(request.get("model", model["name"]))
    return PurePath(asked).name if asked.startswith(("/", ".", "~")) or "\\" in asked else asked


def _sampler(sampler: Mapping[str, Any]) -> Iterator[str]:
    kind = sampler.get("kind", "proportional")
    if kind == "weights":
        yield from ("--sampler", ",".join(f"{task}={weight}" for task, weight in sampler["weights"].items()))
    elif kind == "temperature":
        yield from ("--sampler", kind, "--temperature", str(sampler["temperature"]), "--cap", str(sampler["cap"]))
    elif kind != "proportional":
        yield from ("--sampler", kind)


def _request(folder: Path) -> dict[str, Any]:
    """What request.json says; nothing where there is none that can be read: a pack holds none."""
    try:
        held = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
