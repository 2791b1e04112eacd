"""What the values of a study file must look like: a table of shapes, and the problems of values that do not fit it.

A shape is a function that says what is wrong with a value, an `Each` of a list, or a table of shapes by key; the key
`...` stands for any name. Pure functions; what names stand for is checked elsewhere.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Shape = Callable[[Any], str | None]


@dataclass(frozen=True)
class Each:
    """A list of values of one shape, each there once; `alone`: a single value may stand without brackets."""

    shape: Shape
    alone: bool = False
    may_be_empty: bool = False


def text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else f"expected text, not {value!r}"


def flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else f"expected true or false, not {value!r}"


def anything(value: Any) -> str | None:
    """For values whose shape depends on their names."""
    return None


def positive(value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return None if is_number and value > 0 else f"expected a number above 0, not {value!r}"


def whole(least: int, most: int | None = None) -> Shape:
    bounds = f"from {least}" if most is None else f"from {least} to {most}"

    def check(value: Any) -> str | None:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        fits = is_whole and value >= least and (most is None or value <= most)
        return None if fits else f"expected a whole number {bounds}, not {value!r}"

    return check


def shape_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    """`path: what is wrong` for everything in `value` that does not fit."""
    if isinstance(shape, Mapping):
        yield from _table_problems(value, shape, path)
    elif isinstance(shape, Each):
        yield from _list_problems(value, shape, path)
    elif told := shape(value):
        yield f"{path}: {told}"


def _table_problems(value: Any, shape: Mapping[Any, Any], path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path}: expected a table, not {value!r}"
        return
    for key, one in value.items():
        place = f"{path}.{quoted(key)}" if path else quoted(key)
        if key in shape or ... in shape:
            yield from shape_problems(one, shape.get(key, shape.get(...)), place)
        else:
            close = difflib.get_close_matches(key, list(shape), n=1)
            yield f"{place}: unknown key" + (f", did you mean {close[0]}?" if close else f"; known: {', '.join(shape)}")


def _list_problems(value: Any, shape: Each, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        told = shape.shape(value) if shape.alone else f"expected a list, not {value!r}"
        yield from [f"{path}: {told}"] if told else []
        return
    if not value and not shape.may_be_empty:
        yield f"{path}: must not be empty"
    for place, one in enumerate(value):
        if told := shape.shape(one):
            yield f"{path}[{place}]: {told}"
        elif one in value[:place]:
            yield f"{path}[{place}]: {one!r} is there twice"


def sound(value: Any, shape: Any) -> Any:
    """`value` with None in the place of what has the wrong shape, and without unknown keys: what is left to check."""
    if isinstance(shape, Mapping):
        return _sound_table(value, shape) if isinstance(value, Mapping) else None
    if isinstance(shape, Each):
        if isinstance(value, list):
            return [None if shape.shape(one) else one for one in value]
        return None if not shape.alone or shape.shape(value) else value
    return None if shape(value) else value


def _sound_table(value: Mapping[Any, Any], shape: Mapping[Any, Any]) -> dict[Any, Any]:
    known = {key: shape.get(key, shape.get(...)) for key in value}
    return {key: sound(one, known[key]) for key, one in value.items() if known[key] is not None}


def quoted(key: str) -> str:
    """A key as TOML writes it in a path: task names have dots."""
    return key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'
