"""Code search in the running Python's own standard library: for the first sentence of a docstring, the function's body.

Needs no download. What is read are the library's source files, whose hashes are in the keys of what is trained on them:
another release of Python is another data set. Bodies come out of `ast`, so without the function's docstring and
comments, whose English would give the answer away, and without the name. `stdlib_code_search.no-code` trains the same
objective on as many pairs of neighbouring English sentences out of the same files.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl
from xtreme_tasks.intermediate.code.controls import order, share_of, with_controls

Row = dict[str, Any]
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
# tests, data tables written as Python, other people's packages, and what is there twice
LEFT_OUT = {
    *("test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"),
    *("encodings", "pydoc_data", "ensurepip", "lib2to3", "turtledemo", "idlelib"),
}
DEV_SHARE = 0.1  # of the files, so that a module's functions are all in one part
LEAST_WORDS, MOST_CHARACTERS = 4, 300  # of a sentence
LEAST_STATEMENTS, MOST_BODY_CHARACTERS = 3, 4000
ROUGH_SIZES = {"train": 2_800, "dev": 250}  # of Python 3.11; others differ
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
CODE_MARK = re.compile(r"[_=<>{}\[\]`\\|/@*]|\(\)|\w\.\w|[a-z][A-Z]")


@cache
def library_files(folder: Path) -> tuple[Path, ...]:
    """The source files of a standard library in the order of their names."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.py"))
    return tuple(folder / name for name in names if not LEFT_OUT & set(name.parts) and _is_standard(name))


def _is_standard(name: Path) -> bool:
    return name.parts[0].removesuffix(".py") in sys.stdlib_module_names


def files(split: str, language: str) -> tuple[str, ...]:
    """Absolute names; where Python has no sources, one of a file that is missing."""
    if split not in ("train", "dev"):
        return ()
    found = library_files(LIBRARY)
    chosen = [
        path for path in found if (split == "dev") is (share_of(path.relative_to(LIBRARY).as_posix()) < DEV_SHARE)
    ]
    return tuple(map(str, chosen)) or (str(LIBRARY / "ast.py"),)


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[Row]:
    """Ids are file and line, groups are files; a pair that is there twice is read once."""
    seen = set()
    for name, tree in _trees(files):
        for row in code_pairs(name, tree):
            if (row["query"], row["positive"]) not in seen:
                seen.add((row["query"], row["positive"]))
                yield row


def read_without_code(split: str, language: str, files: tuple[Path, ...]) -> list[Row]:
    """As many pairs as `read` has, or all there are, in the order of the files."""
    code, rows = set[tuple[str, str]](), dict[tuple[str, str], Row]()
    for name, tree in _trees(files):
        code |= {(row["query"], row["positive"]) for row in code_pairs(name, tree)}
        rows |= {(row["query"], row["positive"]): row for row in sentence_pairs(name, tree)}
    kept = {row["id"] for row in sorted(rows.values(), key=lambda row: order(row["id"]))[: len(code)]}
    return [row for row in rows.values() if row["id"] in kept]


def _trees(files: tuple[Path, ...]) -> Iterator[tuple[str, ast.Module]]:
    """Every file's name below the folder that holds all, and its content."""
    folder = os.path.commonpath([path.parent for path in files])
    for path in files:
        try:
            yield path.relative_to(folder).as_posix(), ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            raise DataError(path, getattr(error, "lineno", None), f"is not this Python's ({error})") from None


def code_pairs(name: str, tree: ast.Module) -> Iterator[Row]:
    """First sentence and body of the documented functions of a file, whatever they are nested in."""
    for node, docstring in _documented(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first, body = sentences(docstring)[:1], node.body[1:]
            if first and is_sentence(first[0]) and _statements(body) >= LEAST_STATEMENTS:
                code = "\n".join(map(ast.unparse, body))
                if len(code) <= MOST_BODY_CHARACTERS:
                    yield {"id": f"{name}:{node.lineno}", "group": name, "query": first[0], "positive": code}


def sentence_pairs(name: str, tree: ast.Module) -> Iterator[Row]:
    """Neighbouring sentences of the docstrings of a file that have no code in them."""
    for node, docstring in _documented(tree):
        line = getattr(node, "lineno", 0)
        for place, (first, second) in enumerate(pairwise(sentences(docstring))):
            if all(is_sentence(one) and one[-1] in ".!?" and not CODE_MARK.search(one) for one in (first, second)):
                yield {"id": f"{name}:{line}-{place}", "group": name, "query": first, "positive": second}


def _documented(tree: ast.Module) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (docstring := ast.get_docstring(node)):
            yield node, docstring


def _statements(body: list[ast.stmt]) -> int:
    """How many there are, inner ones too."""
    return sum(isinstance(node, ast.stmt) for statement in body for node in ast.walk(statement))


def sentences(docstring: str) -> list[str]:
    """The sentences of each paragraph, in one line each."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", docstring))
    return [sentence for paragraph in paragraphs for sentence in SENTENCE_END.split(paragraph) if sentence]


def is_sentence(text: str) -> bool:
    """Words that begin with a capital, not too few, not too long, no doctest."""
    return text[0].isupper() and len(text.split()) >= LEAST_WORDS and len(text) <= MOST_CHARACTERS and ">>>" not in text


SEARCH = Task(
    name="stdlib_code_search",
    kind="contrast",
    languages=("en",),
    read=read,
    files=files,
    rough_sizes=ROUGH_SIZES,
    homepage="https://docs.python.org/3/library/",
    citation="the standard library of the Python that runs",
    licence="PSF-2.0",
)
NO_CODE = Task(
    name="stdlib_code_search.no-code",
    kind="contrast",
    languages=("en",),
    read=read_without_code,
    files=files,
    rough_sizes=ROUGH_SIZES,
    homepage=SEARCH.homepage,
    citation=SEARCH.citation,
    licence=SEARCH.licence,
)
CONTROLS = {"no-code": NO_CODE.name, "size-matched": "mini.nli"}


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in (*with_controls(SEARCH, ("positive",), CONTROLS), NO_CODE):
        register(task)
