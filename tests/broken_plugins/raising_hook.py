"""Registers a model, then raises."""

from xtreme_harness import Model, hookimpl


@hookimpl
def register_models(register):
    register(Model(name="before-the-raise", reference="org/before@1"))
    raise ValueError("the moon is in the wrong phase")


@hookimpl
def register_target_tasks(register):
    raise AssertionError("never reached")
