"""SQuAD 1.1 (Rajpurkar et al. 2016), the English training data of XQuAD and MLQA, and the reader of SQuAD JSON.

Trained on only. No dev part is named although the download has one: XQuAD's English questions are a part of SQuAD's dev
set, so selecting on it would be selecting on a test set. XTREME keeps the final model (spec section 4).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl, read_text_lines

Rows = Iterator[dict[str, Any]]
PLACEHOLDER = {"answer_start": 0, "text": ""}  # what the downloader leaves of a test answer


def read_json(path: Path) -> Any:
    """A JSON file's value; DataError on what is no UTF-8 text, a Git LFS pointer, or cut off."""
    text = "\n".join(line for _, line in read_text_lines(path))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(path, error.lineno, f"is not JSON ({error.msg} at column {error.colno}); cut off?") from None


def read_squad(path: Path) -> Rows:
    """The questions of a SQuAD JSON file (or a bare list of articles) in normal form, in the file's order.

    `group` numbers the distinct contexts: the same in XTREME's files, where each question is an article of its own, in
    the original ones, and in translations of both. Raises DataError where the file has another shape.
    """
    content = read_json(path)
    articles = content.get("data") if isinstance(content, Mapping) else content
    groups: dict[str, str] = {}
    try:
        for article in articles or ():
            for paragraph in article["paragraphs"]:
                context = paragraph["context"]
                group = groups.setdefault(context, f"context-{len(groups)}")
                for question in paragraph["qas"]:
                    yield _question(question, context, group)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(path, None, f"is not SQuAD JSON ({type(error).__name__}: {error})") from None


def _question(question: Mapping[str, Any], context: str, group: str) -> dict[str, Any]:
    answers = [{"text": one["text"], "start": one["answer_start"]} for one in question["answers"]]
    row = {"id": question["id"], "group": group, "context": context, "question": question["question"]}
    return {**row, "answers": answers, **({"impossible": True} if question.get("is_impossible") else {})}


def without_answers(document: Mapping[str, Any]) -> dict[str, Any]:
    """A SQuAD JSON document as XTREME's downloader leaves a test file: each question an article, its answer emptied.

    Raises ValueError where an answer does not stand at its offset, as the original aborts there (spec 2.2).
    """
    return {"data": list(_emptied(document)), **({"version": document["version"]} if "version" in document else {})}


def _emptied(document: Mapping[str, Any]) -> Rows:
    for paragraph in (paragraph for article in document["data"] for paragraph in article["paragraphs"]):
        context = paragraph["context"]
        for question in paragraph["qas"]:
            for answer in question["answers"]:
                if not context.startswith(answer["text"], answer["answer_start"]):
                    raise ValueError(f"{question['id']}: {answer['text']!r} is not at {answer['answer_start']}")
            emptied = {"id": question["id"], "question": question["question"], "answers": [dict(PLACEHOLDER)]}
            yield {"paragraphs": [{"context": context, "qas": [emptied]}]}


def read_first(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """A task's reader where each part is one SQuAD JSON file."""
    return read_squad(files[0])


def label_files(folder: str) -> Callable[[str, str], Sequence[str]]:
    """XTREME's label files of a QA task: SQuAD JSON in the label folder."""
    return lambda split, language: (f"{folder}/test-{language}.json",)


def files(split: str, language: str) -> tuple[str, ...]:
    return ("squad/train-v1.1.json",) if split == "train" else ()


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="squad_v1",
            kind="span",
            languages=("en",),
            read=read_first,
            files=files,
            homepage="https://rajpurkar.github.io/SQuAD-explorer/",
            citation="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text",
            licence="CC BY-SA 4.0",
        )
    )
