"""From a UD release, packed or unpacked, to XTREME's files; only the sentences of release 2.5 pass as XTREME's."""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xtreme_harness import DataError, MissingData
from xtreme_tasks.archives import unpacked
from xtreme_tasks.tagged import Row, move_written, tags_by_words, write_sentences, write_tags
from xtreme_tasks.udpos import LABELS, LANGUAGES
from xtreme_tasks.udpos.convert import converted

RELEASE = "2.5"
RELEASE_IN_PATH = re.compile(r"ud-treebanks-v(\d+\.\d+)")
# A file is of the language that its name begins with: `grc_`, `fro_`, `lzh_` are none of XTREME's (spec 4.3). The hub's
# loader looked for "Greek" in the path and mixed Ancient Greek in (spec 5, trap 5).
TREEBANK_FILE = re.compile(rf"({'|'.join(LANGUAGES)})_[^/]*(train|dev|test)[^/]*\.conllu")
SIZES = Path(__file__).with_name("sizes.json")

Parts = Mapping[tuple[str, str], list[Path]]  # language and split to files, in the order XTREME has them


def import_treebanks(source: Path, data: Path, labels: Path, official: bool = True) -> dict[tuple[str, str], int]:
    """Writes `data/udpos/` and `labels/udpos/` from the treebanks in `source`; returns sentences by language and split.

    `official` refuses any release but 2.5, by its name and by the number of sentences (spec 8, item 21). Nothing is
    written unless all is sound.
    """
    data.mkdir(parents=True, exist_ok=True)
    with treebanks(source, data, official) as parts, tempfile.TemporaryDirectory(dir=data, prefix=".udpos-") as place:
        new, counts = Path(place), {}
        for (language, split), files in parts.items():
            name = f"{split}-{language}.tsv"
            gold = new / "labels" / name if split == "test" else None
            counts[language, split] = write_sentences(_sentences(files, language), new / "data" / name, gold)
        if official:
            _check_sizes(source, counts)
        move_written(new / "data", data / "udpos")
        move_written(new / "labels", labels / "udpos")
    return {part: count for part, count in counts.items() if count}


def label_tests(source: Path, data: Path, labels: Path, official: bool = True) -> None:
    """Writes `labels/udpos/` for the test files in `data/udpos/`, in their order, from the treebanks in `source`."""
    with treebanks(source, data, official) as parts:
        for (language, split), files in parts.items():
            test = data / "udpos" / f"test-{language}.tsv"
            if split == "test" and test.is_file():
                write_tags(tags_by_words(test, _sentences(files, language)), labels / "udpos" / test.name)


def _sentences(files: list[Path], language: str) -> Iterator[list[Row]]:
    for path in files:
        for number, rows in enumerate(converted(path, language), start=1):
            if unknown := [tag for _, tag in rows if tag not in LABELS]:
                what = f"the tag {unknown[0]!r} of converted sentence {number} is not one of {', '.join(LABELS)}"
                raise DataError(path, None, what)
            yield rows


@contextmanager
def treebanks(source: Path, workplace: Path, official: bool = True) -> Iterator[Parts]:
    """The CoNLL-U files in `source` by language and split; archives are unpacked in `workplace` meanwhile."""
    with tempfile.TemporaryDirectory(dir=workplace, prefix=".udpos-") as place:
        found = [path for path in sorted(source.rglob("*.conllu")) if TREEBANK_FILE.fullmatch(path.name)]
        archives = [] if found else sorted(source.rglob("ud-treebanks-v*.tgz"))
        if official:
            for path in (*found, *archives):
                _check_release(path)
        yield _by_part(
            found or [path for one in archives for path in unpacked(one, TREEBANK_FILE, Path(place))], source
        )


def _by_part(files: Iterable[Path], source: Path) -> Parts:
    """Sorted by file name within a part, as XTREME has them since August 2020 (spec 4.3)."""
    parts: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(files, key=lambda path: path.name):
        match = TREEBANK_FILE.fullmatch(path.name)
        assert match is not None  # only such files are looked for
        part = parts[match[1], match[2]]
        if part and part[-1].name == path.name:
            raise DataError(path, None, f"is there twice: also as {part[-1]}")
        part.append(path)
    if not parts:
        raise MissingData(source, None, f"holds no UD treebanks (ud-treebanks-v{RELEASE}.tgz, or UD_*/*.conllu)")
    return parts


def _check_release(path: Path) -> None:
    for release in RELEASE_IN_PATH.findall(str(path)):
        if release != RELEASE:
            what = f"is of UD release {release}, XTREME's udpos is {RELEASE}: other sentences and tags"
            raise DataError(path, None, f"{what}; get ud-treebanks-v{RELEASE}.tgz, or import it as unofficial")


def _check_sizes(source: Path, counts: Mapping[tuple[str, str], int]) -> None:
    """Single treebanks do not name their release: their number of sentences gives it away (Russian's is not known)."""
    sizes = json.loads(SIZES.read_text(encoding="utf-8"))
    for (language, split), count in counts.items():
        known = sizes.get(language, {}).get(split)
        if known not in (None, count):
            what = f"udpos {language} {split} has {count} sentences here, {known} in UD {RELEASE}"
            raise DataError(source, None, f"{what}: a treebank is missing, cut, or of another release")
