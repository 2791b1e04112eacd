"""The board as a markdown page, read back through a renderer: what a reader on GitHub sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import html5lib
import pytest

from xtreme_harness.leaderboard.formats.markdown import render
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings

markdown_it = pytest.importorskip("markdown_it", reason="no markdown renderer")
HTML = "{http://www.w3.org/1999/xhtml}"
Table = list[list[str]]


def page(standings: Standings) -> str:
    (text,) = render(standings).values()
    return text


def tree(text: str) -> Any:
    return html5lib.parse(markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def tables(text: str) -> list[Table]:
    """Every table, its title line first; cells as the text that is seen."""
    found = tree(text).iter(f"{HTML}table")
    return [[["".join(cell.itertext()) for cell in line] for line in one.iter(f"{HTML}tr")] for one in found]


def headings(text: str) -> list[str]:
    return ["".join(one.itertext()) for one in tree(text).iter() if one.tag in {f"{HTML}h{n}" for n in range(1, 5)}]


def test_file_and_title(standings: Standings) -> None:
    assert list(render(standings)) == ["two.md"]
    assert headings(page(standings)) == [
        "Two tasks & <more>",
        *("zero-shot", "Published, not rerun", "Aggregates", "Languages", "nli (accuracy)", "pos (f1)"),
        *("translate-train", "Aggregates", "Languages", "nli (accuracy)", "pos (f1)"),
        "Signatures",
    ]
    assert "- not comparable: nli, pos (bundled miniature data)" in page(standings).splitlines()


def test_the_overview_has_ranks_intervals_and_states(standings: Standings) -> None:
    assert tables(page(standings))[0] == [
        ["rank", "row", "nli", "pos", "average"],
        ["1", "mini.none_plain", "61.2", "70.4", "65.8 [64.3, 67.3] ± 0.4"],
        ["2", "mini.mini-nli_plain", "59.9", "68.0", "64.0 [62.5, 65.5] ± 0.4"],
        ["", "broken", "55.0", "failed", "failed"],
    ]


def test_what_is_best_is_bold_where_there_is_something_to_beat(standings: Standings) -> None:
    assert "| **61.2**" in page(standings).replace("|       **", "| **")
    alone = replace(standings, rows=standings.rows[:1])
    assert "**" not in page(alone)


def test_published_rows_stand_apart_with_their_source(standings: Standings) -> None:
    assert tables(page(standings))[1] == [
        ["row", "nli", "pos", "average", "source"],
        ["published.mbert", "65.4", "71.0", "68.2", "A paper, table 3"],
    ]
    names = [line[0] for line in tables(page(standings))[3]]
    assert names == ["row", "mini.none_plain", "mini.mini-nli_plain", "broken", "published.mbert (published)"]


def test_a_published_figure_that_is_only_half_known_is_shown_beside_its_state(standings: Standings) -> None:
    half = Shown(value=None, state="not-published", metrics={"f1": 64.5})
    published = replace(standings.rows[3], tasks={**standings.rows[3].tasks, "pos": half})
    line = tables(page(replace(standings, rows=(published,))))[0][1]
    assert line[2] == "not-published (f1 64.5)"


def test_tracks_share_no_table(standings: Standings) -> None:
    for one in tables(page(standings)):
        names = {line[1] if one[0][0] == "rank" else line[0] for line in one[1:]}
        assert "translated" not in names or names == {"translated"}


def test_signatures_name_run_and_root(standings: Standings) -> None:
    line = next(line for line in page(standings).splitlines() if line.startswith("- mini.none_plain ("))
    assert line == (
        "- mini.none_plain (`two/mini.none_plain`, root `3f3f3f3f`): "
        "`xtreme-harness 0.1.0 | suite two.1 | model sha256:ab12cd34 | recipe mini`"
    )


@pytest.mark.parametrize(
    "name",
    [
        "a|b",
        "back\\slash",
        "both\\|at once",
        "<script>alert(1)</script> & <b>",
        "*bold* _slanted_ `code` ~~gone~~ snake_case",
        "[link](http://x) ![image](y)",
        "$x$ &amp; &lt;",
        "# no heading #",
        "- no list",
        "1. no list either",
    ],
)
def test_any_name_survives(standings: Standings, name: str) -> None:
    rows = tuple(replace(row, name=name, source=name if row.source else "", notes=(name,)) for row in standings.rows)
    text = page(replace(standings, rows=rows, title=name, remarks=(name,)))
    first, published = tables(text)[:2]
    assert {len(line) for line in first} == {5} and [line[1] for line in first[1:]] == [name] * 3
    assert published[1][0] == published[1][4] == name
    assert headings(text)[0] == name
    shown = ["".join(one.itertext()).strip() for one in tree(text).iter(f"{HTML}li")]
    assert shown[0] == name and f"{name}: {name}" in [one.replace(f"{name}, ", "") for one in shown]
    assert not [one for one in tree(text).iter() if one.tag in {f"{HTML}{tag}" for tag in ("script", "b", "img", "em")}]


def test_a_line_break_in_a_name_does_not_break_the_page(standings: Standings) -> None:
    row: Standing = replace(standings.rows[0], name="two\nlines")
    assert tables(page(replace(standings, rows=(row,))))[0][1][1] == "two lines"


def test_a_line_break_in_a_signature_begins_no_heading(standings: Standings) -> None:
    row = replace(standings.rows[0], signature="a\n# b", run="c\n# d")
    text = page(replace(standings, rows=(row,)))
    assert headings(text)[-1] == "Signatures"
    assert {"a # b", "c # d"} <= {"".join(one.itertext()) for one in tree(text).iter(f"{HTML}code")}


def test_a_bar_in_a_heading_makes_no_column(standings: Standings) -> None:
    cells = {**standings.languages, "nli": ("a|b", "<i>")}
    shown = {"nli": {"a|b": Shown(value=1.0), "<i>": Shown(value=2.0)}, "pos": standings.rows[0].languages["pos"]}
    found = tables(page(replace(standings, languages=cells, rows=(replace(standings.rows[0], languages=shown),))))
    assert ["row", "a|b", "<i>", "mean"] in [table[0] for table in found]


def test_a_backtick_in_a_signature_stays_in_it(standings: Standings) -> None:
    row = replace(standings.rows[0], signature="a `b` | c")
    text = page(replace(standings, rows=(row,)))
    assert "a `b` | c" in ["".join(one.itertext()) for one in tree(text).iter(f"{HTML}code")]
