"""Universal Dependencies as `google/xtreme` on the hub has them: other words than XTREME's, so for unofficial use only.

The hub's `universal_dependencies` is not offered: a set made by a script, which today's `datasets` does not run, of
release 2.7, with fused words as tokens tagged `_` beside their parts.
"""

from __future__ import annotations

from xtreme_harness import Folders
from xtreme_tasks.importing import HUB_SPLITS, HubRows, staged
from xtreme_tasks.tagged import hub_sentences, write_part
from xtreme_tasks.udpos import LABELS
from xtreme_tasks.udpos.convert import cleaned

# fmt: off
NAMES = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "kk": "Kazakh", "ko": "Korean", "mr": "Marathi", "nl": "Dutch", "pt": "Portuguese", "ru": "Russian", "ta": "Tamil",
    "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "ur": "Urdu", "vi": "Vietnamese", "yo": "Yoruba",
    "zh": "Chinese",
}
# fmt: on
LACKING = {"kk": ("dev",), **dict.fromkeys(("th", "tl", "yo"), ("train", "dev"))}  # languages without some parts


def import_rows(rows: HubRows, folders: Folders) -> None:
    """Writes `udpos/` in the data and in the label folder."""
    with staged(folders) as new:
        for language, name in NAMES.items():
            for split in HUB_SPLITS:
                if split not in LACKING.get(language, ()):
                    config, hub_split = f"udpos.{name}", HUB_SPLITS[split]
                    where = f"google/xtreme, {config}, {hub_split}"
                    found = hub_sentences(where, rows(config, hub_split), "pos_tags", LABELS, cleaned)
                    write_part(new, "udpos", split, language, found)
