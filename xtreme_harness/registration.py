"""Takes in one plugin: imports it, checks its hooks, calls them, checks each thing they register.

What a plugin registers is a draft until all of it has worked; a plugin that fails anywhere leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

import pluggy

from xtreme_harness import hookspecs
from xtreme_harness.definitions import NAME, Executor, Kind, Method, Metric, Model, Recipe, Suite, Task
from xtreme_harness.discovery import Candidate
from xtreme_harness.errors import HarnessError, PluginError

# hook: (type of thing, class, role of a task), in the order in which the hooks of a plugin are called
REGISTERING: dict[str, tuple[str, type[Any], str]] = {
    "register_kinds": ("kind", Kind, ""),
    "register_metrics": ("metric", Metric, ""),
    "register_methods": ("method", Method, ""),
    "register_executors": ("executor", Executor, ""),
    "register_models": ("model", Model, ""),
    "register_target_tasks": ("task", Task, "target"),
    "register_intermediate_tasks": ("task", Task, "intermediate"),
    "register_suites": ("suite", Suite, ""),
    "register_recipes": ("recipe", Recipe, ""),
    "register_boards": ("board", Path, ""),
}
COMMANDS = "register_commands"
OBSERVERS = ("unit_started", "unit_finished", "run_finished")
HOOKS = (*REGISTERING, COMMANDS, *OBSERVERS)
LONGEST_SENTENCE = 400

Result = TypeVar("Result")


class Registration(NamedTuple):
    """One thing that one plugin registered."""

    type: str
    name: str
    thing: Any
    role: str
    plugin: str
    origin: str


class LoadedPlugin(NamedTuple):
    """A plugin whose hooks have all worked. It has a pluggy manager of its own, so that it can go without a trace."""

    name: str
    origin: str
    module: object
    manager: pluggy.PluginManager
    hooks: tuple[str, ...]
    registrations: list[Registration]

    def add(self, hook: str, taken: Iterable[Registration], thing: Any) -> None:
        """Checks `thing` as `hook` gave it and keeps it; raises PluginError on a wrong type and on a taken name."""
        type_, class_, role = REGISTERING[hook]
        if not isinstance(thing, class_):
            raise PluginError(f"{hook} got {_described(thing)}, expected a {class_.__name__}")
        name = _board_name(thing) if isinstance(thing, Path) else thing.name
        self.keep(Registration(type_, name, thing, role, self.name, self.origin), taken)

    def keep(self, new: Registration, taken: Iterable[Registration]) -> None:
        for other in (*taken, *self.registrations):
            if (other.type, other.name) == (new.type, new.name) and not _is_second_role(other, new):
                is_own = (other.plugin, other.origin) == (self.name, self.origin)
                holder = "itself" if is_own else f"plugin {other.plugin} ({other.origin})"
                raise PluginError(f"the {new.type} {new.name!r} is registered already, by {holder}")
        self.registrations.append(new)


def _only(module: Any, is_wanted: Callable[[str, Any], bool]) -> Any:
    """Some things of a module, as one: pluggy looks long at every name there is, again for each plugin."""
    if not isinstance(module, ModuleType):
        return module
    chosen = ModuleType(module.__name__)
    vars(chosen).update({name: value for name, value in vars(module).items() if is_wanted(name, value)})
    return chosen


SPECIFICATIONS = _only(hookspecs, lambda name, value: name in HOOKS)


def load_plugin(candidate: Candidate, loaded: Sequence[LoadedPlugin] = ()) -> LoadedPlugin | None:
    """Imports `candidate` and calls its registering hooks; None when it is one of `loaded` under another name.

    Raises PluginError with one sentence, whatever goes wrong in the plugin, SystemExit included.
    """
    module = guarded("cannot be imported", candidate.load)
    if any(plugin.module is module for plugin in loaded):
        return None
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(SPECIFICATIONS)
    functions = _only(module, lambda name, value: isinstance(value, FunctionType))
    hooks = guarded("cannot be registered", partial(_checked_hooks, manager, functions))
    plugin = LoadedPlugin(candidate.name, candidate.origin, module, manager, hooks, [])
    taken = [item for other in loaded for item in other.registrations]
    for hook in hooks:
        if hook in REGISTERING:
            guarded(f"{hook} failed", partial(_call, plugin, hook, taken))
    if COMMANDS in hooks:
        guarded(f"{COMMANDS} failed", partial(_collect_commands, plugin, taken))
    return plugin


def guarded(what: str, call: Callable[[], Result]) -> Result:
    """`call()`; anything it raises but KeyboardInterrupt becomes a PluginError that begins with `what`."""
    try:
        return call()
    except (KeyboardInterrupt, PluginError):
        raise
    except BaseException as error:
        raise PluginError(f"{what}: {_sentence(error)}") from error


def _call(plugin: LoadedPlugin, hook: str, taken: Iterable[Registration]) -> None:
    returned = getattr(plugin.manager.hook, hook)(register=partial(plugin.add, hook, taken))
    if returned:  # pluggy leaves None out
        kind = type(returned[0]).__name__
        raise PluginError(f"{hook} returned a {kind}; call register(thing) for each thing instead")


def _collect_commands(plugin: LoadedPlugin, taken: Iterable[Registration]) -> None:
    import click

    group = click.Group("xtreme-harness")
    plugin.manager.hook.register_commands(cli=group)
    for name, command in group.commands.items():
        plugin.keep(Registration("command", name, command, "", plugin.name, plugin.origin), taken)


def _checked_hooks(manager: pluggy.PluginManager, module: Any) -> tuple[str, ...]:
    """The names of the hooks that `module` implements, in the order of HOOKS; PluginError when something is off."""
    for name in HOOKS:
        if _is_unmarked(manager, module, name):
            raise PluginError(f"{name} is not marked as a hook: put @hookimpl above it")
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise PluginError(_wrong_arguments(manager, module) or " ".join(str(error).split())) from None
    callers = {caller.name: caller for caller in manager.get_hookcallers(module) or ()}
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        raise PluginError(_unknown_hook(caller.name for caller in callers.values() if not caller.has_spec())) from None
    if not callers:
        raise PluginError("has no hook: a function such as register_target_tasks, marked with @hookimpl")
    for name in callers.keys() & REGISTERING.keys():
        if any("register" not in implementation.argnames for implementation in callers[name].get_hookimpls()):
            raise PluginError(f"{name} takes (), expected (register)")
    return tuple(name for name in HOOKS if name in callers)


def _is_unmarked(manager: pluggy.PluginManager, module: Any, name: str) -> bool:
    if not callable(getattr(module, name, None)):
        return False
    return not (manager.parse_hookimpl_opts(module, name) or manager.parse_hookspec_opts(module, name))


def _wrong_arguments(manager: pluggy.PluginManager, module: Any) -> str:
    from inspect import signature

    for name in HOOKS:
        specification = getattr(manager.hook, name).spec
        given = signature(getattr(module, name)).parameters if hasattr(module, name) else ()
        if set(given) - set(specification.argnames):
            return f"{name} takes ({', '.join(given)}), expected ({', '.join(specification.argnames)})"
    return ""


def _unknown_hook(names: Iterable[str]) -> str:
    from difflib import get_close_matches

    name = min(names)
    close = get_close_matches(name, HOOKS, n=1)
    return f"there is no hook {name}.{f' Did you mean {close[0]}?' if close else ''}"


def _board_name(path: Path) -> str:
    if not path.is_file():
        raise PluginError(f"register_boards got {path}, which does not exist")
    if not NAME.fullmatch(path.stem):
        raise PluginError(f"register_boards got {path}; a board's name must match {NAME.pattern}")
    return path.stem


def _described(thing: object) -> str:
    if isinstance(thing, type):
        return f"the class {thing.__name__} itself"
    name = getattr(thing, "name", None)
    article = "an" if type(thing).__name__[0] in "AEIOUaeiou" else "a"
    return f"{article} {type(thing).__name__}" + (f" named {name!r}" if isinstance(name, str) else "")


def _is_second_role(one: Registration, other: Registration) -> bool:
    return one.thing is other.thing and one.role != other.role


def _sentence(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({error.code!r})"
    text = " ".join(str(error).split())
    if not isinstance(error, HarnessError):
        text = f"{type(error).__name__}{f': {text}' if text else ''}{_place(error)}"
    return text if len(text) <= LONGEST_SENTENCE else f"{text[:LONGEST_SENTENCE]}..."


def _place(error: BaseException) -> str:
    """The deepest line of code that belongs to the plugin or to what it calls; a SyntaxError names its own."""
    place, step = "", error.__traceback__
    while step is not None:
        file = Path(step.tb_frame.f_code.co_filename)
        if not file.name.startswith("<") and file.name not in _MACHINERY and file.parent.name not in _MACHINERY:
            place = f" ({file.name}, line {step.tb_lineno})"
        step = step.tb_next
    return "" if isinstance(error, SyntaxError) else place


_MACHINERY = {"importlib", "pluggy", "metadata", "discovery.py", "registration.py", "definitions.py"}
