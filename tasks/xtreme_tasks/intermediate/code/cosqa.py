"""Code search by pairs (CoSQA, Huang et al. 2021): does a Python function answer a web query?

The code of `cosqa` holds its docstring, so query and docstring can be matched without reading code. That of
`cosqa.no-docstring` does not: it is the data's own `code_tokens`, in which spaces stand between tokens. WebQueryTest,
CodeXGLUE's test part, has no labels and is not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from xtreme_harness import DataError, Task, hookimpl
from xtreme_tasks.intermediate.code.codexglue import CONTROLS, HOMEPAGE, LABELS, LICENCE, source
from xtreme_tasks.intermediate.code.controls import with_controls
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows
from xtreme_tasks.squad.document import read_json

TRAIN, DEV = "cosqa/cosqa-train.json", "cosqa/cosqa-dev.json"


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    return _read(files[0], "code")


def read_without_docstring(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    return _read(files[0], "code_tokens")


def _read(path: Path, code: str) -> Rows:
    """Ids are the data's; groups are codes, as several queries share one."""
    content = read_json(path)
    if not isinstance(content, list):
        raise DataError(path, None, "is not a list of pairs")
    codes: dict[str, str] = {}
    for place, row in enumerate(content):
        texts = [row.get(name) for name in ("idx", "doc", code)] if isinstance(row, dict) else [None]
        if not all(isinstance(one, str) for one in texts) or str(row.get("label")) not in LABELS:
            raise DataError(path, None, f"pair {place} from 0: must have texts idx, doc and {code} and a label 0 or 1")
        group = codes.setdefault(row[code], f"code-{len(codes)}")
        yield {"id": row["idx"], "group": group, "text_a": row["doc"], "text_b": row[code], "label": str(row["label"])}


TASK = Task(
    name="cosqa",
    kind="classify",
    languages=("en",),
    options={"labels": LABELS},
    read=read,
    files=part_files(train=(TRAIN,), dev=(DEV,)),
    sources=(source("cosqa", "Text-Code/NL-code-search-WebQuery", "cosqa-train.json and cosqa-dev.json"),),
    import_files=importer({name: name for name in (TRAIN, DEV)}),
    sizes={"train": {"en": 20_000}, "dev": {"en": 604}},
    homepage=HOMEPAGE,
    citation="Huang et al. 2021, CoSQA: 20,000+ Web Queries for Code Search and Question Answering; "
    "Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)
NO_DOCSTRING = replace(TASK, name="cosqa.no-docstring", read=read_without_docstring)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in (TASK, NO_DOCSTRING):
        for one in with_controls(task, ("text_b",), CONTROLS):
            register(one)
