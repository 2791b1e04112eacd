"""XQuAD (Artetxe et al. 2020) as XTREME has it: SQuAD's model, 11 languages, SQuAD's English rules in all (spec 4.5).

The download's files have their answers emptied; gold lies in the label folder.
"""

from __future__ import annotations

from collections.abc import Callable

from xtreme_harness import Task, hookimpl
from xtreme_tasks.squad import label_files, read_first

LANGUAGES = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")


def files(split: str, language: str) -> tuple[str, ...]:
    return (f"xquad/xquad.{language}.json",) if split == "test" else ()


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
            homepage="https://github.com/google-deepmind/xquad",
            citation="Artetxe et al. 2020, On the Cross-lingual Transferability of Monolingual Representations",
            licence="CC BY-SA 4.0",
        )
    )
