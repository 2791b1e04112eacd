"""Analyses of a run that lie beside its records: what `report fertility|layers|curves` wrote to RUN/analyses.

They explain figures and are none: no part of the run's root hash, and not computed again. A board's page shows them. Of
a file is kept what a page shows, checked value by value.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import dump_line
from xtreme_harness.leaderboard.language_groups import by_size
from xtreme_harness.records import Record, trainings_of

FOLDER = "analyses/"
FERTILITY, LAYERS, CURVES = NAMES = ("fertility", "layers", "curves")
FILES = tuple(f"{FOLDER}{name}.json" for name in NAMES)
MEASURES = ("pieces_per_word", "pieces_per_character", "unknown_percent")
DIGITS = 4
Analyses = Mapping[str, Any]  # by name, in the forms that _fertility, _layers and _curves give


def read_analyses(run: Path, models: Collection[str], trainings: Collection[str]) -> dict[str, Any]:
    """The analyses in the folder of a run or pack, by name.

    Raises DataError for a file that no report wrote, and for one about another model than `models` or another training
    than `trainings` (keys of units): it was copied from elsewhere.
    """
    found = {}
    for name, file in zip(NAMES, FILES, strict=True):
        if (run / file).is_file():
            held = read_report(run / file)
            found[name] = _kept(name, held, run / file)
            if stranger := _stranger(name, held, models, trainings):
                raise DataError(run / file, None, f"is about {stranger}, which is not this run's; {_again(name)}")
    return found


def read_own_analyses(run: Path, records: Sequence[Record]) -> dict[str, Any]:
    """The same where the run's records are at hand."""
    return read_analyses(run, [record["model"]["name"] for record in records], trainings_of(records))


def read_report(path: Path) -> dict[str, Any]:
    """What the file of an analysis holds; raises DataError where it is no JSON object that can be written again."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        dump_line(held).encode()  # neither NaN nor half a surrogate pair
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(path, None, f"cannot be read: {error}; {_again(path.stem)}") from None
    if not isinstance(held, dict):
        raise DataError(path, None, f"holds no JSON object; {_again(path.stem)}")
    return held


def _again(name: str) -> str:
    return f"make it again with `report {name} --out`, or remove it"


def _kept(name: str, held: dict[str, Any], path: Path) -> Any:
    try:
        return _FORMS[name](held)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(path, None, f"is not what `report {name}` writes ({what}); {_again(name)}") from None


def _stranger(name: str, held: dict[str, Any], models: Collection[str], trainings: Collection[str]) -> str:
    """What the analysis is about, where that is not the run's."""
    if name != CURVES:
        return "" if held["model"] in models else f"model {held['model']!r:.80}"
    others = (one for one in held["trainings"] if one["unit"] not in trainings)
    return next((f"training {one['unit'][:12]!r} ({one['tasks']})" for one in others), "")


def _fertility(held: dict[str, Any]) -> dict[str, Any]:
    """{tasks, languages: {language: {task: MEASURES, or None without data}}}, most pretraining data first."""
    _text(held["model"])
    tasks: dict[str, dict[str, Any]] = held["tasks"]
    codes = by_size(code for of_task in tasks.values() for code in of_task)
    languages = {
        code: {task: _measures(of_task[code]) for task, of_task in tasks.items() if code in of_task} for code in codes
    }
    return {"tasks": list(tasks), "languages": languages}


def _measures(of_part: dict[str, Any] | None) -> list[float | None] | None:
    return None if of_part is None else [_figure(of_part[name]) for name in MEASURES]


def _layers(held: dict[str, Any]) -> dict[str, Any]:
    """{layers, tasks: {task: {metric, own, languages: {language: a figure or state for each layer}}}}."""
    _text(held["model"])
    layers = [_whole(layer) for layer in held["layers"]]
    return {"layers": layers, "tasks": {task: _of_task(one, layers) for task, one in held["tasks"].items()}}


def _of_task(held: dict[str, Any], layers: list[int]) -> dict[str, Any]:
    lines = {code: held["languages"][code] for code in by_size(held["languages"])}
    if any([one["layer"] for one in line] != layers for line in lines.values()):
        raise ValueError("a language without a figure for each layer")
    own = held["own_layer"]
    return {
        "metric": _text(held["metric"]),
        "own": None if own is None else _whole(own),
        "languages": {code: [_cell(one) for one in line] for code, line in lines.items()},
    }


def _cell(held: dict[str, Any]) -> float | str:
    figure = _figure(held["value"])
    return _text(held["state"]) if figure is None else figure


def _curves(held: dict[str, Any]) -> list[dict[str, Any]]:
    """A training each: {unit, tasks, role, selected: update or None, points: {figure: [[update, value]]}}."""
    return [
        {
            **{name: _text(one[name]) for name in ("unit", "tasks", "role")},
            "selected": None if one["selected_update"] is None else _whole(one["selected_update"]),
            "points": {name: _points(points) for name, points in one["points"].items()},
        }
        for one in held["trainings"]
    ]


def _points(held: list[Any]) -> list[list[float]]:
    return [[_whole(update), _number(value)] for update, value in held]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value


def _figure(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is no number")
    return round(float(value), DIGITS)


_FORMS = {FERTILITY: _fertility, LAYERS: _layers, CURVES: _curves}
