"""QA sets on the hub: rows to SQuAD JSON, with answers that white space was stripped around set right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from xtreme_harness import DataError, Folders
from xtreme_tasks.importing import HubRows, staged
from xtreme_tasks.squad.document import Row
from xtreme_tasks.squad.parts import Check, Part, Sizes, unchecked, write_part

# More than any stretch that the sets' loaders strip off a context (up to 9 in TyDiQA); further off, an answer's text
# may stand by chance.
MOST_SPACE = 32


def rows_writer(
    id: str, parts: Mapping[tuple[str, str], Part], sizes: Sizes, check: Check = unchecked
) -> Callable[[HubRows, Folders], None]:
    """What writes the hub set `id`, whose `parts` go by configuration and by the hub's name of the split."""

    def write(rows: HubRows, folders: Folders) -> None:
        with staged(folders) as new:
            for (config, split), part in parts.items():
                where = f"{id}, {config}, {split}"
                document = document_of(where, rows(config, split))
                check(where, part, write_part(part, document, where, new, sizes), folders)

    return write


def document_of(where: str, rows: Iterable[Mapping[str, Any]]) -> Row:
    """SQuAD JSON from rows {id, context, question, answers: {text: [...], answer_start: [...]}}, in their order.

    Loaders strip contexts and answers but leave `answer_start` as it was: starts move back by what the context lost
    and on over white space that the answer lost. Raises DataError for an answer that stands at no such place.
    """
    asked = [_asked(where, number, row) for number, row in enumerate(rows, start=1)]
    articles = []
    for context, pairs in groupby(asked, key=lambda pair: pair[0]):
        questions = [question for _, question in pairs]
        _set_right(where, context, questions)
        articles.append({"paragraphs": [{"context": context, "qas": questions}]})
    return {"data": articles}


def _asked(where: str, number: int, row: Mapping[str, Any]) -> tuple[str, Row]:
    try:
        texts, starts = row["answers"]["text"], row["answers"]["answer_start"]
        answers = [{"answer_start": int(start), "text": text} for text, start in zip(texts, starts, strict=True)]
        return row["context"], {"id": row["id"], "question": row["question"], "answers": answers}
    except (KeyError, TypeError, ValueError) as error:
        what = f"row {number} is no question with answers ({type(error).__name__}: {error})"
        raise DataError(where, None, what) from None


def _set_right(where: str, context: str, questions: list[Row]) -> None:
    """The smallest loss of the context with which all its answers stand somewhere moves their starts."""
    answers = [answer for question in questions for answer in question["answers"]]
    for lost in range(MOST_SPACE + 1):
        starts = [_start(context, answer["text"], answer["answer_start"] - lost) for answer in answers]
        if all(start is not None for start in starts):
            for answer, start in zip(answers, starts, strict=True):
                answer["answer_start"] = start
            return
    _refuse(where, context, questions)


def _start(context: str, text: str, start: int) -> int | None:
    """Where the text stands: at `start`, or behind white space there."""
    if start < 0:
        return None
    behind = len(context) - len(context[start:].lstrip())
    return next((place for place in (start, behind) if context.startswith(text, place)), None)


def _refuse(where: str, context: str, questions: list[Row]) -> None:
    for question in questions:
        for answer in question["answers"]:
            start = answer["answer_start"]
            if _start(context, answer["text"], start) is None:
                what = f"the answer {answer['text']!r}, which is not at {start} in its context"
                told = f"question {question['id']!r} has {what}, nor where white space stripped before it had moved it"
                raise DataError(where, None, told)
