"""CCG supertags of the Parallel Meaning Bank (Abzianidze et al. 2017), release 4.0.0, English gold part.

Free, where CCGbank is not. There are some hundreds of categories; a dev part has some that training never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from xtreme_harness import DataError, Source, Task, hookimpl, read_text_lines
from xtreme_tasks.intermediate.originals import GITHUB, importer, part_files
from xtreme_tasks.intermediate.tables import Rows

CATEGORY = 4  # of seven columns: token, token as in the text, symbol, semantic tag, category, sense, roles
COLUMNS = 7
JOIN = "~"  # stands for the spaces inside a token, as in New~York
DOCUMENT = "# newdoc id = "
COMMENTS = ("# ", "### ")  # a token may be # itself
ADDRESS = f"{GITHUB}/RikVN/DRS_parsing/190838f9adea2af616eb76156d2e66c8565a6c6e/parsing/layer_data/4.0.0/en/gold"
LICENCE = "open (ODC-BY 1.0 as the project's site says)"


def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
    """One example a sentence, blank lines between; ids are numbers of sentences from 0, groups documents."""
    for place, (document, words) in enumerate(_sentences(files[0])):
        tokens, tags = zip(*words, strict=True)
        row = {"id": str(place), "tokens": list(tokens), "tags": list(tags)}
        yield {**row, **({"group": document} if document else {})}


def _sentences(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(document, words with their categories) of every sentence."""
    document, words = "", list[tuple[str, str]]()
    for number, line in read_text_lines(path):
        if line.startswith(DOCUMENT):
            document = line.removeprefix(DOCUMENT).strip()
        elif line.strip() and not line.startswith(COMMENTS):
            words.append(_word(path, number, line))
        elif words and not line.strip():
            yield document, words
            words = []
    if words:
        yield document, words


def _word(path: Path, number: int, line: str) -> tuple[str, str]:
    cells = line.split("\t")
    if len(cells) != COLUMNS:
        raise DataError(path, number, f"has {len(cells)} tab-separated columns, expected {COLUMNS}")
    token, category = cells[0].replace(JOIN, " "), cells[CATEGORY]
    if not token.strip() or not category.strip():
        raise DataError(path, number, "has no token or no category (columns 1 and 5)")
    return token, category


def _source(split: str) -> Source:
    return Source(file=f"pmb-4.0.0-{split}.conll", address=f"{ADDRESS}/{split}.conll", licence=LICENCE)


@hookimpl
def register_intermediate_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="pmb_ccg",
            kind="tag",
            languages=("en",),
            options={"labels": (), "open_labels": True},
            metrics=("token_accuracy",),
            headline=("token_accuracy",),
            read=read,
            files=part_files(train=("pmb_ccg/train.conll",), dev=("pmb_ccg/dev.conll",)),
            sources=(_source("train"), _source("dev")),
            import_files=importer({f"pmb-4.0.0-{one}.conll": f"pmb_ccg/{one}.conll" for one in ("train", "dev")}),
            sizes={"train": {"en": 7_745}, "dev": {"en": 1_174}},
            homepage="https://pmb.let.rug.nl",
            citation="Abzianidze et al. 2017, The Parallel Meaning Bank",
            licence=LICENCE,
        )
    )
