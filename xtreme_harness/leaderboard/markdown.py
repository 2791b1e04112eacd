"""What pages in markdown share: tables, text that shows as it is, differences with their intervals and marks."""

from __future__ import annotations

import re

WITHOUT_ENGLISH = "without en"
GAP = "gap"
GAIN, LOSS = "▲", "▼"
EXPLAINED = (
    f"Groups are means of their tasks; `{WITHOUT_ENGLISH}` is the mean of the tasks' means over all languages but "
    f"English, `{GAP}` the mean over the tasks with English of English minus the mean of the others."
)
EMPHASIS = re.compile(r"[`*\[~$]|(?<!\w)_|_(?!\w)|(?<!\S)#+(?!\S)|^[-+](?= )")  # more than text to markdown
NUMBERED = re.compile(r"^(\d{1,9})([.)])(?= )")  # it would begin a list


def table(titles: list[str], lines: list[list[str]], names: int = 1) -> str:
    """A markdown table whose first `names` columns are text, the others figures."""
    from tabulate import tabulate

    heads, *safe = [[cell.replace("|", "\\|") for cell in line] for line in (titles, *lines)]
    alignment = ["left"] * names + ["right"] * (len(titles) - names)
    return str(tabulate(safe, headers=heads, tablefmt="pipe", colalign=alignment, disable_numparse=True))


def escaped(text: str) -> str:
    """Text that shows as it is; a bar is left to the table, where alone it means something."""
    for mark, instead in (("\\", "\\\\"), ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, instead)
    return NUMBERED.sub(r"\1\\\2", EMPHASIS.sub(r"\\\g<0>", " ".join(text.split())))


def difference_text(
    difference: float, low: float | None, high: float | None, is_significant: bool, remark: str = ""
) -> str:
    """`+1.2 [-0.3, +2.7]`; bold and with an arrow where it is significant. `remark` stands behind the number."""
    number = f"{difference:+.1f}"
    if low is None or high is None:
        return f"{number}{remark} [no interval]"
    interval = f"[{low:+.1f}, {high:+.1f}]"
    if not is_significant:
        return f"{number}{remark} {interval}"
    return f"**{number}**{remark} {interval} {GAIN if difference > 0 else LOSS}"
