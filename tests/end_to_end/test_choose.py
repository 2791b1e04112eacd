"""A task of choices through the real command, on both tiny families, whatever the token budget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records, without_varying
from xtreme_harness.testing import make_tiny_bert, write_remedies, write_topics

Command = Callable[..., "CompletedProcess[str]"]
# without dropout: a budget changes which of its masks are drawn
QUICK = ("--recipe", "mini", "--dtype", "float32", "--set=remedies.epochs=2", "--set=remedies.batch_size=8")
QUICK += ("--set=remedies.dropout=0",)


@pytest.mark.parametrize("family", ["xlmr", "bert"])
@pytest.mark.slow
def test_run_gives_a_choice_for_every_question_whatever_the_budget(
    family: str, tiny_xlmr: Path, tmp_path: Path, command: Command
) -> None:
    model = tiny_xlmr if family == "xlmr" else make_tiny_bert(tmp_path / "tiny-bert")
    plugin = write_remedies(tmp_path / "remedies", train=48, test=24)
    arguments = ["run", "--model", model, "--task", "remedies", "--plugin", plugin, *QUICK]
    found = []
    for budget in ("64", "512", "4096"):
        environment = {"XTREME_HARNESS_STORE": str(tmp_path / f"store.{budget}")}
        done = command(*arguments, "--token-budget", budget, "--out", budget, environment=environment)
        assert done.returncode == 0, done.stderr
        assert "### remedies (accuracy)" in done.stdout
        records = read_records(tmp_path / budget / "records.jsonl")
        assert [(one["language"], one["state"], one["n"]) for one in records] == [("en", "ok", 24), ("sw", "ok", 24)]
        predicted = [
            [
                row
                for _, row in read_jsonl(tmp_path / budget / "predictions" / one["row"] / "remedies" / f"{code}.jsonl")
            ]
            for one, code in zip(records, ("en", "sw"), strict=True)
        ]
        for rows in predicted:
            assert [len(row["scores"]) for row in rows] == [2, 3, 4] * 8
            assert all(set(row) == {"id", "prediction", "scores"} for row in rows)
        choices = [[row["prediction"] for row in rows] for rows in predicted]
        assert len(set(choices[0])) > 1
        found.append((choices, [{**without_varying(one), "predictions": None} for one in records]))
    assert found[0] == found[1] == found[2]


@pytest.mark.slow
def test_choices_are_trained_on_in_a_mix_whatever_the_budget(tiny_xlmr: Path, tmp_path: Path, command: Command) -> None:
    plugins = [write_remedies(tmp_path / "remedies"), write_topics(tmp_path / "topics")]
    arguments = ["run", "--model", tiny_xlmr, "--task", "topics", "--intermediate", "remedies+topics", *QUICK]
    arguments += ["--set=topics.dropout=0"]
    arguments += [word for plugin in plugins for word in ("--plugin", str(plugin))]
    found = []
    for budget in ("64", "4096"):
        environment = {"XTREME_HARNESS_STORE": str(tmp_path / f"store.{budget}")}
        done = command(*arguments, "--token-budget", budget, "--out", budget, environment=environment)
        assert done.returncode == 0, done.stderr
        records = read_records(tmp_path / budget / "records.jsonl")
        phase = records[0]["phases"][0]
        assert phase["tasks"] == ["remedies", "topics"] and set(phase["dev"]) == {"remedies", "topics"}
        found.append([{**without_varying(one), "predictions": None} for one in records])
    assert found[0] == found[1]
