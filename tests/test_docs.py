"""The documentation names every hook, exit code and command; the README's example is the one that tests run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness import hookspecs
from xtreme_harness.cli.main import COMMANDS, cli
from xtreme_harness.errors import EXIT_CODES
from xtreme_harness.leaderboard.averages import table_rows
from xtreme_harness.records import read_records
from xtreme_harness.registry import load_registry

ROOT = Path(__file__).resolve().parents[1]
DOCS = "\n".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
)
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "xtreme_harness_spec")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_an_example(hook: str) -> None:
    assert re.search(rf"^\| `{hook}\(", DOCS, re.MULTILINE)
    assert f"def {hook}(" in (getattr(hookspecs, hook).__doc__ or "")


def test_there_are_hooks() -> None:
    assert len(HOOKS) == 14


@pytest.mark.parametrize(("code", "meaning"), EXIT_CODES.items())
def test_every_exit_code_is_documented_in_the_same_words(code: int, meaning: str) -> None:
    assert f"| {code} | {meaning} |" in DOCS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"^\| `{command}\b", DOCS, re.MULTILINE)


def test_every_option_of_every_command_says_what_it_does() -> None:
    import click

    with cli.make_context("xtreme-harness", ["list"], resilient_parsing=True) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            leaves = list(command.commands.values()) if isinstance(command, click.Group) else [command]
            for leaf in leaves:
                options = [one for one in leaf.params if isinstance(one, click.Option) and one.name != "help"]
                silent = [one.opts[0] for one in options if not one.help and not isinstance(one.type, click.Choice)]
                assert not silent, f"{name} {leaf.name}: {silent}"


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
TYPED = [
    (path.name, line.partition("  #")[0].removeprefix("$ "))
    for path in PAGES
    for block in path.read_text(encoding="utf-8").split("```")[1::2]
    for line in block.splitlines()
    if line.removeprefix("$ ").startswith("xtreme-harness ")
]


@pytest.mark.parametrize(("page", "line"), TYPED)
def test_command_lines_name_commands_and_options_that_are_there(page: str, line: str) -> None:
    import click

    words = line.replace("[", " ").replace("]", " ").split()[1:]
    with cli.make_context("xtreme-harness", ["list"], resilient_parsing=True) as context:
        command = cli.get_command(context, words.pop(0))
        while isinstance(command, click.Group):
            command = command.get_command(context, words.pop(0))
    assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_pages_and_headings(page: Path) -> None:
    for file, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", page.read_text(encoding="utf-8")):
        target = page.parent / file if file else page
        assert target.exists(), file
        assert not heading or heading in headings(target), f"{file}#{heading}"


def headings(page: Path) -> list[str]:
    """Of a page as links name them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found]


TRAP = re.compile(r"\| (?P<number>\d+) \| (?P<mark>[RFN](?:, R)?) \| (?P<said>.+) \| (?P<tests>`.+`) \|")
TRAPS = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
ROWS = [found for line in TRAPS.splitlines() if (found := TRAP.fullmatch(line))]


def test_every_trap_has_a_row() -> None:
    assert [int(row["number"]) for row in ROWS] == list(range(1, 43))
    assert all(row["said"].count(" | ") == 1 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["number"] for row in ROWS])
def test_the_tests_of_a_trap_exist(row: re.Match[str], is_test: Callable[[str], bool]) -> None:
    names = [f"tests/{name}" for name in re.findall("`([^`]+)`", row["tests"])]
    assert names
    assert [name for name in names if not is_test(name)] == []


def test_readme_shows_both_set_up_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def lines_of(text: str, start: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(start)]


def test_readme_shows_the_mini_study_as_it_came_out() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    study = (ROOT / "leaderboards" / "studies" / "mini" / "study.md").read_text(encoding="utf-8")
    block = readme[readme.index("takes 25 minutes") :].split("```")[1]
    shown = [*lines_of(block, "|"), *lines_of(block, "- ")]
    assert len(shown) == 11
    for line in shown[2:]:
        assert line in study


def test_readme_shows_the_row_of_the_mini_board() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    records = read_records(ROOT / "leaderboards" / "mini" / "mini.mini" / "records.jsonl")
    rows = table_rows(records, load_registry().suite("mini"))
    (row,) = (row for row in rows if row.label == "none.plain.srecipe")
    shown = [figure.text() for figure in (*row.tasks.values(), row.average)]
    (line,) = lines_of(readme, "| none.plain.srecipe ")
    assert [cell.strip() for cell in line.strip("|").split("|")][1:] == shown
