"""Whether the records of a run are what its request asked for: every row, task and language, once, and whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from xtreme_harness.definitions import Suite, Task
from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.verification.form import is_same
from xtreme_harness.records import Record, row_label
from xtreme_harness.registry import Registry
from xtreme_harness.unit import digest

REQUEST = "request.json"
THROUGHOUT = ("model", "recipe", "dtype", "protocol")  # a run has one of each
LISTS = ("tasks", "languages", "intermediates", "methods")
AFTER = " after "  # in a unit's label, before the intermediate tasks

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Asked:
    """A request, with the suite and the tasks that it names. `languages`: only these; empty: all of each task.

    `rows` are the labels that must be there; `arms` those of each intermediate with each control, which are there for
    the intermediates that have the control.
    """

    suite: Suite
    tasks: tuple[Task, ...]
    languages: tuple[str, ...]
    rows: tuple[str, ...]
    arms: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, request: Mapping[str, Any], registry: Registry) -> Asked:
        """Raises UnknownName for names that no plugin at hand registers, DataError for what is no request."""
        if wrong := [name for name in LISTS if not _is_texts(request.get(name))]:
            raise DataError(REQUEST, None, f"is no request: {', '.join(wrong)} must be a list of names")
        if not isinstance(request.get("suite"), str | None):
            raise DataError(REQUEST, None, "is no request: suite must be a name or null")
        try:
            named, tasks = request["suite"], tuple(request["tasks"])
            suite = registry.suite(named) if named is not None else Suite(name="tasks", groups={"": tasks})
            mixes, methods, seeds = request["intermediates"] or ["none"], request["methods"], request["seeds"] or [None]
            series = list(product(methods, seeds))
            rows = tuple(row_label(mix, None, *one) for mix in mixes for one in series)
            arms = product(mixes, request.get("controls", ()))
            of_arms = tuple(tuple(row_label(*arm, *one) for one in series) for arm in arms)
            return cls(suite, registry.suite_tasks(suite, tasks), tuple(request["languages"]), rows, of_arms)
        except (KeyError, TypeError) as error:
            raise DataError(REQUEST, None, f"is no request: {type(error).__name__} {error}") from None

    def cells(self, rows: Sequence[str]) -> list[Place]:
        """Every row x task x language."""
        return [
            (row, task.name, code)
            for row in dict.fromkeys(rows)
            for task in self.tasks
            for code in task.languages
            if not self.languages or code in self.languages
        ]


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def place_of(record: Record) -> Place:
    return record["row"], record["task"], record["language"]


def place_problems(records: Sequence[Record], asked: Asked) -> Iterator[str]:
    """Rows, tasks and languages that are missing, were not asked for, or are there twice."""
    yield from _row_problems(records, asked)
    counted = Counter(map(place_of, records))
    expected = dict.fromkeys(asked.cells([record["row"] for record in records]))
    for place in expected:
        if place not in counted:
            yield f"{' '.join(place)}: has no record"
    for place, number in counted.items():
        if number > 1:
            yield f"{' '.join(place)}: has {number} records"
        if place not in expected:
            yield f"{' '.join(place)}: was not asked for"


def _row_problems(records: Sequence[Record], asked: Asked) -> Iterator[str]:
    found = {record["row"] for record in records}
    arms = [arm for arm in asked.arms if found & set(arm)]
    expected = [*asked.rows, *(label for arm in arms for label in arm)]
    for label in dict.fromkeys(expected):
        if label not in found:
            yield f"row {label}: was asked for and has no record"
    for label in sorted(found - set(expected)):
        yield f"row {label}: was not asked for"


def row_problems(records: Sequence[Record]) -> Iterator[str]:
    """Records that say other things than those beside them, or than the label of their row."""
    for record in records:
        place, first = " ".join(place_of(record)), records[0]
        for name in THROUGHOUT:
            if not is_same(record[name], first[name]):
                yield f"{place}: {name} is not that of the run's other records"
        fields = (record["intermediate"], record["control"], record["method"])
        if record["row"] not in (row_label(*fields, None), row_label(*fields, record["seed"])):
            yield f"{place}: intermediate, control, method and seed are not those of the row"


def request_problems(
    records: Sequence[Record], asked: Asked, request: Mapping[str, Any], registry: Registry
) -> Iterator[str]:
    """Records of another model, recipe, precision or limit than was asked for; what the machine chose is not asked."""
    asked_for = {"recipe": request.get("recipe") or asked.suite.recipe, "dtype": request.get("dtype")}
    model = request.get("model") if registry.has_model(str(request.get("model"))) else None  # a folder may be a link
    limit = request.get("limit") or None
    for record in records:
        wrong = [name for name, value in asked_for.items() if value not in ("", None, "auto", record[name])]
        wrong += [] if model in (None, record["model"]["name"]) else ["model"]
        if record["state"] == "ok" and record["options"].get("limit") != limit:
            wrong.append("limit")
        for name in wrong:
            yield f"{' '.join(place_of(record))}: {name} is not that of {REQUEST}"


def plan_problems(plan: Mapping[str, Any], records: Sequence[Record], asked: Asked) -> Iterator[str]:
    """Where a run's plan.json and its records do not belong together. Raises DataError for what is no plan."""
    try:
        keys = [unit["key"] for unit in plan["units"]]
        labels = {unit["key"]: str(unit["label"]).partition(AFTER)[0] for unit in plan["units"]}
        facts = {
            "id": digest(keys),
            "suite": asked.suite.name,
            **{name: records[0][name] for name in ("recipe", "dtype")},
        }
        wrong = [name for name, value in facts.items() if plan[name] != value]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError("plan.json", None, f"is no plan: {type(error).__name__} {error}") from None
    for name in wrong:
        yield f"plan.json: {name} is not that of its units, of the request or of the records"
    for record in records:
        place = " ".join(place_of(record))
        if record["unit"] is not None and record["unit"] not in labels:
            yield f"{place}: its unit is not in plan.json"
        elif record["unit"] is not None and labels[record["unit"]] != f"score {record['task']} {record['language']}":
            yield f"{place}: its unit is another cell's in plan.json"
        for phase in record["phases"]:
            if str(phase.get("unit")) not in labels:
                yield f"{place}: the unit of its {phase.get('role')} phase is not in plan.json"
