"""Units that several kinds lay out alike: prepare, train and score, with their identities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xtreme_harness.data.access import TRAINING_LANGUAGE
from xtreme_harness.definitions import Task
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.interface import Assignment, Files
from xtreme_harness.models.reference import Encoder
from xtreme_harness.unit import Unit, code_version

READING = (
    "xtreme_harness.data.access",
    "xtreme_harness.data.encoded",
    "xtreme_harness.models.load",
    "xtreme_harness.models.inputs",
)
FORWARD = ("xtreme_harness.models.load", "xtreme_harness.models.forward", "xtreme_harness.data.batches")
TRAINING = (
    *FORWARD,
    "xtreme_harness.models.heads",
    "xtreme_harness.models.inputs",
    "xtreme_harness.training.perform",
    "xtreme_harness.training.loop",
    "xtreme_harness.training.optimiser",
    "xtreme_harness.training.updates",
    "xtreme_harness.training.compact",
    "xtreme_harness.training.selection",
    "xtreme_harness.training.methods",
)
TRAINING_VALUES = (
    "learning_rate",
    "head_learning_rate",
    "epochs",
    "batch_size",
    "warmup",
    "weight_decay",
    "clip",
    "adam_epsilon",
    "dropout",
    "selection",
    "evaluate_every",
)


def encoder_inputs(encoder: Encoder) -> dict[str, Unit]:
    return {"checkpoint": encoder.source} if encoder.source else {}


def encoder_details(encoder: Encoder) -> dict[str, Any]:
    place = {"checkpoint": encoder.folder} if encoder.folder else {}
    return {**place, "remote_code": encoder.trust.remote_code, "pickle": encoder.trust.pickle}


def prepare_unit(
    assignment: Assignment,
    task: Task,
    split: str,
    language: str,
    parameters: Mapping[str, Any],
    modules: tuple[str, ...],
) -> Unit:
    """Encodes one split of one language with the row's tokenizer. Only `train` and `dev` parts carry labels."""
    files: Files = assignment.files(task, split, language)
    encoder = assignment.encoder
    return Unit(
        type="prepare",
        label=f"prepare {task.name} {split} {language}",
        modules=(*READING, *modules),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs={"tokenizer": encoder.tokenizer_source} if encoder.tokenizer_source else {},
        fingerprints={**encoder.encoding_prints(), "reader": assignment.reader(task)},
        data=files.hashes,
        parameters={"split": split, "language": language, "labelled": split != "test", **parameters},
        details={"files": files.paths, "tokenizer": encoder.folder, "remote_code": encoder.trust.remote_code},
    )


def has_dev_part(assignment: Assignment) -> bool:
    """Whether the training task names English dev files; raises RequestError where a selection needs them in vain.

    TyDiQA-GoldP's English "dev" file is its test set: there the harness must not select (spec 4.7; spec 8, item 23).
    """
    task = assignment.training_task
    has_files = bool(task.files("dev", TRAINING_LANGUAGE))
    if not has_files and assignment.recipe["selection"] == "english-dev":
        name = assignment.task.name
        raise RequestError(
            f"Task {name}: selection english-dev is impossible, {task.name} has no English dev part to select on. "
            f"Use --set {name}.selection=last."
        )
    return has_files


def train_unit(
    assignment: Assignment, train: Unit, dev: Unit | None, options: Mapping[str, Any], modules: tuple[str, ...]
) -> Unit:
    """Fine-tunes on the English training part; shared by every target that trains on the same task."""
    task, encoder = assignment.training_task, assignment.encoder
    parts = {"train": train, **({"dev": dev} if dev else {})}
    values = {name: assignment.recipe[name] for name in TRAINING_VALUES}
    method = {"name": assignment.method.name, **assignment.method.parameters}
    return Unit(
        type="train",
        label=f"train {task.name} (seed {assignment.seed})",
        modules=(*TRAINING, *modules),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs={**encoder_inputs(encoder), **parts},
        fingerprints={
            **encoder.weight_prints(),
            "method": code_version([assignment.method.load]),
            "scorer": assignment.scorer,
        },
        parameters={"role": "target", "protocol": "zero-shot", "method": method, "options": dict(options), **values},
        seed=assignment.seed,
        dtype=assignment.dtype,
        details=encoder_details(encoder),
    )


def score_unit(
    assignment: Assignment,
    language: str,
    predict: Unit,
    modules: tuple[str, ...],
    texts: Unit | None = None,
    threshold: Unit | None = None,
) -> Unit | None:
    """Compares predictions with gold; None where no gold is at hand.

    `texts`: what the predictions point into; `threshold`: the unit that chose where they are cut.
    """
    gold = assignment.gold(assignment.task, language)
    if gold is None:
        return None
    opened = {"predictions": predict, "texts": texts, "threshold": threshold}
    inputs = {role: unit for role, unit in opened.items() if unit is not None}
    return gold_unit(assignment, "test", language, gold, inputs, modules)


def gold_unit(
    assignment: Assignment,
    split: str,
    language: str,
    gold: Files,
    inputs: Mapping[str, Unit],
    modules: tuple[str, ...],
) -> Unit:
    """A unit that opens the gold of one part in one language."""
    task = assignment.task
    part = language if split == "test" else f"{split} {language}"
    return Unit(
        type="score",
        label=f"score {task.name} {part}",
        modules=("xtreme_harness.data.access", "xtreme_harness.kinds.results", *modules),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs=inputs,
        fingerprints={"reader": assignment.reader(task), "scorer": assignment.scorer},
        data=gold.hashes,
        parameters={"split": split, "language": language, "metrics": list(task.metrics)},
        details={"files": gold.paths},
    )
