"""Recipes: XTREME's own scripts, jiant's guide for intermediate training, and quick values for the bundled suite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Recipe, hookimpl

XTREME_PAIRS: dict[str, Any] = {
    "learning_rate": 2e-5,
    "epochs": 5,
    "batch_size": 32,
    "max_length": 128,
    "warmup": 0,
    "weight_decay": 0.0,
    "selection": "english-dev",
    "evaluate_every": 200,
    "seed": 42,
}

XTREME = Recipe(
    name="xtreme",
    source="the benchmark's fine-tuning scripts, November 2022 (Large models: xnli.learning_rate 3e-5)",
    kinds={
        "classify": XTREME_PAIRS,
        "tag": {
            "learning_rate": 2e-5,
            "epochs": 10,
            "batch_size": 32,
            "max_length": 128,
            "warmup": 0,
            "weight_decay": 0.0,
            "selection": "english-dev",
            "evaluate_every": 500,
            "seed": 1,
        },
        "span": {
            "learning_rate": 3e-5,
            "epochs": 3,
            "batch_size": 32,
            "max_length": 384,
            "max_query_length": 64,
            "doc_stride": 128,
            "max_answer_length": 30,
            "warmup": 500,
            "weight_decay": 1e-4,
            "selection": "last",
            "seed": 42,
        },
        "choose": XTREME_PAIRS,  # the benchmark has no such task: as its pairs, of 128 tokens a choice
        "contrast": XTREME_PAIRS,  # as its pairs; an update's texts are each other's wrong ones, so its size counts
        "mask": {**XTREME_PAIRS, "epochs": 1, "selection": "last"},  # as its pairs, but for one pass over the text
        "cloze": {"max_length": 512},
        "nearest": {"max_length": 512},
        "mine": {"max_length": 512},
    },
    tasks={
        "xnli": {"evaluate_every": 100},
        "xnli.generalised": {"evaluate_every": 100},  # as xnli, whose training it shares
        "pawsx": {"evaluate_every": 200},
        "udpos": {"evaluate_every": 500},
        "panx": {"evaluate_every": 1000},
    },
)

# The intermediate phase of Phang et al. 2020: not in the guide, from memory and nowhere verified (rates are 1e-5 there
# too). Tasks that the paper has not are as their nearest kin.
REMEMBERED: dict[str, dict[str, Any]] = {
    "anli_plus": {"batch_size": 24, "epochs": 2},
    "mnli": {"batch_size": 24, "epochs": 2},
    "snli": {"batch_size": 24, "epochs": 2},
    "qqp": {"batch_size": 24, "epochs": 3},
    "squad_v1": {"batch_size": 8, "epochs": 3},
    "squad_v2": {"batch_size": 8, "epochs": 3},
    "hellaswag": {"batch_size": 24, "epochs": 7},
    "swag": {"batch_size": 24, "epochs": 7},
    "cosmosqa": {"batch_size": 4, "epochs": 15},
    "csqa": {"batch_size": 4, "epochs": 10},
    "socialiqa": {"batch_size": 4, "epochs": 10},
    "ccg": {"batch_size": 24, "epochs": 15},
    "pmb_ccg": {"batch_size": 24, "epochs": 15},
}

JIANT_PAIRS: dict[str, Any] = {
    "learning_rate": 1e-5,
    "epochs": 2,
    "batch_size": 32,
    "max_length": 256,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "selection": "english-dev",
    "evaluate_every": 1000,
}

JIANT = Recipe(
    name="jiant",
    source="jiant's XTREME guide (Phang et al. 2020): AdamW 1e-5, 10 % warm-up, decay 0.01, length 256; the epochs and "
    "batch sizes of intermediate tasks are from memory, not verified",
    kinds={
        "classify": JIANT_PAIRS,
        "tag": {**JIANT_PAIRS, "epochs": 10},
        "span": {
            "learning_rate": 1e-5,
            "epochs": 2,
            "batch_size": 16,
            "max_length": 384,
            "max_query_length": 64,
            "doc_stride": 128,
            "max_answer_length": 30,
            "warmup": 0.1,
            "weight_decay": 0.01,
            "selection": "last",
        },
        "choose": {**JIANT_PAIRS, "epochs": 7, "batch_size": 24},
        "contrast": JIANT_PAIRS,
        "mask": {**JIANT_PAIRS, "epochs": 1, "selection": "last"},
        "cloze": {"max_length": 512},
        "nearest": {"max_length": 512},
        "mine": {"max_length": 512},
    },
    tasks={"pawsx": {"epochs": 5}, "pawsx.generalised": {"epochs": 5}, **REMEMBERED},
)

MINI_PAIRS: dict[str, Any] = {
    "learning_rate": 1e-4,
    "epochs": 4,
    "batch_size": 32,
    "max_length": 128,
    "warmup": 0.1,
    "weight_decay": 0.01,
    "selection": "last",
}

MINI = Recipe(
    name="mini",
    source="chosen on the English dev parts of the bundled suite for its small encoder",
    kinds={
        "classify": {**MINI_PAIRS, "head_learning_rate": 1e-3},
        "tag": {**MINI_PAIRS, "learning_rate": 3e-4, "head_learning_rate": 1.5e-3, "epochs": 5},
        "span": {
            **MINI_PAIRS,
            "learning_rate": 2e-4,
            "head_learning_rate": 1e-3,
            "max_length": 384,
            "max_query_length": 64,
            "doc_stride": 128,
            "max_answer_length": 30,
        },
        "choose": {**MINI_PAIRS, "head_learning_rate": 1e-3, "epochs": 3, "batch_size": 16},
        "contrast": {**MINI_PAIRS, "epochs": 3},
        "mask": {**MINI_PAIRS, "head_learning_rate": 1e-3},
        "cloze": {"max_length": 512},
        "nearest": {"max_length": 512},
        "mine": {"max_length": 512},
    },
    tasks={
        "mini.paraphrase": {"epochs": 6},
        "mini.paraphrase.generalised": {"epochs": 6},
        # with updates twice as large and faster, some seeds never learn to tell the types of names apart
        "mini.ner": {"epochs": 10, "batch_size": 16, "learning_rate": 2e-4, "head_learning_rate": 1e-3},
        # English dev F1 72.6, against 66.2 with the kind's values
        "mini.qa": {"batch_size": 16, "learning_rate": 1e-4},
    },
)


@hookimpl
def register_recipes(register: Callable[[Recipe], None]) -> None:
    for recipe in (XTREME, JIANT, MINI):
        register(recipe)
