"""The study file: what it means, and every way in which it can be wrong, told at its path and all at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from xtreme_harness import testing
from xtreme_harness.errors import DefinitionError, RequestError
from xtreme_harness.leaderboard.language_groups import GROUPINGS
from xtreme_harness.study.file import FILE, Study, read_study
from xtreme_harness.training.samplers import Sampler

Write = Callable[[str], Path]

LEAST = 'name = "s"\nsuite = "mini"\nmodels = ["mini"]\nintermediates = ["none", "mini.nli"]\n'

# the example of the design
WHOLE = """
name = "code-or-language"
suite = "mini"
languages = ["en", "sw"]
models = ["mini", "mini-enpt"]
intermediates = ["none", "mini.nli", "mini.qa", "stdlib_code_search", "mini.nli+mini.qa"]
controls = ["shuffled-labels", "no-code"]
match = "steps"
methods = ["plain"]
recipe = "mini"
seeds = [1, 2]
[limit]
train = 1500
test = 300
[sampler]
kind = "temperature"
temperature = 2.0
[set."mini.qa"]
epochs = 1
[sweep.target]
learning_rate = [1e-5, 3e-5]
[report]
by = ["language", "family", "script", "joshi", "xtreme_up", "pretraining"]
resamples = 500
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def problems(path: Path) -> str:
    with pytest.raises(DefinitionError) as caught:
        read_study(path)
    assert caught.value.exit_code == 2
    assert str(caught.value).startswith(f"Study file {path}: ")
    return str(caught.value)


def test_a_whole_file(write: Write) -> None:
    study, _ = read_study(write(WHOLE))
    assert study == Study(
        name="code-or-language",
        suite="mini",
        languages=("en", "sw"),
        models=("mini", "mini-enpt"),
        intermediates=("none", "mini.nli", "mini.qa", "stdlib_code_search", "mini.nli+mini.qa"),
        controls=("shuffled-labels", "no-code"),
        match="steps",
        recipes=("mini",),
        seeds=(1, 2),
        limit={"train": 1500, "test": 300},
        sampler=Sampler(kind="temperature", temperature=2.0),
        settings=(("mini.qa", "epochs", 1),),
        sweep={"target": {"learning_rate": (1e-5, 3e-5)}},
        by=("language", "family", "script", "joshi", "xtreme_up", "pretraining"),
        resamples=500,
    )


def test_the_file_of_the_documentation_is_sound(write: Write, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text(encoding="utf-8")
    testing.write_topics(tmp_path).rename(tmp_path / "my_tasks.py")
    (tmp_path / "xtreme-data").mkdir()
    study, _ = read_study(write(page.split("```toml\n")[1].split("```")[0]))
    assert study.name == "code-or-language" and study.by == tuple(GROUPINGS)
    for name in (*FILE, *GROUPINGS):
        assert re.search(rf"\b{name}\b", page), name


def test_what_is_not_said_has_a_default(write: Write) -> None:
    study, _ = read_study(write(LEAST))
    assert study == Study(name="s", suite="mini", models=("mini",), intermediates=("none", "mini.nli"))
    assert (study.methods, study.recipes, study.seeds, study.match) == (("plain",), (None,), (), "epochs")


def test_several_recipes(write: Write) -> None:
    assert read_study(write(LEAST + 'recipe = ["mini", "jiant"]\n'))[0].recipes == ("mini", "jiant")


def test_places_are_relative_to_the_file(write: Write, tmp_path: Path) -> None:
    for folder in ("xtreme/labels", "ckpt", "mini"):
        (tmp_path / folder).mkdir(parents=True)
    topics = testing.write_topics(tmp_path / "topics")
    text = (
        'name = "s"\ntasks = ["topics"]\nmodels = ["ckpt", "mini", "org/model@main"]\nintermediates = ["none"]\n'
        'plugins = ["topics/plugin.py"]\n[data]\ndir = "xtreme"\nlabels = "xtreme/labels"\nunofficial = true\n'
    )
    study, registry = read_study(write(text))
    assert study.models == (str(tmp_path / "ckpt"), "mini", "org/model@main")  # a registered name goes before a folder
    assert study.plugins == (str(topics),) and "topics" in registry.names("task")
    assert (study.data, study.labels) == (str(tmp_path / "xtreme"), str(tmp_path / "xtreme/labels"))
    assert study.unofficial


def test_plugins_of_the_command_line_count_too(write: Write, tmp_path: Path) -> None:
    topics = testing.write_topics(tmp_path / "topics")
    text = LEAST.replace('suite = "mini"', 'tasks = ["topics"]')
    assert read_study(write(text), (str(topics),))[0].tasks == ("topics",)
    assert "Unknown task 'topics'" in problems(write(text))


def test_every_problem_is_told_at_once(write: Write) -> None:
    told = problems(
        write(
            """
            name = "My study"
            suite = "minni"
            models = []
            intermediates = ["mini.nli", "mini.nlii"]
            seeds = [1, "two"]
            limits = 3
            [limit]
            train = 0
            """
        )
    )
    for one in (
        "name: 'My study' names a folder",
        "suite: Unknown suite 'minni'. Did you mean mini?",
        "models: must not be empty",
        'intermediates: must hold "none"',
        "intermediates[1]: Unknown task 'mini.nlii'. Did you mean mini.nli",
        "seeds[1]: expected a whole number from 0 to 9223372036854775807, not 'two'",
        "limits: unknown key, did you mean limit?",
        "limit.train: expected a whole number from 1, not 0",
    ):
        assert one in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('tasks = ["mini.nli"]', "tasks: the suite names them already"),
        ('languages = ["en", "swa"]', "languages[1]: Unknown language 'swa'. Did you mean sw?"),
        ('languages = "en"', "languages: expected a list, not 'en'"),
        ('methods = ["plain", "plane"]', "methods[1]: Unknown method 'plane'. Did you mean plain?"),
        ('recipe = "minni"', "recipe: Unknown recipe 'minni'"),
        ('recipe = ["mini", "xtrem"]', "recipe[1]: Unknown recipe 'xtrem'"),
        ("recipe = 3", "recipe: expected text, not 3"),
        ("methods = []", "methods: must not be empty"),
        ("recipe = []", "recipe: must not be empty"),
        ("seeds = [-1]", "seeds[0]: expected a whole number from 0 to 9223372036854775807, not -1"),
        (f"seeds = [{2**63}]", f"seeds[0]: expected a whole number from 0 to 9223372036854775807, not {2**63}"),
        ('seeds = [1]\n[set."mini.qa"]\nseed = 3', 'set."mini.qa".seed: seeds gives every task its seed'),
        ("seeds = [1, 1]", "seeds[1]: 1 is there twice"),
        ("seeds = [true]", "seeds[0]: expected a whole number from 0 to 9223372036854775807, not True"),
        ('match = "updates"', "match: must be one of epochs, steps, not 'updates'"),
        ('match = "steps"', 'steps: is missing; match = "steps" needs it, or [limit] train'),
        ("steps = 5", 'steps: belongs to match = "steps"'),
        ('controls = ["no-code"]', "controls[0]: none of the intermediates has the control 'no-code'"),
        ('controls = ["no-codes"]', "controls[0]: Unknown control 'no-codes'. Did you mean no-code?"),
        ('plugins = [""]', "plugins[0]: expected text, not ''"),
        ('data = "here"', "data: expected a table, not 'here'"),
        ('[data]\ndir = "nowhere"', "data.dir: there is no folder "),
        ('[data]\nlabels = "nowhere"', "data.labels: there is no folder "),
        ("[limit]\ntraining = 5", "limit.training: unknown key, did you mean train?"),
        (
            '[sampler]\nkind = "even"',
            "sampler.kind: must be one of uniform, proportional, temperature, weights, not 'even'",
        ),
        ('[sampler]\nkind = "temperature"', 'sampler.temperature: is missing; kind = "temperature" needs it'),
        ('[sampler]\nkind = "weights"', 'sampler.weights: is missing; kind = "weights" needs it'),
        ("[sampler]\ntemperature = 2.0", 'sampler.temperature: belongs to kind = "temperature"'),
        ('[sampler]\nkind = "uniform"\ncap = 9', 'sampler.cap: belongs to kind = "temperature"'),
        ('[sampler]\nkind = "temperature"\ntemperature = 0', "sampler.temperature: expected a number above 0, not 0"),
        ('[sampler.weights]\n"mini.nl" = 1', "sampler.weights.\"mini.nl\": Unknown task 'mini.nl'"),
        ('[set."mini.q"]\nepochs = 1', "set.\"mini.q\": Unknown task 'mini.q'. Did you mean"),
        ('[set."mini.qa"]\nepoch = 1', "set.\"mini.qa\".epoch: Unknown setting 'epoch'. Did you mean epochs?"),
        ('[set."mini.qa"]\nepochs = 0', 'set."mini.qa".epochs: must be at least 1, not 0'),
        ("[set.adv]\neps = 0.05", "set.adv: Unknown task 'adv'."),
        ('methods = ["adv"]\n[set.adv]\nepsilon = 0.05', "set.adv.epsilon: Unknown setting 'epsilon'."),
        ('methods = ["adv"]\n[set.adv]\nsteps = 1.5', "set.adv.steps: expected a whole number, not 1.5"),
        ("[set.mini.qa]\nepochs = 1", 'set.mini: names with dots stand in quotes: [set."mini.qa"]'),
        (
            'match = "steps"\nsteps = 9\n[set."mini.nli"]\nupdates = 3',
            'set."mini.nli".updates: match = "steps" gives every intermediate training the same number',
        ),
        ('methods = ["rs_da"]', 'methods[0]: rs_da needs a file: [set.rs_da] table = "FILE"'),
        ('methods = ["rs_da"]\n[set.rs_da]\ntable = "t.json"', "set.rs_da.table: there is no file "),
        ("[set]\nepochs = 0", "set.epochs: expected a table, not 0"),
        ("[sweep.source]\nepochs = [1]", "sweep.source: unknown key"),
        ("[sweep.target]\nlearning_rate = 1e-5", "sweep.target.learning_rate: expected a list, not 1e-05"),
        ("[sweep.target]\nlearning_rate = [1e-5, -1.0]", "sweep.target.learning_rate[1]: must not be negative"),
        ("[sweep.target]\nlearning_rate = []", "sweep.target.learning_rate: must not be empty"),
        ("[sweep.target]\nlearning_rate = [nan]", "sweep.target.learning_rate[0]: must be finite, not nan"),
        ('[sweep.target."mini.qa"]\nepochs = [1]', 'sweep.target."mini.qa": expected a list'),
        ("[sweep.target]\nlayer = [1, 2]", "sweep.target.layer: Unknown recipe value 'layer'"),
        ("[sweep.target]\nseed = [1, 2]", "sweep.target.seed: Unknown recipe value 'seed'"),
        (
            '[set."mini.qa"]\nepochs = 1\n[sweep.target]\nepochs = [1, 2]',
            'sweep.target.epochs: [set."mini.qa"] gives epochs too; give it in one place',
        ),
        (
            'match = "steps"\nsteps = 9\n[sweep.intermediate]\nupdates = [1, 2]',
            'sweep.intermediate.updates: match = "steps" gives every intermediate training the same number',
        ),
        ('[report]\nby = ["familiy"]', "report.by[0]: Unknown grouping 'familiy'. Did you mean family?"),
        ("[report]\nresamples = 3", "report.resamples: expected a whole number from 100, not 3"),
    ],
)
def test_what_is_wrong_is_told_at_its_path(more: str, told: str, write: Write) -> None:
    assert told in problems(write(LEAST + more))


@pytest.mark.parametrize(
    ("mix", "told"),
    [
        ("mini.nli+mini.nli", "intermediates[1]: Intermediate mini.nli+mini.nli: a task is in it twice"),
        ("mini.mining", "intermediates[1]: Unknown task 'mini.mining'."),
        ("", "intermediates[1]: expected text, not ''"),
        ("none", "intermediates[1]: 'none' is there twice"),
    ],
)
def test_wrong_mixes(mix: str, told: str, write: Write) -> None:
    assert told in problems(write(LEAST.replace('"mini.nli"', f'"{mix}"')))


def test_weights_must_know_the_tasks_of_every_mix(write: Write) -> None:
    text = LEAST.replace('"mini.nli"', '"mini.nli+mini.qa"')
    weights = '[sampler]\nkind = "weights"\n[sampler.weights]\n"mini.nli" = 2\n'
    assert "sampler.weights: mini.nli+mini.qa needs a weight of mini.qa" in problems(write(text + weights))
    study, _ = read_study(write(f'{text}{weights}"mini.qa" = 1.5\n'))
    assert study.sampler.weights == {"mini.nli": 2, "mini.qa": 1.5}


def test_a_method_s_parameters_can_be_set(write: Write) -> None:
    study, _ = read_study(write(LEAST + 'methods = ["plain", "adv"]\n[set.adv]\neps = 0.05\n'))
    assert study.settings == (("adv", "eps", 0.05),)


def test_a_control_can_have_settings_of_its_own(write: Write) -> None:
    text = LEAST.replace('"mini.nli"', '"stdlib_code_search"')
    one = '[set."stdlib_code_search.no-code"]\nepochs = 1\n'
    study, _ = read_study(write(f'{text}controls = ["no-code"]\n{one}'))
    assert study.settings == (("stdlib_code_search.no-code", "epochs", 1),) and study.controls == ("no-code",)
    assert "must be a task or a method of this study" in problems(write(text + one))


def test_a_control_of_another_kind_is_trained_for_the_same_steps(write: Write) -> None:
    """Its recipe's epochs are others; a control of the same kind has those of its task."""
    text = (
        LEAST.replace('"mini.nli"', '"stdlib_code_search"') + 'controls = ["shuffled-labels", "no-code", "no-labels"]\n'
    )
    told = problems(write(text))
    assert 'controls: no-labels needs match = "steps", or the control is trained for longer or shorter' in told
    assert "shuffled-labels" not in told and "no-code" not in told
    study, _ = read_study(write(f'{text}match = "steps"\nsteps = 5\n'))
    assert study.controls == ("shuffled-labels", "no-code", "no-labels")


@pytest.mark.parametrize(("task", "control"), [("stdlib_code_search", "size-matched"), ("advtest", "no-code")])
def test_a_control_by_other_data_is_trained_on_as_much(task: str, control: str, write: Write) -> None:
    text = LEAST.replace('"mini.nli"', f'"{task}"') + f'controls = ["{control}"]\n'
    told = problems(write(text))
    assert f'controls: {control} needs match = "steps", or the control is trained for longer or shorter' in told
    assert f"controls: {control} needs [limit] train, which the data of both tasks reach" in told
    assert "[limit] train" in problems(write(f'{text}match = "steps"\nsteps = 5\n'))
    study, _ = read_study(write(f'{text}match = "steps"\n[limit]\ntrain = 64\n'))
    assert study.controls == (control,)


def test_values_of_a_task_in_the_other_role_may_be_swept(write: Write) -> None:
    """mini.ner is no intermediate task here, so its own epochs stand in nobody's way."""
    study, _ = read_study(write(LEAST + '[set."mini.ner"]\nepochs = 2\n[sweep.intermediate]\nepochs = [1, 2]\n'))
    assert study.sweep == {"intermediate": {"epochs": (1, 2)}}


def test_one_wrong_value_hides_no_other(write: Write) -> None:
    """Beside a value of the wrong shape, the rest of its list or table is looked up all the same."""
    told = problems(
        write(
            """
            name = "s"
            suite = "mini"
            models = ["mini", 3, "nowhere"]
            intermediates = ["none", 1, "mini.nlii", "mini.nli+"]
            languages = ["swa", "en", "en"]
            [sampler]
            kind = "even"
            temperature = "warm"
            [report]
            by = [2, "familiy"]
            """
        )
    )
    for one in (
        "models[1]: expected text, not 3",
        "models[2]: Unknown model 'nowhere'.",
        "intermediates[1]: expected text, not 1",
        "intermediates[2]: Unknown task 'mini.nlii'.",
        "intermediates[3]: Intermediate 'mini.nli+': a name is missing",
        "languages[2]: 'en' is there twice",
        "languages[0]: Unknown language 'swa'.",
        "sampler.temperature: expected a number above 0, not 'warm'",
        "sampler.kind: must be one of",
        "report.by[0]: expected text, not 2",
        "report.by[1]: Unknown grouping 'familiy'.",
    ):
        assert one in told


def test_what_is_told_of_is_not_told_to_be_missing(write: Write) -> None:
    text = LEAST.replace('suite = "mini"', "suite = 3") + "steps = 0\nmatch = 1\n"
    assert problems(write(text)).count(";") == 2  # three problems: the three values


def test_plugins_that_are_not_there_are_told_at_their_path(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    testing.write_topics(elsewhere / "topics")
    monkeypatch.chdir(elsewhere)  # a file there is not the one that the study means
    text = LEAST.replace('suite = "mini"', 'tasks = ["topics"]') + 'plugins = ["topics/plugin.py"]\nseeds = []\n'
    told = problems(write(text))
    assert (
        f"plugins[0]: there is no file {tmp_path / 'topics/plugin.py'}" in told and "seeds: must not be empty" in told
    )
    assert "Unknown task" not in told  # that they register cannot be known


def test_a_model_folder_where_the_command_runs_is_not_the_study_s(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere" / "ckpt").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = write(LEAST.replace('models = ["mini"]', 'models = ["ckpt"]'))
    assert (
        f"models[0]: Unknown model 'ckpt'. See: xtreme-harness list models. There is no folder {tmp_path / 'ckpt'}"
        in (problems(path))
    )
    study, _ = read_study(path, with_data=False)  # tables are made without models
    assert study.models == (str(tmp_path / "ckpt"),)


def test_files_of_methods_are_relative_to_the_study_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "neighbours.json").write_text("{}", encoding="utf-8")
    study, _ = read_study(write(LEAST + 'methods = ["rs_da"]\n[set.rs_da]\ntable = "neighbours.json"\n'))
    assert study.settings == (("rs_da", "table", str(tmp_path / "neighbours.json")),)


def test_what_windows_editors_write_is_read(write: Write) -> None:
    path = write(LEAST)
    path.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert read_study(path)[0].name == "s"


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "there is no such file"), ("name = ", "is not TOML"), ('name = "a"\nname = "b"', "is not TOML")],
)
def test_files_that_are_none(text: str | None, told: str, write: Write, tmp_path: Path) -> None:
    path = tmp_path / "missing.toml" if text is None else write(text)
    with pytest.raises(RequestError, match=told) as caught:
        read_study(path)
    assert caught.value.exit_code == 2


def test_a_folder_and_other_encodings_are_no_study_files(write: Write, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="that is a folder"):
        read_study(tmp_path)
    path = write(LEAST)
    path.write_bytes(LEAST.encode() + b"# \xe9")
    with pytest.raises(RequestError, match=f"is not UTF-8: byte {len(LEAST) + 3} cannot be read."):
        read_study(path)
