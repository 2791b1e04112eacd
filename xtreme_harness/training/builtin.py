"""Registers the methods that come with the harness: how one training step is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Method, hookimpl

METHODS = "xtreme_harness.training.methods"
PERTURBED = "xtreme_harness.training.perturbed"
HUANG = "Huang et al. 2021 (EMNLP), who do not give these values"


def _plain() -> Any:
    from xtreme_harness.training.methods import make_plain

    return make_plain


def _adversarial() -> Any:
    from xtreme_harness.training.perturbed import make_adversarial

    return make_adversarial


def _random() -> Any:
    from xtreme_harness.training.perturbed import make_random

    return make_random


def _augmented() -> Any:
    from xtreme_harness.training.synonyms import augmented

    return augmented


ADV = Method(
    name="adv",
    summary="adversarial training: the loss at the worst point near the word embeddings",
    load=_adversarial,
    modules=(PERTURBED,),
    parameters={"eps": 0.1, "steps": 3, "step_size": 1.5, "start": "zero"},
    choices={"start": ("zero", "random")},
    source=f"{HUANG}: all are our defaults, eps relative to the mean norm of the word embeddings",
)
RS_RP = Method(
    name="rs_rp",
    summary="randomised smoothing: the loss at a random point near the word embeddings",
    load=_random,
    modules=(PERTURBED,),
    parameters={"eps": 0.1, "law": "ball"},
    choices={"law": ("ball", "cube", "gaussian")},
    source=f"{HUANG}: both are our defaults, eps relative to the mean norm of the word embeddings",
)

RS_DA = Method(
    name="rs_da",
    summary="randomised smoothing: the loss of copies whose words are replaced by their neighbours",
    load=_plain,
    rewrite=_augmented,
    modules=(METHODS, "xtreme_harness.training.synonyms"),
    parameters={"table": "", "copies": 3, "keep_original": False},
    files=("table",),
    source="Huang et al. 2021 (EMNLP), released code: 3 copies for XNLI, 10 for PAWS-X, in place of the original",
)


@hookimpl
def register_methods(register: Callable[[Method], None]) -> None:
    register(Method(name="plain", summary="the loss of the examples as they are", load=_plain, modules=(METHODS,)))
    register(ADV)
    register(RS_RP)
    register(RS_DA)
