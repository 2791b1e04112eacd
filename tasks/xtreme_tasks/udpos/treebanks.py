"""From a UD release, packed or unpacked, to XTREME's files; only the sentences of release 2.5 pass as XTREME's."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from xtreme_harness import DataError, Folders, MissingData
from xtreme_tasks.archives import unpacked
from xtreme_tasks.importing import check_count, staged
from xtreme_tasks.tagged import Row, tag_problem, tags_by_words, write_part, write_tags
from xtreme_tasks.udpos import LABELS, LANGUAGES, SIZES
from xtreme_tasks.udpos.convert import converted

RELEASE = "2.5"
RELEASE_IN_PATH = re.compile(r"ud-treebanks-v(\d+\.\d+)")
# A file is of the language that its name begins with: `grc_`, `fro_`, `lzh_` are none of XTREME's. The hub's loader
# looked for "Greek" in the path and mixed Ancient Greek in.
TREEBANK_FILE = re.compile(rf"({'|'.join(LANGUAGES)})_[^/]*(train|dev|test)[^/]*\.conllu")

Parts = Mapping[tuple[str, str], list[Path]]  # language and split to files, in the order XTREME has them


def import_treebanks(folders: Folders) -> dict[tuple[str, str], int]:
    """Writes `udpos/` in the data and in the label folder; returns sentences by language and split.

    An official import refuses any release but 2.5, by its name and by the number of sentences.
    """
    counts = {}
    with staged(folders) as new, treebanks(folders, new.data.parent) as parts:
        for (language, split), files in parts.items():
            counts[language, split] = count = write_part(new, "udpos", split, language, _sentences(files, language))
            if folders.official:
                check_count(folders.originals, SIZES, split, language, count)
        if not any(counts.values()):
            raise DataError(folders.originals, None, "holds no sentence with text in any of its treebanks")
    return {part: count for part, count in counts.items() if count}


def label_tests(folders: Folders) -> None:
    """Writes label files for the test files in `udpos/` of the data folder, in their order."""
    with staged(folders) as new, treebanks(folders, new.data.parent) as parts:
        for (language, split), files in parts.items():
            test = folders.data / "udpos" / f"test-{language}.tsv"
            if split == "test" and test.is_file():
                write_tags(tags_by_words(test, _sentences(files, language)), new.labels / "udpos" / test.name)


def _sentences(files: list[Path], language: str) -> Iterator[list[Row]]:
    for path in files:
        for number, rows in enumerate(converted(path, language), start=1):
            if problem := next((one for _, tag in rows if (one := tag_problem(tag, LABELS))), ""):
                raise DataError(path, None, f"converted sentence {number}: {problem}")
            yield rows


@contextmanager
def treebanks(folders: Folders, workplace: Path) -> Iterator[Parts]:
    """The original CoNLL-U files by language and split; archives are unpacked in `workplace` meanwhile."""
    source = folders.originals
    with tempfile.TemporaryDirectory(dir=workplace, prefix=".udpos-") as place:
        found = [path for path in sorted(source.rglob("*.conllu")) if TREEBANK_FILE.fullmatch(path.name)]
        archives = [] if found else sorted(source.rglob("ud-treebanks-v*.tgz"))
        if folders.official:
            for path in (*found, *archives):
                _check_release(path)
        yield _by_part(
            found or [path for one in archives for path in unpacked(one, TREEBANK_FILE, Path(place))], source
        )


def _by_part(files: Iterable[Path], source: Path) -> Parts:
    """Sorted by file name within a part, as XTREME has them since August 2020."""
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
