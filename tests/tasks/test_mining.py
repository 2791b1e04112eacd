"""The tasks of kind `mine`: BUCC's files as XTREME lays them out, and the bundled corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Task
from xtreme_tasks import bucc2018, mini

FOREIGN = "de-000000001\t Guten Tag. \nde-000000002\tJa\u2028gut.\n"
ENGLISH = "en-000000007\tGood day.\n"
GOLD = "de-000000001\ten-000000007\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "bucc2018").mkdir()
    for name, text in (("de", FOREIGN), ("en", ENGLISH), ("gold", GOLD)):
        (tmp_path / "bucc2018" / f"de-en.dev.{name}").write_text(text, encoding="utf-8", newline="\n")
    return tmp_path


def read_dev(data: Path) -> list[dict[str, Any]]:
    return list(bucc2018.read("dev", "de", tuple(data / name for name in bucc2018.files("dev", "de"))))


def test_the_layout_of_a_download() -> None:
    assert bucc2018.files("test", "zh") == ("bucc2018/zh-en.test.zh", "bucc2018/zh-en.test.en")
    assert bucc2018.files("dev", "zh")[2:] == ("bucc2018/zh-en.dev.gold",)
    assert bucc2018.gold_files("test", "zh") == ("bucc2018/test-zh.tsv",)


def test_foreign_sentences_look_for_english_ones(data: Path) -> None:
    assert read_dev(data) == [
        {"side": "query", "id": "de-000000001", "text": "Guten Tag."},
        {"side": "query", "id": "de-000000002", "text": "Ja\u2028gut."},
        {"side": "candidate", "id": "en-000000007", "text": "Good day."},
        {"side": "gold", "query": "de-000000001", "candidate": "en-000000007"},
    ]


def test_dev_gold_alone_is_the_last_file(data: Path) -> None:
    files = tuple(data / name for name in bucc2018.files("dev", "de"))
    expected = [{"side": "gold", "query": "de-000000001", "candidate": "en-000000007"}]
    assert list(bucc2018.read_gold("dev", "de", files)) == expected
    assert list(bucc2018.read_gold("test", "de", files[2:])) == expected


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("de", "de-000000003\n", "line 3: has 1 tab-separated fields, expected 2"),
        ("de", "de-000000003\ta\tb\n", "line 3: has 3 tab-separated fields, expected 2"),
        ("de", "\n", "line 3: has 1 tab-separated fields"),
        ("de", "fr-000000003\ta\n", "line 3: holds the id 'fr-000000003', expected de- and nine digits"),
        ("en", "EN-000000003\ta\n", "line 2: holds the id 'EN-000000003', expected en- and nine digits"),
        ("en", "en-00000003\ta\n", "expected en- and nine digits"),
        ("gold", "en-000000007\tde-000000001\n", "line 2: holds the id 'en-000000007', expected de- and nine digits"),
        ("gold", "de-000000001 en-000000007\n", "line 2: has 1 tab-separated fields"),
    ],
)
def test_wrong_lines_are_refused(name: str, line: str, told: str, data: Path) -> None:
    with (data / "bucc2018" / f"de-en.dev.{name}").open("a", encoding="utf-8") as stream:
        stream.write(line)
    with pytest.raises(DataError, match=told):
        read_dev(data)


def bundled(split: str, language: str, task: Task = mini.MINING) -> dict[str, list[dict[str, Any]]]:
    rows = list(task.read(split, language, tuple(Path(name) for name in task.files(split, language))))
    return {side: [row for row in rows if row["side"] == side] for side in ("query", "candidate", "gold")}


@pytest.mark.parametrize("language", mini.MINING.languages)
@pytest.mark.parametrize(("split", "pairs"), [("dev", 60), ("test", 100)])
def test_the_bundled_corpora_have_gold_among_distractors(split: str, pairs: int, language: str) -> None:
    sides = bundled(split, language)
    queries, candidates = ({row["id"] for row in sides[side]} for side in ("query", "candidate"))
    gold = [(row["query"], row["candidate"]) for row in sides["gold"]]
    assert len(gold) == len(set(gold)) == pairs < min(len(queries), len(candidates))
    assert {query for query, _ in gold} < queries and {candidate for _, candidate in gold} < candidates


def test_bundled_dev_and_test_share_no_gold_sentence() -> None:
    """Some distractors stand in both."""
    for language in mini.MINING.languages:
        dev, test = (gold_texts(bundled(split, language)) for split in ("dev", "test"))
        assert len(dev) == 60 and len(test) == 100 and not dev & test


def gold_texts(sides: dict[str, list[dict[str, Any]]]) -> set[str]:
    gold = {row["query"] for row in sides["gold"]}
    return {row["text"] for row in sides["query"] if row["id"] in gold}
