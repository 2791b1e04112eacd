"""A board's rows as metadata of model cards: `model-index`, a file a row, through huggingface_hub's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xtreme_harness.leaderboard.formats.measures import Measure, exported, not_comparable
from xtreme_harness.leaderboard.remarks import NOT_COMPARABLE
from xtreme_harness.leaderboard.standings import Standing, Standings

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

DIGITS = 2
OTHER = "other"  # the task type where tasks are not grouped


def render(standings: Standings) -> Mapping[str, str]:
    """`<board>/<row>.model-index.yaml` for every row that was run here: what to put between a README's `---` lines."""
    from huggingface_hub import ModelCardData

    files = {}
    for row, found in exported(standings):
        results = [_result(one, row, standings) for one in found]
        card = ModelCardData(model_name=row.name, eval_results=results)
        files[f"{standings.name}/{row.id}.model-index.yaml"] = _origin(row) + card.to_yaml(line_break="\n") + "\n"
    return files


def _origin(row: Standing) -> str:
    """Comments that say how the figures came about: the format has no field for a whole card."""
    lines = (row.signature, row.command, f"run {row.root}" if row.root else "")
    return "".join(f"# {' '.join(line.split())}\n" for line in lines if line)


def _result(measure: Measure, row: Standing, standings: Standings) -> EvalResult:
    """Data sets go by the names of our tasks, types by the suite's groups: neither is known on the Hub."""
    from huggingface_hub import EvalResult

    return EvalResult(
        task_type=_group(measure.task, standings),
        task_name=f"{standings.title}, {row.track}",
        dataset_type=measure.task or standings.suite,
        dataset_name=_dataset_name(measure, row, standings),
        dataset_config=measure.language or None,
        dataset_split="test",
        metric_type=measure.metric,
        metric_name=measure.metric.replace("+", " and "),
        metric_value=round(measure.value, DIGITS),
    )


def _group(task: str, standings: Standings) -> str:
    return next((group for group, tasks in standings.groups.items() if group and task in tasks), OTHER)


def _dataset_name(measure: Measure, row: Standing, standings: Standings) -> str:
    name = measure.task or f"{standings.title}, mean of the tasks"
    language = f" ({measure.language})" if measure.language else ""
    flag = f" [{NOT_COMPARABLE}]" if not_comparable(measure, row, standings) else ""
    return f"{name}{language}{flag}"
