"""Format of the question answering tasks: question ids with answers; labels in SQuAD's form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from xtreme_harness.errors import DataError
from xtreme_harness.scoring import answers
from xtreme_harness.scoring.folders.findings import Findings
from xtreme_harness.scoring.folders.layout import Cell
from xtreme_harness.scoring.folders.text import BYTE_ORDER_MARK, read_text


class Question(NamedTuple):
    """A question of a label file with its gold answers."""

    id: str
    answers: list[str]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Answers as text; `by_language` scores by MLQA's rules for the language, else SQuAD's rules hold in all."""

    by_language: bool = False
    suffix: ClassVar[str] = "json"
    metrics: ClassVar[tuple[str, ...]] = ("exact_match", "f1")
    headline: ClassVar[tuple[str, ...]] = ("exact_match", "f1")

    def score(self, cell: Cell, findings: Findings) -> dict[str, float]:
        questions = read_questions(cell.labels, findings)
        given = read_answers(cell.predictions, {one.id for one in questions}, findings)
        exact, overlap = answers.exact_match, answers.f1
        if self.by_language:
            exact = partial(answers.mlqa_exact_match, language=cell.language)
            overlap = partial(answers.mlqa_f1, language=cell.language)
        answered = [(given[one.id], one.answers) for one in questions if one.id in given]
        return {
            name: sum(rule(text, gold) for text, gold in answered) / len(questions)
            for name, rule in (("exact_match", exact), ("f1", overlap))
        }


def read_answers(path: Path, asked: set[str], findings: Findings) -> dict[str, str]:
    """The answers by question id; questions without one count as wrong, answers without a question do not count."""
    given = _unwrapped(_json(path, findings))
    if not isinstance(given, dict):
        raise DataError(path, None, f"holds a {type(given).__name__}, expected an object from question ids to answers")
    for name, answer in given.items():
        what = f"the answer to {name!r} is {json.dumps(answer, ensure_ascii=False)[:40]}, expected text"
        if not isinstance(answer, str) and name in asked:
            raise DataError(path, None, what)
        if not isinstance(answer, str):
            findings.lenient(path, None, "type", what)
    for name in sorted(asked - given.keys()):
        findings.remark(path, None, "missing", f"question {name!r} has no answer; it counts as wrong")
    for name in given.keys() - asked:
        findings.remark(path, None, "extra", f"{name!r} is no question of the label file; its answer is left out")
    return {name: answer for name, answer in given.items() if name in asked}


def read_questions(path: Path, findings: Findings) -> list[Question]:
    """All questions of a label file. Raises DataError where there is none, or where the answers were removed."""
    try:
        questions = list(_questions(path, _unwrapped(_json(path, findings)), findings))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(path, None, f"is not in SQuAD's form: {type(error).__name__} {error}") from None
    if not questions:
        raise DataError(path, None, "holds no question; there is nothing to score")
    if not any(answer for question in questions for answer in question.answers):
        what = f"every answer to its {len(questions)} questions is empty: the labels were removed, cannot score"
        raise DataError(path, None, what)
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            findings.lenient(path, None, "id", f"question id {question.id!r} stands there twice")
        seen.add(question.id)
    return questions


def _questions(path: Path, articles: Any, findings: Findings) -> Iterator[Question]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            for item in paragraph["qas"]:
                question = Question(item["id"], [answer["text"] for answer in item["answers"]])
                if not question.answers or not all(isinstance(text, str) for text in question.answers):
                    raise DataError(path, None, f"question {question.id!r} has no gold answer")
                _check_offsets(path, paragraph.get("context"), item, findings)
                yield question


def _check_offsets(path: Path, context: Any, item: Mapping[str, Any], findings: Findings) -> None:
    for answer in item["answers"]:
        start, text = answer.get("answer_start"), answer["text"]
        if not (isinstance(context, str) and isinstance(start, int) and context[start : start + len(text)] == text):
            what = f"an answer to question {item['id']!r} does not stand at its offset in the context"
            findings.lenient(path, None, "offset", what)


def _unwrapped(value: Any) -> Any:
    return value["data"] if isinstance(value, dict) and "data" in value else value


def _json(path: Path, findings: Findings) -> Any:
    text = read_text(path, findings)
    if text.startswith(BYTE_ORDER_MARK):
        raise DataError(path, 1, "begins with a byte order mark; save the file as UTF-8 without it")
    try:
        return json.loads(text, object_pairs_hook=partial(_object, path, findings))
    except json.JSONDecodeError as error:
        raise DataError(path, error.lineno, f"is not JSON ({error.msg} at column {error.colno})") from None
    except RecursionError:
        raise DataError(path, None, "is nested too deeply to be read") from None


def _object(path: Path, findings: Findings, members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        again = next(name for place, (name, _) in enumerate(members) if name in dict(members[:place]))
        findings.lenient(path, None, "key", f"{again!r} is given twice in one object; the last one counts")
    return value
