"""SQuAD JSON, the format of all QA tasks: to normal form, checked as gold, and emptied as XTREME's downloader does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, read_text_lines

Row = dict[str, Any]
PLACEHOLDER = {"answer_start": 0, "text": ""}  # what the downloader leaves of a test answer
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(path: Path) -> Any:
    """A JSON file's value; DataError on what is no UTF-8 text, a Git LFS pointer, or cut off."""
    text = "\n".join(line for _, line in read_text_lines(path))
    try:
        value = json.loads(text)
        if SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise DataError(path, error.lineno, f"is not JSON ({error.msg} at column {error.colno}); cut off?") from None
    except UnicodeEncodeError:
        raise DataError(path, None, "holds half a surrogate pair (an escape such as \\ud83d alone)") from None
    except RecursionError:
        raise DataError(path, None, "is nested too deeply to be read") from None
    return value


def write_json(path: Path, value: Any) -> None:
    """As XTREME's downloader writes it: ASCII, one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8", newline="\n")


def read_squad(path: Path) -> Iterator[Row]:
    """The questions of a SQuAD JSON file in normal form, in the file's order."""
    return questions(path, read_json(path))


def questions(where: Path | str, content: Any) -> Iterator[Row]:
    """The questions of a SQuAD document (or a bare list of articles) in normal form, in its order.

    `group` numbers the distinct contexts: the same in XTREME's files, where each question is an article of its own, in
    the original ones, and in translations of both. Raises DataError where the document has another shape.
    """
    groups: dict[str, str] = {}
    try:
        for article in _articles(content):
            for paragraph in article["paragraphs"]:
                context = paragraph["context"]
                group = groups.setdefault(context, f"context-{len(groups)}")
                for question in paragraph["qas"]:
                    yield _question(question, context, group)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(where, None, f"is not SQuAD JSON ({type(error).__name__}: {error})") from None


def _articles(content: Any) -> Any:
    return (content.get("data") if isinstance(content, Mapping) else content) or ()


def _question(question: Mapping[str, Any], context: str, group: str) -> Row:
    answers = [{"text": one["text"], "start": one["answer_start"]} for one in question["answers"]]
    row = {"id": question["id"], "group": group, "context": context, "question": question["question"]}
    return {**row, "answers": answers, **({"impossible": True} if question.get("is_impossible") else {})}


def sound_questions(where: Path | str, content: Any) -> list[Row]:
    """All questions of a document that is to be gold.

    Raises DataError with the question's id on what cannot be: no question, an id twice, no answer, an emptied answer,
    an answer that is not at its offset (where XTREME's downloader aborts).
    """
    rows = list(questions(where, content))
    if not rows:
        raise DataError(where, None, "holds no question")
    seen: set[str] = set()
    for row in rows:
        if problem := _problem(row) or ("stands there twice" if row["id"] in seen else ""):
            raise DataError(where, None, f"question {row['id']!r} {problem}")
        seen.add(row["id"])
    return rows


def _problem(row: Row) -> str:
    """Why a question cannot be gold: a predicate to its id, empty when it can."""
    if not all(isinstance(row[name], str) for name in ("id", "context", "question")):
        return "has an id, context or question that is no text"
    if not row["answers"] and not row.get("impossible"):
        return "has no answer"
    for answer in row["answers"]:
        text, start = answer["text"], answer["start"]
        if not isinstance(text, str) or not isinstance(start, int):
            return "has an answer without a text and a whole number as answer_start"
        if not text:
            return "has an empty answer: its label was removed, as in a benchmark's test file; get the original file"
        if start < 0 or not row["context"].startswith(text, start):
            return f"has the answer {text!r}, which is not at {start} in its context (counted in code points)"
    return ""


def by_question(content: Any) -> Iterator[Row]:
    """Articles of one question each, with its id, text and answers, as XTREME's downloader cuts them (no titles)."""
    for paragraph in (paragraph for article in _articles(content) for paragraph in article["paragraphs"]):
        for question in paragraph["qas"]:
            kept = {name: question[name] for name in ("answers", "question", "id")}
            yield {"paragraphs": [{"context": paragraph["context"], "qas": [kept]}]}


def with_articles(content: Any, articles: Sequence[Row]) -> Row:
    """A document of `articles` with the version of another, where that has one."""
    has_version = isinstance(content, Mapping) and "version" in content
    return {"data": articles, **({"version": content["version"]} if has_version else {})}


def without_answers(content: Any) -> Row:
    """A sound SQuAD document as XTREME's downloader leaves a test file: a question an article, its answer emptied."""
    articles = list(by_question(content))
    for article in articles:
        article["paragraphs"][0]["qas"][0]["answers"] = [dict(PLACEHOLDER)]
    return with_articles(content, articles)


def read_first(split: str, language: str, files: tuple[Path, ...]) -> Iterator[Row]:
    """A task's reader where each part is one SQuAD JSON file."""
    return read_squad(files[0])


def label_files(folder: str) -> Callable[[str, str], Sequence[str]]:
    """XTREME's label files of a QA task: SQuAD JSON in the label folder."""
    return lambda split, language: (f"{folder}/test-{language}.json",)
