"""A board's figures and their page: what is drawn of which rows, and under which names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from xml.etree import ElementTree

import html5lib
import pytest

from xtreme_harness.leaderboard.formats.figures import pictures, render
from xtreme_harness.leaderboard.formats.group_means import group_means, group_tables
from xtreme_harness.leaderboard.standings import Standings

SVG = "{http://www.w3.org/2000/svg}"
GROUPS = ["by.family", "by.script", "by.joshi", "by.xtreme_up", "by.pretraining"]


def texts(standings: Standings, name: str) -> list[str]:
    tree = ElementTree.fromstring(pictures(standings)[name].svg())
    return ["".join(one.itertext()).strip() for one in tree.iter(f"{SVG}text")]


def test_there_is_a_figure_for_each_task_group_and_row(standings: Standings) -> None:
    rows = [f"row.{row.id}" for row in standings.rows]
    assert list(pictures(standings)) == ["task.nli", "task.pos", "gap", *GROUPS, *rows]


@pytest.mark.slow
def test_the_page_shows_every_file_and_nothing_changes_by_itself(standings: Standings) -> None:
    files = render(standings)
    page, *figures = files
    assert page == "two.figures.md"
    assert re.findall(r"!\[.+\]\((.+)\)", files[page]) == figures
    assert all(name.startswith("two.figures/") and files[name].endswith("</svg>\n") for name in figures)
    assert render(standings) == files
    assert "# Two tasks &amp; &lt;more&gt;: figures" in files[page]
    assert "- not comparable: nli, pos (bundled miniature data)" in files[page].splitlines()


def test_a_task_s_figure_has_every_row_language_and_state(standings: Standings) -> None:
    shown = texts(standings, "task.pos")
    assert [text for text in shown if text in ("en", "eu", "mean")] == ["en", "eu", "mean"]
    assert shown.count("fail") == 2  # the language, and the mean that needs it
    assert "published.mbert (published)" in shown and "70.4" in shown


def test_tracks_stand_apart(standings: Standings) -> None:
    assert {"zero-shot", "translate-train"} <= set(texts(standings, "task.nli"))
    one = replace(standings, rows=standings.of_track("zero-shot"))
    assert not {"zero-shot", "translate-train"} & set(texts(one, "task.nli"))


def test_many_languages_are_set_one_below_the_other(standings: Standings, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the figure fits on a page; rows are columns then, and say their track."""
    monkeypatch.setattr("xtreme_harness.leaderboard.formats.figures.WIDE", 1)
    shown = texts(standings, "task.pos")
    assert {"English (en)", "Basque (eu)", "translated, translate-train", "broken, zero-shot"} <= set(shown)
    assert shown.count("fail") == 2


def test_the_gap_is_english_minus_the_others(standings: Standings) -> None:
    shown = texts(standings, "gap")
    assert shown.count("10.0") == len(standings.rows)  # 5 above and 5 below, in every row
    assert "19.6" in shown and "failed" in shown


def test_without_english_there_is_no_gap(standings: Standings) -> None:
    foreign = replace(standings, languages={"nli": ("sw",), "pos": ("eu",)})
    assert "gap" not in pictures(foreign)


def test_a_row_s_figure_leaves_out_languages_that_a_task_does_not_have(standings: Standings) -> None:
    shown = texts(standings, "row.mini.none_plain")
    assert "Swahili (sw)" in shown and "Basque (eu)" in shown
    assert not {"skip", "n/p"} & set(shown)


def test_a_cell_that_a_row_does_not_have_shows_why(standings: Standings) -> None:
    first, *others = standings.rows
    published = next(row for row in others if row.is_published)
    rows = (replace(first, languages={"pos": first.languages["pos"]}), replace(published, languages={}))
    shown = texts(replace(standings, rows=rows), "task.nli")
    assert shown.count("skip") == 2 and shown.count("n/p") == 2


def test_a_board_without_rows_has_a_page_without_figures(standings: Standings) -> None:
    assert list(render(replace(standings, rows=()))) == ["two.figures.md"]


def test_names_of_others_do_not_become_paths(standings: Standings) -> None:
    row = replace(standings.rows[0], id="../../x/y", languages={"../nli": {"en": standings.rows[0].average}})
    task = replace(
        standings,
        groups={"": ("../nli",)},
        languages={"../nli": ("en",)},
        metrics={"../nli": ("f1",)},
        rows=(replace(row, tasks={"../nli": row.average}),),
    )
    names = [PurePosixPath(name) for name in render(task)]
    assert all(".." not in name.parts and not name.is_absolute() and len(name.parts) <= 2 for name in names)


def test_any_name_stays_text_on_the_page(standings: Standings) -> None:
    """Read back through a renderer: no element, no link and no picture but the figures come from names."""
    markdown_it = pytest.importorskip("markdown_it", reason="no markdown renderer")
    name = "a <script>b</script> [l](http://x) ![i](y) | `c` ]\n# head"
    named = replace(standings, title=name, rows=(replace(standings.rows[0], name=name),), remarks=(name,))
    (page,) = [text for file, text in render(named).items() if file.endswith(".md")]
    shown = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render(page)
    tree = html5lib.parse(shown, namespaceHTMLElements=False)
    assert "".join(tree.find(".//h1").itertext()) == f"{name.replace(chr(10), ' ')}: figures"
    assert len(tree.findall(".//h1")) == 1
    assert not [one for tag in ("script", "a", "code") for one in tree.iter(tag)]
    assert {one.get("src") for one in tree.iter("img")} == {file for file in render(named) if file.endswith(".svg")}
    assert {line[1].text for line in tree.iter("tr") if line[1].tag == "td"} == {name.replace("\n", " ")}


def test_means_by_group_are_over_the_tasks_that_have_it(standings: Standings) -> None:
    means = group_means(standings, standings.rows[0], ("sw", "eu"))
    assert {task: figure.text() for task, figure in means.items()} == {"nli": "56.2", "pos": "70.4", "average": "63.3"}
    only = group_means(standings, standings.rows[0], ("sw",))
    assert list(only) == ["nli", "average"] and only["average"].text() == "56.2"
    broken = group_means(standings, standings.rows[2], ("sw", "eu"))
    assert broken["pos"].text() == broken["average"].text() == "failed" and broken["nli"].text() == "50.0"


@pytest.mark.parametrize("heading", ["language family", "script", "resource class of Joshi et al. 2020, 0 to 5"])
def test_tables_by_group(standings: Standings, heading: str) -> None:
    tables = group_tables(standings)
    assert f"### By {heading}" in tables
    block = tables.partition(f"### By {heading}\n\n")[2].partition("\n\n")[0]
    line = next(line for line in block.splitlines() if "sw" in line and "mini.none_plain" in line)
    assert "56.2" in line


def test_names_show_as_they_are(standings: Standings) -> None:
    row = replace(standings.rows[0], name="a|b *c*")
    assert r"| a\|b \*c\* " in group_tables(replace(standings, rows=(row,)))
