"""Marks a hook that does not exist: register_model for register_models."""

from xtreme_harness import Model, hookimpl


@hookimpl
def register_model(register):
    register(Model(name="misspelt", reference="org/misspelt@1"))
