"""Fertility: pieces of words and characters, unknown ones, of texts alone, in the language of the part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.report.fertility import count, has_spaces
from xtreme_harness.testing import write_topics


class Letters:
    """A tokenizer whose pieces are letters; `z` it does not know."""

    unk_token_id = 0

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, texts: list[str], add_special_tokens: bool, **how: Any) -> dict[str, list[list[int]]]:
        assert not add_special_tokens
        self.given += texts
        return {"input_ids": [[0 if one == "z" else ord(one) for one in text if one != " "] for text in texts]}


def test_pieces_words_characters_and_unknown_ones_are_counted() -> None:
    examples = [{"id": "zzz", "group": "zz", "text_a": "ab cz", "text_b": "d", "label": "zzz"}]
    found = count(Letters(), examples, ("label",), spaced=True)
    assert (found.texts, found.words, found.characters, found.pieces, found.unknown) == (2, 3, 5, 5, 1)
    assert found.pieces_per_word == pytest.approx(5 / 3)
    assert found.pieces_per_character == 1.0 and found.unknown_percent == 20.0


def test_equal_texts_are_cut_once_and_count_as_often_as_they_stand_there() -> None:
    tokenizer = Letters()
    examples = [{"id": "1", "tokens": ["the", "cat", "the"], "tags": ["O"] * 3}]
    found = count(tokenizer, examples, ("tags",), spaced=True)
    assert tokenizer.given == ["the", "cat"]
    assert (found.texts, found.words, found.pieces) == (3, 3, 9)


def test_a_script_without_spaces_has_words_where_a_task_gives_them() -> None:
    plain = count(Letters(), [{"id": "1", "text": "abc"}], (), spaced=False)
    assert plain.words is None and plain.pieces_per_word is None and plain.pieces_per_character == 1.0
    tagged = count(Letters(), [{"id": "1", "tokens": ["ab", "c"]}], (), spaced=False)
    assert tagged.pieces_per_word == 1.5


def test_nothing_to_count_is_no_figure() -> None:
    found = count(Letters(), [{"id": "1", "text": " "}], (), spaced=True)
    assert found.pieces_per_word is found.pieces_per_character is found.unknown_percent is None


@pytest.mark.parametrize(("code", "spaced"), [("zh", False), ("ja", False), ("th", False), ("my", False), ("ko", True)])
def test_which_scripts_have_spaces(code: str, spaced: bool) -> None:
    assert has_spaces(code) is spaced and has_spaces("xx")


def test_the_command_tells_every_task_and_language(
    report: Callable[..., Any], tiny_xlmr: Path, topics: Path, twins: Path
) -> None:
    """Of a retrieval task only the side that is not English; the texts of `twins` differ in both."""
    asked = ("--model", tiny_xlmr, "--task", "topics", "--task", "twins", "--plugin", topics, "--plugin", twins)
    done = report("fertility", *asked, "--json")
    assert done.code == 0, done.err
    tasks = done.json["tasks"]
    assert list(tasks) == ["topics", "twins"] and list(tasks["topics"]) == ["en", "sw"]
    assert tasks["twins"]["sw"]["texts"] == 12 and tasks["twins"]["sw"]["words"] == 36  # `Amina anaishi Oslo.`
    assert all(1.0 <= one["pieces_per_word"] <= 10.0 for one in tasks["topics"].values())
    table = report("fertility", *asked, "--language", "sw").out
    assert table.startswith("# tiny-xlmr: tokenizer\n") and "Swahili (sw)" in table and "English" not in table


def test_a_tokenizer_s_unknown_letters_show(report: Callable[..., Any], tiny_bert: Path, tmp_path: Path) -> None:
    plugin = write_topics(tmp_path / "mine")
    write_jsonl(
        tmp_path / "mine" / "data" / "test.sw.jsonl", [{"id": "1", "text_a": "ꙮ ꙮ ꙮ vitamin", "label": "health"}]
    )
    done = report("fertility", "--model", tiny_bert, "--task", "topics", "--plugin", plugin, "--json")
    told = done.json["tasks"]["topics"]
    assert told["sw"]["unknown_percent"] == pytest.approx(75.0) and told["en"]["unknown_percent"] < 10.0


def test_data_that_is_not_there_is_named(report: Callable[..., Any], tiny_xlmr: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = report("fertility", "--model", tiny_xlmr, "--task", "xnli", "--language", "sw", "--data", "empty")
    assert done.code == 5 and "task xnli needs this file and it is not there" in done.err
    assert "missing-data" in done.out
    mixed = report("fertility", "--model", tiny_xlmr, "--task", "mini.nli", "--task", "xnli", "--language", "sw")
    assert mixed.code == 4 and "say where it is with --data DIR" in mixed.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--task", "mini.nlii"), "Did you mean mini.nli"),
        (("--task", "mini.nli", "--language", "xx"), "Unknown language 'xx'"),
        (("--task", "mini.nli", "--data", "nowhere"), "--data nowhere: there is no such folder"),
        ((), "Say what to run"),
    ],
)
def test_a_wrong_request_is_refused(
    report: Callable[..., Any], tiny_xlmr: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = report("fertility", "--model", tiny_xlmr, *arguments)
    assert done.code == 2 and told in done.err


def test_tables_and_figures_are_written(
    report: Callable[..., Any], tiny_xlmr: Path, topics: Path, tmp_path: Path
) -> None:
    done = report("fertility", "--model", tiny_xlmr, "--task", "topics", "--plugin", topics, "--out", "drawn")
    assert done.code == 0
    figures = [f"fertility.{name}" for name in ("pieces_per_character", "pieces_per_word", "unknown_percent")]
    names = ["fertility.json", "fertility.md", *(f"{one}.{form}" for one in figures for form in ("png", "svg"))]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == sorted(names)
    page = (tmp_path / "drawn" / "fertility.md").read_text(encoding="utf-8")
    assert page.startswith(done.out) and page.count("![") == 3
