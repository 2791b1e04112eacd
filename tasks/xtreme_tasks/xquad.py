"""XQuAD (Artetxe et al. 2020) as XTREME has it: SQuAD's model, 11 languages, SQuAD's English rules in all.

The download's files have their answers emptied; gold lies in the label folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Folders, HubSet, Source, Task, hookimpl
from xtreme_tasks.squad import TRAIN, refuse_common
from xtreme_tasks.squad.document import Row, label_files, read_first, read_squad
from xtreme_tasks.squad.parts import Part, import_parts
from xtreme_tasks.squad.rows import rows_writer

LANGUAGES = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
SIZES = {"test": dict.fromkeys(LANGUAGES, 1_190)}
PARTS = {
    code: Part(split="test", language=code, data=f"xquad/xquad.{code}.json", gold=f"xquad/test-{code}.json")
    for code in LANGUAGES
}
# fmt: off
ORIGINALS = {  # bytes and SHA-256
    "en": (609_383, "e4c57d1c9143aaa1c5d265ba5987a65f4e69528d2a98f29d6e75019b10344f29"),
    "es": (684_322, "dcbae93ec3a9f4b9e78fd834a171d6f96c1a875e10e15b7530b7e4ef4971e37e"),
    "de": (669_810, "990b5d746746ed65ed4702ea5f35f99ffa4e2f1c390c07d003642acd937916f9"),
    "el": (1_918_889, "821cf0f88e73fa258fd2f548b19b6ec39f7025059e16f6f9fc8cd797c9c3663e"),
    "ru": (1_896_368, "208d5b1aa154c52b1b5c5eda16281e455e8fd198cdb9af3f469f0d6037d973bf"),
    "tr": (729_506, "92179a564774b7696100d144c1e10870d0a966b6fccbdd254a65b9d2ab1971cc"),
    "ar": (1_582_988, "abdabd7afed5c635d99cca0f3f0d0c9d9ed0bc77451e963c2e4e0638c29e486d"),
    "vi": (911_401, "f619a1eb11fb42d3ab0834259e488a65f585447ef6154437bfb7199d85161a04"),
    "th": (1_809_143, "5cdda11d0e1e075f7872abf4e6ae830388ce7f617964d542308e9ae4257e0f43"),
    "zh": (808_652, "691d0b3359bc6b8faa8de931dfdfe21d50a65861ae348e32a0d1a0190b0c8835"),
    "hi": (1_680_538, "df2cce3532b37e9beb8979704b5c9a4bf874358f105395a298b89427b43b9d24"),
}
# fmt: on
SOURCES = tuple(
    Source(
        file=f"xquad.{code}.json",
        address=f"https://raw.githubusercontent.com/deepmind/xquad/master/xquad.{code}.json",
        bytes=ORIGINALS[code][0],
        sha256=ORIGINALS[code][1],
        licence="CC BY-SA 4.0",
    )
    for code in LANGUAGES
)
HUB = {"google/xquad": "xquad", "google/xtreme": "XQuAD"}  # begin of the configurations' names


def files(split: str, language: str) -> tuple[str, ...]:
    return (PARTS[language].data,) if split == "test" else ()


def import_files(folders: Folders) -> None:
    """Questions to the data folder, the original files to the label folder. The Romanian file is not XTREME's."""
    import_parts(folders, {f"xquad.{code}.json": part for code, part in PARTS.items()}, SIZES, check=check_test)


def check_test(where: Path | str, part: Part, rows: list[Row], folders: Folders) -> None:
    """Refuses a training file in the data folder that holds these questions."""
    train = folders.data / TRAIN.data
    if part.language == LANGUAGES[0] and train.is_file():
        refuse_common(train, (row["id"] for row in read_squad(train)), (row["id"] for row in rows))


def hub_set(id: str, config: str) -> HubSet:
    """What the hub calls validation is the test set."""
    parts = {(f"{config}.{code}", "validation"): part for code, part in PARTS.items()}
    return HubSet(id=id, write=rows_writer(id, parts, SIZES, check_test))


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="xquad",
            kind="span",
            languages=LANGUAGES,
            read=read_first,
            files=files,
            read_gold=read_first,
            gold_files=label_files("xquad"),
            train_on="squad_v1",
            sources=SOURCES,
            import_files=import_files,
            hub=tuple(hub_set(id, config) for id, config in HUB.items()),
            sizes=SIZES,
            homepage="https://github.com/google-deepmind/xquad",
            citation="Artetxe et al. 2020, On the Cross-lingual Transferability of Monolingual Representations",
            licence="CC BY-SA 4.0",
        )
    )
