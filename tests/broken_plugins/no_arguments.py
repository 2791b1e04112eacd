"""A registering hook that cannot register."""

from xtreme_harness import hookimpl


@hookimpl
def register_models():
    return None
