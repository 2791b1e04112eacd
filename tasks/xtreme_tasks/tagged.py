"""Tagging files as XTREME's downloader and evaluator have them: what UDPOS and PAN-X share.

Training and dev files hold `word<TAB>tag` lines, test files one word a line, label files one tag a line; a blank line
stands between sentences. Lines are split on tabs only: words may hold no-break and ideographic spaces, at which the
original cuts them and loses their labels (docs/traps.md, 12).
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, read_text_lines

Row = tuple[str, str]  # word, tag
Rows = Iterator[dict[str, Any]]
Lines = list[tuple[int, str]]  # line numbers from 1 and their text


def sentences(path: Path) -> Iterator[Lines]:
    """The lines between blank ones. Several are one break: the original loses count there (docs/traps.md, 14)."""
    lines: Lines = []
    for number, line in read_text_lines(path):
        if line.strip(" "):
            lines.append((number, line))
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def read_tagged(labels: Sequence[str]) -> Callable[..., Rows]:
    """A reader of train, dev and test files; ids are numbers of sentences from 0, tests have no tags."""

    def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
        columns = 1 if split == "test" else 2
        for place, lines in enumerate(sentences(files[0])):
            fields = [_fields(files[0], number, line, columns) for number, line in lines]
            row = {"id": str(place), "tokens": [one[0] for one in fields]}
            if columns == 2:
                known = zip(lines, fields, strict=True)
                row["tags"] = [_tag(files[0], number, one[1], labels) for (number, _), one in known]
            yield row

    return read


def read_tag_labels(labels: Sequence[str]) -> Callable[..., Rows]:
    """A reader of label files, whose sentences are those of the test file in the same order."""

    def read(split: str, language: str, files: tuple[Path, ...]) -> Rows:
        for place, lines in enumerate(sentences(files[0])):
            yield {"id": str(place), "tags": [_tag(files[0], number, line.strip(), labels) for number, line in lines]}

    return read


def _fields(path: Path, number: int, line: str, columns: int) -> list[str]:
    fields = line.split("\t")
    if len(fields) != columns:
        raise DataError(path, number, f"has {len(fields)} tab-separated columns, expected {columns}")
    if not fields[0]:
        raise DataError(path, number, "has no word before its tag")
    return fields


def _tag(path: Path, number: int, tag: str, labels: Sequence[str]) -> str:
    if problem := tag_problem(tag, labels):
        raise DataError(path, number, problem + ("; a label file has tags only, no words" if "\t" in tag else ""))
    return tag


def tag_problem(tag: str, labels: Sequence[str]) -> str:
    return "" if tag in labels else f"tag {tag!r} is not one of {', '.join(labels)}"


def tagged_files(folder: str) -> Callable[[str, str], Sequence[str]]:
    return lambda split, language: (f"{folder}/{split}-{language}.tsv",)


def write_part(new: Folders, task: str, split: str, language: str, rows: Iterable[Sequence[Row]]) -> int:
    """Writes a part of a task and returns the number of its sentences: tags of tests go to the label folder.

    A part without a sentence leaves no file: some have treebanks only whose text is withheld.
    """
    name = f"{task}/{split}-{language}.tsv"
    paths = [new.data / name, *([new.labels / name] if split == "test" else [])]
    count = write_sentences(rows, *paths)
    for path in paths if not count else ():
        path.unlink()
    return count


def write_sentences(rows: Iterable[Sequence[Row]], path: Path, labels: Path | None = None) -> int:
    """Writes sentences in XTREME's layout and returns their number.

    Words and tags in one file; or, where `labels` is given, words to `path` and tags there.
    """
    count = 0
    with ExitStack() as stack:
        for one in (path, labels):
            if one:
                one.parent.mkdir(parents=True, exist_ok=True)
        words = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        tags = stack.enter_context(labels.open("w", encoding="utf-8", newline="\n")) if labels else None
        for count, sentence in enumerate(rows, start=1):
            between = "\n" if count > 1 else ""
            words.write(between + "".join(f"{word}\n" if tags else f"{word}\t{tag}\n" for word, tag in sentence))
            if tags:
                tags.write(between + "".join(f"{tag}\n" for _, tag in sentence))
    return count


def tags_by_words(test: Path, labelled: Iterable[Sequence[Row]]) -> Iterator[list[Row]]:
    """The sentences of a test file with their tags, each found in `labelled` by its words, whatever the order is there.

    Downloads of before August 2020 have the treebanks in another order (docs/traps.md, 35). Equal sentences are
    taken in turn. Raises DataError for a sentence that is not in `labelled`.
    """
    known: dict[tuple[str, ...], list[list[Row]]] = defaultdict(list)
    for sentence in labelled:
        known[tuple(word for word, _ in sentence)].append(list(sentence))
    for lines in sentences(test):
        found = known.get(tuple(line for _, line in lines))
        if not found:
            raise DataError(test, lines[0][0], "begins a sentence that the labelled files do not have")
        yield found.pop(0) if len(found) > 1 else found[0]


def write_tags(rows: Iterable[list[Row]], path: Path) -> None:
    """A label file alone."""
    with tempfile.TemporaryDirectory() as place:
        write_sentences(rows, Path(place) / "words", path)


def hub_sentences(
    where: str,
    rows: Iterable[Mapping[str, Any]],
    column: str,
    labels: Sequence[str],
    clean: Callable[[str], str] = str.strip,
) -> Iterator[list[Row]]:
    """Sentences from rows of a hub set, whose `column` holds the names of tags; `clean` is what raw words go through.

    Raises DataError for a row without words, an empty word (in a file it would be a false sentence break;
    docs/traps.md, 13), one that would be cut in a file, and an unknown tag.
    """
    for number, row in enumerate(rows, start=1):
        try:
            sentence = [(clean(word), tag) for word, tag in zip(row["tokens"], row[column], strict=True)]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"row {number} is no sentence with {column} ({type(error).__name__}: {error})"
            raise DataError(where, None, what) from None
        if problem := _hub_problem(sentence, labels):
            raise DataError(where, None, f"row {number} {problem}")
        yield sentence


def _hub_problem(sentence: Sequence[Row], labels: Sequence[str]) -> str:
    if not all(word for word, _ in sentence) or not sentence:
        return "has an empty word" if sentence else "has no word"
    if cut := [word for word, _ in sentence if set(word) & set("\t\n\r")]:
        return f"has the word {cut[0]!r} with a line or column break in it"
    unknown = next((problem for _, tag in sentence if (problem := tag_problem(tag, labels))), "")
    return f"has a {unknown}" if unknown else ""
