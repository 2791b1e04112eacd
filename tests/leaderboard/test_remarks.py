"""What a reader must know before comparing: gathered over cells, said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness.leaderboard.remarks import remarks
from xtreme_harness.records import Record

RecordOf = Callable[..., Record]


def test_what_is_not_comparable_is_said_with_its_reason(record_of: RecordOf) -> None:
    fields: dict[str, Any] = {"comparable": False, "not_comparable_because": "bundled miniature data"}
    told = [
        record_of(**fields),
        record_of(language="te", **fields),
        record_of(task="tatoeba", **fields),
        record_of(task="pawsx", comparable=False, not_comparable_because="reads quotes doubled"),
    ]
    assert remarks(told) == [
        "not comparable: xnli, tatoeba (bundled miniature data)",
        "not comparable: pawsx (reads quotes doubled)",
    ]


def test_comparable_records_need_no_remark(record_of: RecordOf) -> None:
    assert remarks([record_of(), record_of(language="te")]) == []


def test_inputs_shorter_than_the_recipe_s_are_said_where_something_was_trained(record_of: RecordOf) -> None:
    trained: dict[str, Any] = {"phases": [{}], "options": {"max_length": 126, "max_length_asked": 384}}
    told = [
        record_of(task="mlqa", **trained),
        record_of(task="xquad", **trained),
        record_of(task="xnli", phases=[{}]),
        record_of(task="tatoeba", **{**trained, "phases": []}),
    ]
    assert remarks(told) == ["max_length 126 instead of 384: mlqa, xquad (the model has no more positions)"]


def test_files_that_many_languages_lack_are_one_remark(record_of: RecordOf) -> None:
    missing = "udpos/test-{}.tsv: task udpos needs this file and it is not there"
    told = [
        *(
            record_of(task="udpos", language=code, state="missing-data", why=missing.format(code))
            for code in ("it", "te")
        ),
        record_of(task="bucc2018", language="fr", state="missing-data", why="bucc2018/fr-en.dev.fr: not there"),
        *(record_of(task="xnli", language=code, state="missing-data", why="train-en.tsv: no") for code in ("en", "sw")),
        record_of(task="panx", language="sw", state="failed", why="out of memory"),
    ]
    assert remarks(told) == [
        "missing-data: udpos it, te: udpos/test-{language}.tsv: task udpos needs this file and it is not there",
        "missing-data: bucc2018 fr: bucc2018/fr-en.dev.fr: not there",
        "missing-data: xnli en, sw: train-en.tsv: no",
        "failed: panx sw: out of memory",
    ]
