"""Text of others: what is shown stays, what cannot be shown or turns the order of reading is marked."""

from __future__ import annotations

import pytest

from xtreme_harness.legible import is_legible, legible


@pytest.mark.parametrize("text", ["plain", "العربية", "\U0001f469\u200d\U0001f52c", "می\u200cخواهم", "a|b <c>"])
def test_every_script_stays(text: str) -> None:
    assert is_legible(text) and legible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\t c", "a b c"),
        ("\x1b[1mloud", "\ufffd[1mloud"),
        ("\u202eb.exe", "\ufffdb.exe"),
        ("a\u2028b", "a b"),
        ("\udcff", "\ufffd"),
    ],
)
def test_what_cannot_be_shown_in_a_line_is_marked(text: str, shown: str) -> None:
    assert not is_legible(text)
    assert legible(text) == shown and is_legible(shown)
