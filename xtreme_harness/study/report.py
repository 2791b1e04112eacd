"""A study's result from its finished runs: study.md for people, study.json for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from xtreme_harness import stats
from xtreme_harness.intermediate import NONE
from xtreme_harness.leaderboard.language_groups import GROUPINGS
from xtreme_harness.leaderboard.markdown import GAIN, LOSS
from xtreme_harness.leaderboard.remarks import remarks
from xtreme_harness.study.arms import point_text
from xtreme_harness.study.cells import Cells, Series
from xtreme_harness.study.effects import OVERVIEW, Effect, Place, effects, families, lines_of
from xtreme_harness.study.file import Study
from xtreme_harness.study.selection import Choice, Tried, choose, chosen_cells
from xtreme_harness.study.tables import (
    DUE,
    OWN,
    NotRun,
    choice_table,
    control_table,
    effect_table,
    envelope_table,
    negative_transfer,
    oracle_table,
    power_table,
    training_table,
    verdicts,
)

DIGITS = 4  # of a number in study.json: behind the point, but of a p value those that count
P_VALUES = ("p_value", "corrected")

HOW_TO_READ = (
    f"Lines without brackets are the figures of the baseline. Below them stand differences to it, the mean over seeds, "
    f"with {stats.LEVEL:.0%} intervals: percentiles of a bootstrap over source items, paired by example, all languages "
    f"and seeds of an item drawn together. {GAIN} and {LOSS} mark differences that are significant at "
    f"{1 - stats.LEVEL:.0%} by approximate randomisation after Holm's correction over the tests of a column (of "
    f"intermediates, and apart of controls); all else is no evidence, neither of an effect nor of none. {OWN} marks "
    f"intermediates that trained on the target's own data: extra training, not transfer."
)
LEGEND = (
    f"Differences to the baseline with {stats.LEVEL:.0%} intervals. {GAIN} {LOSS}: significant after correction; "
    f"{OWN}: trained on the target's own data. study.md says how they are made."
)
HOW_TO_READ_POWER = (
    f"The smallest true difference that these items show with {stats.POWER:.0%} power (one test alone), and the "
    f"standard deviation of the difference over seeds, which no interval holds."
)
NO_CONTROLS = (
    "No controls were run (shuffled labels, the same objective without code): no effect here can be put down to what a "
    "task is about, such as code, rather than to training as such."
)
NO_CONTROLS_OF = "No controls were run of {}: no effect of theirs can be put down to what they are about."
NOT_RUN = "Controls of {} that were not run: {}."
SO_FAR = " What is put down to it holds against the others alone."
HOW_TO_READ_CONTROLS = (
    f"Differences of an intermediate to its controls, tested as above; Holm's correction is over these tests of a "
    f"column. Only an effect that is significant against the baseline and, in the same direction, against every "
    f"control that was run is put down to what the task is about, such as code, and marked {DUE} in the tables."
)
NO_GROUPS = "English is the only language here, and in no group: everything is trained in it."
ENVELOPE = (
    "An upper envelope, not a result: the line that gains most on average, and the best line for every task. Both are "
    "chosen on the tests themselves, and so too high."
)
ORACLE = (
    "Oracle, not a result: the point that the targets' own dev parts would have chosen, and what it gains on the tests "
    "over all languages but English."
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The runs of one model and recipe, one for each point of the sweep, in order."""

    model: str
    recipe: str
    tried: Sequence[Tried]

    @cached_property
    def choices(self) -> dict[tuple[Series, str], Choice]:
        return choose(self.tried)

    @cached_property
    def cells(self) -> Cells:
        return chosen_cells(self.tried, self.choices)


@dataclass(frozen=True, kw_only=True)
class Report:
    """A study with the effects of all its parts."""

    study: Study
    parts: Sequence[Part]
    found: Sequence[dict[Place, Effect]]
    without_language: Sequence[str]  # targets that have none of the study's languages, and so no column
    not_run: NotRun

    @classmethod
    def make(
        cls, study: Study, parts: Sequence[Part], without_language: Sequence[str] = (), not_run: NotRun | None = None
    ) -> Report:
        found = [effects(part.cells, study.by, study.resamples, study.swaps) for part in parts]
        return cls(study=study, parts=parts, found=found, without_language=without_language, not_run=not_run or {})

    def markdown(self) -> str:
        """The whole page."""
        notes = "\n".join(f"- {note}" for note in self._notes())
        blocks = [f"# Study {self.study.name}", notes, HOW_TO_READ]
        for part, found in zip(self.parts, self.found, strict=True):
            blocks += [
                f"## {part.model}, recipe {part.recipe}",
                *_part_blocks(part, found, self.study.by, self.not_run),
            ]
        return "\n\n".join(block for block in blocks if block) + "\n"

    def overview(self) -> str:
        """The table of every model and recipe, with what lost."""
        blocks = []
        for part, found in zip(self.parts, self.found, strict=True):
            several = len(self.parts) > 1
            groups = _groups(part.cells, (), OVERVIEW)
            blocks += [f"{part.model}, recipe {part.recipe}:"] if several else []
            blocks += [effect_table(OVERVIEW, groups, part.cells, found), *_losses(part.cells, found, OVERVIEW)]
            blocks += _control_blocks(OVERVIEW, groups, part.cells, found, self.not_run)
        return "\n\n".join([*blocks, LEGEND, *self._notes()])

    def _notes(self) -> list[str]:
        records = [cell.record for part in self.parts for cell in part.cells.table.values()]
        told = list(dict.fromkeys(remarks(records)))
        if self.without_language:
            told.append(f"no column: {', '.join(self.without_language)} (none of the study's languages)")
        return [*told, *self._without_controls(), *self._controls_not_run(), *self._weak_tests()]

    def _without_controls(self) -> Iterator[str]:
        """Names the intermediates whose effects nothing is held against."""
        trained = [part.cells for part in self.parts]
        series = [(one, cells) for cells in trained for one in cells.series if one.intermediate != NONE]
        bare = [one.intermediate for one, cells in series if not one.control and not cells.controls(one)]
        if bare and len(bare) == len(series):
            yield NO_CONTROLS
        elif bare:
            yield NO_CONTROLS_OF.format(", ".join(dict.fromkeys(bare)))

    def _controls_not_run(self) -> Iterator[str]:
        """Names what else an effect would have to be held against before it is put down to what a task is about."""
        controlled = {one.intermediate for part in self.parts for one in part.cells.series if one.control}
        for name, controls in self.not_run.items():
            yield NOT_RUN.format(name, ", ".join(controls)) + (SO_FAR if name in controlled else "")

    def _weak_tests(self) -> Iterator[str]:
        """Randomisation gives no p value below one in the number of swaps: too few leave a large family no chance."""
        largest = max((len(tests) for found in self.found for tests in families(found)), default=0)
        if largest / (self.study.swaps + 1) > 1 - stats.LEVEL:
            needed = round(largest / (1 - stats.LEVEL))
            yield (
                f"{largest} tests in a column cannot become significant with {self.study.swaps} swaps; "
                f"set [report] swaps to {needed} or more."
            )

    def files(self) -> dict[str, str]:
        """The texts of study.md and study.json by their names."""
        return {
            "study.md": self.markdown(),
            "study.json": json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n",
        }

    def as_json(self) -> dict[str, Any]:
        parts = zip(self.parts, self.found, strict=True)
        study = self.study
        about = {"study": study.name, "resamples": study.resamples, "swaps": study.swaps, "level": stats.LEVEL}
        lacking = {name: list(controls) for name, controls in self.not_run.items()}
        all_parts = [_part_json(part, found) for part, found in parts]
        return {**about, "controls_not_run": lacking, "parts": all_parts}


def _groups(cells: Cells, by: Sequence[str], table: str) -> dict[str, tuple[str, ...]]:
    return {group: codes for (name, group), codes in lines_of(cells, by).items() if name == table}


def _part_blocks(part: Part, found: dict[Place, Effect], by: Sequence[str], not_run: NotRun) -> Iterator[str]:
    for table in (OVERVIEW, *by):
        yield "### Tasks" if table == OVERVIEW else f"### By {GROUPINGS[table].title}"
        groups = _groups(part.cells, by, table)
        yield from _table_blocks(table, groups, part.cells, found, not_run) if groups else [NO_GROUPS]
    yield from ("### English dev figures", training_table(part.cells))
    if len(part.tried) > 1:
        yield from _sweep_blocks(part)


def _table_blocks(
    table: str, groups: Mapping[str, tuple[str, ...]], cells: Cells, found: dict[Place, Effect], not_run: NotRun
) -> Iterator[str]:
    yield effect_table(table, groups, cells, found)
    yield from _losses(cells, found, table)
    if table == OVERVIEW:
        yield from (ENVELOPE, envelope_table(cells, found))
    yield HOW_TO_READ_POWER if table == OVERVIEW else "Minimum detectable difference / deviation over seeds:"
    yield power_table(table, groups, cells, found)
    yield from _control_blocks(table, groups, cells, found, not_run)


def _losses(cells: Cells, found: dict[Place, Effect], table: str) -> Iterator[str]:
    lines = negative_transfer(cells, {place: effect for place, effect in found.items() if place.by == table})
    if lines:
        yield "\n".join(["**Negative transfer**:", "", *(f"- {line}" for line in lines)])


def _control_blocks(
    table: str, groups: Mapping[str, tuple[str, ...]], cells: Cells, found: dict[Place, Effect], not_run: NotRun
) -> Iterator[str]:
    """What the intermediates differ in from their controls; in the overview with the verdicts."""
    differences = control_table(table, groups, cells, found)
    if differences and table == OVERVIEW:
        yield "**Against controls**: " + HOW_TO_READ_CONTROLS
        yield differences
        yield "\n".join(f"- {line}" for line in verdicts(cells, found, not_run))
    elif differences:
        yield from ("Against controls:", differences)


def _sweep_blocks(part: Part) -> Iterator[str]:
    yield "### Sweep"
    yield "\n".join(f"- point {number}: {point_text(one.point)}" for number, one in enumerate(part.tried, start=1))
    yield f"Chosen on the English dev part among {len(part.tried)} points, for every line and task (its dev figure):"
    yield choice_table(part.choices, part.cells)
    yield ORACLE
    yield oracle_table(part.choices, part.cells)


def _part_json(part: Part, found: dict[Place, Effect]) -> dict[str, Any]:
    rows = [
        {"by": at.by, "group": at.group, **at.series._asdict(), "column": at.column, "against": at.against}
        | _rounded(asdict(effect))
        for at, effect in found.items()
    ]
    tuned = [
        {**series._asdict(), "task": task, **_rounded(asdict(choice))}
        for (series, task), choice in (part.choices.items() if len(part.tried) > 1 else ())
    ]
    points = [dict(one.point) for one in part.tried]
    return {"model": part.model, "recipe": part.recipe, "points": points, "choices": tuned, "effects": rows}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _significant(one) if key in P_VALUES else _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _significant(p_value: float | None) -> float | None:
    return None if p_value is None else float(f"{p_value:.{DIGITS}g}")
