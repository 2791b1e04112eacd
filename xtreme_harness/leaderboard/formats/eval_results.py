"""A board's rows as the Hub's `.eval_results/*.yaml`, a file a row, through huggingface_hub.EvalResultEntry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from xtreme_harness.leaderboard.formats.measures import Measure, exported, not_comparable
from xtreme_harness.leaderboard.standings import Standing, Standings

if TYPE_CHECKING:
    from huggingface_hub import EvalResultEntry

DIGITS = 2
SHORT = 12  # digits of a root hash


def render(standings: Standings) -> Mapping[str, str]:
    """`<board>/<row>.eval_results.yaml` for every row that was run here: goes to `.eval_results/` of the model."""
    import yaml
    from huggingface_hub import eval_result_entries_to_yaml

    files = {}
    for row, found in exported(standings):
        entries = [_entry(one, row, standings) for one in found if one.is_headline]
        text = yaml.safe_dump(
            eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True, line_break="\n"
        )
        files[f"{standings.name}/{row.id}.eval_results.yaml"] = text
    return files


def _entry(measure: Measure, row: Standing, standings: Standings) -> EvalResultEntry:
    """The data set is where the board lives on the Hub; its `eval.yaml` names the tasks as we do."""
    from huggingface_hub import EvalResultEntry

    return EvalResultEntry(
        dataset_id=standings.hub or standings.name,
        task_id=measure.name,
        value=round(measure.value, DIGITS),
        date=row.created or None,
        notes="; ".join(_notes(measure, row, standings)),
    )


def _notes(measure: Measure, row: Standing, standings: Standings) -> Iterator[str]:
    yield row.track
    yield row.signature
    if row.root:
        yield f"run {row.root[:SHORT]}"
    yield from not_comparable(measure, row, standings)
