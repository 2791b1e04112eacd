"""Cloze tests of CodeXGLUE (from CodeSearchNet): which word fills a gap in a function that stands behind its docstring?

A zero-shot probe of the pretrained masked-LM head, in six programming languages together; no training, no target of
transfer. `cloze_maxmin` has two words, `cloze_all` 930. Read it as a diagnostic at most: the original asks for one
token a word, which XLM-R's vocabulary does not have for all of them, so words are scored here by the mean over their
pieces, and figures published for RoBERTa and CodeBERT are not on the same scale. The answers that CodeXGLUE ships are
placeholders (`token1`, ...): with them predictions are made and nothing is scored. Who has the true ones puts them into
the label folder as `intermediate/cloze-all/<language>/answers.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl, read_text_lines
from xtreme_tasks.intermediate.code.codexglue import HOMEPAGE, LICENCE, one_line, source
from xtreme_tasks.intermediate.originals import FOLDER, importer
from xtreme_tasks.intermediate.tables import Rows
from xtreme_tasks.squad.document import read_json

PROGRAMMING_LANGUAGES = ("ruby", "javascript", "go", "python", "java", "php")
GAP = "<mask>"
SEPARATOR = "<CODESPLIT>"
PLACEHOLDER = re.compile(r"token\d+")


def files_of(name: str) -> tuple[str, ...]:
    """The words, then the tests of each programming language."""
    return (f"{name}/cloze_test_words.txt", *(f"{name}/{code}/clozeTest.json" for code in PROGRAMMING_LANGUAGES))


def answer_files_of(name: str) -> tuple[str, ...]:
    return tuple(f"{name}/{code}/answers.txt" for code in PROGRAMMING_LANGUAGES)


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Ids are programming language and the data's own."""
    words = tuple(dict.fromkeys(line.strip() for _, line in read_text_lines(files[0]) if line.strip()))
    for path in files[1:]:
        yield from _tests(path, words)


def _tests(path: Path, words: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    content = read_json(path)
    if not isinstance(content, list):
        raise DataError(path, None, "is not a list of tests")
    for place, row in enumerate(content):
        docstring, code = (_tokens(row, name) for name in ("nl_tokens", "pl_tokens"))
        if docstring is None or code is None or code.count(GAP) != 1 or not isinstance(row.get("idx"), str):
            what = f"must have a text idx and lists of texts nl_tokens and pl_tokens, with one {GAP} in the latter"
            raise DataError(path, None, f"test {place} from 0: {what}")
        gap = code.index(GAP)
        sides = {"before": one_line(" ".join([*docstring, *code[:gap]])), "after": one_line(" ".join(code[gap + 1 :]))}
        yield {"id": f"{path.parent.name}-{row['idx']}", **sides, "choices": words}


def _tokens(row: Any, name: str) -> list[str] | None:
    tokens = row.get(name) if isinstance(row, dict) else None
    return tokens if isinstance(tokens, list) and all(isinstance(one, str) for one in tokens) else None


def read_answers(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Raises DataError for placeholders, which are all that the original repository has."""
    for path in files:
        for number, line in read_text_lines(path):
            id, separator, answer = line.partition(SEPARATOR)
            if not separator:
                raise DataError(path, number, f"must be an id and a word, with {SEPARATOR} between")
            if PLACEHOLDER.fullmatch(answer):
                raise DataError(path, number, f"{answer!r} is a placeholder: CodeXGLUE does not release the answers")
            yield {"id": f"{path.parent.name}-{id}", "answer": answer}


def task(name: str, folder: str, page: str, tests: int) -> Task:
    return Task(
        name=name,
        kind="cloze",
        languages=("en",),
        read=read,
        files=lambda split, language: tuple(f"{FOLDER}/{end}" for end in files_of(folder)) if split == "test" else (),
        read_gold=read_answers,
        gold_files=lambda split, language: tuple(f"{FOLDER}/{end}" for end in answer_files_of(folder)),
        sources=(source(folder, f"Code-Code/{page}", f"the folder data/{folder}"),),
        import_files=importer({name: name for name in files_of(folder)}),
        sizes={"test": {"en": tests}},
        homepage=HOMEPAGE,
        citation="Husain et al. 2019, CodeSearchNet; Lu et al. 2021, CodeXGLUE",
        licence=LICENCE,
    )


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(task("cloze_maxmin", "cloze-maxmin", "ClozeTesting-maxmin", 2_615))
    register(task("cloze_all", "cloze-all", "ClozeTesting-all", 176_115))
