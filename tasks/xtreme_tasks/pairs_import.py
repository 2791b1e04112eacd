"""From pairs of any source to XTREME's files: what the imports of XNLI and PAWS-X share.

The files are those of XTREME's downloader to the byte: a CSV writer with tabs ended its lines with CRLF, put cells with
a `"` into quotes and doubled the quotes inside; `xtreme_tasks.pairs` takes them off again (docs/traps.md, 10).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from xtreme_harness import DataError, Folders, MissingData, read_text_lines
from xtreme_tasks.hub_rows import HubRow, on_one_line
from xtreme_tasks.importing import check_count
from xtreme_tasks.pairs import PairSet, check_gold, pair_files

OTHER_SPELLINGS = {"contradictory": "contradiction"}  # in XNLI's older files


class Pair(NamedTuple):
    first: str
    second: str
    label: str


Parts = Iterable[tuple[str, str, Iterable[Pair]]]  # split, language, pairs


def sound_pair(pairs: PairSet, cells: tuple[str, str, str], file: str | Path, line: int | None = None) -> Pair:
    """Both sentences and the label, stripped. Sentences may be empty, as in PAWS-X, but stand on one line."""
    first, second, label = (cell.strip() for cell in cells)
    for cell in (first, second):
        if any(character in cell for character in "\t\r\n\0"):
            raise DataError(file, line, f"a tab, line break or NUL stands inside the sentence {cell!r}")
    label = OTHER_SPELLINGS.get(label, label)
    if label not in pairs.labels:
        raise DataError(file, line, f"label {label!r} is not one of {', '.join(pairs.labels)}")
    return Pair(first, second, label)


def raw_rows(
    path: Path, columns: Mapping[str, int], may_have_more: bool = False
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells by name of a tab-separated file below its header; quotes mean nothing.

    `columns` gives the places of names in the header. A file without that header is refused: its first row would be
    lost, as readers of before 2021 lost it (docs/traps.md, 17). Cells beyond the header's are a stray tab, or ignored
    where a row `may_have_more`.
    """
    width, least = 0, max(columns.values()) + 1
    for number, line in read_text_lines(path):
        cells = line.split("\t")
        if number == 1:
            width = len(cells)
            if width < least or any(cells[place].strip() != name for name, place in columns.items()):
                raise DataError(path, 1, f"is not the header, with {', '.join(columns)} in their columns")
        elif len(cells) < least or (len(cells) > width and not may_have_more):
            raise DataError(path, number, f"has {len(cells)} tab-separated columns, expected {width}")
        else:
            yield number, {name: cells[place] for name, place in columns.items()}


def hub_pair(pairs: PairSet, row: HubRow, columns: tuple[str, str, str], mend: bool = False) -> Pair:
    """A pair from the columns of both sentences and the label; `mend` puts broken sentences on one line again."""
    first, second, label = (on_one_line(row.text(column)) if mend else row.text(column) for column in columns)
    return sound_pair(pairs, (first, second, label), row.place)


def by_language(pairs: PairSet, rows: Iterable[tuple[str, Pair]]) -> Iterator[tuple[str, list[Pair]]]:
    """What one file holds of several languages, in the order of the data set's languages."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for language, pair in rows:
        found[language].append(pair)
    return ((language, found[language]) for language in pairs.sizes["test"] if language in found)


def write_parts(pairs: PairSet, parts: Parts, where: str | Path, new: Folders) -> None:
    """Writes files with labels, but for tests, whose labels go to the label folder.

    Raises MissingData when there is no part at all, DataError for a part without a pair, for labels that are none
    (`check_gold`) and, if official, where a part is missing or of another size than the benchmark's.
    """
    counts: dict[tuple[str, str], int] = {}
    for split, language, rows in parts:
        (name,) = pair_files(pairs.name)(split, language)
        gold = _write(rows, new.data / name, new.labels / name if split == "test" else None)
        if not gold:
            raise DataError(where, None, f"holds no {split} pair of {language} for {pairs.name}")
        if split == "test" or set(gold) == {pairs.placeholder}:  # a few first lines may well be alike
            check_gold(f"{where}, {split} part of {pairs.name} {language}", gold, pairs.placeholder)
        counts[split, language] = len(gold)
    if not counts:
        raise MissingData(where, None, f"holds no file of {pairs.name}")
    for split, languages in pairs.sizes.items() if new.official else ():
        for language in languages:
            check_count(where, pairs.sizes, split, language, counts.get((split, language), 0))


def _write(pairs: Iterable[Pair], path: Path, labels: Path | None) -> list[str]:
    """Writes a part, its labels to `labels` if that is given; returns them."""
    gold = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t")
        for pair in pairs:
            writer.writerow(pair[:2] if labels else pair)
            gold.append(pair.label)
    if labels:
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text("".join(f"{label}\n" for label in gold), encoding="utf-8", newline="\n")
    return gold
