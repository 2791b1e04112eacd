"""The 40 languages of XTREME: names for people, and the classes by which studies group them.

The table is languages.json; its `meta` says where each figure is from. It is read when a language is first asked for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xtreme_harness.errors import UnknownName


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language under the code that XTREME writes; None stands for unknown."""

    code: str
    iso639_3: str
    name: str
    family: str
    script: str
    joshi_class: int  # 0 (hardly any data) to 5 (most), Joshi et al. 2020
    in_xlmr_pretraining: bool
    cc100_gib: float  # uncompressed size in XLM-R's pretraining data, 0.0: not in it
    cc100_tokens_millions: float | None
    wikipedia_articles_2020: int | None
    wikipedia_bucket: str | None
    in_mbert_wikipedia: bool
    xtreme_up_under_represented: bool | None


def languages() -> tuple[Language, ...]:
    """All languages, in the order of their codes."""
    return tuple(_table().values())


def language(code: str) -> Language:
    """The language with this code; raises UnknownName for a code that no task of XTREME has."""
    if code not in _table():
        raise UnknownName("language", code, _table())
    return _table()[code]


@cache
def _table() -> dict[str, Language]:
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return {fields["code"]: Language(**fields) for fields in table["languages"]}
