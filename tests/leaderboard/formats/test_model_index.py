"""`model-index` metadata: huggingface_hub itself reads the figures back, from the text and out of a model card."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from xtreme_harness.leaderboard.formats.model_index import render
from xtreme_harness.leaderboard.standings import Shown, Standings


def parsed(text: str) -> tuple[str, list[EvalResult]]:
    return model_index_to_eval_results(yaml.safe_load(text)["model-index"])


def figures(results: list[EvalResult]) -> dict[tuple[str, str | None, str], float]:
    return {(one.dataset_type, one.dataset_config, one.metric_type): one.metric_value for one in results}


def test_each_row_that_was_run_here_has_a_file(standings: Standings) -> None:
    rows = ("mini.none_plain", "mini.mini-nli_plain", "broken", "translated")
    assert list(render(standings)) == [f"two/{row}.model-index.yaml" for row in rows]


def test_the_hub_reads_every_figure_back(standings: Standings) -> None:
    name, results = parsed(render(standings)["two/mini.none_plain.model-index.yaml"])
    assert name == "mini.none_plain"
    assert figures(results) == {
        ("two.1", None, "average"): 65.8,
        ("nli", None, "accuracy"): 61.2,
        ("nli", "en", "accuracy"): 66.2,
        ("nli", "sw", "accuracy"): 56.2,
        ("pos", None, "f1"): 70.4,
        ("pos", "en", "f1"): 90.0,
        ("pos", "eu", "f1"): 70.4,
    }
    assert {one.task_type for one in results if one.dataset_type == "nli"} == {"pair"}
    assert {one.task_name for one in results} == {"Two tasks & <more>, zero-shot"}


def test_cells_without_a_figure_are_left_out(standings: Standings) -> None:
    _, results = parsed(render(standings)["two/broken.model-index.yaml"])
    places = [(one.dataset_type, one.dataset_config) for one in results]
    assert places == [("nli", None), ("nli", "en"), ("nli", "sw"), ("pos", "en")]


def test_a_row_without_any_figure_has_no_file(standings: Standings) -> None:
    nothing = Shown(value=None, state="failed")
    languages = {task: dict.fromkeys(codes, nothing) for task, codes in standings.languages.items()}
    failed = replace(standings.rows[2], tasks={"nli": nothing, "pos": nothing}, languages=languages)
    assert render(replace(standings, rows=(failed,))) == {}


def test_what_is_not_comparable_says_so_in_its_name(standings: Standings) -> None:
    only_nli = replace(standings, remarks=("not comparable: nli (bundled miniature data)",))
    _, results = parsed(render(only_nli)["two/mini.none_plain.model-index.yaml"])
    flagged = {one.dataset_name for one in results if one.dataset_name.endswith("[not comparable]")}
    average = "Two tasks & <more>, mean of the tasks [not comparable]"
    assert flagged == {average, *(f"nli{code} [not comparable]" for code in ("", " (en)", " (sw)"))}


@pytest.mark.parametrize(
    "remark", ["not comparable: nli-2, my.nli (small)", "max_length 64 instead of 128: nli (short)"]
)
def test_a_remark_about_something_else_flags_no_task(standings: Standings, remark: str) -> None:
    _, results = parsed(render(replace(standings, remarks=(remark,)))["two/broken.model-index.yaml"])
    assert [one.dataset_name for one in results] == ["nli", "nli (en)", "nli (sw)", "pos (en)"]


def test_all_metrics_of_a_cell_stand_with_it(standings: Standings) -> None:
    answers = Shown(value=60.0, metrics={"exact_match": 50.0, "f1": 70.0})
    row = replace(standings.rows[0], languages={**standings.rows[0].languages, "nli": {"en": answers}})
    board = replace(standings, rows=(row,), metrics={**standings.metrics, "nli": ("exact_match", "f1")})
    _, results = parsed(render(board)["two/mini.none_plain.model-index.yaml"])
    cell = [(one.metric_type, one.metric_value) for one in results if one.dataset_config == "en"][:3]
    assert cell == [("exact_match+f1", 60.0), ("exact_match", 50.0), ("f1", 70.0)]


def test_a_model_card_takes_it(standings: Standings) -> None:
    nasty = replace(standings.rows[0], name="name: [x] # 'y'", signature="two\nlines: - x")
    (text,) = render(replace(standings, rows=(nasty,), title="a: b\n---\n")).values()
    card = ModelCard(f"---\n{text}---\n\n# A model\n")
    assert card.data.model_name == "name: [x] # 'y'"
    assert len(card.data.eval_results) == 7
    assert text.startswith("# two lines: - x\n")
