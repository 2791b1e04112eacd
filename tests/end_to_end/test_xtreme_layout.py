"""XNLI, PAWS-X and Tatoeba from a folder laid out as an XTREME download is; all sentences are invented."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from subprocess import CompletedProcess
from typing import NamedTuple

import pytest

from xtreme_harness.comparable import OTHER_TEST, OTHER_TRAINING
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import Record, read_records

Command = Callable[..., "CompletedProcess[str]"]
Rows = Iterable[tuple[str, ...]]

TASKS = ("--task", "xnli", "--task", "pawsx", "--task", "tatoeba")
FEW = ("--language", "en", "--language", "de", "--language", "sw")  # those that the folder has
HELD = [("xnli", "de"), ("xnli", "en"), ("xnli", "sw"), ("pawsx", "de"), ("pawsx", "en"), ("tatoeba", "de")]
HELD += [("tatoeba", "sw")]

# The downloader quotes cells that hold a quote, and doubles the quotes inside.
NLI = {
    "en": [
        ('"He said ""stop"" and left ."', "He spoke .", "entailment"),
        ("The shop is open today .", "The shop is closed today .", "contradiction"),
        ("A woman reads on the train .", "The train goes to the sea .", "neutral"),
    ],
    "de": [
        ('"Er sagte ""halt"" und ging ."', "Er sprach .", "entailment"),
        ("Der Laden ist heute offen .", "Der Laden ist heute zu .", "contradiction"),
        ("Eine Frau liest im Zug .", "Der Zug fährt ans Meer .", "neutral"),
    ],
    "sw": [
        ('"Alisema ""simama"" akaondoka ."', "Alizungumza .", "entailment"),
        ("Duka liko wazi leo .", "Duka limefungwa leo .", "contradiction"),
        ("Mwanamke anasoma kwenye treni .", "Treni inaenda baharini .", "neutral"),
    ],
}
PARAPHRASES = {
    "en": [
        ("Anna drove from Rome to Bari .", "Anna drove to Bari from Rome .", "1"),
        ("Anna drove from Rome to Bari .", "Anna drove from Bari to Rome .", "0"),
        ('"The song ""Dawn"" won ."', '"""Dawn"" , the song , won ."', "1"),
        ("It opened in 1901 and closed in 1950 .", "It opened in 1950 and closed in 1901 .", "0"),
    ],
    "de": [
        ("Anna fuhr von Rom nach Bari .", "Anna fuhr nach Bari von Rom .", "1"),
        ("Anna fuhr von Rom nach Bari .", "Anna fuhr von Bari nach Rom .", "0"),
        ('"Das Lied ""Morgen"" gewann ."', '"""Morgen"" , das Lied , gewann ."', "1"),
        ("Es wurde 1901 eröffnet und 1950 geschlossen .", "NS", "0"),
    ],
}
PAIRS = {
    "de": [
        ("We live in Oslo.", "Wir wohnen in Oslo."),
        ("Are you going to Lima?", "Fahrt ihr nach Lima?"),
        ("Quito is far away.", "Quito ist weit weg."),
        ("Call Amina!", "Ruf Amina an!"),
    ],
    "sw": [
        ("Juma lives in Kazan.", "Juma anaishi Kazan."),
        ("Amina likes Izmir.", "Amina anapenda Izmir."),
        ("Did Neema go to Perth?", "Neema alienda Perth?"),
        ("Baraka saw the sea.", "Baraka aliona bahari."),
    ],
}


def written(path: Path, rows: Rows, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join("\t".join(row) + end for row in rows).encode())


def write_pair_task(folder: Path, name: str, rows: dict[str, list[tuple[str, str, str]]]) -> None:
    """Training and dev parts with labels, test parts without, whose labels go to the label folder."""
    written(folder / name / "train-en.tsv", rows["en"] * 4, end="\r\n")
    written(folder / name / "dev-en.tsv", rows["en"], end="\r\n")
    for language, examples in rows.items():
        written(folder / name / f"test-{language}.tsv", (row[:2] for row in examples))
        written(folder / "labels" / name / f"test-{language}.tsv", (row[2:] for row in examples))


def write_tatoeba(folder: Path, language: str, pairs: list[tuple[str, str]]) -> None:
    """The English side sorted, so that the order is the label."""
    order = sorted(range(len(pairs)), key=lambda row: pairs[row][0].strip())
    written(folder / "tatoeba" / f"{language}-en.{language}", ((foreign,) for _, foreign in pairs))
    written(folder / "tatoeba" / f"{language}-en.en", ((pairs[row][0].strip(),) for row in order))
    written(folder / "labels" / "tatoeba" / f"test-{language}.tsv", ((str(row),) for row in order))


def write_download(folder: Path) -> Path:
    write_pair_task(folder, "xnli", NLI)
    write_pair_task(folder, "pawsx", PARAPHRASES)
    for language, pairs in PAIRS.items():
        write_tatoeba(folder, language, pairs)
    return folder


class Shared(NamedTuple):
    """A run over everything the folder has; tests that run further find its units in the store."""

    folder: Path
    run: Callable[..., CompletedProcess[str]]
    done: CompletedProcess[str]

    def copy(self, name: str) -> Path:
        return Path(shutil.copytree(self.folder / "data", self.folder / name))

    def records(self, name: str) -> dict[tuple[str, str], Record]:
        found = read_records(self.folder / name / "records.jsonl")
        return {(record["task"], record["language"]): record for record in found}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("download")
    write_download(folder / "data")
    command = command_in(folder)

    def run(*more: str, data: str = "data") -> CompletedProcess[str]:
        return command("run", "--model", tiny_xlmr, "--recipe", "mini", "--keep", "all", "--data", data, *more)

    return Shared(folder, run, run(*TASKS, *FEW, "--out", "all"))


def computed(done: CompletedProcess[str]) -> int:
    return int(done.stdout.splitlines()[-1].split(" units computed")[0])


def test_all_three_tasks_run(shared: Shared) -> None:
    assert shared.done.returncode == 0, shared.done.stderr
    records = shared.records("all")
    assert list(records) == HELD
    assert {record["state"] for record in records.values()} == {"ok"}
    assert {record["comparable"] for record in records.values()} == {False}  # three or four examples are not XTREME's
    reasons = {record["not_comparable_because"] for record in records.values()}
    assert reasons == {OTHER_TEST, f"{OTHER_TEST}; {OTHER_TRAINING}"}
    assert [record["n"] for record in records.values()] == [3, 3, 3, 4, 4, 4, 4]


def test_tatoeba_goes_from_sorted_english_to_foreign_rows(shared: Shared) -> None:
    for language, pairs in PAIRS.items():
        gold = (shared.folder / "data" / "labels" / "tatoeba" / f"test-{language}.tsv").read_text().split()
        path = shared.folder / "all" / "predictions" / "none.plain.srecipe" / "tatoeba" / f"{language}.jsonl"
        rows = [row for _, row in read_jsonl(path)]
        assert [row["id"] for row in rows] == [f"en-{line}" for line in range(len(pairs))]
        right = sum(row["prediction"] == f"{language}-{row_}" for row, row_ in zip(rows, gold, strict=True))
        accuracy = shared.records("all")["tatoeba", language]["metrics"]["accuracy"]
        assert accuracy == pytest.approx(100 * right / len(pairs))


@pytest.mark.slow
def test_quotes_are_taken_off_unless_the_original_is_asked_for(shared: Shared) -> None:
    """A test file without the downloader's quoting gives the same scores; read as the original reads, another one."""
    data = shared.copy("unquoted")
    for path in (data / "xnli").glob("test-*.tsv"):
        path.write_text(path.read_text().replace('"', "").replace("stop", '"stop"').replace("halt", '"halt"'))
    options = ("--task", "xnli", "--language", "en", "--language", "de")
    assert shared.run(*options, "--out", "plain", data="unquoted").returncode == 0
    done = shared.run("--task", "xnli.doubled-quotes", *options[2:], "--out", "doubled")
    assert done.returncode == 0
    assert "not comparable: xnli.doubled-quotes (reads quotes doubled" in done.stdout

    def scores(run: str, task: str) -> list[list[float]]:
        path = shared.folder / run / "predictions" / "none.plain.srecipe" / task / "de.jsonl"
        return [row["scores"] for _, row in read_jsonl(path)]

    assert scores("plain", "xnli") == scores("all", "xnli")
    assert scores("doubled", "xnli.doubled-quotes") != scores("all", "xnli")


def test_missing_languages_are_told_and_make_no_average(shared: Shared) -> None:
    done = shared.run(*TASKS, "--out", "missing")
    assert (done.returncode, computed(done)) == (4, 0)
    records = shared.records("missing")
    assert len(records) == 15 + 7 + 36
    states = {
        state: [cell for cell, record in records.items() if record["state"] == state] for state in states_of(records)
    }
    assert states["ok"] == HELD
    assert len(states["missing-data"]) == 58 - len(HELD)
    assert "test-ar.tsv" in records["xnli", "ar"]["why"]
    first = next(line for line in done.stdout.splitlines() if line.startswith("| none"))
    assert [cell.strip() for cell in first.strip("|").split("|")] == ["none.plain.srecipe", *["missing-data"] * 4]
    assert re.search(r"^missing-data: tatoeba (\w\w, )*he(, \w\w)*: \S*\{language\}", done.stdout, re.MULTILINE)


def states_of(records: dict[tuple[str, str], Record]) -> set[str]:
    return {record["state"] for record in records.values()}


def test_without_labels_there_are_predictions_and_no_figures(shared: Shared) -> None:
    shutil.rmtree(shared.copy("unlabelled") / "labels")
    done = shared.run(*TASKS, *FEW, "--out", "unlabelled.run", "--json", data="unlabelled")
    assert done.returncode == 4, done.stderr
    records = shared.records("unlabelled.run")
    assert states_of(records) == {"unlabelled"}
    assert all(record["metrics"] == {} and "--labels DIR" in record["why"] for record in records.values())
    (row,) = json.loads(done.stdout)["rows"]
    assert {task["state"] for task in row["tasks"].values()} == {"unlabelled"}
    assert row["average"] is None
    found = (shared.folder / "unlabelled.run" / "predictions").rglob("*.jsonl")
    assert len(list(found)) == len(HELD)
    labels = str(shared.folder / "data" / "labels")
    done = shared.run(*TASKS, *FEW, "--labels", labels, "--out", "labelled.run", data="unlabelled")
    assert (done.returncode, computed(done)) == (0, 0)
    assert shared.records("labelled.run") == shared.records("all")


def test_labels_of_some_languages_leave_the_others_unlabelled(shared: Shared) -> None:
    (shared.copy("some") / "labels" / "xnli" / "test-sw.tsv").unlink()
    done = shared.run("--task", "xnli", *FEW, "--out", "some.run", data="some")
    assert done.returncode == 4
    assert [record["state"] for record in shared.records("some.run").values()] == ["ok", "ok", "unlabelled"]
    assert "unlabelled: xnli sw:" in done.stdout


REFUSED_LABELS: dict[str, tuple[str, str, str]] = {
    "placeholders": ("xnli", "neutral\nneutral\nneutral\n", "is 'neutral' on every line: labels were removed"),
    "outside the set": ("xnli", "entailment\ncontradictory\nneutral\n", "line 2: label 'contradictory' is not one of"),
    "too few": ("xnli", "entailment\nneutral\n", "holds 2 gold items for 3 examples"),
    "brackets": ("tatoeba", "[1]\n[0]\n[2]\n[3]\n", "line 1: holds '[1]', expected a row number"),
    "from one": ("tatoeba", "2\n1\n3\n4\n", "line 4: names row 4, but the 4 rows are counted from 0"),
}


@pytest.mark.parametrize("name", REFUSED_LABELS)
def test_labels_that_cannot_be_gold_are_refused(shared: Shared, name: str) -> None:
    task, text, told = REFUSED_LABELS[name]
    (shared.copy(f"labels {name}") / "labels" / task / "test-sw.tsv").write_text(text, encoding="utf-8")
    done = shared.run("--task", task, "--language", "sw", "--out", f"run {name}", data=f"labels {name}")
    assert done.returncode == 5, done.stderr
    assert told in done.stderr.splitlines()[-1]
    record = shared.records(f"run {name}")[task, "sw"]
    assert (record["state"], record["metrics"]) == ("failed", {})
    assert told in record["why"]


REFUSED_DATA: dict[str, tuple[str, str]] = {
    "xnli/test-sw.tsv": ("a\tb\na\n", "line 2: has 1 tab-separated columns, expected 2"),
    "xnli/train-en.tsv": ("a\tb\tneutral\na\tb\n", "line 2: has 2 tab-separated columns, expected 3"),
    "pawsx/test-de.tsv": ("a\tb\t1\n", "line 1: has 3 tab-separated columns, expected 2"),
    "pawsx/dev-en.tsv": ("a\tb\ttrue\n", "line 1: label 'true' is not one of 0, 1"),
    "tatoeba/sw-en.sw": ("", "there is no candidate text at all"),
    "tatoeba/sw-en.en": ("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer, not the data"),
}


@pytest.mark.parametrize("file", REFUSED_DATA)
def test_data_that_is_damaged_is_refused(shared: Shared, file: str) -> None:
    text, told = REFUSED_DATA[file]
    name = file.replace("/", ".")
    (shared.copy(name) / file).write_text(text, encoding="utf-8")
    language = "de" if file.startswith("pawsx") else "sw"
    done = shared.run("--task", file.split("/")[0], "--language", language, "--out", f"run.{name}", data=name)
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert told in done.stderr.splitlines()[-1]
    assert file in done.stderr.splitlines()[-1]


def test_a_folder_of_another_layout_has_nothing(shared: Shared) -> None:
    (shared.folder / "elsewhere").mkdir()
    done = shared.run("--task", "tatoeba", "--out", "nothing", data="elsewhere")
    assert done.returncode == 5
    assert states_of(shared.records("nothing")) == {"missing-data"}


def test_without_a_data_folder_it_is_asked_for(shared: Shared, command: Command, tiny_xlmr: Path) -> None:
    done = command("run", "--model", tiny_xlmr, "--task", "xnli", "--language", "en")
    assert done.returncode == 5
    assert "task xnli needs it; say where it is with --data DIR" in done.stdout
