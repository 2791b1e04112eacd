"""The tables of a study as markdown: effects with their intervals, what could have been seen, what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xtreme_harness.leaderboard.averages import mean
from xtreme_harness.leaderboard.markdown import difference_text, table
from xtreme_harness.study.cells import Cell, Cells, Series
from xtreme_harness.study.effects import AVERAGE, EVERY, OVERVIEW, Effect, Place
from xtreme_harness.study.selection import Choice, phase_figures

DUE = "◆"  # to what the task is about
OWN = "°"
LEAST_P = 0.0005  # below it three digits would say 0
NOTHING = "–"  # the task has no language of the group

Groups = Mapping[str, tuple[str, ...]]
Effects = Mapping[Place, Effect]
NotRun = Mapping[str, Sequence[str]]  # by intermediate the controls that it has besides those that were run
Choices = Mapping[tuple[Series, str], Choice]


def name_of(series: Series, cells: Cells) -> str:
    """The intermediate, its control if it is one, and the method where there are several."""
    several = len({one.method for one in cells.series}) > 1
    name = f"{series.intermediate}~{series.control}" if series.control else series.intermediate
    return f"{name} ({series.method})" if several else name


def effect_table(by: str, groups: Groups, cells: Cells, found: Effects) -> str:
    """Differences to the baseline with their intervals, below the baseline's own figures; one block a group."""
    return _table(by, groups, cells, found, effect_text, with_baselines=True)


def power_table(by: str, groups: Groups, cells: Cells, found: Effects) -> str:
    """The minimum detectable difference and the deviation over seeds of every effect."""
    return _table(by, groups, cells, found, power_text, with_baselines=False)


def effect_text(effect: Effect) -> str:
    """`+1.2 [-0.3, +2.7]`; bold and with an arrow where the corrected test is significant, and a sign if it is due."""
    if effect.difference is None:
        return effect.state
    own = OWN if effect.own_data else ""
    text = difference_text(effect.difference, effect.low, effect.high, effect.is_significant, own)
    return f"{text}{DUE}" if effect.is_significant and effect.due_to_task else text


def power_text(effect: Effect) -> str:
    detectable, deviation = (NOTHING if one is None else f"{one:.1f}" for one in (effect.detectable, effect.deviation))
    return f"{detectable} / {deviation}" if effect.difference is not None else effect.state


def _table(
    by: str,
    groups: Groups,
    cells: Cells,
    found: Effects,
    text: Callable[[Effect], str],
    with_baselines: bool,
) -> str:
    columns = _columns(cells)
    lines = []
    for group, codes in groups.items():
        block = []
        for series in cells.series:
            name = name_of(series, cells)
            if cells.baseline(series) is not None:
                places = [Place(by, group, series, column) for column in columns]
                block.append([name, *(_text_at(place, found, text) for place in places)])
            elif with_baselines:
                block.append([name, *_figures(series, codes, cells, columns)])
        lines += [[group if place == 0 else "", *line] for place, line in enumerate(block)]
    return table([by, "intermediate", *columns], lines, names=2)


def _columns(cells: Cells) -> list[str]:
    return [*cells.tasks, AVERAGE] if len(cells.tasks) > 1 else cells.tasks


def _text_at(place: Place, found: Effects, text: Callable[[Effect], str]) -> str:
    return text(found[place]) if place in found else NOTHING


def _figures(series: Series, codes: Sequence[str], cells: Cells, columns: Sequence[str]) -> list[str]:
    """The figures of the baseline itself, which its effects are added to; an average only where no task lacks one."""
    having = [task for task in cells.tasks if set(codes) & set(cells.languages(task))]
    figures = {task: cells.figure(series, task, codes) for task in having}
    figures[AVERAGE] = mean(figures.values())
    return [figures[column].text() if column in figures else NOTHING for column in columns]


def control_table(by: str, groups: Groups, cells: Cells, found: Effects) -> str:
    """Differences of every intermediate to each of its controls; "" where there are none."""
    columns = _columns(cells)
    lines = []
    for group in groups:
        block = [
            [
                name_of(series, cells),
                str(control.control),
                *(
                    _text_at(Place(by, group, series, column, control.control), found, effect_text)
                    for column in columns
                ),
            ]
            for series in cells.series
            for control in cells.controls(series)
        ]
        lines += [[group if place == 0 else "", *line] for place, line in enumerate(block)]
    return table([by, "intermediate", "less its control", *columns], lines, names=3) if lines else ""


def verdicts(cells: Cells, found: Effects, not_run: NotRun) -> list[str]:
    """For every intermediate with controls a line on each effect that is significant against the baseline."""
    lines = []
    for series in (one for one in cells.series if cells.controls(one)):
        places = [one for one in found if one.series == series and one.by == OVERVIEW and _is_shown(one, cells)]
        lacking = not_run.get(series.intermediate, ())
        told = [_verdict(place, cells, found, lacking) for place in places if found[place].is_significant]
        name = name_of(series, cells)
        lines += told or [f"{name} has no effect that is significant against the baseline: nothing to put down to it."]
    return lines


def _verdict(place: Place, cells: Cells, found: Effects, lacking: Sequence[str]) -> str:
    effect = found[place]
    others = {str(one.control): found[place._replace(against=one.control)] for one in cells.controls(place.series)}
    failed = [f"{name} ({effect_text(one)})" for name, one in others.items() if not effect.agrees(one)]
    start = f"{name_of(place.series, cells)} on {place.column}, {place.group}: {effect_text(effect)}"
    if not failed:
        so_far = f", as far as can be told without {', '.join(lacking)}" if lacking else ""
        return f"{start}, and significantly so against {', '.join(others)}: due to what the task is about{so_far}."
    return f"{start}, but not against {', '.join(failed)}: not to be put down to what the task is about."


def _is_own(place: Place) -> bool:
    """Whether an effect is one of an intermediate against its baseline, not one of a control or against one."""
    return place.series.control is None and place.against is None


def _is_shown(place: Place, cells: Cells) -> bool:
    """Whether it is such an effect, in a column that the tables have: the average of one task is that task again."""
    return _is_own(place) and place.column in _columns(cells)


def _p_text(p_value: float | None) -> str:
    if p_value is None:
        return "no p value"
    return "p < 0.001" if p_value < LEAST_P else f"p = {p_value:.3f}"


def negative_transfer(cells: Cells, found: Effects) -> list[str]:
    """A line for every loss that is significant, the largest first."""
    losses = [
        (effect.difference, place, effect)
        for place, effect in found.items()
        if _is_shown(place, cells) and effect.is_significant and effect.difference is not None and effect.difference < 0
    ]
    return [
        f"{name_of(place.series, cells)} on {place.column}, {place.group}: {effect_text(effect)}, "
        f"{_p_text(effect.corrected)}"
        for _, place, effect in sorted(losses, key=lambda loss: loss[0])
    ]


def envelope_table(cells: Cells, found: Effects) -> str:
    """The single series that gains most on average, and for every task the one that gains most on it."""
    rows: dict[Series, dict[str, float | None]] = {}
    for place, effect in found.items():
        if _is_own(place) and (place.by, place.group) == (OVERVIEW, EVERY):
            rows.setdefault(place.series, {})[place.column] = effect.difference
    single = _highest({series: columns[AVERAGE] for series, columns in rows.items()})
    best = [_highest({series: columns.get(task) for series, columns in rows.items()}) for task in cells.tasks]
    figures = [figure for _, figure in best if figure is not None]
    mean_best = sum(figures) / len(figures) if len(figures) == len(best) else None
    first = [*(rows[single[0]][task] for task in cells.tasks), single[1]] if single[0] else [None] * (len(best) + 1)
    lines = [
        [f"one for all: {name_of(single[0], cells)}" if single[0] else "one for all", *map(_signed, first)],
        ["best for every task", *(_named(one, cells) for one in best), _signed(mean_best)],
    ]
    return table(["intermediate", *cells.tasks, AVERAGE], lines)


def _highest(figures: Mapping[Series, float | None]) -> tuple[Series | None, float | None]:
    """The series with the highest figure; neither where one has none."""
    known = {series: figure for series, figure in figures.items() if figure is not None}
    if not known or len(known) < len(figures):
        return None, None
    best = max(known, key=lambda series: known[series])
    return best, known[best]


def _named(best: tuple[Series | None, float | None], cells: Cells) -> str:
    return NOTHING if best[0] is None else f"{_signed(best[1])} ({name_of(best[0], cells)})"


def _signed(figure: float | None) -> str:
    return NOTHING if figure is None else f"{figure:+.1f}"


def training_table(cells: Cells) -> str:
    """English dev figures: of the intermediate's own tasks, and of every target's training. Means over seeds."""
    lines = []
    for series in cells.series:
        of_tasks = [list(cells.of(series, task).values()) for task in cells.tasks]
        own = next((text for text in (_dev_text(one, "intermediate", cells) for one in of_tasks) if text), NOTHING)
        lines.append([name_of(series, cells), own, *(_dev_text(one, "target", cells) or NOTHING for one in of_tasks)])
    return table(["intermediate", "its own", *cells.tasks], lines)


def _dev_text(ones: Sequence[Cell], role: str, cells: Cells) -> str:
    """The mean over the trainings of one role behind `ones`; by task where it trained several."""
    figures = [found for found in (phase_figures(one.record, role, cells.headlines) for one in ones) if found]
    means = {task: sum(one[task] for one in figures) / len(figures) for task in figures[0]} if figures else {}
    return ", ".join(f"{task} {one:.1f}" if len(means) > 1 else f"{one:.1f}" for task, one in means.items())


def choice_table(choices: Choices, cells: Cells) -> str:
    """The chosen point of every series and task, with its English dev figure."""
    return _by_series_and_task(choices, cells, _choice_text)


def oracle_table(choices: Choices, cells: Cells) -> str:
    """What the points that the targets' own dev parts would have chosen gain on the tests."""
    return _by_series_and_task(choices, cells, _oracle_text)


def _by_series_and_task(choices: Choices, cells: Cells, text: Callable[[Choice], str]) -> str:
    lines = [
        [name_of(series, cells), *(text(choices[series, task]) for task in cells.tasks)] for series in cells.series
    ]
    return table(["intermediate", *cells.tasks], lines)


def _choice_text(choice: Choice) -> str:
    return f"{choice.place + 1} ({choice.dev[choice.place]:.1f})" if choice.is_chosen else "1 (nothing to choose by)"


def _oracle_text(choice: Choice) -> str:
    if not choice.target_dev:
        return "no target dev data"
    if choice.oracle is None or choice.gain is None:
        return "a figure is missing"
    return f"{choice.oracle + 1} ({choice.gain:+.1f})"
