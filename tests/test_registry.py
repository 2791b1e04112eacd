"""The registry: what plugins register is found, what is broken is left out whole and said in one sentence."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xtreme_harness import hookspecs
from xtreme_harness.errors import DataError, DefinitionError, PluginError, RequestError, UnknownName
from xtreme_harness.registration import HOOKS
from xtreme_harness.registry import TYPES, Registry, load_registry

BROKEN = Path(__file__).parent / "broken_plugins"
SENTENCES = {
    "import_error": "cannot be imported: ModuleNotFoundError: No module named 'a_module_that_nobody_has'",
    "syntax_error": "cannot be imported: SyntaxError: expected ':' (syntax_error.py, line 3)",
    "calls_exit": "cannot be imported: it calls sys.exit(3)",
    "misspelt_hook": "there is no hook register_model. Did you mean register_models?",
    "wrong_arguments": "register_models takes (registry), expected (register)",
    "no_arguments": "register_models takes (), expected (register)",
    "no_hook": "has no hook: a function such as register_target_tasks, marked with @hookimpl",
    "forgotten_mark": "register_recipes is not marked as a hook: put @hookimpl above it",
    "duplicate_name": "the kind 'classify' is registered already, by plugin kinds (xtreme-harness ",
    "raising_hook": "register_models failed: ValueError: the moon is in the wrong phase (raising_hook.py, line 9)",
    "exiting_hook": "register_suites failed: it calls sys.exit('no suites today')",
    "wrong_type": "register_models got a Task named 'not-a-model', expected a Model",
    "returns_things": "register_models returned a list; call register(thing) for each thing instead",
    "bad_definition": "cannot be imported: Model 'Bad Name': the name must match",
    "unknown_kind": "task 'unknown-kind': Unknown kind 'clasify'. Did you mean classify?",
    "unknown_option": "task 'unknown-option': unknown option lables (kind classify has labels",
    "unknown_metric": "task 'unknown-metric': unknown metric acuracy",
    "missing_board": "nowhere.toml, which does not exist",
}
HEADER = "from pathlib import Path\nfrom xtreme_harness import *\nFILES = dict(read=print, files=print)\n"
CLASSIFY = "kind='classify', languages=('en',), options={'labels': ('a', 'b')}, **FILES"


@pytest.fixture(autouse=True)
def only_built_in_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "")
    monkeypatch.delenv("XTREME_HARNESS_STRICT", raising=False)


def plugin(folder: Path, name: str, **hooks: str) -> str:
    """A plugin file with hooks by name; `register_x="..."` is the body, every line of it."""
    text = HEADER
    for hook, body in hooks.items():
        arguments = {"unit_started": "unit", "unit_finished": "unit, outcome", "run_finished": "run"}
        argument = arguments.get(hook, "cli" if hook == "register_commands" else "register")
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        text += f"\n@hookimpl\ndef {hook}({argument}):\n{lines}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def failures_of(registry: Registry, plugins: set[str]) -> dict[str, str]:
    return {failure.plugin: failure.sentence for failure in registry.failures if failure.plugin in plugins}


def names(registry: Registry) -> dict[str, tuple[str, ...]]:
    return {type: registry.names(type) for type in TYPES}


def installed(folder: Path, distribution: str, entry_points: dict[str, str], version: str = "1.0") -> None:
    """A distribution as pip would leave it in `folder`, without its modules."""
    about = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    lines = [f"{name} = {target}" for name, target in entry_points.items()]
    (about / "entry_points.txt").write_text("\n".join(["[xtreme_harness]", *lines, ""]))


# broken plugins


def test_every_broken_plugin_has_a_sentence() -> None:
    assert {path.stem for path in BROKEN.glob("*.py")} == set(SENTENCES)


@pytest.mark.parametrize("name", sorted(SENTENCES))
def test_a_broken_plugin_is_listed_and_leaves_everything_else_as_it_was(name: str) -> None:
    file = str(BROKEN / f"{name}.py")
    registry = load_registry([file])
    assert SENTENCES[name] in failures_of(registry, {name})[name]
    assert "\n" not in failures_of(registry, {name})[name]
    assert names(registry) == names(load_registry())
    (info,) = [info for info in registry.plugins if info.name == name]
    assert info.failure and info.origin == file and info.registered == ()


def test_all_broken_plugins_together_do_not_hurt_a_good_one(tmp_path: Path) -> None:
    good = plugin(tmp_path, "good", register_target_tasks=f"register(Task(name='good', {CLASSIFY}))")
    files = [str(BROKEN / f"{name}.py") for name in SENTENCES]
    registry = load_registry([*files[:9], good, *files[9:]])
    assert set(failures_of(registry, set(SENTENCES))) == set(SENTENCES)
    assert registry.target_task("good").metrics == ("accuracy",)


def test_a_module_that_cannot_be_imported_is_listed_under_its_name() -> None:
    registry = load_registry(["no_package.no_module"])
    sentence = failures_of(registry, {"no_package.no_module"})["no_package.no_module"]
    assert sentence == "cannot be imported: ModuleNotFoundError: No module named 'no_package'"


def test_strict_makes_a_failure_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTREME_HARNESS_STRICT", "1")
    with pytest.raises(PluginError, match=r"Plugin \S+ \(.+\) failed to load: ") as caught:
        load_registry([str(BROKEN / "no_hook.py")])
    assert caught.value.exit_code == 2


def test_an_interrupt_is_not_taken_for_a_broken_plugin(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load_registry([plugin(tmp_path, "interrupted", register_models="raise KeyboardInterrupt")])


@pytest.mark.parametrize(("argument", "message"), [("gone.py", "no such file"), ("tests/", "no such file")])
def test_a_plugin_file_that_is_not_there_is_a_wrong_request(argument: str, message: str) -> None:
    with pytest.raises(RequestError, match=f"--plugin {argument}: there is {message}"):
        load_registry([argument])


def test_a_plugin_file_ends_in_py(tmp_path: Path) -> None:
    (tmp_path / "plugin.txt").write_text("")
    with pytest.raises(RequestError, match=r"a plugin file ends in \.py"):
        load_registry([str(tmp_path / "plugin.txt")])


# what plugins register


def test_hooks_are_those_of_hookspecs() -> None:
    tree = ast.parse(Path(hookspecs.__file__).read_text(encoding="utf-8"))
    assert set(HOOKS) == {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_task_gets_what_its_kind_says_even_from_a_plugin_loaded_later(tmp_path: Path) -> None:
    task = plugin(
        tmp_path,
        "a_task",
        register_target_tasks="register(Task(name='t', kind='rank', languages=('en',), options={'k': 2}, **FILES))",
    )
    kind = plugin(
        tmp_path,
        "b_kind",
        register_kinds="register(Kind(name='rank', summary='', trainable=True, load=object, required=('k',),"
        " options={'k': 1, 'j': 3}, metrics=('accuracy',), headline=('accuracy',)))",
    )
    found = load_registry([task, kind]).target_task("t")
    assert found.options == {"k": 2, "j": 3}
    assert (found.metrics, found.headline) == (("accuracy",), ("accuracy",))


def test_a_plugin_that_goes_takes_its_kind_and_the_tasks_of_that_kind_along(tmp_path: Path) -> None:
    bad = plugin(
        tmp_path,
        "bad",
        register_kinds="register(Kind(name='rank', summary='', trainable=True, load=object))",
        register_target_tasks="register(Task(name='one', kind='nonsense', languages=('en',), **FILES))",
    )
    user = plugin(
        tmp_path,
        "user",
        register_target_tasks="register(Task(name='two', kind='rank', languages=('en',), **FILES))",
    )
    registry = load_registry([bad, user])
    assert set(failures_of(registry, {"bad", "user"})) == {"bad", "user"}
    assert "rank" not in registry.names("kind")


@pytest.mark.parametrize("role", ["register_target_tasks", "register_intermediate_tasks"])
def test_controls_must_be_intermediate_tasks(role: str, tmp_path: Path) -> None:
    """Whichever plugin has them, and whatever order they come in."""
    user = plugin(
        tmp_path, "a_user", register_target_tasks=f"register(Task(name='one', controls={{'c': 'two'}}, {CLASSIFY}))"
    )
    other = plugin(tmp_path, "b_other", **{role: f"register(Task(name='two', {CLASSIFY}))"})
    failures = failures_of(load_registry([user, other]), {"a_user", "b_other"})
    told = "task 'one': its control two is no intermediate task"
    assert failures == ({} if "intermediate" in role else {"a_user": told})


def test_one_task_object_may_have_both_roles(tmp_path: Path) -> None:
    file = plugin(
        tmp_path,
        "both",
        register_target_tasks="register(TASK)\nregister(Task(name='target', **MORE))",
        register_intermediate_tasks="register(TASK)\nregister(Task(name='between', **MORE))",
    )
    Path(file).write_text(Path(file).read_text() + f"\nMORE = dict({CLASSIFY})\nTASK = Task(name='both', **MORE)\n")
    registry = load_registry([file])
    assert [entry.roles for entry in registry.entries("task") if entry.name == "both"] == [("target", "intermediate")]
    assert registry.names("task").count("both") == 1
    assert "between" in registry.names("task", "intermediate") and "target" not in registry.names(
        "task", "intermediate"
    )
    assert registry.target_task("both") == registry.intermediate_task("both") == registry.task("both")
    with pytest.raises(UnknownName, match="between is registered, but not as target task"):
        registry.target_task("between")


@pytest.mark.parametrize(
    "hooks",
    [
        {"register_target_tasks": "register(A)\nregister(A)"},
        {"register_target_tasks": "register(A)", "register_intermediate_tasks": "register(B)"},
    ],
)
def test_a_name_is_given_once(tmp_path: Path, hooks: dict[str, str]) -> None:
    file = plugin(tmp_path, "twice", **hooks)
    task = f"Task(name='t', {CLASSIFY})"
    Path(file).write_text(Path(file).read_text() + f"\nA = {task}\nB = {task}\n")
    sentence = failures_of(load_registry([file]), {"twice"})["twice"]
    assert sentence == "the task 't' is registered already, by itself"


def test_a_taken_name_says_who_has_it(tmp_path: Path) -> None:
    body = "register(Model(name='ours', reference='org/ours@1'))"
    first, second = (plugin(tmp_path, name, register_models=body) for name in ("first", "second"))
    registry = load_registry([first, second])
    assert failures_of(registry, {"second"})["second"].endswith(f"by plugin first ({first})")
    assert [entry.plugin for entry in registry.entries("model") if entry.name == "ours"] == ["first"]


@pytest.mark.parametrize(
    ("thing", "described"),
    [("'mini'", "a str"), ("Model", "the class Model itself"), ("None", "a NoneType"), ("3", "an int")],
)
def test_wrong_things_are_described(tmp_path: Path, thing: str, described: str) -> None:
    file = plugin(tmp_path, "wrong", register_models=f"register({thing})")
    assert (
        failures_of(load_registry([file]), {"wrong"})["wrong"] == f"register_models got {described}, expected a Model"
    )


def test_the_order_is_that_of_registration(tmp_path: Path) -> None:
    body = "for name in ('z', 'a', 'm'): register(Model(name=name, reference='x@1'))"
    registry = load_registry([plugin(tmp_path, "ordered", register_models=body)])
    assert registry.names("model")[-3:] == ("z", "a", "m")
    assert registry.has_model("z") and not registry.has_model("y")


def test_what_a_plugin_prints_goes_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_registry([plugin(tmp_path, "chatty", register_models="print('hello')")])
    assert capsys.readouterr() == ("", "hello\n")


def test_plugins_are_listed_with_all_they_registered(tmp_path: Path) -> None:
    model = "register(Model(name='ours', reference='x@1'))"
    file = plugin(tmp_path, "listed", register_models=model, run_finished="pass")
    (info,) = [info for info in load_registry([file]).plugins if info.name == "listed"]
    assert info == ("listed", file, (("model", "ours"), ("observer", "run_finished")), None)


# looking up


@pytest.mark.parametrize("type", TYPES)
def test_an_unknown_name_is_unknown_in_every_type(type: str) -> None:
    lookup = "board_path" if type == "board" else type
    with pytest.raises(UnknownName, match=f"Unknown {type} 'no-such-name'"):
        getattr(load_registry(), lookup)("no-such-name")


def test_an_unknown_name_says_what_is_close_and_that_plugins_failed(tmp_path: Path) -> None:
    broken = str(BROKEN / "no_hook.py")
    good = plugin(tmp_path, "good", register_models="register(Model(name='wonderful', reference='x@1'))")
    registry = load_registry([good, broken])
    with pytest.raises(UnknownName, match=r"Did you mean wonderful\?") as caught:
        registry.model("wonderfull")
    assert "failed to load: run `xtreme-harness plugins`." in str(caught.value)


def test_every_type_can_be_looked_up() -> None:
    registry = load_registry()
    for type in TYPES:
        for name in registry.names(type):
            assert getattr(registry, type)(name).name == name


# boards


def board(folder: Path, text: str) -> Registry:
    (folder / "ours.toml").write_text(text, encoding="utf-8")
    body = "register(Path(__file__).parent / 'ours.toml')"
    return load_registry([plugin(folder, "boards_of_ours", register_boards=body)])


def test_a_board_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    registry = board(tmp_path, 'title = "Ours"\ntasks = ["xnli"]\nruns = ["ours/*"]\n')
    assert registry.board_path("ours") == tmp_path / "ours.toml"
    found = registry.board("ours")
    assert (found.name, found.title, found.tasks, found.runs) == ("ours", "Ours", ("xnli",), ("ours/*",))


def test_a_board_that_is_not_toml_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ours\.toml: is not a board in TOML: .*line 1"):
        board(tmp_path, 'title = \nsuite = "mini"').board("ours")


def test_every_problem_of_a_board_is_named_at_once(tmp_path: Path) -> None:
    registry = board(tmp_path, 'name = "theirs"\ntitel = "Ours"\ntasks = "xnli"\nsuite = 3\n')
    with pytest.raises(DefinitionError) as caught:
        registry.board("ours")
    for part in ("unknown key titel", "tasks must be a list", "suite must be a text", "name must be that of the file"):
        assert part in str(caught.value)


# observers and commands


def test_observers_are_called_and_never_fatal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raising = plugin(tmp_path, "raising", run_finished="raise ValueError('not today')")
    leaving = plugin(tmp_path, "leaving", run_finished="raise SystemExit(3)")
    seeing = plugin(tmp_path, "seeing", run_finished="print('seen', run)")
    load_registry([raising, leaving, seeing]).notify("run_finished", run="runs/one")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"xtreme-harness: Plugin raising ({raising}): run_finished failed: ValueError: not today (raising.py, line 7)",
        f"xtreme-harness: Plugin leaving ({leaving}): run_finished failed: it calls sys.exit(3)",
        "seen runs/one",
    ]


def test_units_are_observed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = plugin(tmp_path, "units", unit_started="print('start', unit)", unit_finished="print(unit, outcome)")
    registry = load_registry([file])
    registry.notify("unit_started", unit="u")
    registry.notify("unit_finished", unit="u", outcome="ok")
    assert capsys.readouterr().err == "start u\nu ok\n"


def test_commands_of_plugins_are_added(tmp_path: Path) -> None:
    import click

    body = "import click\ncli.add_command(click.Command('ours', callback=lambda: click.echo('hello')))"
    group = click.Group("xtreme-harness")
    load_registry([plugin(tmp_path, "commands", register_commands=body)]).add_commands(group)
    assert list(group.commands)[-1] == "ours"  # after those of built-in plugins


def test_two_plugins_cannot_have_one_command(tmp_path: Path) -> None:
    body = "import click\ncli.add_command(click.Command('ours'))"
    files = [plugin(tmp_path, name, register_commands=body) for name in ("one", "other")]
    assert "the command 'ours' is registered already" in failures_of(load_registry(files), {"other"})["other"]


# finding


def test_arguments_are_kept_by_full_path_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = plugin(tmp_path, "ours", register_models="register(Model(name='ours', reference='x@1'))")
    monkeypatch.chdir(tmp_path)
    registry = load_registry(["./ours.py", file, "ours.py"])
    assert registry.plugin_arguments == (file,)
    assert failures_of(registry, {"ours"}) == {}
    again = load_registry(registry.plugin_arguments)
    assert names(again) == names(registry)


def test_a_package_module_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_package_of_ours").mkdir()
    (tmp_path / "a_package_of_ours" / "__init__.py").write_text("")
    plugin(tmp_path / "a_package_of_ours", "module", register_models="register(Model(name='ours', reference='x@1'))")
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry(["a_package_of_ours.module"])
    assert [entry.origin for entry in registry.entries("model")][-1] == "a_package_of_ours.module"
    sys.modules.pop("a_package_of_ours.module")


@pytest.fixture
def two_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("beta", "alpha", "gamma"):
        plugin(tmp_path, f"module_{name}", register_models=f"register(Model(name='{name}', reference='x@1'))")
    installed(tmp_path, "xtreme-harness-zebra", {"alpha": "module_alpha"}, version="2.0")
    installed(tmp_path, "xtreme-harness-ant", {"gamma": "module_gamma", "beta": "module_beta"})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("XTREME_HARNESS_LOAD_PLUGINS")
    yield
    for name in ("beta", "alpha", "gamma"):
        sys.modules.pop(f"module_{name}", None)


def third_party(registry: Registry) -> list[tuple[str, str]]:
    return [(info.name, info.origin) for info in registry.plugins if not info.origin.startswith("xtreme-harness ")]


def test_third_party_plugins_come_by_distribution_and_name(two_distributions: None) -> None:
    ours = [pair for pair in third_party(load_registry()) if pair[0] in ("alpha", "beta", "gamma")]
    assert ours == [
        ("beta", "xtreme-harness-ant 1.0"),
        ("gamma", "xtreme-harness-ant 1.0"),
        ("alpha", "xtreme-harness-zebra 2.0"),
    ]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("", []),
        ("beta, alpha", ["beta", "alpha"]),
        ("xtreme-harness-ant", ["beta", "gamma"]),
        ("xtreme_harness_zebra,nothing", ["alpha"]),
    ],
)
def test_the_environment_limits_third_party_plugins_only(
    two_distributions: None, monkeypatch: pytest.MonkeyPatch, limit: str, expected: list[str]
) -> None:
    built_in = load_registry().names("kind")
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", limit)
    registry = load_registry()
    assert [name for name, _ in third_party(registry)] == expected
    assert registry.names("kind") == built_in


def test_a_plugin_named_twice_is_loaded_once(two_distributions: None) -> None:
    registry = load_registry(["module_alpha"])
    assert registry.names("model").count("alpha") == 1
    assert failures_of(registry, {"module_alpha", "alpha"}) == {}


def test_a_damaged_neighbour_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "other-thing", {})
    (tmp_path / "other_thing-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[xtreme_harness]")
    monkeypatch.syspath_prepend(tmp_path)
    assert names(load_registry())["kind"]


@pytest.mark.parametrize("target", ["not a target", "json:no_such_attribute", ":"])
def test_an_entry_point_that_leads_nowhere_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    installed(tmp_path, "xtreme-harness-lost", {"lost": target})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "lost")
    registry = load_registry()
    assert failures_of(registry, {"lost"})["lost"].startswith("cannot be imported: ")
    assert names(registry)["kind"]
