"""One cell computed again without its model: from predictions and gold by its kind, or from per-example values."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness import stats
from xtreme_harness.data.access import read_inputs
from xtreme_harness.data.encoded import save_encoded
from xtreme_harness.definitions import Example, Task
from xtreme_harness.errors import HarnessError, RequestError
from xtreme_harness.job import Job, Settings
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.results import count_groups
from xtreme_harness.records import Record
from xtreme_harness.registry import Registry
from xtreme_harness.scores import Rows
from xtreme_harness.store import Finished
from xtreme_harness.unit import Unit

if TYPE_CHECKING:
    from xtreme_harness.kinds.interface import KindWork

# what edited files can raise in a scorer
MALFORMED = (HarnessError, ValueError, KeyError, TypeError, AttributeError, IndexError, ArithmeticError)


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    """What a cell comes to. `metrics` lacks those that do not follow; `values` are its per-example values."""

    metrics: Mapping[str, float]
    n: int
    groups: int
    values: Rows


def from_predictions(
    record: Record, task: Task, predictions: Path, gold: Sequence[Path], inputs: Sequence[Example], registry: Registry
) -> Recomputed:
    """Scores `predictions` by the kind's own `score`, as the run did; a mining threshold is the record's.

    `inputs` are the examples that were predicted. Raises one of MALFORMED where the predictions do not fit them.
    """
    tuned = Finished(Path(), {"result": {"options": record["options"]}})
    unit = _unit("score", record, task, "test", gold)
    result, values = _scored(unit, task, predictions, inputs, {"threshold": tuned}, registry)
    return Recomputed(metrics=result["metrics"], n=result["n"], groups=result["groups"], values=values)


def chosen_on_dev(
    record: Record, task: Task, predictions: Path, files: Sequence[Path], registry: Registry
) -> Mapping[str, Any]:
    """The options that the kind chooses from `predictions` for dev data, and their gold. Raises as above."""
    unit, inputs = _unit("score", record, task, "dev", files), inputs_of(record, task, "dev", files, registry)
    chosen: Mapping[str, Any] = _scored(unit, task, predictions, inputs, {}, registry)[0]["options"]
    return chosen


def _scored(
    unit: Unit,
    task: Task,
    predictions: Path,
    inputs: Sequence[Example],
    tuned: Mapping[str, Finished],
    registry: Registry,
) -> tuple[dict[str, Any], Rows]:
    """The result of a `score` unit and its per-example values."""
    with tempfile.TemporaryDirectory(prefix="xtreme-harness-") as name:
        folder = Path(name)  # stands for every input's folder and for the output's: no two files have the same name
        shutil.copyfile(predictions, folder / "predictions.jsonl")
        save_encoded(folder, {}, list(inputs))
        plain = Finished(folder, {"result": {}})
        job = _job(unit, {"predictions": plain, "texts": plain, **tuned}, folder, registry)
        result = _work(task, registry).score(job)
        return result, [row for _, row in read_jsonl(folder / "scores.jsonl")]


def inputs_of(record: Record, task: Task, split: str, files: Sequence[Path], registry: Registry) -> list[Example]:
    """The examples of a part in a record's language without their gold, cut as the record's options say."""
    kind = _work(task, registry)
    job = _job(_unit("prepare", record, task, split, files), {}, Path(), registry)
    return read_inputs(job, kind.gold_fields, kind.input_problem)


def _unit(type: str, record: Record, task: Task, split: str, files: Sequence[Path]) -> Unit:
    limits = record["options"].get("limit", {})
    limit = {"limit": limits[split]} if split in limits else {}
    return Unit(
        type=type,
        label=f"{type} {task.name} {record['language']}",
        modules=(),
        kind=task.kind,
        task=task.name,
        parameters={"split": split, "language": record["language"], "metrics": list(task.metrics), **limit},
        details={"files": tuple(map(str, files))},
    )


def _job(unit: Unit, inputs: Mapping[str, Finished], folder: Path, registry: Registry) -> Job:
    return Job(unit=unit, inputs=inputs, folder=folder, partial=folder, registry=registry, settings=Settings())


def _work(task: Task, registry: Registry) -> KindWork:
    work: KindWork = registry.kind(task.kind).load()
    return work


def from_values(record: Record, task: Task, values: Rows, registry: Registry) -> Recomputed:
    """Every metric of the record that follows from the per-example values. Raises one of MALFORMED."""
    counted = [_figure(values, name) for name in record["metrics"]]
    metrics = {name: one for name, one in zip(record["metrics"], counted, strict=True) if one is not None}
    n, groups = _counts(values, _work(task, registry))
    return Recomputed(metrics=metrics, n=n, groups=groups, values=values)


def _figure(values: Rows, metric: str) -> float | None:
    try:
        return stats.figure(stats.values_of(values, [metric]))
    except RequestError:
        return None


def _counts(values: Rows, kind: KindWork) -> tuple[int, int]:
    """(n, groups): of examples; of gold pairs and of the sources that have one, where those are what is counted."""
    if _counts_pairs(kind):
        return sum(row["gold"] for row in values), sum(row["gold"] > 0 for row in values)
    return len(values), count_groups(values)


def _counts_pairs(kind: KindWork) -> bool:
    return kind.is_item({"side": "gold"}) and not kind.is_item({"side": "query"})


def id_problem(rows: Rows, inputs: Sequence[Example], task: Task, registry: Registry) -> str | None:
    """What is wrong with the ids of predictions or per-example values; None where they are the data's.

    There is one row an example, or one a query; where pairs are counted, ids are of queries and targets of candidates.
    """
    ids = [str(row.get("source", row.get("id"))) for row in rows]
    asked = {str(one["id"]) for one in inputs if one.get("side", "query") == "query"}
    candidates = {str(one["id"]) for one in inputs if one.get("side") == "candidate"}
    targets = [str(row["target"]) for row in rows if "target" in row]
    strays = [*(one for one in ids if one not in asked), *(one for one in targets if one not in candidates)]
    if strays:
        return f"hold the id {strays[0]}, which the data has not"
    if not _counts_pairs(_work(task, registry)) and (len(ids) != len(asked) or len(set(ids)) != len(ids)):
        return f"hold {len(ids)} rows for the {len(asked)} examples of the data"
    return None
