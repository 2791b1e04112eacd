"""Every architecture among the named models, through the command: what it computes, how long its inputs may be."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.cli.main import run
from xtreme_harness.errors import CheckpointError
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.models.inputs import longest_input
from xtreme_harness.models.load import depth, hidden_size, load_encoder, load_tokenizer
from xtreme_harness.records import Record, read_records
from xtreme_harness.testing import FIRST_NAMES, TOWNS, write_names

Family = Callable[..., Path]

FAMILIES = ("mbert", "xlm-r", "mdeberta", "rembert", "mt5", "mmbert")
WHERE = """
from xtreme_harness import Task, hookimpl

@hookimpl
def register_target_tasks(register):
    path = "data/{split}.{language}.jsonl"
    register(Task.from_jsonl(name="where", kind="span", languages=("en", "sw"), path=path))
"""
FORMS = {"en": ("{0} lives in {1}.", "Where does {0} live?"), "sw": ("{0} anaishi {1}.", "{0} anaishi wapi?")}


def write_where(folder: Path, sentences: int = 2) -> Path:
    """A `span` task: where people live, said in some `sentences`; returns the plugin's path."""
    (folder / "data").mkdir(parents=True)
    for split, language in [("train", "en"), ("dev", "en"), ("test", "en"), ("test", "sw")]:
        statement, question = FORMS[language]
        rows = []
        for number in range(8):
            people = [(FIRST_NAMES[(number + one) % 8], TOWNS[(3 * number + one) % 8]) for one in range(sentences)]
            context = " ".join(statement.format(*one) for one in people)
            answer = {"text": people[0][1], "start": context.index(people[0][1])}
            asked = question.format(people[0][0])
            rows.append({"id": f"{split}-{number}", "context": context, "question": asked, "answers": [answer]})
        write_jsonl(folder / "data" / f"{split}.{language}.jsonl", rows)
    (folder / "plugin.py").write_text(WHERE, encoding="utf-8")
    return folder / "plugin.py"


@pytest.fixture(scope="session")
def plugins(topics: Path, twins: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The plugin files of a task of each kind, by the task's name."""
    folder = tmp_path_factory.mktemp("tasks")
    names, where = write_names(folder / "names", train=8, test=4), write_where(folder / "where")
    return {"topics": topics, "names": names, "where": where, "twins": twins}


Run = Callable[..., tuple[int, list[Record]]]


@pytest.fixture
def run_tasks(plugins: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run_tasks(folder, "topics", "topics.epochs=2")`: exit code and records of a run in `tmp_path / "out"`."""
    monkeypatch.chdir(tmp_path)

    def call(model: Path, *words: str) -> tuple[int, list[Record]]:
        tasks = [word for word in words if word in plugins]
        options = [part for task in tasks for part in ("--task", task, "--plugin", str(plugins[task]))]
        epochs = [f"{task}.epochs=1" for task in tasks]
        values = [part for word in [*epochs, *words] if "=" in word for part in ("--set", word)]
        place = ["--device", "cpu", "--dtype", "float32", "--threads", "1", "--store", "store", "--out", "out"]
        code = run(["run", "--model", str(model), *options, *values, *place])
        path = tmp_path / "out" / "records.jsonl"
        return code, read_records(path) if path.is_file() else []

    return call


@pytest.mark.parametrize(
    "name", [name if name in ("mdeberta", "mt5") else pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES]
)
def test_an_architecture_embeds_classifies_tags_and_answers(
    name: str, family: Family, run_tasks: Run, tmp_path: Path, plugins: dict[str, Path]
) -> None:
    pooling = ["topics.sentence_pooling=mean"] if name == "mt5" else []
    code, records = run_tasks(family(name), "topics", "names", "where", "twins", *pooling)
    assert code == 0
    assert {(one["task"], one["language"], one["state"]) for one in records} == {
        *((task, code, "ok") for task in ("topics", "names", "where") for code in ("en", "sw")),
        ("twins", "sw", "ok"),
    }
    (retrieved,) = [one for one in records if one["task"] == "twins"]
    assert (retrieved["options"]["layer"], retrieved["options"]["layer_source"]) == (1, "default, not published")
    assert retrieved["metrics"]["accuracy"] > 100 / 12  # better than chance: both sides share names
    predictions = tmp_path / "out" / "predictions" / "none.plain.srecipe"
    tagged = [row["prediction"] for _, row in read_jsonl(predictions / "names" / "sw.jsonl")]
    words = [row["tokens"] for _, row in read_jsonl(plugins["names"].parent / "data" / "test.sw.jsonl")]
    assert [len(tags) for tags in tagged] == [len(one) for one in words]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_lora_adapts_every_architecture(name: str, family: Family, run_tasks: Run) -> None:
    pytest.importorskip("peft", reason="needs the extra [peft]")
    tasks = ("topics", "names", "where")
    pooling = ["topics.sentence_pooling=mean"] if name == "mt5" else []
    code, records = run_tasks(family(name), *tasks, *(f"{task}.adapter=lora" for task in tasks), *pooling)
    assert (code, {one["state"] for one in records}) == (0, {"ok"})
    assert {one["options"]["lora_rank"] for one in records} == {8}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_hidden_state_has_the_width_of_the_last(name: str, family: Family) -> None:
    """RemBERT's embeddings are narrower than its layers, and its language model's head is wider."""
    encoder: Any = load_encoder(family(name), attention="eager")
    states = encoder(
        **load_tokenizer(family(name))("Amina lives in Oslo.", return_tensors="pt"), output_hidden_states=True
    )
    assert [state.shape[-1] for state in states.hidden_states] == [hidden_size(encoder)] * (depth(encoder) + 1)
    assert (states.hidden_states[-1] == states.last_hidden_state).all()


def test_the_name_of_a_folder_means_nothing(tiny_xlmr: Path, run_tasks: Run, tmp_path: Path) -> None:
    """XTREME's classification takes what follows the last hyphen for a number of steps (docs/traps.md, 34)."""
    code, records = run_tasks(Path(shutil.copytree(tiny_xlmr, tmp_path / "xlm-roberta-best")), "topics")
    assert (code, {one["model"]["name"] for one in records}) == (0, {"xlm-roberta-best"})


# More tokens than an encoder has positions for.


@pytest.mark.parametrize(
    ("name", "config", "most"),
    [
        ("mbert", {}, 512),
        ("xlm-r", {"max_position_embeddings": 514}, 512),  # positions are counted from the padding id 1 on
        ("rembert", {"max_position_embeddings": 40}, 40),
        ("mmbert", {}, 8192),
        ("mdeberta", {"max_position_embeddings": 16}, None),
        ("mt5", {}, None),
    ],
)
def test_how_many_tokens_an_encoder_takes(name: str, config: dict[str, Any], most: int | None, family: Family) -> None:
    assert longest_input(family(name, **config)) == most


@pytest.mark.parametrize("name", ["mdeberta", "mt5"])
def test_relative_positions_have_no_end(name: str, family: Family) -> None:
    encoder: Any = load_encoder(family(name), attention="eager")
    ids = load_tokenizer(family(name))("Amina lives in Oslo. " * 120, return_tensors="pt")
    assert ids["input_ids"].shape[1] > 512
    assert encoder(**ids).last_hidden_state.isfinite().all()


@pytest.mark.parametrize(("name", "positions"), [("mbert", 16), pytest.param("xlm-r", 18, marks=pytest.mark.slow)])
def test_few_positions_shorten_inputs_and_the_record_says_so(
    name: str, positions: int, family: Family, run_tasks: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = ("topics", "names", "where", "twins")
    words = (
        *tasks,
        "names.max_length=12",
        "where.max_query_length=4",
        "twins.prefix=Amina lives in Oslo, Juma in Lima",
    )
    code, records = run_tasks(family(name, max_position_embeddings=positions), *words)
    assert code == 0
    lengths = {one["task"]: (one["options"]["max_length"], one["options"].get("max_length_asked")) for one in records}
    assert lengths == {"topics": (16, 128), "names": (12, None), "where": (16, 384), "twins": (16, 512)}
    remarks = [line for line in capsys.readouterr().out.splitlines() if line.startswith("max_length")]
    assert remarks == [
        "max_length 16 instead of 128: topics (the model has no more positions)",
        "max_length 16 instead of 384: where (the model has no more positions)",
    ]


def test_a_config_that_cannot_be_read_is_said(family: Family, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "nobody-knows-this"}', encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"The config in .* cannot be read"):
        longest_input(tmp_path)


# Texts without a special token before them (T5).


@pytest.mark.parametrize("words", [("topics",), ("twins", "twins.pooling=cls")], ids=["head", "retrieval"])
def test_the_first_word_is_not_taken_for_the_whole_text(
    words: tuple[str, ...], family: Family, run_tasks: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run_tasks(family("mt5"), *words)
    assert code == 5
    told = capsys.readouterr().err
    assert "begin with no special token" in told
    assert "--set TASK.sentence_pooling=mean, or for retrieval --set TASK.pooling=mean" in told


def test_tags_and_answers_need_no_first_token(family: Family, run_tasks: Run) -> None:
    code, records = run_tasks(family("mt5"), "names", "where")
    assert (code, {one["state"] for one in records}) == (0, {"ok"})
