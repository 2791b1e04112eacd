"""What a board's rows are called: ids for files and links, names for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from xtreme_harness.leaderboard.board.series import Series

UNSAFE = re.compile(r"[^a-z0-9._-]+")
LONGEST = 100  # characters of a name; file systems take 255, with the ending
PLAIN = "plain"
NONE = "none"


def slug(text: str) -> str:
    """Safe in a file name and in a link: letters, digits, dots, hyphens and underscores; no dot at the front."""
    return UNSAFE.sub("-", text.lower())[:LONGEST].strip("-.") or "row"


def ids(found: Sequence[tuple[Series, str]]) -> list[str]:
    """One for each row and its run: what was asked for; the run and a number only where rows share that."""
    short = [slug(".".join(_asked(series))) for series, _ in found]
    several = Counter(short)
    named = [name if several[name] == 1 else f"{name}.{slug(run)}" for name, (_, run) in zip(short, found, strict=True)]
    return _numbered(named, "{}-{}")


def _asked(series: Series) -> list[str]:
    about = series.first
    parts = [about["model"]["name"], about["intermediate"], about["control"], about["method"]]
    return [part for part in parts if part]


def names(found: Sequence[tuple[Series, str]]) -> list[str]:
    """One for each row and its run: the model and what was done with it. Rows of a track that share that are told apart
    by recipe, dtype, parameters of the method, and by their run where these are the same too."""
    titles = [_title(series) for series, _ in found]
    tellers: tuple[Callable[[Series, str], str], ...] = (_recipe, _dtype, parameters, _run)
    for tell in tellers:
        titles = _told_apart(titles, found, tell)
    tracks = [series.track for series, _ in found]
    numbered = {track: iter(_numbered(_of(track, titles, tracks), "{} ({})")) for track in dict.fromkeys(tracks)}
    return [next(numbered[track]) for track in tracks]


def _of(track: str, titles: Iterable[str], tracks: Iterable[str]) -> list[str]:
    return [title for title, one in zip(titles, tracks, strict=True) if one == track]


def _title(series: Series) -> str:
    about = series.first
    title = str(about["model"]["name"])
    if about["intermediate"] != NONE:
        title += f" via {about['intermediate']}"
    if about["control"]:
        title += f" ({about['control']})"
    return title if about["method"] == PLAIN else f"{title}, {about['method']}"


def _told_apart(
    titles: Sequence[str], found: Sequence[tuple[Series, str]], tell: Callable[[Series, str], str]
) -> list[str]:
    """The titles, with what `tell` says behind those that several rows of a track share and that it tells apart."""
    said: dict[tuple[str, str], set[str]] = {}
    for title, (series, run) in zip(titles, found, strict=True):
        said.setdefault((series.track, title), set()).add(tell(series, run))
    return [
        f"{title}, {tell(series, run)}" if len(said[series.track, title]) > 1 and tell(series, run) else title
        for title, (series, run) in zip(titles, found, strict=True)
    ]


def _recipe(series: Series, run: str) -> str:
    return f"recipe {series.first['recipe']}"


def _dtype(series: Series, run: str) -> str:
    return str(series.first["dtype"])


def parameters(series: Series, run: str = "") -> str:
    """`eps=0.05, steps=3` of the methods that have any."""
    methods: list[dict[str, Any]] = series.first["methods"]
    told = {f"{name}={value}": None for method in methods for name, value in method.items() if name != "name"}
    return ", ".join(told)


def _run(series: Series, run: str) -> str:
    return run


def _numbered(given: Sequence[str], form: str) -> list[str]:
    """The second of the same text gets a 2, and so on; never a text that another has."""
    taken, found = set(given), []
    seen: set[str] = set()
    for text in given:
        number, name = 1, text
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = form.format(text, number)
        seen.add(name)
        found.append(name)
    return found
