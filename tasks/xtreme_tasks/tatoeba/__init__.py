"""Tatoeba (Artetxe and Schwenk 2019) as XTREME has it: English queries, foreign candidates, 36 languages.

The English file of an XTREME download is sorted, so the gold (a label file of row numbers) is a permutation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl, read_text_lines
from xtreme_tasks.hub_rows import rows_of
from xtreme_tasks.importing import HubRows, check_count, originals, staged

# fmt: off
ISO3 = {  # the names of LASER's files
    "ar": "ara", "he": "heb", "vi": "vie", "id": "ind", "jv": "jav", "tl": "tgl", "eu": "eus", "ml": "mal", "ta": "tam",
    "te": "tel", "af": "afr", "nl": "nld", "de": "deu", "el": "ell", "bn": "ben", "hi": "hin", "mr": "mar", "ur": "urd",
    "fa": "pes", "fr": "fra", "it": "ita", "pt": "por", "es": "spa", "bg": "bul", "ru": "rus", "ja": "jpn", "ka": "kat",
    "ko": "kor", "th": "tha", "sw": "swh", "zh": "cmn", "kk": "kaz", "tr": "tur", "et": "est", "fi": "fin", "hu": "hun",
}
SMALL = {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}
# fmt: on
LANGUAGES = tuple(ISO3)
SIZES = {"test": {language: SMALL.get(language, 1000) for language in LANGUAGES}}
ADDRESS = "https://raw.githubusercontent.com/facebookresearch/LASER/main/data/tatoeba/v1/"
LICENCE = "CC BY 2.0 FR"
ARCHIVES = tuple(  # the whole of LASER as GitHub packs it, or somebody's archive of the files
    f"{name}{ending}"
    for name in ("*LASER*", "*laser*", "*tatoeba*", "main", "master")
    for ending in (".zip", ".tar", ".tar.*", ".tgz")
)
XTREME, MTEB = "google/xtreme", "mteb/tatoeba-bitext-mining"


def files(split: str, language: str) -> tuple[str, str]:
    return f"tatoeba/{language}-en.en", f"tatoeba/{language}-en.{language}"


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """English lines are the queries en-0, en-1, ...; foreign lines the candidates <language>-0, ..."""
    for side, code, path in zip(("query", "candidate"), ("en", language), files, strict=True):
        for number, line in read_text_lines(path):
            yield {"side": side, "id": f"{code}-{number - 1}", "text": line.strip()}


def gold_files(split: str, language: str) -> tuple[str]:
    return (f"tatoeba/test-{language}.tsv",)


def read_gold(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """Line k holds the 0-based row of the foreign file that translates line k of the sorted English file."""
    lines = list(read_text_lines(files[0]))
    for number, line in lines:
        text = line.strip()
        if not (text.isascii() and text.isdigit()):
            hint = "; row numbers stand without brackets" if text.startswith("[") else ""
            raise DataError(files[0], number, f"holds {text!r}, expected a row number{hint}")
        if int(text) >= len(lines):
            raise DataError(files[0], number, f"names row {text}, but the {len(lines)} rows are counted from 0")
        yield {"side": "gold", "query": f"en-{number - 1}", "candidate": f"{language}-{int(text)}"}


def originals_of(language: str) -> tuple[str, str]:
    """LASER's files: the foreign sentences and, line by line, their English translations."""
    stem = f"tatoeba.{ISO3[language]}-eng"
    return f"{stem}.{ISO3[language]}", f"{stem}.eng"


def import_files(folders: Folders) -> None:
    """From LASER's files, plain or in an archive of them, to `tatoeba/` in the data and in the label folder."""
    with staged(folders) as new:
        found = _originals(folders.originals, new.data.parent)
        for language in LANGUAGES:
            names = originals_of(language)
            missing = [name for name in names if name not in found]
            if not missing:
                _import_language(language, found[names[0]], found[names[1]], new)
            elif new.official or len(missing) < len(names):
                what = f"holds no {missing[0]}: task tatoeba, language {language} has no file"
                raise MissingData(folders.originals, None, what)


def _originals(source: Path, workplace: Path) -> dict[str, Path]:
    """By name; an archive is unpacked in `workplace`."""
    names = [name for language in LANGUAGES for name in originals_of(language)]
    wanted = re.compile("|".join(map(re.escape, names)))
    for archive in ARCHIVES:
        if found := originals(source, wanted, archive, workplace / "archive"):
            return {path.name: path for path in found}
    raise MissingData(source, None, f"holds none of LASER's files (as {names[0]}), nor an archive with them")


def _import_language(language: str, foreign: Path, english: Path, new: Folders) -> None:
    count = sum(1 for _ in read_text_lines(foreign))
    lines = [line for _, line in read_text_lines(english)]
    if count != len(lines):
        raise DataError(english, None, f"holds {len(lines)} lines, but {foreign.name} holds {count}")
    _write(language, foreign.read_bytes(), lines, english, new)


def _write(language: str, foreign: bytes, english: Sequence[str], where: str | Path, new: Folders) -> None:
    """The foreign file as it is, the English one sorted, and its order as labels, where they are looked for.

    The original wrote `sw-en.sw` and looked for `tatoeba.sw-eng.sw`, and once for unsorted files (docs/traps.md, 19).
    """
    if not english:
        raise DataError(where, None, "holds no sentence")
    if new.official:
        check_count(where, SIZES, "test", language, len(english))
    lines, order = sorted_lines(english)
    names = [*(new.data / name for name in files("test", language)), new.labels / gold_files("test", language)[0]]
    for path, content in zip(names, (as_bytes(lines), foreign, as_bytes(order)), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def sorted_lines(lines: Iterable[str]) -> tuple[list[str], list[int]]:
    """Stripped lines in the order of code points, equal ones as they stood, and the row that each had."""
    stripped = [line.strip() for line in lines]
    order = sorted(range(len(stripped)), key=stripped.__getitem__)
    return [stripped[row] for row in order], order


def as_bytes(lines: Iterable[object]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def write_xtreme(rows: HubRows, folders: Folders) -> None:
    """XTREME's test part is called validation; strings end in line ends."""
    _write_hub(XTREME, "tatoeba.{iso3}", "validation", ("source_sentence", "target_sentence"), rows, folders)


def write_mteb(rows: HubRows, folders: Folders) -> None:
    _write_hub(MTEB, "{iso3}-eng", "test", ("sentence1", "sentence2"), rows, folders)


def _write_hub(
    hub_id: str, configuration: str, split: str, columns: tuple[str, str], rows: HubRows, folders: Folders
) -> None:
    """Both sides stand in LASER's order, `columns` being the foreign and the English one."""
    with staged(folders) as new:
        for language, iso3 in ISO3.items():
            name = configuration.format(iso3=iso3)
            pairs = [[row.line(column) for column in columns] for row in rows_of(hub_id, rows, name, split)]
            foreign, english = ([pair[side] for pair in pairs] for side in (0, 1))
            _write(language, as_bytes(foreign), english, f"{hub_id} ({name}, {split})", new)


def _sources() -> tuple[Source, ...]:
    """LASER's files, whose bytes and hashes are those of its commit 74bc6ae7."""
    known = json.loads(Path(__file__).with_name("sources.json").read_text(encoding="utf-8"))
    return tuple(
        Source(file=name, address=f"{ADDRESS}{name}", bytes=size, sha256=sha256, licence=LICENCE)
        for name, (size, sha256) in known.items()
    )


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="tatoeba",
            kind="nearest",
            languages=LANGUAGES,
            read=read,
            files=files,
            read_gold=read_gold,
            gold_files=gold_files,
            sources=_sources(),
            hub=(HubSet(id=XTREME, write=write_xtreme), HubSet(id=MTEB, write=write_mteb)),
            import_files=import_files,
            sizes=SIZES,
            homepage="https://github.com/facebookresearch/LASER",
            citation="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings",
            licence=LICENCE,
        )
    )
