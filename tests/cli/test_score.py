"""The command `score`, as typed: its JSON and text, and every refusal that two folders can bring."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.main import run
from xtreme_plugins.score import LANGUAGES

BUCC = {code: f"{code}-000000001\ten-000000001\n{code}-000000002\ten-000000007\n" for code in ("de", "fr", "ru", "zh")}


def qa(*answers: str, start: int = 2, ids: tuple[str, ...] = ("q",), context: str = "a red house") -> str:
    """A label file in SQuAD's form: a question for each id."""
    gold = [{"answer_start": start, "text": text} for text in answers]
    questions = [{"id": one, "question": "", "answers": gold} for one in ids]
    return json.dumps({"version": "1.1", "data": [{"paragraphs": [{"context": context, "qas": questions}]}]})


LABELS: dict[str, Mapping[str, str]] = {
    "xnli": {"*": "neutral\nentailment\ncontradiction\n"},
    "pawsx": {"*": "0\n1\n1\n"},
    "udpos": {"*": "NOUN\nVERB\n\nSCONJ\n"},
    "panx": {"*": "B-PER\nI-PER\n\nO\n"},
    "xquad": {"*": qa("red")},
    "mlqa": {"*": qa("red")},
    "tydiqa": {"*": qa("red")},
    "bucc2018": BUCC,
    "tatoeba": {"*": "2\n0\n1\n"},
}
PREDICTIONS: dict[str, Mapping[str, str]] = {
    **LABELS,
    **{task: {"*": '{"q": "red"}'} for task in ("xquad", "mlqa", "tydiqa")},
}


def write(side: Path, tasks: Mapping[str, Mapping[str, str | bytes | None]]) -> None:
    """Files by task and language; `*` is every language not named, None leaves one out."""
    for task, texts in tasks.items():
        (side / task).mkdir(parents=True)
        for code in {*texts, *(LANGUAGES[task].split() if "*" in texts else ())} - {"*"}:
            content = texts[code] if code in texts else texts["*"]
            suffix = "json" if task in ("xquad", "mlqa", "tydiqa") else "tsv"
            if content is not None:
                raw = content.encode() if isinstance(content, str) else content
                (side / task / f"test-{code}.{suffix}").write_bytes(raw)


Score = Callable[..., tuple[int, str, str]]


@pytest.fixture
def score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Score:
    """`score(predictions, labels, *options)`: exit code, standard output, standard error; one task's files a side."""
    monkeypatch.chdir(tmp_path)

    def call(predictions: Any, labels: Any, *options: str) -> tuple[int, str, str]:
        write(Path("predictions"), predictions)
        write(Path("labels"), labels)
        code = run(["score", "predictions", "labels", *options])
        return code, *capsys.readouterr()

    return call


def changed(task: str, content: str | bytes | None, code: str = "de", labels: bool = False) -> dict[str, Any]:
    """One task's files, the one of one language with other content."""
    return {task: {**(LABELS if labels else PREDICTIONS)[task], code: content}}


def only(task: str) -> dict[str, Any]:
    return {task: LABELS[task]}


def test_json_of_a_whole_submission(score: Score) -> None:
    code, out, err = score(PREDICTIONS, LABELS, "--json", "--strict")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert list(report) == ["overall", "averages", "languages", "warnings"]
    assert report["overall"] == dict.fromkeys(
        ["all_task", "classification", "tagging", "qa", "retrieval"], pytest.approx(100)
    )
    assert report["averages"]["mlqa"] == {"avg_exact_match": 100.0, "avg_f1": 100.0, "avg_metric": 100.0}
    assert report["languages"]["udpos"]["yo"] == {"f1": 100.0, "precision": 100.0, "recall": 100.0}
    assert report["warnings"] == []


def test_text_has_two_decimals_and_warnings_on_standard_error(score: Score) -> None:
    code, out, err = score(changed("pawsx", "0\n0\n1\n", "ko"), only("pawsx"))
    assert code == 0
    assert "pawsx       7 languages  avg_accuracy 95.24  avg_metric 95.24" in out
    assert "predictions/xnli: there is no such folder: xnli is not scored" in err


def test_the_installed_program(tmp_path: Path) -> None:
    write(tmp_path / "ours", only("tatoeba"))
    write(tmp_path / "theirs", only("tatoeba"))
    command = [
        sys.executable,
        "-m",
        "xtreme_harness",
        "score",
        str(tmp_path / "ours"),
        str(tmp_path / "theirs"),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert json.loads(done.stdout)["averages"] == {"tatoeba": {"avg_accuracy": 100.0, "avg_metric": 100.0}}


# (item of test_refusals, predictions, labels, what the sentence says): refused with and without --strict
REFUSED = [
    ("1", changed("pawsx", None), only("pawsx"), "predictions/pawsx/test-de.tsv: task pawsx: language de has no file"),
    (
        "1 labels",
        only("udpos"),
        changed("udpos", None),
        "labels/udpos/test-de.tsv: task udpos: language de has no file",
    ),
    (
        "2 lines",
        changed("xnli", "neutral\n"),
        only("xnli"),
        "test-de.tsv: holds 1 lines, but labels/xnli/test-de.tsv holds 3",
    ),
    ("2 rows", changed("tatoeba", "1\n"), only("tatoeba"), "holds 1 lines, but labels/tatoeba/test-de.tsv holds 3"),
    (
        "2 sentences",
        changed("panx", "O\nO\nO\n"),
        only("panx"),
        "holds 1 sentences, but labels/panx/test-de.tsv holds 2",
    ),
    (
        "3",
        changed("udpos", "NOUN\nVERB\n\nSCONJ\nX\n"),
        only("udpos"),
        "predictions/udpos/test-de.tsv, line 4: sentence 2 has 2 tags, but 1 in labels/udpos/test-de.tsv",
    ),
    ("4 no label", changed("pawsx", ""), changed("pawsx", ""), "test-de.tsv: "),
    ("4 no question", changed("xquad", "{}"), changed("xquad", '{"data": []}', labels=True), "holds no question"),
    ("9 null", changed("xquad", '{"q": null}'), only("xquad"), "the answer to 'q' is null, expected text"),
    ("9 list", changed("mlqa", '["red"]'), only("mlqa"), "holds a list, expected an object"),
    ("9 not JSON", changed("tydiqa", '{"q": ', "sw"), only("tydiqa"), "test-sw.json, line 1: is not JSON"),
    ("10 no answers", changed("xquad", '{"q": "x"}'), changed("xquad", qa(), labels=True), "question 'q' has no gold"),
    ("10 not SQuAD", changed("xquad", "{}"), changed("xquad", '{"data": [{}]}', labels=True), "not in SQuAD's form"),
    ("11", changed("mlqa", "{}"), changed("mlqa", qa("", start=0), labels=True), "labels were removed, cannot score"),
    ("11 neutral", only("xnli"), changed("xnli", "neutral\n" * 3), "all 3 gold labels are 'neutral'"),
    ("11 zeros", only("pawsx"), changed("pawsx", "0\n" * 3), "which stands where labels were removed"),
    ("11 outside", only("panx"), changed("panx", "O\nO\n\nO\n"), "all 3 gold labels are 'O'"),
    ("11 X", only("udpos"), changed("udpos", "X\nX\n\nX\n"), "all 3 gold labels are 'X'"),
    ("11 constant", only("xnli"), changed("xnli", "entailment\n" * 3), "'entailment', which no test set has"),
    ("19 encoding", changed("pawsx", b"0\n\xff\n1\n"), only("pawsx"), "test-de.tsv, line 2: is not UTF-8"),
    ("19 mark in JSON", changed("xquad", '\ufeff{"q": "red"}'), only("xquad"), "begins with a byte order mark"),
    ("no shared task", only("pawsx"), only("xnli"), "shares no task folder with labels"),
    ("pointer", changed("pawsx", "version https://git-lfs.github.com/spec/v1\n\n\n"), only("pawsx"), "Git LFS pointer"),
]


@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["", "strict"])
@pytest.mark.parametrize(
    ("predictions", "labels", "sentence"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_refused(score: Score, strict: tuple[str, ...], predictions: Any, labels: Any, sentence: str) -> None:
    code, out, err = score(predictions, labels, *strict)
    assert (code, out) == (5, "")
    assert sentence in err or (strict and sentence.startswith("test-") and "is empty" in err)
    assert err.startswith("xtreme-harness: ")
    assert len(err.splitlines()) == 1


# the same for what only --strict refuses: the official scorer takes it, and so do we, with a warning
LENIENT = [
    ("4 empty", changed("bucc2018", ""), only("bucc2018"), "predictions/bucc2018/test-de.tsv: is empty"),
    ("5 case", changed("xnli", "Neutral\nneutral\nneutral\n"), only("xnli"), "line 1: label 'Neutral' is not one of"),
    (
        "5 name",
        only("xnli"),
        changed("xnli", "contradictory\nneutral\nneutral\n"),
        "label 'contradictory' is not one of",
    ),
    ("5 column", changed("pawsx", "0\t1\n1\n1\n"), only("pawsx"), r"line 1: label '0\t1' is not one of 0, 1"),
    ("6 words", changed("udpos", "a\tNOUN\nb\tVERB\n\nc\tX\n"), only("udpos"), "it has more than one column"),
    ("6 other", changed("udpos", "NOUN\nO\n\nX\n"), only("udpos"), "line 2: tag 'O' is not one of ADJ, ADP"),
    ("6 not IOB", changed("panx", "PER\nI-PER\n\nO\n"), only("panx"), "line 1: tag 'PER' is not one of B-LOC"),
    ("7 brackets", changed("tatoeba", "[2]\n0\n1\n"), only("tatoeba"), "'[2]' stands in brackets"),
    ("7 no number", changed("tatoeba", "2\n-1\n1\n"), only("tatoeba"), "line 2: '-1' is not a plain row number"),
    ("7 padded", changed("tatoeba", "02\n0\n1\n"), only("tatoeba"), "'02' is not a plain row number"),
    ("7 too far", changed("tatoeba", "3\n0\n1\n"), only("tatoeba"), "row 3 is not among the 3 rows from 0"),
    ("8 fields", changed("bucc2018", "de-1 en-1\n"), only("bucc2018"), "has 1 tab-separated fields, expected 2"),
    ("8 prefix", changed("bucc2018", "fr-1\ten-1\n"), only("bucc2018"), "id 'fr-1' does not begin with de-"),
    ("8 blank", changed("bucc2018", "de-1\ten-1\n\n"), only("bucc2018"), "line 2: has 1 tab-separated fields"),
    ("9 unasked", changed("xquad", '{"q": "red", "z": 1}'), only("xquad"), "the answer to 'z' is 1, expected text"),
    ("9 twice", changed("xquad", '{"q": "a", "q": "red"}'), only("xquad"), "'q' is given twice in one object"),
    (
        "10 id",
        only_qa := changed("xquad", '{"q": "red"}'),
        changed("xquad", qa("red", ids=("q", "q")), labels=True),
        "'q' stands there twice",
    ),
    ("10 offset", only_qa, changed("xquad", qa("red", start=1), labels=True), "does not stand at its offset"),
    ("12", changed("mlqa", "{}", "ru"), only("mlqa"), "predictions/mlqa/test-ru.json: ru is no language of mlqa"),
    ("19 mark", changed("pawsx", "\ufeff0\n1\n1\n"), only("pawsx"), "line 1: begins with a byte order mark"),
    ("19 NUL", changed("pawsx", "0\n1\0\n1\n"), only("pawsx"), "line 2: holds a NUL character"),
    ("22 task", {**only("pawsx"), "xcopa": {"et": "0\n"}}, only("pawsx"), "predictions/xcopa: is no task"),
    ("22 language", changed("pawsx", "0\n", "it"), only("pawsx"), "it is no language of pawsx"),
]


@pytest.mark.parametrize(
    ("predictions", "labels", "sentence"), [one[1:] for one in LENIENT], ids=[one[0] for one in LENIENT]
)
def test_warned_of_without_strict(score: Score, predictions: Any, labels: Any, sentence: str) -> None:
    code, out, _ = score(predictions, labels, "--json")
    assert code == 0
    assert any(sentence in warning for warning in json.loads(out)["warnings"])


@pytest.mark.parametrize(
    ("predictions", "labels", "sentence"), [one[1:] for one in LENIENT], ids=[one[0] for one in LENIENT]
)
def test_refused_with_strict(score: Score, predictions: Any, labels: Any, sentence: str) -> None:
    code, out, err = score(predictions, labels, "--strict")
    assert (code, out) == (5, "")
    assert sentence in err


def test_strict_refuses_a_language_that_is_given_twice(score: Score) -> None:
    write(Path("predictions"), {})
    Path("predictions/xquad").mkdir(parents=True)
    Path("predictions/xquad/test-de.tsv").write_text("", encoding="utf-8")
    for code in LANGUAGES["xquad"].split():
        Path(f"predictions/xquad/test-{code}.json").write_text('{"q": "red"}', encoding="utf-8")
    code, _, err = score({}, only("xquad"), "--strict")
    assert code == 5
    assert "language de is given twice" in err


@pytest.mark.parametrize("strict", [(), ("--strict",)], ids=["", "strict"])
def test_remarks_are_no_reason_to_refuse(score: Score, strict: tuple[str, ...]) -> None:
    """A stray I- tag, a pair that stands twice, a question without an answer, an answer without a question."""
    ours = {
        **changed("panx", "I-PER\nI-PER\n\nO\n"),
        **changed("bucc2018", BUCC["de"] * 2),
        **changed("xquad", '{"z": "red"}'),
    }
    code, out, _ = score(ours, {task: LABELS[task] for task in ours}, "--json", *strict)
    report = json.loads(out)
    assert code == 0
    assert report["languages"]["panx"]["de"]["f1"] == report["languages"]["bucc2018"]["de"]["f1"] == 100.0
    assert report["languages"]["xquad"]["de"] == {"exact_match": 0.0, "f1": 0.0}
    told = "\n".join(report["warnings"])
    for part in ("line 1: I-PER begins a chunk", "counts once (and 1 more", "'q' has no answer", "'z' is no question"):
        assert part in told


def test_partial_scores_what_is_there(score: Score) -> None:
    code, out, _ = score(changed("pawsx", None, "fr"), only("pawsx"), "--partial", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["averages"]["pawsx"] == {"avg_accuracy": None, "avg_metric": None}
    assert report["overall"]["classification"] is report["overall"]["all_task"] is None
    assert "fr" not in report["languages"]["pawsx"]
    assert any("language fr has no file" in warning for warning in report["warnings"])


def test_partial_text_says_incomplete(score: Score) -> None:
    _, out, _ = score(changed("pawsx", None, "fr"), only("pawsx"), "--partial")
    assert "pawsx       6 languages  avg_accuracy incomplete" in out


def test_a_folder_that_is_not_there_is_a_wrong_request(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["score", str(tmp_path / "nowhere"), str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err
