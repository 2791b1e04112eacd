"""MLQA (Lewis et al. 2020) as XTREME has it: SQuAD's model, seven languages, each with its own rules.

Of the 49 pairs of context and question language only those with both the same are scored, and imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xtreme_harness import Folders, HubSet, Source, Task, hookimpl
from xtreme_tasks.importing import HUB_SPLITS
from xtreme_tasks.squad.document import label_files, read_first
from xtreme_tasks.squad.parts import Part, import_parts
from xtreme_tasks.squad.rows import rows_writer

LANGUAGES = ("en", "es", "de", "ar", "hi", "vi", "zh")
METRICS = ("mlqa_exact_match", "mlqa_answer_f1")
SIZES = {
    "dev": {"en": 1_148, "es": 500, "de": 512, "ar": 517, "hi": 507, "vi": 511, "zh": 504},
    # the readme prints 5,254 for Spanish; the file has 5,253
    "test": {"en": 11_590, "es": 5_253, "de": 4_517, "ar": 5_335, "hi": 4_918, "vi": 5_495, "zh": 5_137},
}
SOURCE = Source(
    file="MLQA_V1.zip",
    address="https://dl.fbaipublicfiles.com/MLQA/MLQA_V1.zip",
    bytes=75_719_050,
    sha256="246e8089933d13007fe80684d5c5c0713d6834cf8b3b4a0ec7c66f0a0d2baac8",
    licence="CC BY-SA 3.0",
)
SAME_LANGUAGE = re.compile(r"(dev|test)-context-(?P<language>\w+)-question-(?P=language)\.json")
HUB = {"facebook/mlqa": "mlqa", "google/xtreme": "MLQA"}  # begin of the configurations' names


def original(split: str, language: str) -> str:
    return f"{split}-context-{language}-question-{language}.json"


PARTS = {
    (split, code): Part(
        split=split,
        language=code,
        data=f"mlqa/MLQA_V1/{split}/{original(split, code)}",
        gold=f"mlqa/test-{code}.json" if split == "test" else "",  # the dev files keep their answers
    )
    for split in SIZES
    for code in LANGUAGES
}


def files(split: str, language: str) -> tuple[str, ...]:
    return (PARTS[split, language].data,) if split == "test" else ()


def import_files(folders: Folders) -> None:
    """From the archive, or the folder it unpacks to; a language outside the seven is refused."""
    parts = {original(*key): part for key, part in PARTS.items()}
    import_parts(folders, parts, SIZES, wanted=SAME_LANGUAGE, archive=SOURCE.file)


def hub_set(id: str, config: str) -> HubSet:
    parts = {(f"{config}.{code}.{code}", HUB_SPLITS[split]): part for (split, code), part in PARTS.items()}
    return HubSet(id=id, write=rows_writer(id, parts, SIZES))


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="mlqa",
            kind="span",
            languages=LANGUAGES,
            metrics=METRICS,
            headline=METRICS,
            read=read_first,
            files=files,
            read_gold=read_first,
            gold_files=label_files("mlqa"),
            train_on="squad_v1",
            sources=(SOURCE,),
            import_files=import_files,
            hub=tuple(hub_set(id, config) for id, config in HUB.items()),
            sizes=SIZES,
            homepage="https://github.com/facebookresearch/MLQA",
            citation="Lewis et al. 2020, MLQA: Evaluating Cross-lingual Extractive Question Answering",
            licence="CC BY-SA 3.0",
        )
    )
