"""What one record says of its task and of how it came about: whether it is so, and whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xtreme_harness.definitions import TRACKS, Task
from xtreme_harness.records import FIELDS, MODEL_FIELDS, Record
from xtreme_harness.registry import Registry

OPTIONAL = ("target_dev", "dev_predictions")  # fields that only some records have
MODEL_OPTIONAL = ("remote_code", "pickle", "source")
HASH = re.compile(r"(sha256:)?[0-9a-f]{64}", re.ASCII)
HASHED = ("unit", "predictions", "scores", "dev_predictions")
SIGNED = ("row", "unit", "intermediate", "method", "recipe", "dtype", "protocol", "predictions", "scores")
SIGNED_MODEL = ("name", "weights", "tokenizer")
PROTOCOLS = tuple(track for track in TRACKS if track != "oracle")


def record_problems(record: Record, task: Task, registry: Registry) -> Iterator[str]:
    """What a record says of its task that is not so, and what its signature lacks."""
    if record["task_version"] != task.version:
        yield f"is of version {record['task_version']} of task {task.name}; here it is {task.version}"
    shown = [registry.metric(name).shown for name in task.headline]
    if record["headline"] != shown:
        yield f"its headline is {', '.join(record['headline'])}; that of {task.name} is {', '.join(shown)}"
    if record["comparable"] and (why := _not_comparable(record, task)):
        yield f"says that it is comparable: {why}"
    if record["comparable"] == bool(record["not_comparable_because"]):
        yield "comparable and not_comparable_because contradict each other"
    yield from _field_problems(record)
    if record["state"] == "ok":
        yield from _ok_problems(record, task, registry)


def _field_problems(record: Record) -> Iterator[str]:
    """What no run writes into a record, whatever its task."""
    unknown = [name for name in record if name not in (*FIELDS, *OPTIONAL)]
    unknown += [f"model.{name}" for name in record["model"] if name not in (*MODEL_FIELDS, *MODEL_OPTIONAL)]
    if unknown:
        yield f"has {', '.join(unknown)}, which no record has"
    if record["protocol"] not in PROTOCOLS:
        yield f"its protocol is {record['protocol']}; there are {', '.join(PROTOCOLS)}"
    if (record["state"] == "ok") != (record["why"] is None):
        yield f"is {record['state']}, and why says {record['why']}"


def _ok_problems(record: Record, task: Task, registry: Registry) -> Iterator[str]:
    """What is wrong with the metrics and the signature of a record that has figures."""
    metrics = {registry.metric(name).shown for name in task.metrics}
    if set(record["metrics"]) != metrics:
        yield f"its metrics are {', '.join(record['metrics'])}; {task.name} has {', '.join(sorted(metrics))}"
    if missing := _unsigned(record):
        yield f"its signature is incomplete: {', '.join(missing)}"
    yield from (f"{name} is no SHA-256" for name, value in _hashes(record).items() if not HASH.fullmatch(value))


def _not_comparable(record: Record, task: Task) -> str:
    expected = task.sizes.get("test", {}).get(record["language"])
    if not task.comparable:
        return task.not_comparable_because
    if "limit" in record["options"]:
        return "limited to some examples a language"
    return f"{record['n']} examples of {expected}" if expected and record["n"] not in (expected, None) else ""


def _unsigned(record: Record) -> list[str]:
    """The fields that say how an ok record came about and are empty."""
    values = {name: record[name] for name in SIGNED}
    values |= {f"model.{name}": record["model"][name] for name in SIGNED_MODEL}
    values |= {f"data.{name}": record["data"].get(name) for name in ("test", "gold")}
    values["code.xtreme-harness"] = record["code"].get("xtreme-harness")
    return [name for name, value in values.items() if not value]


def _hashes(record: Record) -> dict[str, str]:
    """What a record gives as a hash, by the name of its field."""
    values = {name: record.get(name) for name in HASHED}
    values |= {f"model.{name}": record["model"][name] for name in ("weights", "tokenizer")}
    values |= {f"data.{name}": value for name, value in record["data"].items()}
    return {name: value for name, value in values.items() if value}
