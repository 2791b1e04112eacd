"""By what languages are grouped in tables and figures: families, scripts and resource classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xtreme_harness.errors import UnknownName
from xtreme_harness.languages import Language, language
from xtreme_harness.leaderboard.averages import SOURCE

UNKNOWN = "unknown"  # a language that the table of languages does not have
GIBIBYTES = (2, 5, 50)  # bounds of the classes of pretraining size
SIZES = ("below 2 GiB", "2 to 5 GiB", "5 to 50 GiB", "50 GiB and more")

Groups = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Grouping:
    """How languages are put together; `title` heads the table, `name` gives a language's group."""

    title: str
    name: Callable[[Language], str]
    with_english: bool = False


def _pretraining_size(one: Language) -> str:
    return SIZES[sum(one.cc100_gib >= bound for bound in GIBIBYTES)]


def _is_under_represented(one: Language) -> str:
    names = {True: "under-represented", False: "high-resource", None: UNKNOWN}
    return names[one.xtreme_up_under_represented]


GROUPINGS = {
    "language": Grouping("language", lambda one: one.code, with_english=True),
    "family": Grouping("language family", lambda one: one.family),
    "script": Grouping("script", lambda one: one.script),
    "joshi": Grouping("resource class of Joshi et al. 2020, 0 to 5", lambda one: f"class {one.joshi_class}"),
    "xtreme_up": Grouping("XTREME-UP's under-represented languages", _is_under_represented),
    "pretraining": Grouping("size in CC-100, XLM-R's pretraining data", _pretraining_size),
}


def grouped(codes: Iterable[str], by: str) -> Groups:
    """{group: languages} of a grouping in a fixed order.

    English is what everything is trained in: it is in no group, but a line of its own by language.
    """
    grouping = GROUPINGS[by]
    names: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        if code != SOURCE or grouping.with_english:
            names.setdefault(_group(code, by), []).append(code)
    order = list(names) if by == "language" else sorted(names, key=_place)
    return {name: tuple(names[name]) for name in order}


def _group(code: str, by: str) -> str:
    if by == "language":
        return code
    try:
        return GROUPINGS[by].name(language(code))
    except UnknownName:
        return UNKNOWN


def _place(name: str) -> tuple[bool, int, str]:
    """Sizes from small to large, all else by name, unknown last."""
    return name == UNKNOWN, SIZES.index(name) if name in SIZES else 0, name


def by_size(codes: Iterable[str]) -> list[str]:
    """English, then from most to least pretraining data: where a figure falls off, the reason is often beside it."""
    return sorted(dict.fromkeys(codes), key=lambda code: (code != SOURCE, -_size(code), code))


def _size(code: str) -> float:
    try:
        return language(code).cc100_gib
    except UnknownName:
        return -1.0


def in_words(code: str) -> str:
    """`Swahili (sw)`; a code that the table of languages does not have stands for itself."""
    try:
        return f"{language(code).name} ({code})"
    except UnknownName:
        return code
