"""What a plugin registers: Task, Model, Suite, Recipe, Kind, Method, Metric, Executor, Board.

All are frozen, keyword-only and checked when they are made; every problem of a definition is named at once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.errors import DefinitionError
from xtreme_harness.jsonl import read_part
from xtreme_harness.legible import is_legible

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

Example = dict[str, Any]
ReadExamples = Callable[[str, str, tuple[Path, ...]], Iterable[Example]]
ListFiles = Callable[[str, str], Sequence[str]]
HubRows = Callable[[str, str], Iterable[dict[str, Any]]]

RECIPE_DEFAULTS: dict[str, Any] = {
    "learning_rate": 2e-5,
    "head_learning_rate": None,  # None: as learning_rate
    "epochs": 3,
    "updates": None,  # None: as many as the epochs take
    "batch_size": 32,
    "max_length": 128,
    "max_query_length": 64,
    "max_answer_length": 30,
    "doc_stride": 128,
    "warmup": 0.1,
    "weight_decay": 0.0,
    "clip": 1.0,
    "adam_epsilon": 1e-8,
    "dropout": None,  # None: as the checkpoint's config says
    "selection": "last",
    "evaluate_every": 0,
    "seed": 42,
    "adapter": "none",
    "lora_rank": 8,
    "lora_alpha": 16,
    "lora_dropout": 0.0,
    "lora_modules": "all",  # linear layers; or names of some, with commas: "query,value"
}
SELECTIONS = ("english-dev", "last")
NO_ADAPTER = "none"
ADAPTERS = (NO_ADAPTER, "lora")
ADAPTER_VALUES = ("adapter", "lora_rank", "lora_alpha", "lora_dropout", "lora_modules")
POOLINGS = ("mean", "cls")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
TRACKS = ("zero-shot", "translate-train", "target-tuned", "oracle")  # never compared with each other
OUTPUTS = ("markdown", "html", "csv", "latex", "json", "model-index", "eval-results", "eee", "figures")


def _check(what: str, name: object, problems: list[str]) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        problems.insert(0, f"the name must match {NAME.pattern}")
    if problems:
        raise DefinitionError(f"{what} {name!r}", problems)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One original file of a data set: what `data fetch` downloads and `data status` lists.

    `file` is its name in the folder of originals. `steps` says what to do by hand where no download is possible;
    `address` is then a page for people.
    """

    file: str
    address: str
    bytes: int | None = None
    sha256: str | None = None
    licence: str = ""
    steps: str = ""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where an import reads and writes: original files, the data folder, the label folder, each in a layout of its own.

    `official`: refuse what is known not to be the benchmark's data.
    """

    originals: Path
    data: Path
    labels: Path
    official: bool = True


@dataclass(frozen=True, kw_only=True)
class HubSet:
    """A task's data as a set on the Hugging Face hub, and how its rows become files.

    `write(rows, folders)` writes data and label files; `rows(config, split)` yields one part's rows, with class indices
    already turned into the set's own label names (label orders differ from set to set). `unfit` is why the set must not
    pass as the benchmark's data: it is written only as unofficial, and runs on it are not comparable.
    """

    id: str
    write: Callable[[HubRows, Folders], None]
    revision: str = "main"
    unfit: str = ""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A data set with its kind, languages, labels, metrics and data files.

    `read(split, language, files)` yields examples in the kind's normal form; `files(split, language)` names the files
    it needs, relative to the data folder (an absolute name is data that a plugin brings along). Where the test gold is
    kept apart, as in an XTREME download, `gold_files` names label files relative to the label folder and `read_gold`
    yields the gold fields with the ids that `read` gives.

    `import_files` fills data and label folder from the original files that `sources` lists; `hub` names sets that do
    the same. `build_labels` is for tasks whose test files may be in another order than a fresh import has them. `sizes`
    gives the number of examples by split and language: a run on fewer or more is not comparable. `rough_sizes` says by
    split about how many there are where examples are made of files that hold much else; only estimates go by it.

    `controls` names the tasks that an effect of this one must be held against before it is put down to what this one is
    about: {"shuffled-labels": "mytask.shuffled", "no-code": ...}. They are registered as intermediate tasks too.

    `corpora` names the published collections that the English training part is from, where other tasks train on them
    too, whatever their files look like: a target after an intermediate that shares one has had its own data before.
    """

    name: str
    kind: str
    languages: tuple[str, ...]
    read: ReadExamples
    files: ListFiles
    version: str = "1"
    options: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()  # none named: the kind's
    headline: tuple[str, ...] = ()  # metrics whose mean is the task's number
    train_on: str | None = None
    read_gold: ReadExamples | None = None
    gold_files: ListFiles | None = None
    sources: tuple[Source, ...] = ()
    hub: tuple[HubSet, ...] = ()
    import_files: Callable[[Folders], None] | None = None
    build_labels: Callable[[Folders], None] | None = None
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rough_sizes: Mapping[str, int] = field(default_factory=dict)
    controls: Mapping[str, str] = field(default_factory=dict)
    corpora: tuple[str, ...] = ()
    homepage: str = ""
    citation: str = ""
    licence: str = ""
    comparable: bool = True
    not_comparable_because: str = ""

    def __post_init__(self) -> None:
        problems = []
        if not self.languages or not all(isinstance(code, str) for code in self.languages):
            problems.append("languages must be a tuple of ISO codes")
        elif len(set(self.languages)) < len(self.languages):
            problems.append(f"a language is given twice: {', '.join(self.languages)}")
        if not callable(self.read) or not callable(self.files):
            problems.append("read and files must be functions")
        if (self.read_gold is None) != (self.gold_files is None):
            problems.append("read_gold and gold_files belong together")
        if not isinstance(self.version, str) or not self.version:
            problems.append('version must be text, such as "1"')
        if not set(self.headline) <= set(self.metrics or self.headline):
            problems.append("headline names a metric that is not among metrics")
        if not isinstance(self.controls, Mapping) or not all(NAME.fullmatch(str(name)) for name in self.controls):
            problems.append(f"controls must give tasks by the names of controls, which match {NAME.pattern}")
        elif self.name in self.controls.values():
            problems.append("it cannot be its own control")
        if not self.comparable and not self.not_comparable_because:
            problems.append("comparable=False needs not_comparable_because")
        _check("Task", self.name, problems)

    @classmethod
    def from_jsonl(
        cls,
        *,
        name: str,
        kind: str,
        languages: tuple[str, ...],
        path: str,
        labels: tuple[str, ...] = (),
        options: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Task:
        """A task whose examples lie in JSON-lines files: train and dev in English, test in each language.

        `path` has the place holders {split} and {language} and is relative to the file that calls this.
        """
        folder = Path(sys._getframe(1).f_globals.get("__file__", ".")).resolve().parent

        def files(split: str, language: str) -> tuple[str, ...]:
            return (str(folder / path.format(split=split, language=language)),)

        problems = [] if "{split}" in path else ["path must hold {split}"]
        if "{language}" not in path:
            problems.append("path must hold {language}")
        if problems:
            raise DefinitionError(f"Task {name!r}", problems)
        merged = {**({"labels": tuple(labels)} if labels else {}), **(options or {})}
        return cls(name=name, kind=kind, languages=languages, read=read_part, files=files, options=merged, **fields)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A checkpoint that is made from one source file, once, and kept in the store.

    `source()` finds the file (raises CheckpointError with what to install); `write(source, folder)` makes an ordinary
    Hugging Face checkpoint in the empty `folder`. `modules` are those whose code decides what is written.
    """

    source: Callable[[], Path]
    write: Callable[[Path, Path], None]
    modules: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """An encoder checkpoint, with what retrieval and sentence-level heads need to know.

    `reference` is a folder, a hub id with its revision (`id@revision`) or a Prepared. `layers` counts hidden states, 0
    being the embeddings: one number, or one a retrieval task; None means two thirds of the depth. `prefix` is put
    before texts in retrieval only.
    """

    name: str
    reference: str | Prepared
    layers: int | Mapping[str, int] | None = None
    pooling: str = "mean"
    sentence_pooling: str = "cls"
    prefix: str = ""
    trust_remote_code: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        problems = []
        if not isinstance(self.reference, str | Prepared):
            problems.append("reference must be a folder, a hub id or a Prepared")
        for key in ("pooling", "sentence_pooling"):
            if getattr(self, key) not in POOLINGS:
                problems.append(f"{key} must be one of {', '.join(POOLINGS)}, not {getattr(self, key)!r}")
        layers = self.layers.values() if isinstance(self.layers, Mapping) else [self.layers]
        if any(layer is not None and (not isinstance(layer, int) or layer < 0) for layer in layers):
            problems.append("layers count hidden states: whole numbers from 0 (the embeddings)")
        _check("Model", self.name, problems)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Groups of target tasks with the rule for the average (`tasks`: the unweighted mean of the task numbers)."""

    name: str
    groups: Mapping[str, tuple[str, ...]]
    version: str = "1"
    average: str = "tasks"
    recipe: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        tasks = [task for group in self.groups.values() for task in group]
        problems = [] if tasks else ["groups hold no task"]
        if len(set(tasks)) < len(tasks):
            problems.append("a task stands in two groups")
        if self.average != "tasks":
            problems.append(f"average must be 'tasks', not {self.average!r}")
        _check("Suite", self.name, problems)

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(task for group in self.groups.values() for task in group)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Hyperparameters: defaults per kind, then per task; what neither names comes from RECIPE_DEFAULTS."""

    name: str
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        tables = [*self.kinds.items(), *self.tasks.items()]
        unknown = [f"{of}.{key}" for of, values in tables for key in values if key not in RECIPE_DEFAULTS]
        problems = [f"unknown value {', '.join(unknown)}"] if unknown else []
        _check("Recipe", self.name, problems)

    def values(self, kind: str, task: str) -> dict[str, Any]:
        """The values of one task, every field filled."""
        return {**RECIPE_DEFAULTS, **self.kinds.get(kind, {}), **self.tasks.get(task, {})}


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What a metric gives: the figure, and per-example values (by name) from which it follows."""

    figure: float
    values: Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """`compute(predictions, gold)` takes two lists in the same order and gives Scored.

    `shown` is the name in records and tables (default: the name): a tagging task and a QA task both show an `f1`, which
    are different functions and so different metrics. `by_language`: `compute` takes the language as a third argument.
    """

    name: str
    compute: Callable[..., Scored]
    shown: str = ""
    by_language: bool = False
    greater_is_better: bool = True
    percent: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", self.shown or self.name)
        _check("Metric", self.name, [] if callable(self.compute) else ["compute must be a function"])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How tasks of one shape are encoded, trained, predicted and scored (provisional until 1.0).

    `options` are what a task may choose, with their defaults; `required` those it must name. `splits` are the parts
    that a language needs to be evaluated. `load` returns the implementation (see xtreme_harness.kinds.interface); it is
    called only when work is to be done.
    """

    name: str
    summary: str
    trainable: bool
    load: Callable[[], Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("test",)
    metrics: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check("Kind", self.name, [] if callable(self.load) else ["load must be a function"])


@dataclass(frozen=True, kw_only=True)
class Method:
    """How one training step is computed.

    `load()` returns what makes the step, which is called with the encoder and the values of `parameters` (see
    xtreme_harness.training.methods). `modules` are those whose code decides the step, where it is not in the file of
    `load`. `--set NAME.PARAMETER=VALUE` takes a value of the default's type: one of `choices` where those are named,
    and not below zero where the default is not. Those in `files` name files, whose contents count.

    `rewrite()`, where there is one, returns what makes other training examples of a task's own:
    `rewritten(examples, text_fields, seed, **parameters)`. The parameters are then its, and the step has none.
    """

    name: str
    summary: str
    load: Callable[[], Any]
    modules: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    rewrite: Callable[[], Any] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        problems = [] if callable(self.load) else ["load must be a function"]
        if "name" in self.parameters:
            problems.append("a parameter cannot be called name")
        if strange := [key for key, among in self.choices.items() if self.parameters.get(key) not in among]:
            problems.append(f"the default of {', '.join(strange)} is not among its choices")
        _check("Method", self.name, problems)


@dataclass(frozen=True, kw_only=True)
class Executor:
    """Where units run (provisional until 1.0). `load` returns the implementation (xtreme_harness.executors.local)."""

    name: str
    summary: str
    load: Callable[[], Any]

    def __post_init__(self) -> None:
        _check("Executor", self.name, [] if callable(self.load) else ["load must be a function"])


@dataclass(frozen=True, kw_only=True)
class Board:
    """The description of a leaderboard, as read from a TOML file.

    `runs` are patterns of folders with records, `references` a file of published rows, both below the folder that the
    board is built in.
    """

    name: str
    title: str
    suite: str = ""
    tasks: tuple[str, ...] = ()
    average: str = "tasks"
    hub: str = ""  # the Hub's data set that holds the board, owner/name
    tracks: tuple[str, ...] = ("zero-shot",)
    runs: tuple[str, ...] = ()
    references: str = ""
    outputs: tuple[str, ...] = ("markdown",)

    def __post_init__(self) -> None:
        problems = [] if bool(self.suite) != bool(self.tasks) else ["name either a suite or tasks"]
        for what, given, known in (("output", self.outputs, OUTPUTS), ("track", self.tracks, TRACKS)):
            problems += [] if given else [f"name at least one {what}"]
            if unknown := [one for one in given if one not in known]:
                problems.append(f"unknown {what} {', '.join(unknown)}: one of {', '.join(known)}")
        for name in ("tasks", "tracks", "outputs"):
            given = getattr(self, name)
            problems += [f"{name} names {one} twice" for one in dict.fromkeys(given) if given.count(one) > 1]
        problems += _place_problems(self.runs, self.references)
        if not is_legible(self.title):
            problems.append(f"title holds characters that cannot be shown in one line: {self.title!r}")
        if self.average != "tasks":
            problems.append(f"average must be 'tasks', not {self.average!r}")
        if self.hub and not HUB_NAME.fullmatch(self.hub):
            problems.append(f"hub must be owner/name, not {self.hub!r}")
        _check("Board", self.name, problems)


def _place_problems(runs: Sequence[str], references: str) -> list[str]:
    """What is wrong with the places of a board, which lie in the folder that it is built in."""
    problems = [] if runs or references else ["name runs or references"]
    if outside := [path for path in (*runs, references) if Path(path).is_absolute() or ".." in Path(path).parts]:
        problems.append(f"{', '.join(outside)} must be relative to the folder that the board is built in, and below it")
    if "" in runs:
        problems.append("runs holds an empty pattern")
    if strange := [path for path in runs if any("**" in part and part != "**" for part in Path(path).parts)]:
        problems.append(f"{', '.join(strange)}: ** stands for whole folders and must be a part of its own")
    return problems
