"""The command `xtreme-harness`: imports the one subcommand that is called, turns errors into sentences and exit codes.

Exit codes are those of xtreme_harness.errors; 141 stands for a reader of our output that went away, as in any shell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from xtreme_harness import __version__
from xtreme_harness.errors import DefinitionError, HarnessError, RequestError, UnknownName, machine_error
from xtreme_harness.registry import Registry, load_registry

PROGRAM = "xtreme-harness"
MOST_LINES = 3
READER_GONE = 141

# name: (module:attribute, what --help says); a built-in command costs neither the import of another nor a registry
COMMANDS = {
    "run": ("xtreme_harness.cli.run:run", "Evaluate a model, zero-shot or by way of intermediate tasks."),
    "study": ("xtreme_harness.cli.study:study", "Run every arm of a study file and tabulate the effects."),
    "list": ("xtreme_harness.cli.listing:list_", "List tasks, models, suites, recipes, methods, kinds, ..."),
    "show": ("xtreme_harness.cli.listing:show", "Show everything known about a name."),
    "plugins": ("xtreme_harness.cli.plugins:plugins", "List plugins, what they registered and which failed."),
    "data": ("xtreme_harness.cli.data:data", "Say what data is there; fetch, import, label, pack it."),
    "store": ("xtreme_harness.cli.store:store", "Say what the store holds; make room in it."),
    "report": ("xtreme_harness.cli.report:report", "Figures of runs; tokenizers, learning curves, layers."),
    "leaderboard": ("xtreme_harness.cli.leaderboard:leaderboard", "Build leaderboards from runs and verify them."),
    "compare": ("xtreme_harness.cli.compare:compare", "Say what differs between two runs, and by how much."),
}


class Commands(click.Group):
    """Built-in commands by the table above, then those that plugins add."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(_plugin_commands(ctx)[1].commands)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            module, attribute = COMMANDS[name][0].split(":")
            return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
        return _plugin_commands(ctx)[1].commands.get(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            registry, _ = _plugin_commands(ctx)
            raise UnknownName("command", args[0], self.list_commands(ctx), registry.failure_hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = _plugin_commands(ctx)[1].commands
        rows = [(name, text) for name, (_, text) in COMMANDS.items()]
        rows += [(name, added[name].get_short_help_str(80)) for name in sorted(added)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Added(click.Group):
    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        if name in COMMANDS:
            raise RequestError(f"{name!r} is a command of {PROGRAM} itself.")
        super().add_command(cmd, name)


def _plugin_commands(ctx: click.Context) -> tuple[Registry, click.Group]:
    """The registry and the commands that plugins add, loaded once a call of the program."""
    key = f"{__name__}.plugins"
    if key not in ctx.meta:
        registry, added = load_registry(), _Added("plugins")
        registry.add_commands(added)
        ctx.meta[key] = registry, added
    return ctx.meta[key]  # type: ignore[no-any-return]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
def cli() -> None:
    """Runs any Hugging Face encoder through the XTREME benchmark and makes leaderboards that anybody can verify."""


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Performs one command line; gives its exit code. Whatever goes wrong ends as a sentence on standard error."""
    try:
        _complete_for_shell()
        with cli.make_context(PROGRAM, list(arguments)) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:
        with suppress(OSError):
            return _told(error)
        return READER_GONE
    finally:
        _abandon_broken_output()
    return 0


def _told(error: BaseException) -> int:
    """Says on standard error what `error` means for the user; gives the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        _forget_interrupt()
        _tell("interrupted. What was finished is kept; the same command goes on from there.")
        return 130
    if isinstance(error, BrokenPipeError):
        return READER_GONE
    if isinstance(error, click.ClickException):
        return _told_usage(error)
    if (known := error if isinstance(error, HarnessError) else machine_error(error)) and known.exit_code != 1:
        _tell(*_lines(known))
        return known.exit_code
    _tell(f"a bug of ours: {_first_line(error)}", _keep_traceback(error))
    return 1


def _forget_interrupt() -> None:
    """An interrupt within exec(str), as where dataclasses are imported, is noted; `python -m` then dies by the signal.

    Each exec of a string resets that note (CPython's run_eval_code_obj).
    """
    exec("")


def _told_usage(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return 2
    context = getattr(error, "ctx", None)
    path = context.command_path if context else PROGRAM
    _tell(" ".join(error.format_message().split()), f"See: {path} --help")
    return 2


def _lines(error: HarnessError) -> list[str]:
    """What is told of an error; the problems of a definition, such as a study file, one a line, and all of them."""
    if isinstance(error, DefinitionError) and len(error.problems) > 1:
        return [f"{error.what}: {len(error.problems)} problems", *(f"  {problem}" for problem in error.problems)]
    return str(error).splitlines()[:MOST_LINES]


def _tell(*lines: str) -> None:
    sys.stderr.write(f"{PROGRAM}: " + "\n".join(lines) + "\n")


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _keep_traceback(error: BaseException) -> str:
    """Writes the traceback to a file in the temporary folder; gives the sentence that names it."""
    import tempfile
    import traceback

    text = f"{PROGRAM} {__version__}, Python {sys.version}\n{sys.argv}\n\n{''.join(traceback.format_exception(error))}"
    try:
        handle, name = tempfile.mkstemp(prefix=f"{PROGRAM}-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError:
        sys.stderr.write(text)
        return "No traceback could be written to the temporary folder; it stands above."
    return f"The traceback is in {name}: please report it with what you did."


def _abandon_broken_output() -> None:
    """Standard output that cannot be written is turned to nowhere, or Python complains once more when it exits."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complete_for_shell() -> None:
    variable = f"_{PROGRAM.replace('-', '_').upper()}_COMPLETE"
    if instruction := os.environ.get(variable):
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, PROGRAM, variable, instruction))
