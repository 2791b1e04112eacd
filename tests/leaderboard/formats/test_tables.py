"""The board as CSV and JSON, and the table of outputs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace

import pytest

from xtreme_harness.definitions import OUTPUTS
from xtreme_harness.errors import RequestError
from xtreme_harness.leaderboard.formats import outputs
from xtreme_harness.leaderboard.formats.outputs import RENDERERS, rendered
from xtreme_harness.leaderboard.standings import Shown, Standings

Line = dict[str, str]


def lines(standings: Standings) -> list[Line]:
    files = rendered(standings, ["csv"])
    assert list(files) == ["two.csv"]
    return list(csv.DictReader(io.StringIO(files["two.csv"])))


def test_the_csv_has_a_line_for_every_figure(standings: Standings) -> None:
    found = lines(standings)
    rows = standings.rows
    assert [row["row"] for row in found if row["metric"] == "average"] == [row.id for row in rows]
    of_cells = [line for line in found if line["language"]]
    assert len(of_cells) == sum(len(cells) for row in rows for cells in row.languages.values())
    assert found[0] == {
        "row": "mini.none_plain",
        "name": "mini.none_plain",
        "track": "zero-shot",
        "rank": "1",
        "task": "",
        "language": "",
        "metric": "average",
        "value": "65.80000000000001",
        "low": "64.30000000000001",
        "high": "67.30000000000001",
        "deviation": "0.4",
        "state": "ok",
    }


def test_a_figure_that_is_not_there_is_empty_and_has_its_state(standings: Standings) -> None:
    (line,) = [one for one in lines(standings) if (one["row"], one["task"], one["language"]) == ("broken", "pos", "eu")]
    assert (line["value"], line["low"], line["state"]) == ("", "", "failed")
    assert {one["rank"] for one in lines(standings) if one["row"] == "broken"} == {""}


def test_all_metrics_of_a_cell_have_lines_of_their_own(standings: Standings) -> None:
    shown = Shown(value=60.0, metrics={"exact_match": 50.0, "f1": 70.0})
    row = replace(standings.rows[0], languages={**standings.rows[0].languages, "pos": {"en": shown}})
    found = [
        line for line in lines(replace(standings, rows=(row,))) if (line["task"], line["language"]) == ("pos", "en")
    ]
    assert [(line["metric"], line["value"]) for line in found] == [
        ("headline", "60.0"),
        ("exact_match", "50.0"),
        ("f1", "70.0"),
    ]


def test_names_keep_their_commas_and_are_no_formulas(standings: Standings) -> None:
    row = replace(standings.rows[0], name='=1+1, "quoted"\nlines')
    assert lines(replace(standings, rows=(row,)))[0]["name"] == '\'=1+1, "quoted"\nlines'


def test_languages_and_metrics_are_no_formulas_either(standings: Standings) -> None:
    cells = {"nli": {"=1+1": Shown(value=50.0, metrics={"@x": 1.0})}, "pos": {}}
    found = lines(replace(standings, rows=(replace(standings.rows[0], languages=cells),)))
    assert {line["language"] for line in found} == {"", "'=1+1"}
    assert {line["metric"] for line in found} >= {"headline", "'@x"}


def test_the_json_holds_everything(standings: Standings) -> None:
    files = rendered(standings, ["json"])
    assert list(files) == ["two.json"]
    assert json.loads(files["two.json"]) == json.loads(json.dumps(asdict(standings)))
    assert json.loads(json.dumps(standings.as_json())) == json.loads(files["two.json"])
    assert len(files["two.json"].splitlines()) == len(standings.rows) + 2


def test_every_output_that_a_board_may_ask_for_has_its_module() -> None:
    assert tuple(RENDERERS) == OUTPUTS


def test_two_outputs_never_write_the_same_file(standings: Standings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(rendered(standings, ["json", "markdown"])) == ["two.json", "two.md"]
    monkeypatch.setattr(outputs, "renderer", lambda output: lambda standings: {"two.x": output})
    with pytest.raises(RequestError, match=r"Output csv of board two writes two\.x, as another output does"):
        rendered(standings, ["json", "csv"])
