"""TyDiQA-GoldP (Clark et al. 2020) as XTREME has it: trained on its English part, nine languages.

The files called "dev" are the test set, and there is no English dev part: nothing may be selected on it. SQuAD's rules
score every language.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xtreme_harness import DataError, Folders, HubSet, MissingData, Source, Task, hookimpl
from xtreme_tasks.importing import HubRows, check_count, originals, staged
from xtreme_tasks.squad.document import (
    Row,
    by_question,
    label_files,
    questions,
    read_json,
    read_squad,
    sound_questions,
    with_articles,
    write_json,
)
from xtreme_tasks.squad.parts import Part, write_part
from xtreme_tasks.squad.rows import document_of

NAMES = {
    "en": "english",
    "ar": "arabic",
    "bn": "bengali",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}
CODES = {name: code for code, name in NAMES.items()}
# fmt: off
SIZES = {
    "train": {"en": 3_696, "ar": 14_805, "bn": 2_390, "fi": 6_855, "id": 5_702, "ko": 1_625, "ru": 6_490, "sw": 2_755,
              "te": 5_563},
    "test": {"en": 440, "ar": 921, "bn": 113, "fi": 782, "id": 565, "ko": 276, "ru": 812, "sw": 499, "te": 669},
}
# fmt: on
ADDRESS = "https://storage.googleapis.com/tydiqa/v1.1"
TRAIN = Source(
    file="tydiqa-goldp-v1.1-train.json",
    address=f"{ADDRESS}/tydiqa-goldp-v1.1-train.json",
    bytes=58_004_076,
    sha256="cefc8e09ff2548d9b10a678d3a6bbbe5bc036be543f92418819ea676c97be23b",
    licence="Apache 2.0",
)
TEST = Source(
    file="tydiqa-goldp-v1.1-dev.tgz",
    address=f"{ADDRESS}/tydiqa-goldp-v1.1-dev.tgz",
    bytes=1_725_055,
    sha256="5a415d019a345794c8a83191ecfe4a761eaab69dab79c3c9813d4379e1cc5519",
    licence="Apache 2.0",
)
WHOLE_TRAIN = f"tydiqa/{TRAIN.file}"
TEST_ORIGINAL = re.compile(r"tydiqa-goldp-dev-(\w+)\.json")
HUB = {"google-research-datasets/tydiqa": "secondary_task", "google/xtreme": "tydiqa"}  # configurations


def test_file(language: str) -> str:
    return f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json"


def train_file(language: str) -> str:
    """XTREME's downloader cuts this file out of the whole; its scripts look for another name (docs/traps.md, 18)."""
    return f"tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{language}.train.json"


def files(split: str, language: str) -> tuple[str, ...]:
    """Training questions come from the whole file: in the split ones of a download ids are cut, and repeat."""
    parts = {"train": WHOLE_TRAIN, "test": test_file(language)}
    return (parts[split],) if split in parts else ()


def language_name(question: str) -> str:
    """The language that an id names. What follows may begin with `-` itself: only the first one separates."""
    return question.split("-", 1)[0]


def read(split: str, language: str, files: tuple[Path, ...]) -> Iterator[dict[str, Any]]:
    """The questions of one language.

    The training file holds nine languages and must be filtered: jiant once trained "English" on all of them. Its
    English part must be whole. A test or label file must hold one language alone.
    """
    kept, expected = 0, SIZES["train"]["en"]
    for row in read_squad(files[0]):
        if language_name(row["id"]) == NAMES[language]:
            kept += 1
            yield row
        elif split != "train":
            raise foreign(files[0], row["id"], language)
    if split == "train" and kept != expected:
        what = f"holds {kept} English questions, expected {expected} (ids that begin with english-)"
        raise DataError(files[0], None, what)


def foreign(where: Path | str, question: str, language: str) -> DataError:
    return DataError(where, None, f"holds {question}, which is no {NAMES[language]} question")


def import_files(folders: Folders) -> None:
    """The whole training file and its split ones, whose ids stay whole here; the tests and their gold."""
    with staged(folders) as new:
        trains = originals(folders.originals, re.compile(re.escape(TRAIN.file)))
        tests = originals(folders.originals, TEST_ORIGINAL, TEST.file, new.data.parent)
        for path in trains:
            write_train(path, read_json(path), new)
        for path in tests:
            match = TEST_ORIGINAL.fullmatch(path.name)
            assert match is not None  # only such files are looked for
            if match[1] not in CODES:
                raise DataError(path, None, f"is in none of the task's languages ({', '.join(CODES)})")
            write_test(path, CODES[match[1]], read_json(path), new)
        if not (trains or tests):
            raise MissingData(folders.originals, None, f"holds neither {TRAIN.file} nor {TEST.file}")


def write_train(where: Path | str, document: Any, new: Folders) -> None:
    """The whole training file and one for each language, whose ids stay whole.

    Raises DataError for a question of no known language and, where official, on a count that is not XTREME's.
    """
    rows = sound_questions(where, document)
    counts = Counter(_code(where, row["id"]) for row in rows)
    for code in NAMES if new.official else ():
        check_count(where, SIZES, "train", code, counts[code])
    whole = new.data / WHOLE_TRAIN
    if isinstance(where, Path):
        whole.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(where, whole)
    else:
        write_json(whole, document)
    for code, part in by_language(where, document).items():
        write_json(new.data / train_file(code), part)


def write_test(where: Path | str, language: str, document: Any, new: Folders) -> None:
    """The test of one language: a document that holds another is refused."""
    for row in questions(where, document):
        if _code(where, row["id"]) != language:
            raise foreign(where, row["id"], language)
    gold = f"tydiqa/test-{language}.json"
    part = Part(split="test", language=language, data=test_file(language), gold=gold)
    write_part(part, document, where, new, SIZES)


def _code(where: Path | str, question: object) -> str:
    name = language_name(str(question))
    if name not in CODES:
        raise DataError(where, None, f"the id {question!r} begins with none of {', '.join(CODES)}")
    return CODES[name]


def by_language(where: Path | str, document: Any) -> dict[str, Row]:
    """Documents of one language each, by its code in the order of the task, one question an article."""
    found: dict[str, list[Row]] = {code: [] for code in NAMES}
    for article in by_question(document):
        found[_code(where, article["paragraphs"][0]["qas"][0]["id"])].append(article)
    return {code: with_articles(document, articles) for code, articles in found.items() if articles}


def hub_set(id: str, config: str) -> HubSet:
    """All languages are rows of one configuration, without a column that says which: ids do."""

    def write(rows: HubRows, folders: Folders) -> None:
        with staged(folders) as new:
            train, test = f"{id}, {config}, train", f"{id}, {config}, validation"
            write_train(train, document_of(train, rows(config, "train")), new)
            for code, part in by_language(test, document_of(test, rows(config, "validation"))).items():
                write_test(test, code, part, new)

    return HubSet(id=id, write=write)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="tydiqa",
            kind="span",
            languages=tuple(NAMES),
            read=read,
            files=files,
            read_gold=read,
            gold_files=label_files("tydiqa"),
            sources=(TRAIN, TEST),
            import_files=import_files,
            hub=tuple(hub_set(id, config) for id, config in HUB.items()),
            sizes=SIZES,
            homepage="https://github.com/google-research-datasets/tydiqa",
            citation="Clark et al. 2020, TyDi QA: A Benchmark for Information-Seeking Question Answering",
            licence="Apache 2.0",
        )
    )
