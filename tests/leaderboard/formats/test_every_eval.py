"""Every Eval Ever JSON: required fields by what we know of version 0.3.0, and by its own package where there is one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from xtreme_harness.leaderboard.formats.every_eval import render
from xtreme_harness.leaderboard.standings import Shown, Standings

FIRST = "two/mini.none_plain.eee.json"
REQUIRED = {
    "": "schema_version evaluation_id retrieved_timestamp source_metadata model_info eval_library evaluation_results",
    "source_metadata": "source_type source_organization_name evaluator_relationship",
    "model_info": "name id additional_details",
    "eval_library": "name version",
}
OPTIONAL = {"evaluation_timestamp"}
REQUIRED_OF_RESULT = "evaluation_name source_data metric_config score_details"


@pytest.fixture
def board(standings: Standings) -> Standings:
    rows = tuple(replace(row, created="" if row.is_published else "2026-01-02T03:04:05Z") for row in standings.rows)
    return replace(standings, rows=rows, hub="ours/two-tasks")


def logs(board: Standings) -> dict[str, dict[str, Any]]:
    return {name: json.loads(text) for name, text in render(board).items()}


def results(log: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["evaluation_result_id"]: one for one in log["evaluation_results"]}


def texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def test_each_row_that_was_run_here_has_a_file(board: Standings) -> None:
    rows = ("mini.none_plain", "mini.mini-nli_plain", "broken", "translated")
    assert list(render(board)) == [f"two/{row}.eee.json" for row in rows]


def test_every_required_field_is_there(board: Standings) -> None:
    for log in logs(board).values():
        assert log["schema_version"] == "0.3.0"
        assert set(log) - OPTIONAL == set(REQUIRED[""].split())
        for name, fields in REQUIRED.items():
            assert set(fields.split()) <= (log[name] if name else log).keys()
        assert log["source_metadata"]["source_type"] in ("documentation", "evaluation_run")
        assert {"deployment_type", "model_availability"} <= log["model_info"]["additional_details"].keys()
        assert texts(log["model_info"]["additional_details"]) and texts(log["source_metadata"]["additional_details"])


def test_every_result_has_its_required_fields(board: Standings) -> None:
    for log in logs(board).values():
        assert log["evaluation_results"]
        for one in log["evaluation_results"]:
            assert set(REQUIRED_OF_RESULT.split()) <= one.keys()
            assert {"dataset_name", "source_type"} <= one["source_data"].keys()
            assert one["metric_config"]["lower_is_better"] is False
            assert one["metric_config"]["min_score"] <= one["score_details"]["score"] <= 100
            assert texts(one["score_details"].get("details", {}))


def test_figures_keep_all_their_digits_and_their_interval(board: Standings) -> None:
    third = Shown(value=200 / 3, low=60.0, high=70.0, deviation=0.5)
    row = replace(board.rows[0], languages={"nli": {"sw": third}, "pos": {}})
    found = results(logs(replace(board, rows=(row,)))[FIRST])["nli.sw#accuracy"]["score_details"]
    assert found["score"] == 200 / 3
    interval = found["uncertainty"]["confidence_interval"]
    assert (interval["lower"], interval["upper"], interval["confidence_level"]) == (60.0, 70.0, 0.95)
    assert found["details"]["standard_deviation_over_seeds"] == "0.5"


def test_averages_tasks_and_cells_are_there_and_states_are_not(board: Standings) -> None:
    files = logs(board)
    names = ["average#average", *(f"nli{code}#accuracy" for code in ("", ".en", ".sw"))]
    assert list(results(files[FIRST])) == [*names, *(f"pos{code}#f1" for code in ("", ".en", ".eu"))]
    assert list(results(files["two/broken.eee.json"])) == [*names[1:], "pos.en#f1"]


def test_a_figure_beside_the_headline_states_no_bounds(board: Standings) -> None:
    ranked = Shown(value=70.0, metrics={"accuracy": 70.0, "mean_rank": 250.0})
    row = replace(board.rows[0], languages={"nli": {"sw": ranked}, "pos": {}})
    found = results(logs(replace(board, rows=(row,)))[FIRST])
    assert found["nli.sw#mean_rank"]["score_details"]["score"] == 250.0
    assert "score_type" not in found["nli.sw#mean_rank"]["metric_config"]


def test_what_is_not_comparable_says_so(board: Standings) -> None:
    remark = "not comparable: nli (bundled miniature data)"
    found = results(logs(replace(board, remarks=(remark,)))[FIRST])
    flagged = {name for name, one in found.items() if one["score_details"]["details"].get("remarks") == remark}
    assert flagged == {"average#average", "nli#accuracy", "nli.en#accuracy", "nli.sw#accuracy"}


def test_origin_and_time_are_the_records(board: Standings) -> None:
    log = logs(board)[FIRST]
    assert log["evaluation_timestamp"] == "2026-01-02T03:04:05Z"
    assert log["retrieved_timestamp"] == "1767323045"
    assert log["evaluation_id"] == "two/mini.none_plain/1767323045"
    assert log["eval_library"] == {"name": "xtreme-harness", "version": "0.1.0"}
    assert log["source_metadata"]["source_organization_name"] == "ours"
    assert log["source_metadata"]["additional_details"]["root"] == "3f" * 32
    assert log["model_info"]["additional_details"]["seeds"] == "1,2"


def test_what_is_not_known_says_so(standings: Standings) -> None:
    row = replace(standings.rows[0], signature="")
    log = logs(replace(standings, rows=(row,)))[FIRST]
    assert log["retrieved_timestamp"] == log["source_metadata"]["source_organization_name"] == "unknown"
    assert log["eval_library"]["version"] == "unknown"


def test_its_own_package_takes_it(board: Standings) -> None:
    types = pytest.importorskip("every_eval_ever.eval_types", reason="every-eval-ever needs Python 3.12")
    for log in logs(board).values():
        types.EvaluationLog.model_validate(log)
