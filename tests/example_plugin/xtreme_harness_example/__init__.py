"""A task in a plugin, as a stranger would write it: what short texts are about, in English and Swahili."""

from collections.abc import Callable

from xtreme_harness import Task, hookimpl


@hookimpl
def register_target_tasks(register: Callable[[Task], None]) -> None:
    register(
        Task.from_jsonl(
            name="example-topics",
            kind="classify",
            labels=("health", "sport", "trade"),
            languages=("en", "sw"),
            path="data/{split}.{language}.jsonl",
            licence="CC0-1.0",
            comparable=False,
            not_comparable_because="a handful of sentences written for tests",
        )
    )
