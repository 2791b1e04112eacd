"""Intermediate tasks about code: readers of the original formats, the standard library as data, and the controls."""

from __future__ import annotations

import ast
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Folders, MissingData
from xtreme_harness.data.access import checked, data_files
from xtreme_harness.registry import Registry
from xtreme_harness.unit import code_version
from xtreme_tasks.intermediate.code import stdlib_search
from xtreme_tasks.intermediate.code.controls import CodeAlone, share_of
from xtreme_tasks.intermediate.code.stdlib_search import code_pairs, library_files, sentence_pairs

WITH_FILES = (
    *("devign", "bigclonebench", "bigclonebench.full", "cosqa", "cosqa.no-docstring", "poj104", "advtest"),
    "code_translation",
)
CONTROLLED = (*WITH_FILES, "stdlib_code_search")

Read = Callable[..., list[dict[str, Any]]]


def lines_of(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


DEVIGN = lines_of({"func": "int f(void)\n\n{\n\n\treturn 1;\n}", "target": 1}, {"func": "void g();", "target": 0})
JAVA = lines_of(*({"func": f"void f{n}()\n{{ }}", "idx": str(n)} for n in range(40)))
PAIRS = "".join(f"{n}\t{m}\t{int(n % 2 == m % 2)}\n" for n in range(20) for m in range(20))
COSQA = [
    {"idx": "a-0", "doc": "sum a list", "code": 'def f():\n  """Sums."""', "code_tokens": "def f ( ) :", "label": 1},
    {"idx": "a-1", "doc": "open a file", "code": 'def f():\n  """Sums."""', "code_tokens": "def f ( ) :", "label": 0},
]
POJ = lines_of(*({"label": str(n // 5 + 1), "index": str(n), "code": f"main()\n{{ {n}; }}"} for n in range(20)))
JAVA_LINES = "public int  sum(){ return a; }\nvoid close() { }\n"
SHARP_LINES = "public int Sum(){ return a; }\nvoid Close() { }\n"
ADVTEST = lines_of({"repo": "a/b", "docstring_tokens": ["Opens", "a  file", "."], "code_tokens": ["def", "f", "("]})


@pytest.fixture
def read(tmp_path: Path, registry: Registry) -> Read:
    """`read("devign", text, ...)`: a part of a task, from files with these contents."""

    def make(name: str, *texts: str, split: str = "dev") -> list[dict[str, Any]]:
        task = registry.intermediate_task(name)
        for place, text in zip(task.files(split, "en"), texts, strict=True):
            path = tmp_path / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        files, kind = data_files(task, split, "en", tmp_path), registry.kind(task.kind).load()

        def problem(example: dict[str, Any]) -> str | None:
            found: str | None = kind.input_problem(example) or kind.gold_problem(example, task.options)
            return found

        return list(checked(task.read(split, "en", files), files, problem))

    return make


def test_devign_is_functions_in_one_line(read: Read) -> None:
    assert read("devign", DEVIGN) == [
        {"id": "0", "text_a": "int f(void) { return 1; }", "label": "1"},
        {"id": "1", "text_a": "void g();", "label": "0"},
    ]


def test_bigclonebench_samples_pairs_by_their_ids(read: Read) -> None:
    everything = read("bigclonebench.full", JAVA, PAIRS)
    sample = read("bigclonebench", JAVA, PAIRS)
    assert len(everything) == 400 and 20 <= len(sample) <= 60
    assert all(one in everything for one in sample)
    first = everything[21]
    assert first == {"id": "21", "group": "1", "text_a": "void f1() { }", "text_b": "void f1() { }", "label": "1"}
    turned = "".join(reversed(PAIRS.splitlines(keepends=True)))
    texts = [{(one["text_a"], one["text_b"]) for one in rows} for rows in (sample, read("bigclonebench", JAVA, turned))]
    assert texts[0] == texts[1]


def test_pairs_of_missing_functions_are_left_out(read: Read) -> None:
    assert [one["id"] for one in read("bigclonebench.full", JAVA, "1\t2\t0\n1\t99\t0\n3\t4\t1\n")] == ["0", "2"]


def test_cosqa_with_and_without_docstring(read: Read) -> None:
    (first, second), (bare, _) = (read(name, json.dumps(COSQA)) for name in ("cosqa", "cosqa.no-docstring"))
    assert first == {
        "id": "a-0",
        "group": "code-0",
        "text_a": "sum a list",
        "text_b": COSQA[0]["code"],
        "label": "1",
    }
    assert second["label"] == "0" and second["group"] == first["group"]
    assert bare["text_b"] == "def f ( ) :"


def test_poj104_has_a_clone_and_another_for_every_program(read: Read) -> None:
    rows = read("poj104", POJ)
    assert len(rows) == 40 and Counter(row["label"] for row in rows) == {"0": 20, "1": 20}
    for row in rows:
        first, second = (int(row[side].split()[2].rstrip(";")) for side in ("text_a", "text_b"))
        assert first != second and (first // 5 == second // 5) is (row["label"] == "1")
    turned = "".join(reversed(POJ.splitlines(keepends=True)))
    assert sorted(map(str, rows)) == sorted(map(str, read("poj104", turned)))


def test_advtest_joins_tokens(read: Read) -> None:
    row = {"id": "0", "query": "Opens a file .", "positive": "def f (", "group": "a/b"}
    assert read("advtest", ADVTEST) == [row]
    assert read("advtest", ADVTEST.replace("code_tokens", "function_tokens")) == [row]


def test_code_translation_is_parallel_by_line(read: Read) -> None:
    assert read("code_translation", JAVA_LINES, SHARP_LINES) == [
        {"id": "0", "query": "public int sum(){ return a; }", "positive": "public int Sum(){ return a; }"},
        {"id": "1", "query": "void close() { }", "positive": "void Close() { }"},
    ]


@pytest.mark.parametrize(
    ("name", "texts", "told"),
    [
        ("code_translation", [JAVA_LINES, SHARP_LINES + "x"], "txt.java: has fewer lines than valid.java-cs.txt.cs"),
        ("code_translation", [JAVA_LINES + "x", SHARP_LINES], "txt.cs: has fewer lines than valid.java-cs.txt.java"),
        ("code_translation", ["a\n\nb", "a\nb\nc"], "example 2 (id 1): query must be text that is not blank"),
        ("devign", [DEVIGN.replace('"target": 0', '"target": 2')], "valid.jsonl, line 2: target 2 is not one of 0, 1"),
        ("devign", [DEVIGN.replace('"func"', '"function"')], "valid.jsonl, line 1: has no func"),
        ("bigclonebench", [JAVA, "1\t2\n"], "valid.txt, line 1: must be two ids and a label"),
        ("bigclonebench", [JAVA, "1\t2\tyes\n"], "valid.txt, line 1: must be two ids and a label"),
        ("bigclonebench", [JAVA.replace('"7"', "7"), PAIRS], "data.jsonl, line 8: idx is 7, expected a text"),
        ("cosqa", ["{}"], "cosqa-dev.json: is not a list of pairs"),
        ("cosqa", [json.dumps([COSQA[0], {"idx": "a"}])], "pair 1 from 0: must have texts idx, doc and code"),
        ("cosqa", [json.dumps([{**COSQA[0], "label": 2}])], "pair 0 from 0"),
        ("cosqa", ["[{"], "cosqa-dev.json, line 1: is not JSON"),
        ("poj104", [POJ[: POJ.index('{"label": "2"')]], "holds programs of one problem only"),
        ("poj104", [POJ.replace('"index": "3"', '"index": 3')], "line 4: index is 3, expected a text"),
        ("advtest", [ADVTEST.replace("docstring_", "doc_")], "line 1: docstring_tokens must be a list of texts"),
        ("advtest", [ADVTEST.replace('["def", "f", "("]', '"def f"')], "line 1: code_tokens must be a list of texts"),
    ],
)
def test_bad_input_is_told_with_file_and_line(name: str, texts: list[str], told: str, read: Read) -> None:
    with pytest.raises(DataError) as caught:
        read(name, *texts)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", WITH_FILES)
def test_tasks_are_registered_with_all_that_is_known(name: str, registry: Registry) -> None:
    task = registry.intermediate_task(name)
    assert name not in registry.names("task", "target")
    assert task.homepage and task.citation and task.licence and task.import_files is not None
    assert task.files("test", "en") == ()
    assert all(place.startswith("intermediate/") for split in ("train", "dev") for place in task.files(split, "en"))
    (source,) = task.sources
    assert source.address.startswith("https://") and source.steps.startswith("by hand: ")
    with pytest.raises(MissingData, match="by hand: as "):
        data_files(task, "train", "en", Path("nowhere"))


@pytest.mark.parametrize("name", CONTROLLED)
def test_every_task_has_its_shuffled_control(name: str, registry: Registry) -> None:
    task, control = registry.intermediate_task(name), registry.intermediate_task(f"{name}.shuffled")
    assert task.controls["shuffled-labels"] == control.name and not control.controls
    assert control.files("train", "en") == task.files("train", "en") and control.metrics == task.metrics
    assert code_version([control.read]) != code_version([task.read])


@pytest.mark.parametrize("name", CONTROLLED)
def test_every_task_has_its_code_as_text_without_labels(name: str, registry: Registry) -> None:
    """Read from the same files, whose hashes are in the key, by a reader whose version is that of the task's too."""
    task, control = registry.intermediate_task(name), registry.intermediate_task(f"{name}.no-labels")
    assert task.controls["no-labels"] == control.name and not control.controls
    assert (control.kind, control.languages, control.sizes) == ("mask", ("en",), {})
    assert [control.files(split, "en") for split in ("train", "dev")] == [
        task.files(split, "en") for split in ("train", "dev")
    ]
    assert code_version([control.read]) not in (code_version([task.read]), code_version([CodeAlone(len, ())]))


CODE_OF = {
    "devign": ([DEVIGN], [("0", "int f(void) { return 1; }"), ("1", "void g();")]),
    "cosqa": ([json.dumps(COSQA)], [("a-0", COSQA[0]["code"])]),  # which both queries have
    "cosqa.no-docstring": ([json.dumps(COSQA)], [("a-0", "def f ( ) :")]),
    "advtest": ([ADVTEST], [("0", "def f (")]),
    "bigclonebench.full": (
        [JAVA, "1\t2\t0\n2\t3\t1\n"],
        [("0-text_a", "void f1() { }"), ("0-text_b", "void f2() { }"), ("1-text_b", "void f3() { }")],
    ),
    "code_translation": (
        [JAVA_LINES, SHARP_LINES],
        [
            *(("0-query", "public int sum(){ return a; }"), ("0-positive", "public int Sum(){ return a; }")),
            *(("1-query", "void close() { }"), ("1-positive", "void Close() { }")),
        ],
    ),
}


@pytest.mark.parametrize("split", ["train", "dev"])
@pytest.mark.parametrize("name", CODE_OF)
def test_code_without_labels_is_each_code_once_and_nothing_else(name: str, split: str, read: Read) -> None:
    texts, rows = CODE_OF[name]
    assert read(f"{name}.no-labels", *texts, split=split) == [{"id": id, "text": text} for id, text in rows]


def test_code_that_a_pair_shows_twice_or_blank_is_no_second_text(read: Read) -> None:
    pairs = read("poj104", POJ)
    assert len(pairs) == 40
    texts = [row["text"] for row in read("poj104.no-labels", POJ)]
    assert sorted(texts) == sorted({row["text_a"] for row in pairs}) and len(texts) == 20
    blank = lines_of({"func": " \n", "target": 0}, {"func": "int f;", "target": 1})
    assert [row["id"] for row in read("devign.no-labels", blank)] == ["1"] and len(read("devign", blank)) == 2


@pytest.mark.parametrize(("name", "field"), [("poj104", "label"), ("advtest", "positive")])
def test_a_control_has_the_answers_of_others_in_training_only(name: str, field: str, read: Read) -> None:
    advtest = lines_of(*({"docstring_tokens": [f"d{n}"], "code_tokens": [f"c{n}"]} for n in range(30)))
    text = {"poj104": POJ, "advtest": advtest}[name]
    true, wrong = (read(one, text, split="train") for one in (name, f"{name}.shuffled"))
    assert [{**row, field: ""} for row in wrong] == [{**row, field: ""} for row in true]
    assert Counter(row[field] for row in wrong) == Counter(row[field] for row in true)
    changed = sum(one[field] != other[field] for one, other in zip(true, wrong, strict=True))
    assert changed == len(true) if field == "positive" else 0.2 * len(true) < changed < 0.8 * len(true)
    assert read(f"{name}.shuffled", text) == read(name, text)


def test_a_reader_s_own_code_is_part_of_its_control_s_version(registry: Registry) -> None:
    controls = [registry.task(f"{name}.shuffled").read for name in ("devign", "advtest")]
    assert code_version(controls[:1]) != code_version(controls[1:])


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    originals, data, labels = (tmp_path / name for name in ("originals", "data", "labels"))
    originals.mkdir()
    return Folders(originals=originals, data=data, labels=labels, official=False)


def lay(folder: Path, **contents: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


def test_devign_is_split_by_its_index_files(folders: Folders, registry: Registry) -> None:
    functions = [{"func": f"f{n}", "target": n % 2} for n in range(4)]
    lay(folders.originals / "devign", function_json=json.dumps(functions), train_txt="2\n0\n", valid_txt="3\n")
    task = registry.task("devign")
    assert task.import_files is not None
    task.import_files(folders)
    parts = [data_files(task, split, "en", folders.data) for split in ("train", "dev")]
    assert [[one["text_a"] for one in task.read("train", "en", files)] for files in parts] == [["f0", "f2"], ["f3"]]
    lay(folders.originals / "devign", train_txt="2\n4\n")
    with pytest.raises(DataError, match=r"train\.txt, line 2: '4' is not the index of one of 4 functions"):
        task.import_files(folders)


@pytest.mark.parametrize("packed", [False, True])
def test_programs_are_numbered_in_the_order_of_their_names(packed: bool, folders: Folders, registry: Registry) -> None:
    place = folders.originals.parent / "elsewhere" if packed else folders.originals
    for problem in (2, 10, 70, 81):
        for number in (10, 9):
            lay(place / "ProgramData" / str(problem), **{f"{number}_txt": f"{problem} {number}"})
    (place / "ProgramData" / "2" / "9.txt").write_bytes(b"caf\xe9")
    if packed:
        with tarfile.open(folders.originals / "programs.tar.gz", "w:gz") as archive:
            archive.add(place / "ProgramData", "ProgramData")
    task = registry.task("poj104")
    assert task.import_files is not None
    task.import_files(folders)
    train, dev = (
        [json.loads(line) for line in (folders.data / name).read_text(encoding="utf-8").splitlines()]
        for split in ("train", "dev")
        for name in task.files(split, "en")
    )
    assert [(row["label"], row["index"], row["code"]) for row in train] == [
        *(("2", "0", "café"), ("2", "1", "2 10")),
        *(("10", "2", "10 9"), ("10", "3", "10 10")),
    ]
    assert [row["index"] for row in dev] == ["4", "5"]


def test_what_lacks_is_told(folders: Folders, registry: Registry) -> None:
    for name, told in (("poj104", "no folder ProgramData"), ("devign", r"no devign/function\.json")):
        task = registry.task(name)
        assert task.import_files is not None
        with pytest.raises(MissingData, match=told):
            task.import_files(folders)


MODULE = '''"""Boats and their crews. Every boat has one."""


def row(boat):
    """Moves a boat
    by rowing. Takes as long as it takes.

    Also see sail().
    """
    # a comment
    if boat.crew:
        boat.move()
    return boat


class Boat:
    """Carries people over water. It floats on its own."""

    async def sail(self):
        """Moves it by the wind, slowly."""
        self.a = 1

        def inner():
            """Waits for the wind to come."""
            one = 1; two = 2
            return one + two

        return inner


def drift(boat):
    """Does very little for the boat."""
    boat.move()
    return boat


def sink(boat):
    """sinks."""
    boat.a = 1
    boat.b = 2
    boat.c = 3
'''


def test_bodies_are_without_docstring_comment_and_name() -> None:
    rows = {row["query"]: row for row in code_pairs("boats.py", ast.parse(MODULE))}
    assert set(rows) == {
        "Moves a boat by rowing.",
        "Moves it by the wind, slowly.",
        "Waits for the wind to come.",
    }  # drift has too few statements, sink no sentence
    row = rows["Moves a boat by rowing."]
    assert row["positive"] == "if boat.crew:\n    boat.move()\nreturn boat"
    assert (row["id"], row["group"]) == ("boats.py:4", "boats.py")


def test_neighbouring_sentences_have_no_code() -> None:
    rows = [(row["query"], row["positive"]) for row in sentence_pairs("boats.py", ast.parse(MODULE))]
    assert rows == [
        ("Boats and their crews.", "Every boat has one."),
        ("Moves a boat by rowing.", "Takes as long as it takes."),
        ("Carries people over water.", "It floats on its own."),
    ]


def test_a_pair_is_read_once_and_sentences_are_no_more_than_functions(tmp_path: Path) -> None:
    lay(tmp_path / "a", one_py=MODULE)
    lay(tmp_path, two_py=MODULE, three_py="def f():\n  pass")
    files = (tmp_path / "a" / "one.py", tmp_path / "three.py", tmp_path / "two.py")
    assert [row["id"].split(":")[0] for row in stdlib_search.read("train", "en", files)] == ["a/one.py"] * 3
    assert len(stdlib_search.read_without_code("train", "en", files)) == 3


def test_what_is_no_python_is_told(tmp_path: Path) -> None:
    lay(tmp_path, bad_py="def f(:\n")
    with pytest.raises(DataError, match=r"bad\.py, line 1: is not this Python's"):
        list(stdlib_search.read("train", "en", (tmp_path / "bad.py",)))


def test_only_the_standard_library_s_own_modules_are_read(tmp_path: Path) -> None:
    for name in ("json", "json/tests", "site-packages/json", "strangers", "asyncio"):
        lay(tmp_path / name, a_py="")
    (tmp_path / "ast.py").touch()
    (tmp_path / "sitecustomize.py").touch()
    names = [path.relative_to(tmp_path).as_posix() for path in library_files(tmp_path)]
    assert names == ["ast.py", "asyncio/a.py", "json/a.py"]


def test_the_files_of_this_python_are_parted(registry: Registry) -> None:
    task = registry.intermediate_task("stdlib_code_search")
    train, dev = (task.files(split, "en") for split in ("train", "dev"))
    assert len(train) > 5 * len(dev) > 50 and not set(train) & set(dev) and task.files("test", "en") == ()
    assert all(Path(name).is_absolute() for name in (*train, *dev)) and list(train) == sorted(train, key=by_parts)
    assert registry.task("stdlib_code_search.no-code").files("train", "en") == train
    small = [Path(name) for name in train if Path(name).name in ("heapq.py", "textwrap.py", "shutil.py", "bisect.py")]
    rows = list(task.read("train", "en", tuple(small)))
    assert len(rows) > 10 and len({row["id"] for row in rows}) == len(rows)
    assert not [row for row in rows if row["query"] in row["positive"]]
    unlabelled = list(registry.task("stdlib_code_search.no-labels").read("train", "en", tuple(small)))
    bodies = {row["positive"]: {"id": row["id"], "text": row["positive"]} for row in reversed(rows)}
    assert unlabelled == list(reversed(bodies.values()))  # under the ids of the pairs: a limit takes the same ones


def by_parts(name: str) -> tuple[str, ...]:
    return Path(name).relative_to(stdlib_search.LIBRARY).parts


def test_a_tenth_by_hash_is_a_tenth() -> None:
    shares = [share_of(str(number)) for number in range(2000)]
    assert all(0 <= one < 1 for one in shares) and 150 < sum(one < 0.1 for one in shares) < 250
