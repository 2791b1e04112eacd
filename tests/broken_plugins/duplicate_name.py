"""Takes a name that a built-in plugin has; what came before goes with it."""

from xtreme_harness import Kind, Model, hookimpl


@hookimpl
def register_models(register):
    register(Model(name="before-the-duplicate", reference="org/before@1"))


@hookimpl
def register_kinds(register):
    register(Kind(name="classify", summary="another classify", trainable=True, load=object))
