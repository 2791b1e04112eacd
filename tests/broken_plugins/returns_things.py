"""Returns a list where register is to be called."""

from xtreme_harness import Model, hookimpl


@hookimpl
def register_models(register):
    return [Model(name="returned", reference="org/returned@1")]
