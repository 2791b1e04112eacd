"""Gives a task to the hook of models."""

from xtreme_harness import Task, hookimpl


@hookimpl
def register_models(register):
    register(Task(name="not-a-model", kind="classify", languages=("en",), read=print, files=print))
