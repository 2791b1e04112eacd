"""Data sets of the hub, from a server on this machine: rows with names for classes, and what is refused.

Each group of reads is a process of its own, as the library looks at its surroundings once, when it is imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from hub_server import COMMIT, Hub

READER = """
import json, sys
from xtreme_harness.data.hub import OpenSet
from xtreme_harness.definitions import HubSet
from xtreme_harness.errors import HarnessError

for id, revision, config, split in json.loads(sys.argv[1]):
    try:
        opened = OpenSet(HubSet(id=id, revision=revision, write=print), offline=False)
        print(json.dumps({"rows": list(opened.rows(config, split)), "name": opened.name}))
    except HarnessError as error:
        print(json.dumps({"error": type(error).__name__, "told": str(error)}))
"""
GUARD = Path(__file__).parents[1] / "end_to_end" / "no_network"
OTHER = "f" * 40
NLI = ClassLabel(names=["entailment", "neutral"])  # not in alphabetical order, as on the hub
FEATURES = Features(
    {
        "id": Value("string"),
        "label": NLI,
        "tags": List(ClassLabel(names=["O", "B-PER"])),
        "answers": {"text": List(Value("string")), "kind": List(ClassLabel(names=["short", "long"]))},
        "notes": List({"by": ClassLabel(names=["Ada", "Ben"]), "stars": Value("int32")}),
    }
)
ROWS = [
    {"id": "a", "label": 1, "tags": [1, 0], "answers": {"text": ["x"], "kind": [1]}, "notes": [{"by": 1, "stars": 2}]},
    {"id": "b", "label": -1, "tags": [], "answers": {"text": [], "kind": []}, "notes": []},
]
NAMED = [
    {**ROWS[0], "label": "neutral", "tags": ["B-PER", "O"], "answers": {"text": ["x"], "kind": ["long"]}}
    | {"notes": [{"by": "Ben", "stars": 2}]},
    {**ROWS[1], "label": None},
]
PLAIN = [{"id": str(number), "text": f"Zeile {number}"} for number in range(3)]

Reads = Callable[..., list[dict[str, Any]]]


class Served(NamedTuple):
    hub: Hub
    read: Reads


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub with org/set (configs classes, plain.de), org/script, org/broken; and a reader of (id, revision, ...)."""
    folder, hub = tmp_path_factory.mktemp("hub"), Hub()
    sets = {"classes": {"validation": Dataset.from_list(ROWS, features=FEATURES)}, "plain.de": {"test": PLAIN}}
    hub.serve({"org/set": sets, "org/script": {"a": {"test": PLAIN}}, "org/broken": {"a": {"test": PLAIN}}}, folder)
    (hub.datasets["org/script"] / "script.py").write_text("raise SystemExit", encoding="utf-8")
    next(hub.datasets["org/broken"].rglob("*.parquet")).write_bytes(b"not Parquet at all")
    hub.start()

    def read(*parts: tuple[str, str, str, str], **variables: str) -> list[dict[str, Any]]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(folder / "cache"),
            "PYTHONPATH": str(GUARD),
            "NETWORK_LOG": str(folder / "network.log"),
        }
        command = [sys.executable, "-c", READER, json.dumps(parts)]
        options: dict[str, Any] = {"capture_output": True, "text": True, "cwd": folder}  # which has a folder org/set
        done = subprocess.run(command, check=False, env={**environment, **variables}, **options)
        assert done.returncode == 0, done.stderr
        assert not (folder / "network.log").exists(), (folder / "network.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in done.stdout.splitlines()]

    yield Served(hub, read)
    hub.stop()


PARTS = [("org/set", "main", "classes", "validation"), ("org/set", "main", "plain.de", "test")]


@pytest.fixture(scope="module")
def found(served: Served) -> list[dict[str, Any]]:
    """What was read of both parts; later they are in the cache."""
    return served.read(*PARTS)


def test_class_indices_become_the_set_s_own_names_wherever_they_stand(found: list[dict[str, Any]]) -> None:
    assert found[0] == {"rows": NAMED, "name": f"org/set@{COMMIT}"}


def test_other_values_stay_as_they_are(found: list[dict[str, Any]]) -> None:
    assert found[1]["rows"] == PLAIN


def test_only_libraries_are_told_of_the_sender(served: Served, found: list[dict[str, Any]]) -> None:
    """Clients name libraries and their versions in each request; nothing of the machine, and nobody else is asked."""
    assert served.hub.told <= {"unknown", "hf_hub", "python", "datasets", "pyarrow", "torch"}


@pytest.mark.slow
def test_what_the_hub_has_not_is_told(served: Served) -> None:
    wanted = {
        ("org/none", "main", "a", "test"): "org/none@main: the hub has no such data set",
        ("org/set", "v9", "a", "test"): "org/set@v9: the hub has no such data set",
        ("org/set", "main", "French", "test"): "BuilderConfig 'French' not found. Available: ['classes', 'plain.de']",
        ("org/set", "main", "plain.de", "dev"): "Unknown split \"dev\". Should be one of ['test'].",
        ("org/script", "main", "a", "test"): "is a loading script, which the library no longer runs",
        ("org/broken", "main", "a", "test"): f"org/broken@{COMMIT}, a test: cannot be loaded: ",
    }
    for told, expected in zip(served.read(*wanted), wanted.values(), strict=True):
        assert told["error"] == "DataError"
        assert expected in told["told"]
        assert "\n" not in told["told"]


@pytest.mark.slow
def test_the_cache_serves_offline_and_another_commit_does_not_pass(served: Served, found: list[dict[str, Any]]) -> None:
    served.hub.asked.clear()
    missing = ("org/script", "main", "a", "test"), ("org/set", OTHER, "plain.de", "test")
    *offline, never, other = served.read(*PARTS, *missing, HF_HUB_OFFLINE="1")
    assert offline == found
    assert never["told"].endswith("is not in the local cache; run once without --offline")
    assert other["told"].endswith(f"lies in the local cache at another commit ({COMMIT}); fetch it online")
    assert served.hub.asked == []


@pytest.mark.slow
def test_a_hub_that_is_not_there_is_the_machine_s_fault(served: Served, found: list[dict[str, Any]]) -> None:
    """Although the cache has the part: what the revision names now is not known."""
    told = served.read(PARTS[0], HF_ENDPOINT="http://127.0.0.1:9")[0]
    assert told["error"] == "MachineError"
    assert told["told"].startswith("The hub cannot be reached for org/set@main: ")
