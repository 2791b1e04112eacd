"""A task of a kind that nobody registered, beside a model that is all right."""

from xtreme_harness import Model, Task, hookimpl


@hookimpl
def register_models(register):
    register(Model(name="beside-the-unknown-kind", reference="org/beside@1"))


@hookimpl
def register_target_tasks(register):
    register(Task(name="unknown-kind", kind="clasify", languages=("en",), read=print, files=print))
