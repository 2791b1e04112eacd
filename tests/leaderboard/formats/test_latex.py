"""The LaTeX tables: whole, escaped, with best figures, ties and published rows told apart; and LaTeX takes them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.leaderboard.formats.latex import escape, render
from xtreme_harness.leaderboard.standings import Shown, Standings

COMPILERS = [name for name in ("pdflatex", "tectonic") if shutil.which(name)]
PAPER = r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{two.tex}\end{document}"
NASTY = r"""\ { } $ & # % _ ^ ~ < > | " ` -- [2pt] *x é ñ ß Ð 中文 – — ’ “ ” … ± × → \input{x} \\[9cm]"""


@pytest.fixture
def text(standings: Standings) -> str:
    (name, text), *rest = render(standings).items()
    assert name == "two.tex" and not rest
    return text


def tabulars(text: str) -> list[tuple[str, list[list[str]]]]:
    """(column types, rows of cells) of every tabular; a cell that spans several stands once for each."""
    text = re.sub(r"^%.*\n", "", text, flags=re.MULTILINE)
    found = re.findall(r"\\begin\{tabular\}\{(\w+)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL)
    return [(columns, [_cells(line) for line in body.splitlines() if r" \\" in line]) for columns, body in found]


def _cells(line: str) -> list[str]:
    cells = []
    for cell in re.split(r"(?<!\\)&", re.sub(r" \\\\(\[-?\dpt\])?$", "", line)):
        spanned = re.match(r"\s*\\multicolumn\{(\d+)\}", cell)
        cells += [cell.strip()] * (int(spanned[1]) if spanned else 1)
    return cells


def table(text: str, label: str) -> str:
    return next(part for part in text.split(r"\begin{table*}") if rf"\label{{tab:{label}}}" in part)


def is_whole(text: str) -> None:
    """Every environment that begins ends, and every line has as many cells as the table has columns."""
    assert re.findall(r"\\begin\{([\w*]+)\}", text).count("table*") == text.count(r"\end{table*}") > 0
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == len(tabulars(text))
    for columns, rows in tabulars(text):
        assert {len(row) for row in rows} == {len(columns)}
    bare = re.sub(r"\\[{}]", "", re.sub(r"^%.*$", "", text, flags=re.MULTILINE))
    assert bare.count("{") == bare.count("}")


def test_every_table_is_whole(text: str) -> None:
    is_whole(text)


def test_each_track_has_its_own_tables(text: str) -> None:
    labels = re.findall(r"\\label\{tab:([^}]+)\}", text)
    tracks = ("zero-shot", "translate-train")
    assert labels == [f"two:{track}{task}" for track in tracks for task in ("", ":nli", ":pos")]
    assert "translated" not in table(text, "two:zero-shot")


def test_the_main_table_has_ranks_tasks_and_the_average_below_their_groups(text: str) -> None:
    _, rows = tabulars(table(text, "two:zero-shot"))[0]
    assert rows[0] == ["", "", r"\multicolumn{1}{c}{pair}", r"\multicolumn{1}{c}{tagging}", ""]
    assert rows[1] == ["", "System", "nli", "pos", "Average"]
    assert rows[2] == ["1", r"mini.none\_plain", r"\textbf{61.2}", r"\textbf{70.4}", r"\textbf{65.8}"]
    assert rows[3] == ["", "", r"{\tiny 59.7--62.7}", r"{\tiny 68.9--71.9}", r"{\tiny 64.3--67.3}"]


def test_a_figure_not_significantly_below_the_best_has_a_mark(text: str) -> None:
    _, rows = tabulars(table(text, "two:zero-shot"))[0]
    assert rows[4] == ["2", r"mini.mini-nli\_plain", r"59.9\rlap{$^{\ast}$}", "68.0", "64.0"]


def test_states_stand_in_the_place_of_figures(text: str) -> None:
    _, rows = tabulars(table(text, "two:zero-shot"))[0]
    (broken,) = [row for row in rows if row[1] == "broken"]
    assert broken[3:] == [r"{\scriptsize\itshape failed}"] * 2


def test_published_rows_come_last_with_a_dagger_and_their_source_and_are_never_best(text: str) -> None:
    main = table(text, "two:zero-shot")
    lines = main.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith(r" & published.mbert$^{\dagger}$ & 65.4 ")]
    assert lines[at - 2] == r"\midrule" and lines[at - 1] == "% published.mbert: A paper, table 3"
    assert r"$^{\dagger}$Published, not rerun and not ranked" in main and "published.mbert: A paper, table 3." in main


def test_what_was_not_published_is_a_dash_and_a_published_row_without_languages_is_left_out(
    standings: Standings,
) -> None:
    nothing = Shown(value=None, state="not-published")
    reference = replace(
        standings.rows[3],
        tasks={**standings.rows[3].tasks, "pos": nothing},
        languages={"nli": {"en": nothing, "sw": nothing}, "pos": {}},
    )
    text = render(replace(standings, rows=(*standings.rows[:3], reference)))["two.tex"]
    assert r"published.mbert$^{\dagger}$ & 65.4 & -- & 68.2" in table(text, "two:zero-shot")
    assert "published" not in table(text, "two:zero-shot:nli")
    is_whole(text)


def test_one_row_alone_is_not_called_best(text: str) -> None:
    assert r"1 & translated & 66.0 & 72.0 & 69.0 \\" in table(text, "two:translate-train")


def test_many_languages_stand_in_several_blocks(standings: Standings) -> None:
    codes = tuple(f"l{number}" for number in range(24))
    text = render(replace(standings, languages={**standings.languages, "nli": codes}))["two.tex"]
    is_whole(text)
    blocks = [rows[0] for _, rows in tabulars(table(text, "two:zero-shot:nli"))]
    assert [title for block in blocks for title in block[1:]] == [*codes, "Mean"]
    assert max(len(block) for block in blocks) <= 11


def test_the_source_says_how_each_row_came_about(text: str, standings: Standings) -> None:
    row = standings.rows[0]
    assert f"% {row.id}: {row.signature} | run {row.root}\n" in text


def test_remarks_are_notes_of_the_main_table(text: str) -> None:
    assert "not comparable: nli, pos (bundled miniature data)." in table(text, "two:zero-shot")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("50% of R&D #1", r"50\% of R\&D \#1"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a--b-c", "a-{}-b-c"),
        ("two\nlines", "two lines"),
        ("naïve 中", "naïve U+4E2D"),
        ("[x]", "{[}x]"),
    ],
)
def test_text_is_escaped(given: str, expected: str) -> None:
    assert escape(given) == expected


def nasty(standings: Standings) -> Standings:
    rows = tuple(replace(row, name=f"[{row.name}] {NASTY}", signature=f"50 %\n{NASTY}") for row in standings.rows)
    return replace(standings, title=NASTY, remarks=(NASTY,), rows=rows)


def test_nothing_in_a_text_breaks_a_table(standings: Standings) -> None:
    is_whole(render(nasty(standings))["two.tex"])


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILERS or [pytest.param("", marks=pytest.mark.skip(reason="no LaTeX here"))])
@pytest.mark.parametrize("change", [lambda same: same, nasty], ids=["plain", "nasty"])
def test_latex_takes_it(name: str, change: object, standings: Standings, tmp_path: Path) -> None:
    board = change(standings)  # type: ignore[operator]
    (tmp_path / "two.tex").write_text(render(board)["two.tex"], encoding="utf-8")
    (tmp_path / "paper.tex").write_text(PAPER, encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error"] if name == "pdflatex" else ["--only-cached"]
    done = subprocess.run([name, *options, "paper.tex"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "paper.pdf").is_file()
