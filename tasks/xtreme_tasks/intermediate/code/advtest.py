"""Code search (AdvTest of CodeXGLUE, from CodeSearchNet): for a docstring, the Python function it is from.

Both sides are the data's own tokens, those of the code without docstring. In the test part, which is not read,
functions and variables have other names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Task, hookimpl, read_jsonl
from xtreme_tasks.intermediate.code.codexglue import HOMEPAGE, LICENCE, OF_CONTRAST, source
from xtreme_tasks.intermediate.code.controls import with_controls
from xtreme_tasks.intermediate.originals import importer, part_files
from xtreme_tasks.intermediate.tables import Rows

TRAIN, DEV = "advtest/train.jsonl", "advtest/valid.jsonl"
CODE = ("code_tokens", "function_tokens")  # one of them; CodeXGLUE's script writes either


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """Ids are line numbers from 0, groups repositories."""
    for number, row in read_jsonl(files[0]):
        code = next((name for name in CODE if name in row), CODE[0])
        texts = {
            "query": _joined(files[0], number, row, "docstring_tokens"),
            "positive": _joined(files[0], number, row, code),
        }
        yield {"id": str(number - 1), **texts, **({"group": row["repo"]} if "repo" in row else {})}


def _joined(path: Path, number: int, row: dict[str, Any], name: str) -> str:
    """Tokens in one line; there is white space inside some of them."""
    tokens = row.get(name)
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) for token in tokens):
        raise DataError(path, number, f"{name} must be a list of texts")
    return " ".join(" ".join(tokens).split())


TASK = Task(
    name="advtest",
    kind="contrast",
    languages=("en",),
    read=read,
    files=part_files(train=(TRAIN,), dev=(DEV,)),
    sources=(
        source(
            "advtest", "Text-Code/NL-code-search-Adv", "train.jsonl and valid.jsonl, which its preprocess.py writes,"
        ),
    ),
    import_files=importer({name: name for name in (TRAIN, DEV)}),
    sizes={"train": {"en": 251_820}, "dev": {"en": 9_604}},
    homepage=HOMEPAGE,
    citation="Husain et al. 2019, CodeSearchNet; Lu et al. 2021, CodeXGLUE",
    licence=LICENCE,
)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    for task in with_controls(TASK, ("positive",), OF_CONTRAST):
        register(task)
