"""Scores of items that are matched by id: shared by the kinds whose gold is one value an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example, Metric, Scored
from xtreme_harness.errors import DataError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import write_jsonl

TOO_FEW_TO_TELL = 2  # examples with the same label


def matched(predictions: Iterable[Example], gold: Sequence[Example], file: str) -> list[Example]:
    """The predictions in the order of `gold`; raises DataError unless both hold the same ids."""
    by_id = {row["id"]: row for row in predictions}
    missing = [row["id"] for row in gold if row["id"] not in by_id]
    if missing or len(by_id) != len(gold):
        what = f"holds {len(gold)} gold items for {len(by_id)} examples"
        raise DataError(file, None, what + (f"; no example has the id {missing[0]!r}" if missing else ""))
    return [by_id[row["id"]] for row in gold]


def constant_gold(values: Sequence[str]) -> str | None:
    """Why gold that is the same in every example cannot be scored against: a file whose labels were removed looks so.

    Two examples may well be alike; None for them, and for gold that varies.
    """
    if len(values) <= TOO_FEW_TO_TELL or len(set(values)) > 1:
        return None
    return (
        f"all {len(values)} gold labels are {values[0]!r}: the labels were taken out; name the folder that has them "
        "with --labels"
    )


def count_groups(gold: Sequence[Example]) -> int:
    """Number of clusters: distinct groups, an item without one counting for itself."""
    return len({("group", row["group"]) if "group" in row else ("id", row["id"]) for row in gold})


def write_scores(job: Job, scored: Mapping[str, Scored], gold: Sequence[Example], ids: Sequence[str]) -> dict[str, Any]:
    """Writes scores.jsonl ({id, group?, per-example values}) and returns the unit's result."""
    rows = []
    for place, (item, row) in enumerate(zip(ids, gold, strict=True)):
        group = {"group": row["group"]} if "group" in row else {}
        values = {name: column[place] for one in scored.values() for name, column in one.values.items()}
        rows.append({"id": item, **group, **values})
    write_jsonl(job.folder / "scores.jsonl", rows)
    figures = {name: one.figure for name, one in scored.items()}
    return {"metrics": figures, "n": len(rows), "groups": count_groups(gold)}


def compute(
    metrics: Iterable[Metric], predictions: Sequence[Any], gold: Sequence[Any], language: str = "en"
) -> dict[str, Scored]:
    """Each metric's result under the name it is shown by; `language` is for metrics whose rules depend on it."""
    return {
        metric.shown: metric.compute(predictions, gold, *((language,) if metric.by_language else ()))
        for metric in metrics
    }
