"""The page in a browser: it sorts, filters and opens rows, by mouse and keyboard, at any width; it asks nobody."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.leaderboard.formats.page import render
from xtreme_harness.leaderboard.formats.page.server import PageServer
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings

pytestmark = pytest.mark.slow
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra [test]")
CHROMIUM = shutil.which("chromium")
FLAGS = ("--headless", "--disable-gpu", "--disable-quic", "--no-first-run")
QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
Page = Any
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs the browser chromium (apt-get install chromium)")
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *QUIET, *as_root])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, standings: Standings, tmp_path: Path) -> Iterator[Open]:
    """Opens a board's page from its file. Any message on the console and any request but for the page is a failure."""
    said: list[str] = []
    asked: list[str] = []
    contexts = []

    def opened(board: Standings = standings, anchor: str = "", width: int = 1200, **options: Any) -> Page:
        ((name, text),) = render(board).items()
        (tmp_path / name).write_text(text, encoding="utf-8")
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{(tmp_path / name).as_uri()}{anchor}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {one.split("#")[0] for one in asked if not one.startswith("data:")} <= {
        path.as_uri() for path in tmp_path.iterdir()
    }


def rows(page: Page) -> list[str]:
    """The ids of the rows that are shown, from top to bottom."""
    found: list[str] = page.locator("tr[data-row]:visible").evaluate_all("rows => rows.map(row => row.id.slice(4))")
    return found


def column(page: Page, place: int) -> list[str]:
    """The figures (or states) of a column of the rows shown, without intervals; 2 is the average."""
    return [
        text.splitlines()[0]
        for text in page.locator(f"tr[data-row]:visible > :nth-child({place + 1})").all_inner_texts()
    ]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sorted_by(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.locator("[aria-sort]").evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.innerText.trim(), one.getAttribute('aria-sort')]))"
    )
    return found


def width_of(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


# --- sorting

BOARD_ORDER = ["mini.none_plain", "mini.mini-nli_plain", "broken", "published.mbert", "translated"]


def test_rows_stand_in_the_board_s_order_first(open_page: Open) -> None:
    page = open_page()
    assert rows(page) == BOARD_ORDER and sorted_by(page) == {"rank": "ascending"}


def test_a_heading_sorts_each_track_for_itself(open_page: Open) -> None:
    page = open_page()
    press(page, "nli")
    assert rows(page) == ["published.mbert", "mini.none_plain", "mini.mini-nli_plain", "broken", "translated"]
    assert sorted_by(page) == {"nli": "descending"}
    press(page, "nli")
    assert rows(page) == ["broken", "mini.mini-nli_plain", "mini.none_plain", "published.mbert", "translated"]
    assert sorted_by(page) == {"nli": "ascending"}
    assert "Sorted by nli, lowest first" in page.get_by_role("status").inner_text()


def test_rows_without_a_figure_are_last_both_ways(open_page: Open) -> None:
    page = open_page()
    for _ in range(2):
        press(page, "pos")
        assert rows(page)[3] == "broken"


def test_names_and_gaps_sort_upwards_first(open_page: Open) -> None:
    page = open_page()
    for heading in ("system", "transfer gap"):
        press(page, heading)
        assert sorted_by(page) == {heading: "ascending"}
    press(page, "rank")
    assert rows(page) == BOARD_ORDER


# --- filtering


def test_search_and_track_choose_rows(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Search rows").fill("PLAIN mini.nli")
    assert rows(page) == ["mini.mini-nli_plain"]
    assert "1 of 5 rows" in page.get_by_role("status").inner_text()
    page.get_by_label("Search rows").fill("")
    page.get_by_role("combobox", name="Track").select_option("translate-train")
    assert rows(page) == ["translated"]
    press(page, "Reset")
    assert rows(page) == BOARD_ORDER


def choose(page: Page, label: str, choice: str) -> None:
    page.evaluate("document.querySelector('details.languages').open = true")
    page.get_by_label(label).select_option(choice)


def test_means_over_chosen_languages_are_not_called_the_average(open_page: Open) -> None:
    """Swahili alone: its figure in nli; no other task has it."""
    page = open_page()
    choose(page, "Family", "Niger-Congo")
    assert column(page, 2) == ["56.2", "54.9", "50.0", "60.4", "61.0"] == column(page, 5)
    assert column(page, 6) == ["–"] * 5 == column(page, 0)
    assert "not the official average" in page.get_by_role("status").inner_text()
    assert page.get_by_role("button", name="mean over the chosen languages").is_visible()
    assert page.locator("#standings tbody small", has_text="–").count() == 0
    assert page.locator("#chosen").inner_text() == "1 of 3: Swahili"


def test_a_missing_cell_leaves_no_mean(open_page: Open) -> None:
    page = open_page()
    choose(page, "XTREME-UP", "under-represented")  # Basque and Swahili
    assert column(page, 2) == ["63.3", "61.5", "failed", "65.7", "66.5"]
    assert column(page, 4)[0] == str(round((66.2 + 90 - 56.2 - 70.4) / 2, 1))  # both tasks' English minus the others


def test_single_languages_can_be_ticked_and_reset(open_page: Open) -> None:
    page = open_page()
    official = column(page, 2)
    assert official == ["65.8", "64.0", "failed", "68.2", "69.0"]
    choose(page, "Resource class", "class 5 (most data)")
    assert page.get_by_label("Swahili").is_hidden()
    press(page, "Reset")
    page.get_by_label("English", exact=False).last.check()
    page.get_by_label("Swahili").check()
    assert column(page, 5)[0] == "61.2" and column(page, 6)[0] == "90.0"
    press(page, "Reset")
    assert page.locator("#chosen").inner_text() == "all 3"
    assert column(page, 2) == official
    assert column(page, 0) == ["1", "2", "–", "–", "1"]


def test_intervals_of_all_figures_are_shown_on_request(open_page: Open) -> None:
    page = open_page()
    interval = page.locator("#row-broken td.task small").first
    assert interval.is_hidden()
    page.get_by_label("intervals").check()
    assert interval.inner_text() == "53.5–56.5" and interval.is_visible()


# --- an opened row


def test_a_row_opens_to_what_it_is_and_its_figures(open_page: Open) -> None:
    page = open_page()
    button = page.get_by_role("button", name="mini.none_plain")
    assert button.get_attribute("aria-expanded") == "false"
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    details = page.locator(f"#{str(button.get_attribute('aria-controls')).replace('.', chr(92) + '.')}")
    text = details.inner_text()
    for said in ("65.8 (64.3–67.3)", "±0.40 (standard deviation of the average)", "1, 2", "3f3f3f3f", "| recipe mini"):
        assert said in text
    assert details.get_by_role("link").get_attribute("href") == "./two/mini.none_plain/records.jsonl"
    table = details.get_by_role("table", name="mini.none_plain: figures by language and task")
    assert [one.splitlines()[0].split("\t")[0] for one in table.locator("tbody tr").all_inner_texts()] == [
        "English en",
        "Basque eu",
        "Swahili sw",
    ]
    assert [cell.split() for cell in table.locator("tbody tr").nth(2).locator("td").all_inner_texts()] == [
        ["56.2", "54.7–57.7"],
        ["not", "in", "this", "task"],
    ]
    button.click()
    assert button.get_attribute("aria-expanded") == "false" and page.locator("tr.details").count() == 0


def test_a_row_can_be_compared_with_another_of_its_track(open_page: Open) -> None:
    page = open_page()
    press(page, "mini.none_plain")
    choices = page.get_by_role("combobox", name="Figures by language")
    assert choices.locator("option").all_inner_texts() == [
        "this row’s figures",
        "minus mini.mini-nli_plain",
        "minus broken",
        "minus published.mbert",
    ]
    choices.select_option("minus broken")
    cells = page.locator(".heat tbody td").all_inner_texts()
    assert cells == ["+6.2", "±0.0", "not in this task", "failed", "+6.2", "not in this task"]


def test_one_metric_of_several_can_be_shown(open_page: Open, standings: Standings) -> None:
    cell = Shown(value=60.0, metrics={"exact_match": 50.0, "f1": 70.0})
    row = replace(standings.rows[0], languages={"nli": {"en": cell, "sw": cell}, "pos": {}})
    page = open_page(replace(standings, rows=(row,)))
    press(page, "mini.none_plain")
    page.get_by_role("combobox", name="Figures by language").select_option("f1 alone")
    assert page.locator(".heat tbody td").all_inner_texts()[0] == "70.0"


def test_an_opened_row_follows_the_chosen_languages(open_page: Open) -> None:
    page = open_page()
    press(page, "broken")
    choose(page, "Family", "Basque (isolate)")
    assert page.locator(".heat tbody tr").count() == 1
    assert page.locator(".heat tfoot th").inner_text() == "mean over the chosen"
    assert page.locator(".heat tfoot td").all_inner_texts() == ["–", "failed"]


def test_an_opened_row_keeps_its_details_when_sorted_or_hidden(open_page: Open) -> None:
    page = open_page()
    press(page, "broken")
    press(page, "nli")
    press(page, "nli")
    assert page.locator("tr.details").evaluate("details => details.previousElementSibling.id") == "row-broken"
    press(page, "system")
    assert sorted_by(page) == {"system": "ascending"}
    page.get_by_label("Search rows").fill("published")
    assert page.locator("tr.details").is_hidden()


def test_a_published_row_without_figures_by_language_says_so(open_page: Open, standings: Standings) -> None:
    bare = replace(standings.rows[3], languages={})
    page = open_page(replace(standings, rows=(standings.rows[0], bare)))
    press(page, "published.mbert")
    text = page.locator("tr.details").inner_text()
    assert "published, not rerun" in text and "A paper, table 3" in text
    assert "Intermediate" not in text and "Seeds" not in text  # nothing is known of how it was made
    assert "No figures by language are published" in text


def test_the_command_can_be_copied(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    press(page, "mini.none_plain")
    press(page, "Copy command")
    playwright.expect(page.get_by_role("button", name="Copy command")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "xtreme-harness run --model mini --suite two --seed 1 --seed 2"


def test_a_link_to_a_row_opens_it(open_page: Open) -> None:
    page = open_page(anchor="#row-published.mbert")
    assert page.get_by_role("button", name="published.mbert").get_attribute("aria-expanded") == "true"


def test_names_stay_text_in_the_browser(open_page: Open, standings: Standings) -> None:
    hostile = "<img src=x onerror=alert(1)></script><b>"
    row = replace(standings.rows[0], name=hostile, notes=(hostile,), signature=hostile, model=hostile)
    page = open_page(replace(standings, title=hostile, rows=(row,)))
    page.locator(".name button").click()
    assert page.locator("img, .detail b b, h1 b").count() == 0
    assert page.locator(".notes li").inner_text() == hostile


# --- charts


def test_charts_show_the_rows_that_have_figures(open_page: Open) -> None:
    page = open_page()
    averages = page.get_by_role("img", name="Averages, zero-shot")
    assert averages.locator("circle").count() == 3  # the fourth row has no average
    assert "Not drawn: 1 without such a figure." in page.locator("#averages-note").inner_text()
    assert page.get_by_role("img", name="Transfer gaps, translate-train").is_visible()
    page.get_by_label("Search rows").fill("published")
    assert averages.locator("circle").count() == 1
    assert page.get_by_role("img").count() == 2


def test_an_opened_row_has_a_chart_of_its_languages(open_page: Open) -> None:
    page = open_page()
    press(page, "mini.none_plain")
    chart = page.get_by_role("img", name="Figures of mini.none_plain by task and language")
    assert chart.locator("circle").count() == 2  # Swahili and Basque; English is a diamond in each task


# --- analyses of a row's run


def headings(page: Page) -> list[str]:
    found: list[str] = page.locator("tr.details h3").all_inner_texts()
    return found


def test_an_opened_row_shows_the_analyses_of_its_run(open_page: Open, explained: Standings) -> None:
    page = open_page(explained)
    press(page, "mini.none_plain")
    assert headings(page) == ["Tokenizer", "Learning curves", "Retrieval by layer"]
    words = page.get_by_role("img", name="Pieces a word of mini.none_plain by language and task")
    assert words.locator("path, circle").count() >= 2  # English and Swahili; Chinese has no data, Basque no words
    assert page.get_by_role("img", name="Unknown pieces, % of mini.none_plain").is_visible()
    assert page.get_by_role("img", name="loss of t0 (target)").locator("path").count() >= 1
    assert page.get_by_role("img", name="accuracy of t0 (target)").is_visible()
    assert page.get_by_role("img", name="of t1 (target)").count() == 0  # the training of another row
    assert page.get_by_role("img", name="twins of mini.none_plain by layer").is_visible()


def test_the_analyses_are_tables_too(open_page: Open, explained: Standings) -> None:
    page = open_page(explained)
    press(page, "mini.none_plain")

    def lines(title: str, caption: str) -> list[str]:
        page.locator("summary", has_text=f"{title} in figures").click()
        region = page.get_by_role("region", name=caption)
        return [" ".join(text.split()) for text in region.locator("tr").all_inner_texts()]

    assert lines("Tokenizer", "mini.none_plain: pieces a word, by language and task") == [
        "Pieces a word nli pos",
        "English 1.33",
        "zh missing-data",
        "Basque no words",
        "Swahili 2.00",
    ]
    assert lines("Learning curves", "mini.none_plain: learning curves") == [
        "training update loss accuracy",
        "t0 (target) 1 1.235 40.0",
        "t0 (target) 2 (kept) 0.500 60.0",
    ]
    assert lines("Retrieval by layer", "mini.none_plain: twins (accuracy) by language and layer") == [
        "twins 0 1*",
        "Basque 20.0 failed",
        "Swahili 10.0 40.0",
        "mean 15.0 failed",
    ]


def test_layers_are_not_shown_under_a_row_whose_encoder_was_trained_before(
    open_page: Open, explained: Standings
) -> None:
    page = open_page(explained)
    press(page, "mini.mini-nli_plain")
    assert headings(page) == ["Tokenizer", "Learning curves"]
    assert page.get_by_role("img", name="loss of t1 (target)").is_visible()


def test_analyses_follow_the_chosen_languages(open_page: Open, explained: Standings) -> None:
    page = open_page(explained)
    press(page, "mini.none_plain")
    choose(page, "Family", "Basque (isolate)")
    page.locator("summary", has_text="Tokenizer in figures").click()
    region = page.get_by_role("region", name="mini.none_plain: pieces a character")
    assert region.locator("tbody th").all_inner_texts() == ["Basque"]
    choose(page, "Family", "Indo-European")
    assert headings(page) == ["Tokenizer", "Learning curves"]  # no layers of English and German


def test_a_row_without_analyses_shows_nothing_of_them(open_page: Open, explained: Standings) -> None:
    page = open_page(explained)
    press(page, "broken")
    press(page, "published.mbert")
    assert headings(page) == []


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_analyses_fit_every_width(open_page: Open, width: int, explained: Standings) -> None:
    page = open_page(explained, width=width)
    press(page, "mini.none_plain")
    for summary in page.locator(".analysis summary").all():
        summary.click()
    assert width_of(page) == width
    charts = page.locator(".analysis svg[role=img]").evaluate_all(
        "charts => charts.map(one => one.getBoundingClientRect().right)"
    )
    assert len(charts) == 6 and max(charts) <= width


# --- keyboard, widths, colours, no JavaScript


def test_everything_can_be_done_by_keyboard(open_page: Open) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the table"
    page.get_by_label("Search rows").focus()
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(document.activeElement.innerText ?? '').trim()"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", seen
        if seen[-1] == "nli":
            page.keyboard.press("Enter")
        if seen[-1] == "published.mbert":
            page.keyboard.press("Space")
            break
    assert sorted_by(page) == {"nli": "descending"} and seen.index("nli") < len(seen) - 1
    assert page.locator("tr.details").is_visible()
    assert page.evaluate("document.activeElement.innerText.trim()") == "published.mbert"


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_the_page_never_scrolls_sideways(open_page: Open, width: int, standings: Standings) -> None:
    long = replace(standings.rows[0], command="--model " + "x" * 300, notes=("y" * 300,), name="z" * 80)
    page = open_page(replace(standings, rows=(long, *standings.rows[1:])), width=width)
    assert width_of(page) == width
    page.locator(".name button").first.click()
    page.evaluate("document.querySelector('details.languages').open = true")
    page.get_by_label("intervals").check()
    assert width_of(page) == width


def test_the_table_scrolls_in_its_own_box_and_names_stay(open_page: Open) -> None:
    page = open_page(width=360)
    box = page.get_by_role("region", name="Standings by track")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    box.evaluate("box => { box.scrollLeft = 400; }")
    name, average = page.locator("#row-broken > th"), page.locator("#row-broken > td.average")
    left = box.bounding_box()["x"]
    assert 0 <= name.bounding_box()["x"] - left <= 2
    assert average.bounding_box()["x"] < name.bounding_box()["x"] + name.bounding_box()["width"]


def test_dark_where_the_reader_s_system_is(open_page: Open) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        page.locator(".name button").first.click()
        colours[scheme] = page.evaluate(
            "['body', '.heat td', 'select'].map(one => getComputedStyle(document.querySelector(one)).backgroundColor)"
        )
    assert colours["light"][0] == "rgb(250, 249, 246)" and colours["dark"][0] == "rgb(18, 21, 24)"
    assert all(one != other for one, other in zip(*colours.values(), strict=True))


def test_without_javascript_the_whole_table_is_there_and_no_dead_control(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator("tr[data-row]").count() == 5
    assert page.locator("#row-broken td.task small").first.is_visible()
    assert page.locator("button:visible, select:visible, input:visible, #charts:visible").count() == 0
    assert page.locator("noscript").inner_text().startswith("With JavaScript this table can be sorted")


def test_on_paper_the_table_is_whole(open_page: Open) -> None:
    page = open_page(width=700)
    page.emulate_media(media="print")
    assert page.locator("form").is_hidden()
    assert (
        page.get_by_role("region", name="Standings by track").evaluate("box => getComputedStyle(box).overflowX")
        == "visible"
    )


def test_a_thousand_rows_of_forty_languages_stay_usable(open_page: Open, standings: Standings) -> None:
    """162 cells a row; a filter of the languages works all of them out again."""
    page = open_page(large(standings, 1000))
    assert len(rows(page)) == 1000
    began = page.evaluate("performance.now()")
    choose(page, "Family", "Turkic")
    page.get_by_label("Search rows").fill("row-17")
    press(page, "t0")
    assert page.evaluate("performance.now()") - began < 20_000
    assert rows(page) == [
        "row-179",
        "row-178",
        "row-177",
        "row-176",
        "row-175",
        "row-174",
        "row-173",
        "row-172",
        "row-171",
        "row-170",
        "row-17",
    ]


def large(standings: Standings, count: int) -> Standings:
    """A board of XTREME's size: four tasks in forty languages, and one in two."""
    from xtreme_harness.languages import languages

    codes = tuple(one.code for one in languages())
    of_task = {**{f"t{place}": codes for place in range(4)}, "t4": ("en", "de")}
    base = standings.rows[0]

    def row(number: int) -> Standing:
        cell = Shown(value=40 + number % 50, low=39.0, high=91.0)
        cells = {task: dict.fromkeys(chosen, cell) for task, chosen in of_task.items()}
        tasks = dict.fromkeys(of_task, cell)
        return replace(base, id=f"row-{number}", name=f"row-{number}", languages=cells, tasks=tasks, groups={})

    return replace(
        standings,
        groups={"": tuple(of_task)},
        languages=of_task,
        metrics=dict.fromkeys(of_task, ("f1",)),
        rows=tuple(row(number) for number in range(count)),
    )


def test_a_served_page_leads_to_its_records_and_nowhere_else(
    browser: Any, standings: Standings, tmp_path: Path
) -> None:
    records = tmp_path / standings.rows[0].records
    records.parent.mkdir(parents=True)
    records.write_text('{"row": "none"}\n', encoding="utf-8")
    asked: list[str] = []
    with PageServer(standings, tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        context = browser.new_context()
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.address)
        page.get_by_role("link", name="records").first.click()
        playwright.expect(page.locator("body")).to_have_text('{"row": "none"}')
        context.close()
        server.shutdown()
    served = [one for one in asked if not one.startswith("data:")]
    assert served == [server.address, f"{server.address}{standings.rows[0].records}"]
