"""What a plugin author or a notebook imports. Nothing heavy is loaded here."""

from xtreme_harness.definitions import (
    Board,
    Executor,
    Folders,
    HubSet,
    Kind,
    Method,
    Metric,
    Model,
    Prepared,
    Recipe,
    Scored,
    Source,
    Suite,
    Task,
)
from xtreme_harness.errors import CheckpointError, DataError, HarnessError, MissingData
from xtreme_harness.hookspecs import hookimpl
from xtreme_harness.jsonl import read_jsonl, read_text_lines

__version__ = "0.1.0"

__all__ = [
    "Board",
    "CheckpointError",
    "DataError",
    "Executor",
    "Folders",
    "HarnessError",
    "HubSet",
    "Kind",
    "Method",
    "Metric",
    "MissingData",
    "Model",
    "Prepared",
    "Recipe",
    "Scored",
    "Source",
    "Suite",
    "Task",
    "__version__",
    "hookimpl",
    "read_jsonl",
    "read_text_lines",
]
