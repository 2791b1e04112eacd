"""Text that others wrote and people will read: one line, without what is not seen or turns the order of reading."""

from __future__ import annotations

import re

# control characters, which no page and no picture may hold; separators of lines; marks that turn what follows around;
# bytes of a file's name that are no UTF-8
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
INSTEAD = "\ufffd"


def is_legible(text: str) -> bool:
    return UNSEEN.search(text) is None


def legible(text: str) -> str:
    """`text` in one line, with a mark in the place of each character that cannot be shown."""
    return UNSEEN.sub(INSTEAD, " ".join(text.split()))
