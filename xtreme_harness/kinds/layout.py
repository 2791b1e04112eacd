"""Units that several kinds lay out alike: prepare, train and score, with their identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from xtreme_harness.data.access import TRAINING_LANGUAGE
from xtreme_harness.definitions import ADAPTER_VALUES, ADAPTERS, Task
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.interface import Assignment, Files, TrainingPart
from xtreme_harness.models.reference import Encoder
from xtreme_harness.unit import Unit, code_version

READING = (
    "xtreme_harness.data.access",
    "xtreme_harness.data.encoded",
    "xtreme_harness.models.load",
    "xtreme_harness.models.inputs",
)
FORWARD = (
    "xtreme_harness.models.load",
    "xtreme_harness.models.forward",
    "xtreme_harness.models.handover",
    "xtreme_harness.data.batches",
)
TRAINING = (
    *FORWARD,
    "xtreme_harness.models.heads",
    "xtreme_harness.models.inputs",
    "xtreme_harness.training.perform",
    "xtreme_harness.training.loop",
    "xtreme_harness.training.parts",
    "xtreme_harness.training.samplers",
    "xtreme_harness.training.optimiser",
    "xtreme_harness.training.updates",
    "xtreme_harness.training.compact",
    "xtreme_harness.training.selection",
    "xtreme_harness.training.methods",
)
WHOLE_VALUES = (  # of the training as a whole; epochs, batch_size and lengths are each part's own
    "learning_rate",
    "head_learning_rate",
    "updates",
    "warmup",
    "weight_decay",
    "clip",
    "adam_epsilon",
    "dropout",
    "selection",
    "evaluate_every",
)
LORA = ("xtreme_harness.training.lora",)


def encoder_inputs(encoder: Encoder) -> dict[str, Unit]:
    return {"checkpoint": encoder.source} if encoder.source else {}


def encoder_details(encoder: Encoder) -> dict[str, Any]:
    place = {"checkpoint": encoder.folder} if encoder.folder and not encoder.source else {}
    return {**place, "remote_code": encoder.trust.remote_code, "pickle": encoder.trust.pickle}


def prepare_unit(
    assignment: Assignment,
    task: Task,
    split: str,
    language: str,
    parameters: Mapping[str, Any],
    modules: tuple[str, ...],
) -> Unit:
    """Encodes one split of one language with the row's tokenizer. Only English `train` and `dev` carry labels."""
    files: Files = assignment.files(task, split, language)
    return _prepare_unit(
        assignment, task, (split, language), files, {"labelled": _is_labelled(split, language), **parameters}, modules
    )


def texts_unit(
    assignment: Assignment,
    task: Task,
    split: str,
    languages: Sequence[str],
    parameters: Mapping[str, Any],
    modules: tuple[str, ...],
) -> Unit:
    """Encodes one split of text without labels, in several languages one after the other (`read_texts` reads it)."""
    found = {language: assignment.files(task, split, language) for language in languages}
    files = Files(
        paths=tuple(path for one in found.values() for path in one.paths),
        hashes={f"{language}.{name}": one.hashes[name] for language, one in found.items() for name in one.hashes},
    )
    texts = {language: len(one.paths) for language, one in found.items()}
    return _prepare_unit(assignment, task, (split, "+".join(languages)), files, {"texts": texts, **parameters}, modules)


def _prepare_unit(
    assignment: Assignment,
    task: Task,
    part: tuple[str, str],
    files: Files,
    parameters: Mapping[str, Any],
    modules: tuple[str, ...],
) -> Unit:
    split, language = part
    encoder = assignment.encoder
    rewrite = assignment.method.rewrite if split == "train" else None
    return Unit(
        type="prepare",
        label=f"prepare {task.name} {split} {language}",
        modules=(*READING, *modules, *(assignment.method.modules if rewrite else ())),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs={"tokenizer": encoder.tokenizer_source} if encoder.tokenizer_source else {},
        fingerprints={
            **encoder.encoding_prints(),
            "reader": assignment.reader(task),
            **({"method": code_version([rewrite])} if rewrite else {}),
        },
        data=files.hashes,
        parameters={
            **_part(assignment, split, language),
            **parameters,
            **({"rewritten": {**_method(assignment), "seed": assignment.seed}} if rewrite else {}),
        },
        details={
            "files": files.paths,
            "examples": task.rough_sizes.get(split) or task.sizes.get(split, {}).get(language),
            "is_made": split in task.rough_sizes,
            "tokenizer": encoder.folder,
            "remote_code": encoder.trust.remote_code,
            "method_files": dict(assignment.method_files),
        },
    )


def _method(assignment: Assignment) -> dict[str, Any]:
    return {"name": assignment.method.name, **assignment.method.parameters}


def _is_labelled(split: str, language: str) -> bool:
    return split != "test" and language == TRAINING_LANGUAGE


def _part(assignment: Assignment, split: str, language: str) -> dict[str, Any]:
    """What is read of a task: inputs and gold are cut alike."""
    limit = {"limit": assignment.limit[split]} if split in assignment.limit else {}
    return {"split": split, "language": language, **limit}


def train_unit(assignment: Assignment, parts: Sequence[TrainingPart], sampler: Mapping[str, Any] | None = None) -> Unit:
    """Fine-tunes on English training parts: of one task, or of several in a mix that `sampler` draws from.

    `assignment` is that of the first task, whose values count for the training as a whole. The unit is shared by
    whatever trains on the same from the same encoder, be it a target or an intermediate phase: neither is in the key.
    """
    _check_selection(assignment, parts)
    adapter = _adapter(assignment)
    encoder, tasks = assignment.encoder, "+".join(part.task.name for part in parts)
    english = {f"train.{part.task.name}": part.train for part in parts}
    english |= {f"dev.{part.task.name}": part.dev for part in parts if part.dev is not None}
    return Unit(
        type="train",
        label=f"train {tasks}{encoder.after} (seed {assignment.seed})",
        modules=tuple(
            dict.fromkeys((*TRAINING, *assignment.method.modules, *_modules(parts), *(LORA if adapter else ())))
        ),
        kind="+".join(dict.fromkeys(part.task.kind for part in parts)),
        task=tasks,
        task_version="+".join(part.task.version for part in parts),
        inputs={**encoder_inputs(encoder), **english},
        fingerprints={
            **encoder.weight_prints(),
            "method": code_version([assignment.method.load]),
            **{f"scorer.{part.task.name}": part.scorer for part in parts},
        },
        parameters={
            "protocol": "zero-shot",
            "method": _method(assignment),
            "parts": [_part_values(part) for part in parts],
            "sampler": sampler,
            **{name: assignment.recipe[name] for name in WHOLE_VALUES},
            **adapter,
        },
        seed=assignment.seed,
        dtype=assignment.dtype,
        details=encoder_details(encoder),
    )


def _modules(parts: Sequence[TrainingPart]) -> list[str]:
    return [name for part in parts for name in part.modules]


def _part_values(part: TrainingPart) -> dict[str, Any]:
    """Metrics and headline decide the dev figures, and which state is kept by them."""
    task = part.task
    values = {"task": task.name, "kind": task.kind, "epochs": part.epochs, "batch_size": part.batch_size}
    return {**values, "options": dict(part.options), "metrics": list(task.metrics), "headline": list(task.headline)}


def _check_selection(assignment: Assignment, parts: Sequence[TrainingPart]) -> None:
    """Raises RequestError where a state is to be selected and a part has nothing to select on.

    TyDiQA-GoldP's English "dev" file is its test set: there the harness must not select.
    """
    without = [part.task.name for part in parts if part.dev is None]
    if without and assignment.recipe["selection"] == "english-dev":
        name = assignment.task.name
        raise RequestError(
            f"Task {name}: selection english-dev is impossible, {without[0]} has no English dev part to select on. "
            f"Use --set {name}.selection=last."
        )


def _adapter(assignment: Assignment) -> dict[str, Any]:
    """The values of the adapter, empty where there is none. Raises RequestError where it cannot be made here."""
    recipe, name = assignment.recipe, assignment.task.name
    values = {key: recipe[key] for key in ADAPTER_VALUES if key in recipe}
    if values and values["adapter"] not in ADAPTERS:
        raise RequestError(f"Task {name}: adapter must be one of {', '.join(ADAPTERS)}, not {values['adapter']!r}.")
    if values and find_spec("peft") is None:
        raise RequestError(f"Task {name}: adapter lora needs peft: pip install 'xtreme-harness[peft]'.")
    return values


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
        label=f"score {task.name} {part}{assignment.encoder.after}",
        modules=("xtreme_harness.data.access", "xtreme_harness.kinds.results", *modules),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs=inputs,
        fingerprints={"reader": assignment.reader(task), "scorer": assignment.scorer(task)},
        data=gold.hashes,
        parameters={**_part(assignment, split, language), "metrics": list(task.metrics)},
        details={"files": gold.paths},
    )
