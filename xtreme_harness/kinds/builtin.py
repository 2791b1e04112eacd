"""Registers the kinds that come with the harness; their work is loaded when it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xtreme_harness import Kind, hookimpl


def _classify() -> Any:
    from xtreme_harness.kinds.classify.kind import Classify

    return Classify()


def _tag() -> Any:
    from xtreme_harness.kinds.tag.kind import Tag

    return Tag()


def _span() -> Any:
    from xtreme_harness.kinds.span.kind import Span

    return Span()


def _choose() -> Any:
    from xtreme_harness.kinds.choose.kind import Choose

    return Choose()


def _contrast() -> Any:
    from xtreme_harness.kinds.contrast.kind import Contrast

    return Contrast()


def _mask() -> Any:
    from xtreme_harness.kinds.mask.kind import Mask

    return Mask()


def _cloze() -> Any:
    from xtreme_harness.kinds.cloze.kind import Cloze

    return Cloze()


def _nearest() -> Any:
    from xtreme_harness.kinds.nearest.kind import Nearest

    return Nearest()


def _mine() -> Any:
    from xtreme_harness.kinds.mine.kind import Mine

    return Mine()


KINDS = (
    Kind(
        name="classify",
        summary="one label for a text or a pair of texts",
        trainable=True,
        load=_classify,
        required=("labels",),
        metrics=("accuracy",),
        headline=("accuracy",),
    ),
    Kind(
        name="tag",
        summary="one tag for every word",
        trainable=True,
        load=_tag,
        options={"first_content_subword": False, "open_labels": False},
        required=("labels",),
        metrics=("chunk_f1", "chunk_precision", "chunk_recall", "token_accuracy"),
        headline=("chunk_f1",),
    ),
    Kind(
        name="span",
        summary="the part of a context that answers a question",
        trainable=True,
        load=_span,
        options={"legacy_word_extension": False, "null_threshold": None},
        metrics=("exact_match", "answer_f1"),
        headline=("exact_match", "answer_f1"),
    ),
    Kind(
        name="choose",
        summary="the right one of several choices for a question",
        trainable=True,
        load=_choose,
        metrics=("accuracy",),
        headline=("accuracy",),
    ),
    Kind(
        name="contrast",
        summary="for every query its own text among those of other pairs (to train on)",
        trainable=True,
        load=_contrast,
        options={"temperature": 0.05, "pooling": "mean"},
        metrics=("mean_reciprocal_rank", "accuracy"),
        headline=("mean_reciprocal_rank",),
    ),
    Kind(
        name="mask",
        summary="text whose masked pieces are found, in any language (to train on)",
        trainable=True,
        load=_mask,
        options={"languages": ""},
        metrics=("accuracy",),
        headline=("accuracy",),
    ),
    Kind(
        name="cloze",
        summary="the right one of several words for a gap, by the model's own masked-language-model head",
        trainable=False,
        load=_cloze,
        metrics=("accuracy",),
        headline=("accuracy",),
    ),
    Kind(
        name="nearest",
        summary="for every query the nearest candidate",
        trainable=False,
        load=_nearest,
        metrics=("accuracy",),
        headline=("accuracy",),
    ),
    Kind(
        name="mine",
        summary="the sentences of two corpora that translate each other",
        trainable=False,
        load=_mine,
        options={"margin": "ratio", "k": 4, "retrieval": "max"},
        splits=("dev", "test"),
        metrics=("pair_f1", "pair_precision", "pair_recall"),
        headline=("pair_f1",),
    ),
)


@hookimpl
def register_kinds(register: Callable[[Kind], None]) -> None:
    for kind in KINDS:
        register(kind)
