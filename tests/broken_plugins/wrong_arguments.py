"""Calls the argument of a hook by another name."""

from xtreme_harness import Model, hookimpl


@hookimpl
def register_models(registry):
    registry(Model(name="wrong-arguments", reference="org/wrong@1"))
