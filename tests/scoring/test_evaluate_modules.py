"""Our scorers as modules of the `evaluate` package, and its metrics in a task: from a path, with sockets closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import xtreme_harness
from xtreme_harness.errors import DefinitionError
from xtreme_harness.evaluated import evaluate_metric
from xtreme_harness.unit import code_version

MODULES = Path(xtreme_harness.__file__).parent / "scoring" / "evaluate_modules"
NO_NETWORK = Path(__file__).parents[1] / "end_to_end" / "no_network"

# name: (configuration, predictions, references, figures)
CASES = {
    "label_accuracy": (None, ["1", "1.0"], ["1", "1"], {"accuracy": 50.0}),
    "chunk_f1": (
        None,
        [["NOUN", "PROPN", "VERB"]],
        [["NOUN", "NOUN", "VERB"]],
        {"f1": 40.0, "precision": 100 / 3, "recall": 50.0, "token_accuracy": 200 / 3},
    ),
    "answer_f1": (None, ["red"], [["red house", "blue"]], {"exact_match": 0.0, "f1": 200 / 3}),
    "mlqa_answer_f1": ("de", ["das Haus"], [["Haus"]], {"exact_match": 100.0, "f1": 100.0}),
    "pair_f1": (
        None,
        [[["a", "x"], ["b", "y"]]],
        [[["a", "x"]]],
        {"f1": 200 / 3, "precision": 50.0, "recall": 100.0},
    ),
}
LOAD_ALL = """
import json, sys
import evaluate
from xtreme_harness.evaluated import evaluate_metric

cases, modules = json.loads(sys.argv[1]), sys.argv[2]
figures = {
    name: evaluate.load(f"{modules}/{name}", config).compute(predictions=predictions, references=references)
    for name, (config, predictions, references, _) in cases.items()
}
metric = evaluate_metric("share", f"{modules}/label_accuracy", "accuracy", scale=0.01)
print(json.dumps([figures, metric.compute(["a", "b"], ["a", "c"]).figure]))
"""


@pytest.mark.slow
def test_every_module_loads_from_its_path_without_network(tmp_path: Path) -> None:
    log = tmp_path / "network.log"
    environment = {
        **os.environ,
        "HF_HOME": str(tmp_path / "hub"),
        "NETWORK_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(NO_NETWORK), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-c", LOAD_ALL, json.dumps(CASES), str(MODULES)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr
    figures, share = json.loads(done.stdout.splitlines()[-1])
    for name, (*_, expected) in CASES.items():
        assert figures[name] == pytest.approx(expected), name
    assert share == 0.5
    assert not log.exists(), log.read_text(encoding="utf-8")


def test_every_module_has_a_case() -> None:
    assert {path.stem for path in MODULES.glob("*/*.py")} == CASES.keys()


def test_a_metric_of_the_package_is_keyed_by_its_script(tmp_path: Path) -> None:
    scripts = [tmp_path / "one.py", tmp_path / "other.py"]
    for value, script in enumerate(scripts):
        script.write_text(f"VALUE = {value}\n", encoding="utf-8")
    one, other = (code_version([evaluate_metric("mine", script).compute]) for script in scripts)
    assert one != other


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="there is no evaluate module"):
        evaluate_metric("mine", tmp_path / "mine")
