"""The page's text: valid, escaped, self-contained, whole without JavaScript, and readable in both colour schemes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.leaderboard.formats.page import LIBRARIES, render
from xtreme_harness.leaderboard.standings import Shown, Standings

html5lib = pytest.importorskip("html5lib", reason="needs the extra [test]")
FOLDER = files("xtreme_harness.leaderboard.formats.page")
BOARDS = Path(__file__).resolve().parents[3] / "leaderboards"
HOSTILE = "</script><script>alert(1)</script><!-- & \"' <b>"


def page_of(standings: Standings) -> str:
    ((name, text),) = render(standings).items()
    assert name == f"{standings.name}.html"
    return text


def parsed(text: str) -> Element:
    """The page's tree; raises where the text is not valid HTML."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    return tree


def data_of(tree: Element) -> dict[str, Any]:
    (found,) = [one for one in tree.iter("script") if one.get("type") == "application/json"]
    data: dict[str, Any] = json.loads(found.text or "")
    return data


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def row_texts(tree: Element) -> dict[str, list[str]]:
    """The cells of every row of the table, by the row's id."""
    rows = [row for row in tree.iter("tr") if row.get("data-row")]
    return {str(row.get("id")).removeprefix("row-"): [text_of(cell) for cell in row] for row in rows}


@pytest.fixture
def tree(standings: Standings) -> Element:
    return parsed(page_of(standings))


def test_the_same_standings_make_the_same_page(standings: Standings) -> None:
    assert render(standings) == render(standings)
    assert page_of(standings).endswith("</html>\n") and "\r" not in page_of(standings)


def test_a_board_that_asks_for_html_is_built_with_its_page(tmp_path: Path) -> None:
    shutil.copytree(BOARDS / "mini", tmp_path / "mini")
    described = tmp_path / "paged.toml"
    described.write_text(
        'name = "paged"\ntitle = "A board"\nsuite = "mini"\nruns = ["mini/*"]\noutputs = ["html"]\n', encoding="utf-8"
    )
    command = ["leaderboard", "build", str(described), "--dir", str(tmp_path)]
    assert run(command) == 0 == run([*command, "--check"])
    page = tmp_path / "paged.html"
    links = [one.get("href") for one in parsed(page.read_text(encoding="utf-8")).iter("a") if text_of(one) == "records"]
    assert links and all((tmp_path / str(link)).is_file() for link in links)
    page.write_text(page.read_text(encoding="utf-8").replace("A board", "Aboard"), encoding="utf-8")
    assert run([*command, "--check"]) == 3


def test_every_row_can_be_read_without_javascript(tree: Element) -> None:
    cells = row_texts(tree)
    assert cells["mini.none_plain"] == [
        "1",
        "mini.none_plainroot 3f3f3f3f records",
        "65.864.3–67.3",
        "65.864.3–67.3",
        "65.864.3–67.3",
        "61.259.7–62.7",
        "70.468.9–71.9",
    ]
    assert [row.get("data-track") for row in tree.iter("tbody")] == ["zero-shot", "translate-train"]
    assert list(cells) == ["mini.none_plain", "mini.mini-nli_plain", "broken", "published.mbert", "translated"]


def test_a_missing_figure_is_its_state_and_has_no_rank(tree: Element) -> None:
    cells = row_texts(tree)["broken"]
    assert (cells[0], cells[2], cells[-1]) == ("–", "failed", "failed")


def test_a_published_row_says_so_with_its_source(tree: Element) -> None:
    cells = row_texts(tree)["published.mbert"]
    assert cells[0] == "–" and cells[1] == "published.mbertpublished, not rerun A paper, table 3"


def test_columns_stand_under_their_groups(standings: Standings) -> None:
    wide = replace(standings, groups={"both": ("nli", "pos")})
    rows = tuple(replace(row, groups={"both": Shown(value=50.0)}) for row in standings.rows)
    tree = parsed(page_of(replace(wide, rows=rows)))
    titles = [text_of(cell) for row in tree.iter("tr") if row.get("class") == "titles" for cell in row]
    assert titles == ["rank", "system", "average", "without English", "transfer gap", "both, mean", "nli", "pos"]
    assert [(one.get("colspan"), one.text) for one in tree.iter("th") if one.get("scope") == "colgroup"] == [
        ("3", "both")
    ]


def test_a_board_without_groups_or_second_track_has_neither_heading(standings: Standings) -> None:
    rows = tuple(replace(row, groups={}) for row in standings.of_track("zero-shot"))
    plain = replace(standings, groups={"": ("nli", "pos")}, rows=rows)
    tree = parsed(page_of(plain))
    scopes = [one.get("scope") for one in tree.iter("th")]
    assert "colgroup" not in scopes and "rowgroup" not in scopes
    assert "track" not in [one.get("name") for one in tree.iter("select")]


def test_intervals_are_offered_where_there_are_any(standings: Standings, tree: Element) -> None:
    bare = Shown(value=50.0)
    fields: dict[str, Any] = {
        "groups": dict.fromkeys(("pair", "tagging"), bare),
        "tasks": dict.fromkeys(("nli", "pos"), bare),
    }
    row = replace(standings.rows[0], average=bare, without_english=bare, gap=bare, **fields)
    without = parsed(page_of(replace(standings, rows=(row,))))
    offered = ["intervals" in [one.get("name") for one in page.iter("input")] for page in (tree, without)]
    assert offered == [True, False]


def test_an_empty_board_is_a_page_too(standings: Standings) -> None:
    assert row_texts(parsed(page_of(replace(standings, rows=())))) == {}


def test_headings_and_labels_are_for_everybody(tree: Element) -> None:
    assert all(one.get("scope") for one in tree.iter("th"))
    assert all(text_of(one) for one in tree.iter("caption"))
    labelled = [one for label in tree.iter("label") for one in label.iter() if one.tag in ("input", "select")]
    assert labelled == [one for one in tree.iter() if one.tag in ("input", "select")]
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    pointed = [one.get("aria-labelledby") for one in tree.iter() if one.get("aria-labelledby")]
    assert pointed and set(pointed) <= set(ids)
    (root,) = [tree] if tree.tag == "html" else tree.iter("html")
    assert root.get("lang") == "en"


def test_whatever_stands_in_a_name_stays_text(standings: Standings) -> None:
    hostile = replace(
        standings.rows[0], name=HOSTILE, signature=HOSTILE, command=HOSTILE, notes=(HOSTILE,), model=HOSTILE
    )
    published = replace(standings.rows[3], source=HOSTILE, track=HOSTILE)
    tree = parsed(page_of(replace(standings, title=HOSTILE, remarks=(HOSTILE,), tracks=(), rows=(hostile, published))))
    assert len(list(tree.iter("script"))) == 3
    assert data_of(tree)["rows"][0]["command"] == HOSTILE
    assert [one.text for one in tree.iter("h1")] == [HOSTILE]
    assert HOSTILE in [one.text for one in tree.iter("option")]


def test_a_link_to_records_stays_a_path_below_the_page(standings: Standings) -> None:
    row = replace(standings.rows[0], records='javascript:alert(1)//"a b?#.jsonl')
    tree = parsed(page_of(replace(standings, rows=(row,))))
    links = [one.get("href") for one in tree.iter("a") if text_of(one) == "records"]
    assert links == ["./javascript%3Aalert%281%29//%22a%20b%3F%23.jsonl"]
    assert data_of(tree)["rows"][0]["link"] == links[0]


def test_the_page_asks_nobody_for_anything(tree: Element) -> None:
    addresses = [one.get(name) for one in tree.iter() for name in ("src", "href", "action") if one.get(name)]
    assert all(address.startswith(("#", "./", "data:image/svg+xml,")) for address in addresses)
    (style,) = tree.iter("style")
    assert not re.search(r"url\(|@import", style.text or "")


def test_only_the_scripts_of_the_page_may_run(tree: Element) -> None:
    (policy,) = [one.get("content") for one in tree.iter("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    scripts = [one.text or "" for one in tree.iter("script") if one.get("type") is None]
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}'; style-src 'unsafe-inline'; "
        "img-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def test_libraries_are_the_published_files_and_keep_their_licences(standings: Standings) -> None:
    readme = FOLDER.joinpath("vendor/README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    assert list(told) == [name for _, name in LIBRARIES]
    for library, name in LIBRARIES:
        content = FOLDER.joinpath("vendor", name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told[name]
        licence = FOLDER.joinpath(f"vendor/{library}-LICENSE.txt").read_text(encoding="utf-8")
        assert "Permission to use, copy, modify, and/or distribute this software" in licence
        assert licence in page_of(standings)


def test_the_data_hold_every_cell(standings: Standings) -> None:
    data = data_of(parsed(page_of(standings)))
    first, _, broken, published, _ = data["rows"]
    assert [kind for kind, _, _ in data["columns"]] == ["average", "without_english", "gap", "task", "task"]
    assert first["cells"] == [
        [[66.2, 64.7, 67.7, 0.4], [56.2, 54.7, 57.7, 0.4]],
        [[90.0, 88.5, 91.5, 0.4], [70.4, 68.9, 71.9, 0.4]],
    ]
    assert first["figures"][3] == [61.2, 59.7, 62.7, 0.4, 1]
    assert broken["cells"][1][1] == "failed" and "rank" not in broken
    assert (first["root"], first["seeds"], published["source"]) == ("3f" * 32, [1, 2], "A paper, table 3")
    assert data["languages"]["sw"] == ["Swahili", "Niger-Congo", "Latin", 2, True]


def test_the_data_hold_the_analyses_once_a_run(explained: Standings) -> None:
    data = data_of(parsed(page_of(explained)))
    assert data["analyses"] == explained.analyses
    assert not [row for row in data["rows"] if "analyses" in row]


def test_figures_are_rounded_once(standings: Standings) -> None:
    """Rounded to two digits first, 64.949 would be 64.95 and then 65.0 in what the scripts show."""
    figure = Shown(value=64.949, low=64.949, high=64.949)
    row = replace(standings.rows[0], average=figure)
    tree = parsed(page_of(replace(standings, rows=(row,))))
    assert row_texts(tree)[row.id][2] == "64.964.9–64.9"
    assert data_of(tree)["rows"][0]["figures"][0] == [64.949, 64.9, 64.9]


def test_a_cell_that_a_row_lacks_says_why(standings: Standings) -> None:
    ours, published = (replace(row, languages={}) for row in (standings.rows[0], standings.rows[3]))
    rows = data_of(parsed(page_of(replace(standings, rows=(ours, published)))))["rows"]
    assert [row["cells"][0] for row in rows] == [["skipped"] * 2, ["not-published"] * 2]


def test_figures_of_several_metrics_are_kept_by_name(standings: Standings) -> None:
    cell = Shown(value=60.0, metrics={"exact_match": 50.0, "f1": 70.0})
    row = replace(standings.rows[0], languages={"nli": {"en": cell, "sw": Shown(value=1.0)}, "pos": {}})
    data = data_of(parsed(page_of(replace(standings, rows=(row,)))))
    assert data["tasks"]["nli"]["metrics"] == ["exact_match", "f1"]
    assert data["rows"][0]["cells"][0] == [[60.0, None, None, None, None, 50.0, 70.0], [1.0]]


def test_a_language_that_nobody_knows_is_called_by_its_code(standings: Standings) -> None:
    unknown = replace(standings, languages={"nli": ("en", "xx"), "pos": ("en", "eu")})
    data = data_of(parsed(page_of(unknown)))
    assert data["languages"]["xx"] == ["xx", None, None, None, None]


def test_filters_offer_what_tells_the_board_s_languages_apart(tree: Element) -> None:
    choices = {str(one.get("name")): [text_of(option) for option in one.iter("option")] for one in tree.iter("select")}
    assert choices == {
        "track": ["all tracks", "zero-shot", "translate-train"],
        "family": ["all", "Basque (isolate)", "Indo-European", "Niger-Congo"],
        "class": ["all", "class 5 (most data)", "class 4", "class 2"],
        "represented": ["all", "under-represented", "high-resource"],
    }


# --- contrast: what is read on what, in both colour schemes (WCAG 2.2, 1.4.3 AA)

STYLE = FOLDER.joinpath("page.css").read_text(encoding="utf-8")
PAIRS = [(front, back) for front in ("ink", "muted", "accent", "warm") for back in ("paper", "surface", "raised")]
PAIRS += [("ink", "more"), ("ink", "less")]


def colours(scheme: str) -> dict[str, str]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    part = light if scheme == "light" else dark.split("\n}\n")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", part))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_stands_out(scheme: str, front: str, back: str) -> None:
    known = colours(scheme)
    lighter, darker = sorted((luminance(known[front]), luminance(known[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
