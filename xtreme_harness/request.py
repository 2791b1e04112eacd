"""What was asked for: the options of `run` (or of a study's arm), checked before anything is looked up."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from xtreme_harness.errors import RequestError, UnknownName
from xtreme_harness.training.samplers import KINDS, Sampler
from xtreme_harness.unit import MOST_SEED


@dataclass(frozen=True, kw_only=True)
class Request:
    """One model, one recipe, target tasks and the rows to fill; places and machine settings beside them."""

    model: str
    suite: str | None = None
    tasks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    intermediates: tuple[str, ...] = ()  # "A", "A+B", "none"
    controls: tuple[str, ...] = ()  # rows beside those of each intermediate whose tasks have them
    sampler: Sampler = field(default_factory=Sampler)
    methods: tuple[str, ...] = ("plain",)
    recipe: str | None = None
    seeds: tuple[int, ...] = ()
    settings: tuple[tuple[str, str, Any], ...] = ()  # --set: (task, key, value)
    role_settings: tuple[tuple[str, str, Any], ...] = ()  # of a study: ("target" or "intermediate", recipe key, value)
    target_dev: bool = False  # of a study: also score the targets' own dev parts, for its oracle
    limit: Mapping[str, int] = field(default_factory=dict)  # of a study: most examples a language, by part
    data: str | None = None
    labels: str | None = None
    device: str = "auto"
    dtype: str = "auto"
    offline: bool = False
    unofficial: bool = False
    keep_all: bool = False
    trust_remote_code: bool = False
    allow_pickle: bool = False
    plugins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.suite and not self.tasks:
            raise RequestError("Say what to run: --suite NAME or --task NAME (see: xtreme-harness list suites).")
        named = {"--task": self.tasks, "--language": self.languages, "--seed": self.seeds, "--method": self.methods}
        named |= {"--intermediate": self.intermediates, "--control": self.controls}
        for option, values in named.items():
            twice = _first_repeated(values)
            if twice is not None:
                raise RequestError(f"{option} {twice} is given twice.")
        self._check_seeds()

    def _check_seeds(self) -> None:
        for seed in self.seeds:
            if not 0 <= seed <= MOST_SEED:
                raise RequestError(f"--seed {seed}: must be from 0 to {MOST_SEED}.")
        for name, key, _ in self.settings:
            if key == "seed" and self.seeds and name not in self.methods:
                raise RequestError(f"--set {name}.seed: --seed gives every task its seed. Name one of the two.")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _first_repeated(values: Iterable[Any]) -> Any:
    seen: list[Any] = []
    for value in values:
        if value in seen:
            return value
        seen.append(value)
    return None


def parse_setting(text: str) -> tuple[str, str, Any]:
    """`mini.nli.epochs=2` to ("mini.nli", "epochs", 2): cut at the last dot before `=`; values as TOML, else text."""
    place, equals, raw = text.partition("=")
    task, dot, key = place.rpartition(".")
    if not equals or not dot or not task or not key:
        raise RequestError(f"--set {text!r} does not read TASK.KEY=VALUE, for example xnli.epochs=2.")
    try:
        return task, key, tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return task, key, raw


def parse_sampler(text: str, temperature: float | None = None, cap: int | None = None) -> Sampler:
    """`uniform`, `proportional`, `temperature` or weights such as `mini.nli=2,mini.qa=1`, which need not add up to 1.

    `temperature` and `cap` are for `temperature` alone. Raises RequestError, and DefinitionError for values that give
    no chances.
    """
    if text != "temperature" and (temperature is not None or cap is not None):
        raise RequestError("--temperature and --cap belong to --sampler temperature.")
    if text == "temperature" and temperature is None:
        raise RequestError("--sampler temperature needs --temperature, for example --temperature 2.")
    if "=" in text:
        weights = [_weight(part) for part in text.split(",")]
        if twice := _first_repeated(task for task, _ in weights):
            raise RequestError(f"--sampler {text}: {twice} is given twice.")
        return Sampler(kind="weights", weights=dict(weights))
    if text not in KINDS[:-1]:
        raise UnknownName("sampler", text, KINDS[:-1], " Or weights: mini.nli=2,mini.qa=1.")
    given: dict[str, Any] = {"temperature": temperature, "cap": cap}
    return Sampler(kind=text, **{name: value for name, value in given.items() if value is not None})


def _weight(text: str) -> tuple[str, float]:
    task, _, raw = text.partition("=")
    try:
        return task, float(raw)
    except ValueError:
        raise RequestError(f"--sampler {text!r} does not read TASK=WEIGHT, for example mini.nli=2.") from None
