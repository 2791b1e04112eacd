"""How languages are put together, in an order that does not change."""

from __future__ import annotations

import pytest

from xtreme_harness.languages import languages
from xtreme_harness.leaderboard.language_groups import GROUPINGS, SIZES, UNKNOWN, grouped

CODES = ("en", "de", "zh", "sw", "te", "eu", "yo")


def test_by_family_script_and_class() -> None:
    assert grouped(CODES, "family") == {
        "Basque (isolate)": ("eu",),
        "Dravidian": ("te",),
        "Indo-European": ("de",),
        "Niger-Congo": ("sw", "yo"),
        "Sino-Tibetan": ("zh",),
    }
    assert list(grouped(CODES, "joshi")) == ["class 1", "class 2", "class 4", "class 5"]
    assert grouped(CODES, "xtreme_up")["high-resource"] == ("de", "zh")


def test_pretraining_sizes_from_small_to_large() -> None:
    groups = grouped(CODES, "pretraining")
    assert list(groups) == ["below 2 GiB", "2 to 5 GiB", "50 GiB and more"]
    assert groups["below 2 GiB"] == ("sw", "yo")  # Swahili 1.6, Yoruba absent
    assert groups["2 to 5 GiB"] == ("te", "eu")  # 4.7 and 2.0: a bound belongs to the class above it
    assert set(grouped((one.code for one in languages()), "pretraining")) == set(SIZES)


def test_a_language_is_a_group_of_its_own_english_too() -> None:
    assert grouped(("sw", "en"), "language") == {"sw": ("sw",), "en": ("en",)}


@pytest.mark.parametrize("by", GROUPINGS)
def test_a_language_of_a_plugin_has_no_known_group(by: str) -> None:
    groups = grouped(("xx", "sw"), by)
    assert groups["xx" if by == "language" else UNKNOWN] == ("xx",) and list(groups)[-1] in (UNKNOWN, "sw")


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_language_but_english_is_in_one_group(by: str) -> None:
    groups = grouped((one.code for one in languages()), by)
    members = [code for codes in groups.values() for code in codes if code != "en"]
    assert sorted(members) == sorted(one.code for one in languages() if one.code != "en")


def test_english_alone_is_no_transfer() -> None:
    assert grouped(("en",), "family") == {} and grouped(("en",), "language") == {"en": ("en",)}
