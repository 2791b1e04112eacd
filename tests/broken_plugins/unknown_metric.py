"""A task with a metric that nobody registered."""

from xtreme_harness import Task, hookimpl


@hookimpl
def register_target_tasks(register):
    register(
        Task(
            name="unknown-metric",
            kind="classify",
            languages=("en",),
            read=print,
            files=print,
            options={"labels": ("a", "b")},
            metrics=("acuracy",),
        )
    )
