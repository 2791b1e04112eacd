"""UDPOS: part-of-speech tags of Universal Dependencies 2.5 as XTREME has them, 33 languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from xtreme_harness import Folders, HubSet, Source, Task, hookimpl
from xtreme_tasks.importing import HubRows
from xtreme_tasks.tagged import read_tag_labels, read_tagged, tagged_files

# The original's classifier has an 18th output, `O`, which no gold tag uses (docs/traps.md, 16): fixed.
# fmt: off
LABELS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ",
    "SYM", "VERB", "X",
)
LANGUAGES = (
    "af", "ar", "bg", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "kk",
    "ko", "mr", "nl", "pt", "ru", "ta", "te", "th", "tl", "tr", "ur", "vi", "yo", "zh",
)
# fmt: on
RELEASE = Source(
    file="ud-treebanks-v2.5.tgz",
    address="https://lindat.mff.cuni.cz/repository/xmlui/bitstream/handle/11234/1-3105/ud-treebanks-v2.5.tgz",
    sha256="5ff973e44345a5f69b94cc1427158e14e851c967d58773cc2ac5a1d3adaca409",
    licence="each treebank its own, some non-commercial",
)
# Sentences by split and language; 0: no such part. Russian is left out: no source but memory tells its counts.
SIZES = json.loads(Path(__file__).with_name("sizes.json").read_text(encoding="utf-8"))
UNFIT = (
    "its words differ from XTREME's (the parts of fused words for the words, empty nodes kept), its Greek, French, "
    "Chinese, Russian and German have treebanks of other languages in them, and its sentences come in another order"
)


def import_files(folders: Folders) -> None:
    """From the release to `udpos/` in the data and in the label folder."""
    from xtreme_tasks.udpos.treebanks import import_treebanks

    import_treebanks(folders)


def build_labels(folders: Folders) -> None:
    """Labels for the test files of a download, from the release."""
    from xtreme_tasks.udpos.treebanks import label_tests

    label_tests(folders)


def write_rows(rows: HubRows, folders: Folders) -> None:
    """From `google/xtreme` to `udpos/` in the data and in the label folder."""
    from xtreme_tasks.udpos.hub import import_rows

    import_rows(rows, folders)


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task(
            name="udpos",
            kind="tag",
            languages=LANGUAGES,
            options={"labels": LABELS},
            read=read_tagged(LABELS),
            files=tagged_files("udpos"),
            read_gold=read_tag_labels(LABELS),
            gold_files=tagged_files("udpos"),
            sources=(RELEASE,),
            import_files=import_files,
            build_labels=build_labels,
            hub=(HubSet(id="google/xtreme", write=write_rows, unfit=UNFIT),),
            sizes=SIZES,
            homepage="https://universaldependencies.org",
            citation="Nivre et al. 2020, Universal Dependencies v2; release 2.5",
            licence="each treebank its own, some non-commercial",
        )
    )
