"""Keys: every field of a unit's identity decides its key, nothing else does; canonical JSON; versions of code."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness.unit import Unit, canonical_json, code_version, digest, file_version, module_version, source_version


def prepare(split: str = "train") -> Unit:
    return Unit(type="prepare", label="p", modules=("xtreme_harness.jsonl",), parameters={"split": split})


FIELDS: dict[str, Any] = {
    "type": "train",
    "label": "train xnli",
    "modules": ("xtreme_harness.jsonl", "xtreme_harness.files"),
    "kind": "classify",
    "task": "xnli",
    "task_version": "1",
    "inputs": {"train": prepare(), "dev": prepare("dev")},
    "fingerprints": {"weights": "aa", "config": "bb", "reader": "cc"},
    "data": {"0": "dd", "1": "ee"},
    "parameters": {
        "method": {"name": "plain", "sigma": 0.5},
        "options": {"labels": ["a", "b"], "max_length": 128, "prefix": ""},
        "learning_rate": 2e-5,
        "batch_size": 32,
        "dropout": None,
        "selection": "last",
    },
    "seed": 42,
    "dtype": "float32",
    "details": {"checkpoint": "/somewhere", "remote_code": False},
}


def unit(**changes: Any) -> Unit:
    return Unit(**{**FIELDS, **changes})


def nested(field: str, *path: str | int, to: Any) -> dict[str, Any]:
    """FIELDS[field] with one entry, deep inside, set to another value."""
    value = json.loads(json.dumps(FIELDS[field]))
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return {field: value}


def without(field: str, name: str) -> dict[str, Any]:
    return {field: {key: value for key, value in FIELDS[field].items() if key != name}}


CHANGES: dict[str, dict[str, Any]] = {
    "type": {"type": "predict"},
    "kind": {"kind": "tag"},
    "task": {"task": "pawsx"},
    "task_version": {"task_version": "2"},
    "a module more": {"modules": (*FIELDS["modules"], "xtreme_harness.errors")},
    "a module less": {"modules": FIELDS["modules"][:1]},
    "another module": {"modules": ("xtreme_harness.jsonl", "xtreme_harness.errors")},
    "another input": {"inputs": {**FIELDS["inputs"], "dev": prepare("other")}},
    "inputs swapped": {"inputs": {"train": prepare("dev"), "dev": prepare()}},
    "an input's role": {"inputs": {"train": prepare(), "validation": prepare("dev")}},
    "an input less": without("inputs", "dev"),
    "an input more": {"inputs": {**FIELDS["inputs"], "checkpoint": prepare("other")}},
    "weights": nested("fingerprints", "weights", to="ab"),
    "config": nested("fingerprints", "config", to="ab"),
    "reader": nested("fingerprints", "reader", to="ab"),
    "a fingerprint more": nested("fingerprints", "remote_code", to="ab"),
    "a fingerprint less": without("fingerprints", "config"),
    "the first data file": nested("data", "0", to="df"),
    "the second data file": nested("data", "1", to="df"),
    "data files swapped": {"data": {"0": "ee", "1": "dd"}},
    "a data file more": nested("data", "2", to="ff"),
    "a data file less": without("data", "1"),
    "method": nested("parameters", "method", "name", to="adv"),
    "method's parameter": nested("parameters", "method", "sigma", to=0.25),
    "label order": nested("parameters", "options", "labels", to=["b", "a"]),
    "a label": nested("parameters", "options", "labels", 1, to="c"),
    "max_length": nested("parameters", "options", "max_length", to=127),
    "prefix": nested("parameters", "options", "prefix", to="query: "),
    "learning_rate": nested("parameters", "learning_rate", to=2.0000001e-5),
    "batch_size": nested("parameters", "batch_size", to=33),
    "dropout given": nested("parameters", "dropout", to=0.0),
    "dropout left out": without("parameters", "dropout"),
    "selection": nested("parameters", "selection", to="english-dev"),
    "a parameter more": nested("parameters", "clip", to=1.0),
    "a number as text": nested("parameters", "batch_size", to="32"),
    "seed": {"seed": 43},
    "no seed": {"seed": None},
    "seed 0 is a seed": {"seed": 0},
    "dtype": {"dtype": "bfloat16"},
    "no dtype": {"dtype": None},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_field_of_the_identity_changes_the_key(change: dict[str, Any]) -> None:
    assert unit(**change).key != unit().key


def test_the_changes_above_give_different_keys_among_themselves() -> None:
    keys = [unit(**change).key for change in CHANGES.values()]
    assert len(set(keys)) == len(keys)


def test_every_field_is_part_of_the_identity_or_known_not_to_be() -> None:
    beside = {"label", "details"}
    assert set(Unit.__dataclass_fields__) == set(FIELDS)
    shown_as = {"modules": "code"}
    assert {shown_as.get(name, name) for name in FIELDS if name not in beside} == set(unit().identity)


@pytest.mark.parametrize(
    "change",
    [
        {"label": "another label"},
        {"details": {}},
        {"details": {"checkpoint": "/elsewhere", "remote_code": False}},
        {"modules": FIELDS["modules"][::-1]},
        {"parameters": dict(reversed(FIELDS["parameters"].items()))},
        {"inputs": dict(reversed(FIELDS["inputs"].items()))},
        nested("parameters", "options", to={"prefix": "", "max_length": 128, "labels": ("a", "b")}),
    ],
    ids=["label", "no details", "path", "module order", "parameter order", "input order", "tuple for list"],
)
def test_what_is_no_part_of_the_identity_leaves_the_key(change: dict[str, Any]) -> None:
    other = unit(**change)
    assert other.key == unit().key
    assert other == unit() and hash(other) == hash(unit())


def test_a_changed_input_changes_every_key_behind_it() -> None:
    first, second = prepare(), prepare("dev")
    middle = [replace(unit(), inputs={"train": one}) for one in (first, second)]
    last = [replace(unit(), type="predict", inputs={"model": one}) for one in middle]
    assert last[0].key != last[1].key
    assert last[0] != last[1]


def test_a_key_is_sha256_of_the_canonical_identity() -> None:
    assert unit().key == digest(unit().identity)
    assert len(unit().key) == 64 and set(unit().key) <= set("0123456789abcdef")


def test_keys_are_the_same_in_another_process() -> None:
    """Nothing in a key may hang on the order of sets or on hash randomisation."""
    import subprocess

    code = "from xtreme_harness.unit import *; print(Unit(type='t', label='', modules=('xtreme_harness.files',)).key)"
    here = Unit(type="t", label="", modules=("xtreme_harness.files",)).key
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed})
        assert done.stdout.strip() == here


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_can_be_read_back(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(JSON)
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def turned(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: turned(inner) for key, inner in reversed(part.items())}
        return [turned(inner) for inner in part] if isinstance(part, list) else part

    assert canonical_json(turned(value)) == canonical_json(value)
    assert digest(turned(value)) == digest(value)


@given(JSON, JSON)
def test_different_values_have_different_canonical_json(first: Any, second: Any) -> None:
    is_equal = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (canonical_json(first) == canonical_json(second)) is is_equal
    assert (digest(first) == digest(second)) is is_equal


def test_canonical_json_has_no_white_space_and_keeps_text_as_it_is() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "ß 漢"}) == '{"a":"ß 漢","b":[1,2.5,null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]])
def test_canonical_json_refuses_what_json_has_not(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical_json(value)


CODE = '''"""Module."""
import os

LIMIT = 3


class Thing:
    """A thing."""

    def area(self, width, height=2):
        """Its area."""
        # one comment
        text = "not a docstring"
        return width * height + LIMIT, text
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Module."""\n', ""),
        ('"""A thing."""', '"""Another docstring,\n    on two lines."""'),
        ('"""Its area."""', "'''The area.'''"),
        ("# one comment", "# another comment"),
        ("        # one comment\n", ""),
        ("LIMIT = 3", "LIMIT = (\n    3\n)  # why"),
        ('text = "not a docstring"', "text = 'not a docstring'"),
        ("\n\n\nclass", "\n\nclass"),
    ],
)
def test_source_version_passes_over_what_is_not_code(old: str, new: str) -> None:
    assert old in CODE
    assert source_version(CODE.replace(old, new)) == source_version(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("height=2", "height=3"),
        ("width * height", "width + height"),
        ("width * height + LIMIT", "LIMIT + width * height"),
        ("    def area", "    @staticmethod\n    def area"),
        ("def area", "def volume"),
        ("class Thing", "class Thing(dict)"),
        ("import os", "import sys"),
        ('"not a docstring"', '"not a docstring!"'),
        ("return width", "yield width"),
        (
            '        """Its area."""\n',
            '        """Its area."""\n        "a text that is an expression, but no docstring"\n',
        ),
    ],
)
def test_source_version_sees_code(old: str, new: str) -> None:
    assert old in CODE
    assert source_version(CODE.replace(old, new)) != source_version(CODE)


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes the module `made_up_for_keys`, as an edit between two runs would."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(source: str) -> None:
        (tmp_path / "made_up_for_keys.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        file_version.cache_clear()

    return write


def test_edited_code_makes_a_new_key(write_module: Callable[[str], None]) -> None:
    write_module("LIMIT = 3\n")
    before = unit(modules=("made_up_for_keys",)).key
    write_module("# a comment\nLIMIT = 3\n")
    assert unit(modules=("made_up_for_keys",)).key == before
    write_module("LIMIT = 4\n")
    assert unit(modules=("made_up_for_keys",)).key != before


def test_a_module_is_not_imported_for_its_version(write_module: Callable[[str], None]) -> None:
    write_module("raise RuntimeError('imported')\n")
    assert len(module_version("made_up_for_keys")) == 64
    assert "made_up_for_keys" not in sys.modules


def test_a_module_without_source_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no source for module no_such_module"):
        module_version("no_such_module")


def loaded(folder: Path, name: str, source: str) -> Any:
    """The function `read` of a file, as a plugin's: the file is run, not imported."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    file_version.cache_clear()
    space: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), space)
    return space["read"]


def test_code_version_follows_the_file_a_function_is_written_in(tmp_path: Path) -> None:
    first = code_version([loaded(tmp_path, "plugin", "LIMIT = 3\ndef read(): return LIMIT\n")])
    commented = code_version([loaded(tmp_path, "plugin", "LIMIT = 3  # why\ndef read(): return LIMIT\n")])
    edited = code_version([loaded(tmp_path, "plugin", "LIMIT = 4\ndef read(): return LIMIT\n")])
    assert first == commented != edited


def test_code_version_looks_into_a_partial(tmp_path: Path) -> None:
    read = loaded(tmp_path, "plugin", "def read(limit): return limit\n")
    assert code_version([partial(read, 3)]) == code_version([read]) != code_version([])


def test_code_version_follows_what_an_object_calls(tmp_path: Path) -> None:
    class Doubled:
        def __init__(self, read: Any) -> None:
            self.read = read

        def __call__(self) -> Any:
            return 2 * self.read()

    first = code_version([Doubled(loaded(tmp_path, "plugin", "def read(): return 1\n"))])
    read = loaded(tmp_path, "plugin", "def read(): return 2\n")
    assert code_version([read]) != code_version([Doubled(read)]) != first


def test_code_version_does_not_depend_on_where_the_files_are(tmp_path: Path) -> None:
    read, gold = "def read(): return 1\n", "def read(): return 2\n"
    here = [loaded(tmp_path / "a", "first", read), loaded(tmp_path / "b", "second", gold)]
    there = [loaded(tmp_path / "d", "first", read), loaded(tmp_path / "c", "second", gold)]
    assert code_version(here) == code_version(there)


READER = """
from . import parts
def read():
    from made_up_package.deep import limits
    return parts, limits
"""


def version_with(folder: Path, **sources: str) -> str:
    """The version of a reader whose package holds `sources` (file name less `.py`: text) beside it."""
    package = folder / "made_up_package"
    texts = {"__init__": "", "reader": READER, "parts": "from .limits import LIMIT\n", "limits": "LIMIT = 3\n"}
    for name, text in {**texts, "deep/__init__": "", "deep/limits": "LIMIT = 1\n", "other": "", **sources}.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    called = "from made_up_package.reader import read; from xtreme_harness.unit import code_version"
    done = subprocess.run(
        [sys.executable, "-c", f"{called}; print(code_version([read]))"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    return done.stdout


def test_code_version_follows_what_a_reader_imports_from_its_own_package(tmp_path: Path) -> None:
    first = version_with(tmp_path)
    assert version_with(tmp_path, other="NOT = 'imported'\n") == first
    assert version_with(tmp_path, parts="from .limits import LIMIT  # a comment\n") == first
    edits = {"parts": "LIMIT = 5\n", "limits": "LIMIT = 4\n", "deep/limits": "LIMIT = 2\n"}
    edited = {version_with(tmp_path, **{name: text}) for name, text in edits.items()}
    assert len({first, *edited}) == 4
