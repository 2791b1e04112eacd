"""A hook without @hookimpl, beside one with it."""

from xtreme_harness import Model, hookimpl


@hookimpl
def register_models(register):
    register(Model(name="forgotten-mark", reference="org/forgotten@1"))


def register_recipes(register):
    pass
