"""The usual baselines by name: where they are on the hub, and how retrieval and sentence-level heads read them.

A retrieval layer stands here only where one is published for XTREME, or where the model was trained to embed with it;
else it is two thirds of the depth, which records show as "default, not published". docs/models.md says more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Model, hookimpl

XTREME = "layers: XTREME's retrieval scripts, November 2022, counted as hidden states; mean: as published"
DEFAULTS = "pooling as in XTREME's retrieval; layer: default, not published"
CONVERTED = "safetensors: the hub's own conversion of the weights on main, a pull request that is not merged"
PICKLED = "the weights on main are pickled: needs --allow-pickle"
MMBERT = "Marone et al. 2025, ModernBERT; sentences: classifier_pooling of its config"
E5 = "Wang et al. 2024 and the model card: prefix, mean of the last layer; both sides with `query: `, as for retrieval "

MODELS: dict[str, dict[str, Any]] = {
    "mbert": {
        "reference": "google-bert/bert-base-multilingual-cased@main",
        "layers": {"bucc2018": 8, "tatoeba": 8},
        "source": f"Devlin et al. 2019; {XTREME}",
    },
    "xlm-roberta-base": {
        "reference": "FacebookAI/xlm-roberta-base@main",
        "source": f"Conneau et al. 2020; {DEFAULTS} (XTREME's scripts cannot run it in retrieval)",
    },
    "xlm-roberta-large": {
        "reference": "FacebookAI/xlm-roberta-large@main",
        "layers": {"bucc2018": 20, "tatoeba": 14},
        "source": f"Conneau et al. 2020; {XTREME}",
    },
    "xlm-v-base": {
        "reference": "facebook/xlm-v-base@refs/pr/1",
        "source": f"Liang et al. 2023; {DEFAULTS}; {CONVERTED}",
    },
    "mdeberta-v3-base": {
        "reference": "microsoft/mdeberta-v3-base@refs/pr/5",
        "source": f"He et al. 2023; {DEFAULTS}; {CONVERTED}",
    },
    "rembert": {
        "reference": "google/rembert@refs/pr/3",
        "source": f"Chung et al. 2021; {DEFAULTS}; {CONVERTED}",
    },
    "infoxlm-base": {
        "reference": "microsoft/infoxlm-base@refs/pr/1",
        "source": f"Chi et al. 2021; {DEFAULTS}; {CONVERTED}",
    },
    "infoxlm-large": {
        "reference": "microsoft/infoxlm-large@refs/pr/1",
        "source": f"Chi et al. 2021; {DEFAULTS}; {CONVERTED}",
    },
    **{
        f"mt5-{size}": {
            "reference": f"google/mt5-{size}@main",
            "sentence_pooling": "mean",  # T5 puts no token before a text that could stand for it
            "source": f"Xue et al. 2021, the encoder alone; {DEFAULTS}; {PICKLED}",
        }
        for size in ("small", "base", "large")
    },
    "labse": {
        "reference": "sentence-transformers/LaBSE@main",
        "layers": 12,
        "pooling": "cls",
        "source": "Feng et al. 2022, its modules.json: first token of the last layer. Not reproduced: the dense layer "
        "with tanh that follows, so that figures differ from LaBSE's own",
    },
    **{
        f"multilingual-e5-{size}": {
            "reference": f"intfloat/multilingual-e5-{size}@main",
            "layers": layers,
            "sentence_pooling": "mean",  # what it was trained with
            "prefix": "query: ",
            "source": f"{E5}of like texts",
        }
        for size, layers in (("small", 12), ("base", 12), ("large", 24))
    },
    "mmbert-small": {
        "reference": "jhu-clsp/mmBERT-small@main",
        "sentence_pooling": "mean",
        "source": f"{MMBERT}; {DEFAULTS}; {PICKLED}",
    },
    "mmbert-base": {
        "reference": "jhu-clsp/mmBERT-base@refs/pr/3",
        "sentence_pooling": "mean",
        "source": f"{MMBERT}; {DEFAULTS}; {CONVERTED}",
    },
}


@hookimpl
def register_models(register: Callable[[Model], None]) -> None:
    for name, fields in MODELS.items():
        register(Model(name=name, **fields))
