"""A board's rows as Every Eval Ever JSON, a file a row: what stores of results from many harnesses read.

Format: https://github.com/evaleval/every_eval_ever, version 0.3.0. Values of `details` and `additional_details` are
texts there. A figure is a percentage; what is shown beside a headline may be anything, and states no bounds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from xtreme_harness.leaderboard.formats.measures import LIBRARY, Measure, exported, library_version, not_comparable
from xtreme_harness.leaderboard.standings import Shown, Standing, Standings
from xtreme_harness.stats import LEVEL

SCHEMA = "0.3.0"
UNKNOWN = "unknown"


def render(standings: Standings) -> Mapping[str, str]:
    """`<board>/<row>.eee.json` for every row that was run here."""
    return {
        f"{standings.name}/{row.id}.eee.json": _json(_log(row, found, standings)) for row, found in exported(standings)
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _log(row: Standing, found: list[Measure], standings: Standings) -> dict[str, Any]:
    """The whole file. Its time is that of the records: the same board gives the same text."""
    seconds = _seconds(row.created)
    timestamp = {"evaluation_timestamp": row.created} if row.created else {}
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{standings.name}/{row.id}/{seconds}",
        **timestamp,
        "retrieved_timestamp": seconds,
        "source_metadata": _source(row, standings),
        "model_info": _model(row),
        "eval_library": {"name": LIBRARY, "version": library_version(row)},
        "evaluation_results": [_result(one, row, standings) for one in found],
    }


def _seconds(created: str) -> str:
    """Since 1970, as text; `unknown` where no record says."""
    return str(int(datetime.fromisoformat(created).timestamp())) if created else UNKNOWN


def _source(row: Standing, standings: Standings) -> dict[str, Any]:
    about = {
        "board": standings.name,
        "suite": standings.suite,
        "track": row.track,
        "signature": row.signature,
        "command": row.command,
        "run": row.run,
        "records": row.records,
        "root": row.root,
        "remarks": "; ".join((*standings.remarks, *row.notes)),
    }
    return {
        "source_name": standings.title,
        "source_type": "evaluation_run",
        "source_organization_name": standings.hub.partition("/")[0] or UNKNOWN,
        "evaluator_relationship": "other",
        "additional_details": {key: value for key, value in about.items() if value},
    }


def _model(row: Standing) -> dict[str, Any]:
    """The encoder, and what was done with it; the weights are run where the harness runs."""
    return {
        "name": row.name,
        "id": row.model,
        "additional_details": {
            "deployment_type": "self_deployed",
            "model_availability": UNKNOWN,
            "intermediate": row.intermediate,
            "control": row.control or "none",
            "method": row.method,
            "recipe": row.recipe,
            "seeds": ",".join(str(seed) for seed in row.seeds),
        },
    }


def _result(measure: Measure, row: Standing, standings: Standings) -> dict[str, Any]:
    remarks = not_comparable(measure, row, standings)
    return {
        "evaluation_result_id": f"{measure.name}#{measure.metric}",
        "evaluation_name": measure.name,
        "source_data": _data(measure, standings),
        "metric_config": _metric(measure),
        "score_details": _score(measure, {"remarks": "; ".join(remarks)} if remarks else {}),
    }


def _data(measure: Measure, standings: Standings) -> dict[str, Any]:
    """Not a set of the Hub: tasks are read from files whose hashes stand in the records."""
    language = {"additional_details": {"language": measure.language}} if measure.language else {}
    return {"dataset_name": measure.task or standings.suite, "source_type": "other", **language}


def _metric(measure: Measure) -> dict[str, Any]:
    bounds = {"metric_unit": "percent", "score_type": "continuous", "min_score": 0, "max_score": 100}
    return {
        "metric_id": measure.metric,
        "metric_name": measure.metric.replace("+", " and "),
        "lower_is_better": False,
        **(bounds if measure.is_headline else {}),
    }


def _score(measure: Measure, details: dict[str, str]) -> dict[str, Any]:
    shown = measure.shown
    if shown.deviation is not None:
        details = {**details, "standard_deviation_over_seeds": str(shown.deviation)}
    return {"score": measure.value, **({"details": details} if details else {}), **_uncertainty(shown)}


def _uncertainty(shown: Shown) -> dict[str, Any]:
    if shown.low is None or shown.high is None:
        return {}
    method = "percentile bootstrap of clusters of items"
    interval = {"lower": shown.low, "upper": shown.high, "confidence_level": LEVEL, "method": method}
    return {"uncertainty": {"confidence_interval": interval}}
