"""The generalised setting of Huang et al. 2021: the two texts of a pair are in two languages.

An example of one language's test part gives the first text (the premise), the example with the same id of another one's
the second. Training is the parent task's own, in English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from xtreme_harness import DataError, Task

Example = dict[str, Any]
ListFiles = Callable[[str, str], Sequence[str]]
BETWEEN = "-"
MOST_DIFFERING = 0.1  # of the labels of two languages: shifted lines of two classes differ in about half


class Untranslated(NamedTuple):
    """What stands where a data set has no translation of a text, and the label of such a pair."""

    text: str
    label: str


def generalised(parent: Task, untranslated: Untranslated | None = None) -> Task:
    """The task `<parent>.generalised`: its languages are all ordered pairs of the parent's, premise first (`en-sw`).

    A language with itself goes by its own code: that is the parent's setting. Labels must agree between languages. With
    `untranslated` they may differ where one has no translation: the pair then has none either.
    """
    pairs = {_code(*pair): pair for pair in product(parent.languages, repeat=2)}
    tested = parent.sizes.get("test", {})
    return replace(
        parent,
        name=f"{parent.name}.generalised",
        languages=tuple(pairs),
        read=Joined(parent.read, untranslated),
        files=_files_of_both(parent.files),
        read_gold=parent.read_gold and Joined(parent.read_gold, untranslated),
        gold_files=parent.gold_files and _files_of_both(parent.gold_files),
        train_on=parent.name,
        sizes={"test": {code: tested[first] for code, (first, _) in pairs.items() if first in tested}},
        citation=f"{parent.citation}; in pairs of languages: Huang et al. 2021 (EMNLP)",
        sources=(),  # it reads what the parent imports
        hub=(),
        import_files=None,
        build_labels=None,
    )


def _code(first: str, second: str) -> str:
    return first if first == second else f"{first}{BETWEEN}{second}"


def _files_of_both(list_files: ListFiles) -> ListFiles:
    def files(split: str, language: str) -> tuple[str, ...]:
        return tuple(name for code in language.split(BETWEEN) for name in list_files(split, code))

    return files


@dataclass(frozen=True)
class Joined:
    """The parent's reader over the files of both languages; of one alone, it reads as the parent does."""

    read: Callable[[str, str, tuple[Path, ...]], Iterable[Example]]
    untranslated: Untranslated | None = None

    def __call__(self, split: str, language: str, files: tuple[Path, ...]) -> Iterator[Example]:
        codes = language.split(BETWEEN)
        if len(codes) == 1:
            return iter(self.read(split, language, files))
        half = len(files) // 2
        sides = (files[:half], files[half:])
        first, second = (self.read(split, code, part) for code, part in zip(codes, sides, strict=True))
        return joined(first, second, (sides[0][0], sides[1][0]), self.untranslated)


def joined(
    first: Iterable[Example],
    second: Iterable[Example],
    files: tuple[Path, Path],
    untranslated: Untranslated | None = None,
) -> Iterator[Example]:
    """The examples of `first`, each with the second text of the one in `second` that has its id.

    Raises DataError where ids or labels differ: parts that are not parallel would give pairs without sense.
    """
    one, other = files
    others = _by_id(second, other)
    count, differing = len(others), 0
    for example in first:
        match = others.pop(example["id"], None)
        if match is None:
            raise _not_parallel(other, one, f"it has no example {example['id']!r}")
        if example.get("label") != match.get("label"):
            differing += 1
            if untranslated is None:
                labels = f"{match.get('label')!r}, not {example.get('label')!r}"
                raise _not_parallel(other, one, f"the label of example {example['id']!r} is {labels}")
        yield _pair(example, match, untranslated)
    if others:
        raise _not_parallel(one, other, f"it has no example {next(iter(others))!r}")
    if differing > MOST_DIFFERING * count:
        raise _not_parallel(other, one, f"{differing} of {count} labels differ")


def _by_id(examples: Iterable[Example], file: Path) -> dict[str, Example]:
    found: dict[str, Example] = {}
    for example in examples:
        if example["id"] in found:
            raise DataError(file, None, f"the id {example['id']!r} is there twice")
        found[example["id"]] = example
    return found


def _not_parallel(file: Path, to: Path, why: str) -> DataError:
    return DataError(file, None, f"is not parallel to {to.name}: {why}")


def _pair(one: Example, other: Example, untranslated: Untranslated | None) -> Example:
    """Gold that is kept apart has labels and no texts, tests have texts and no labels."""
    pair = {**one, **{name: other[name] for name in ("text_b",) if name in other}}
    if untranslated:
        texts = [example.get(name) for example in (one, other) for name in ("text_a", "text_b")]
        pair |= {"text_b": untranslated.text} if untranslated.text in texts else {}
        pair |= {"label": untranslated.label} if one.get("label") != other.get("label") else {}
    return pair
