"""Pictures: the same bytes each time, text that stays text, and a sentence where matplotlib is not installed."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from xtreme_harness.drawing.dumbbells import dumbbells
from xtreme_harness.drawing.heatmap import Grid, heat_map
from xtreme_harness.drawing.lines import Line, line_charts
from xtreme_harness.drawing.picture import Picture, file_stem, require_matplotlib
from xtreme_harness.errors import RequestError

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    """What can be read in an SVG, in order."""
    return ["".join(one.itertext()).strip() for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def a_heat_map(**changes: object) -> Picture:
    fields: dict[str, object] = {
        "rows": ["a & b <c>", "$x_1$"],
        "columns": ["en", "sw"],
        "cells": [[90.04, "failed"], [None, 50.0]],
    }
    return heat_map(Grid(**{**fields, **changes}), "Title & <more>", "Note.")  # type: ignore[arg-type]


PICTURES = {
    "heat map": a_heat_map(),
    "dumbbells": dumbbells(["a", "b"], {"nli": [(80.0, 70.0), "failed"]}, ("English", "others"), "Gap"),
    "lines": line_charts({"loss": [Line("a", [(1, 2.0), (2, 1.0)], 2)], "f1": [Line("b", [(2, 50.0)])]}, "update", "T"),
}


def test_a_script_that_the_font_lacks_is_text_in_an_svg_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    assert "中文" in texts(a_heat_map(rows=["中文", "b"]).svg())
    assert not recwarn.list


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_the_same_bytes_each_time(name: str) -> None:
    picture = PICTURES[name]
    svg = picture.svg()
    assert svg == picture.svg() and picture.png(50) == picture.png(50)
    assert svg.endswith("</svg>\n") and ElementTree.fromstring(svg).tag == f"{SVG}svg"
    assert "dc:date" not in svg and "Matplotlib v" not in svg
    assert picture.png(50).startswith(b"\x89PNG")


def test_the_user_s_own_settings_change_nothing() -> None:
    import matplotlib

    plain = a_heat_map().svg()
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "black"}):
        assert a_heat_map().svg() == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_every_figure_state_and_name_is_text() -> None:
    shown = texts(a_heat_map().svg())
    assert {"a & b <c>", "$x_1$", "en", "sw", "90.0", "50.0", "fail", "Title & <more>", "Note."} <= set(shown)


def test_a_cell_without_anything_to_tell_is_empty() -> None:
    full = texts(a_heat_map(cells=[[90.04, "failed"], [10.0, 50.0]]).svg())
    assert len(full) == len(texts(a_heat_map().svg())) + 1


def test_darker_means_more_and_print_stays_readable() -> None:
    """The palest figure is written in ink, the darkest in the colour of paper."""
    drawn = ElementTree.fromstring(a_heat_map(cells=[[0.0, 100.0], [0.0, 100.0]]).svg())
    styles = {"".join(one.itertext()): one.get("style", "") for one in drawn.iter(f"{SVG}text")}
    assert "fill: #ffffff" in styles["100.0"] and "fill: #222222" in styles["0.0"]


def test_equal_figures_and_no_figure_at_all_can_be_drawn() -> None:
    assert texts(a_heat_map(cells=[[5.0, 5.0], [5.0, 5.0]]).svg()).count("5.0") == 4
    assert "skip" in texts(a_heat_map(cells=[["skipped"] * 2] * 2).svg())


def test_blocks_are_named_above_their_rows() -> None:
    assert {"first", "second"} <= set(texts(a_heat_map(blocks=[("first", 1), ("second", 1)]).svg()))


def test_a_gap_is_told_in_figures_and_a_state_in_its_place() -> None:
    shown = texts(PICTURES["dumbbells"].svg())
    assert "10.0" in shown and "failed" in shown and "English" in shown


def test_without_matplotlib_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (require_matplotlib, PICTURES["heat map"].svg, PICTURES["heat map"].png):
        with pytest.raises(RequestError, match=r"pip install 'xtreme-harness\[plots\]'") as caught:
            draw()
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "stem"), [("mini.nli+mini.qa", "mini.nli+mini.qa"), ("../a/b", "..-a-b"), ("é \\x", "---x")]
)
def test_names_cannot_lead_out_of_a_folder(name: str, stem: str) -> None:
    assert file_stem(name) == stem
