"""A task with an option that its kind does not have, and without the one it needs."""

from xtreme_harness import Task, hookimpl


@hookimpl
def register_target_tasks(register):
    options = {"lables": ("a", "b")}
    register(Task(name="unknown-option", kind="classify", languages=("en",), read=print, files=print, options=options))
