"""What is refused: 24 things that input cannot be, in one table, each with its tests.

Three commands read what others wrote. `score` reads a folder of predictions and one of labels, and refuses some things
only with --strict, because the official scorer lets them pass. `run` reads a data folder, labels, a request and a
checkpoint. `data import` reads original files and sets of the hub. Not every input can come to every command.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from xtreme_harness.cli.main import run as command
from xtreme_harness.records import read_records

SCORE = "tests/cli/test_score.py"
HERE = "tests/end_to_end/test_refusals.py"
UD, PANX, QA, BUCC, TATOEBA, PAIR, HUB = (
    f"tests/tasks/test_{name}.py" for name in ("udpos", "panx", "qa_import", "bucc", "tatoeba", "pair_imports", "hub")
)
XNLI_LINES, PAWSX_LINES = (f"{PAIR}::test_unsound_lines_of_{name}_are_named" for name in ("xnli", "pawsx"))
CONLLU = f"{UD}::test_unsound_conllu_is_refused_with_its_line"
RAW = f"{PANX}::test_unsound_raw_files_are_refused_and_nothing_is_written"
QUESTIONS = f"{QA}::test_what_cannot_be_gold_is_refused_and_nothing_is_written"
CORPORA = f"{BUCC}::test_unsound_lines_are_refused"
SENTENCES = f"{TATOEBA}::test_unsound_files_are_refused"


class Item(NamedTuple):
    """One thing that input cannot be: the tests that show its refusal.

    `score`: with or without --strict; `strict`: with it alone; `run`; `imported`: in original files or hub sets.
    What `run` refuses in a file, `data status --check` and `data import` refuse too (`test_data_is_refused`).
    """

    what: str
    score: tuple[str, ...] = ()
    strict: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()


def refused(*cases: str) -> tuple[str, ...]:
    return tuple(f"{SCORE}::test_refused[{case}]" for case in cases)


def strictly(*cases: str) -> tuple[str, ...]:
    return tuple(f"{SCORE}::test_refused_with_strict[{case}]" for case in cases)


def runs(*cases: str) -> tuple[str, ...]:
    return tuple(f"{HERE}::test_run_refuses[{case}]" for case in cases)


TABLE: dict[int, Item] = {
    1: Item(
        "a prediction or label file of a listed language is missing",
        score=refused("1", "1 labels"),
        run=("tests/end_to_end/test_xtreme_layout.py::test_missing_languages_are_told_and_make_no_average",),
        imported=(
            f"{PAIR}::test_an_official_xnli_is_whole",
            f"{PAIR}::test_an_official_pawsx_is_whole",
            f"{TATOEBA}::test_an_official_import_has_all_languages_whole",
            f"{BUCC}::test_a_part_without_one_of_its_files_is_refused",
            "tests/data/test_imports.py::test_what_is_wrong_is_refused_and_nothing_is_written[a language]",
        ),
    ),
    2: Item(
        "another number of lines or sentences",
        score=refused("2 lines", "2 rows", "2 sentences"),
        run=runs("2 lines", "2 sentences", "2 rows"),
        imported=(SENTENCES, f"{QA}::test_an_official_import_needs_the_benchmark_s_counts"),
    ),
    3: Item("another number of tokens in a sentence", score=refused("3"), run=runs("3")),
    4: Item(
        "an empty file, no example at all",
        score=refused("4 no label", "4 no question"),
        strict=strictly("4 empty"),
        run=runs("4 data", "4 labels", "4 questions", "4 side"),
        imported=(SENTENCES, CORPORA, QUESTIONS, RAW),
    ),
    5: Item(
        "a label outside the set",
        strict=strictly("5 case", "5 name", "5 column"),
        run=runs("5 case", "5 name", "5 column"),
        imported=(XNLI_LINES, PAWSX_LINES),
    ),
    6: Item(
        "a tag outside the set; a stray I- is counted and reported",
        strict=(
            *strictly("6 words", "6 other", "6 not IOB"),
            f"{SCORE}::test_remarks_are_no_reason_to_refuse",
        ),
        run=runs("6 words", "6 other", "6 not IOB"),
        imported=(RAW, f"{UD}::test_no_treebank_and_unknown_tags_are_refused"),
    ),
    7: Item(
        "Tatoeba: no plain row number, or one that the foreign file has not",
        strict=strictly("7 brackets", "7 no number", "7 padded", "7 too far"),
        run=runs("7 brackets", "7 no number", "7 too far"),
    ),
    8: Item(
        "BUCC: not two fields, an id of another language or of no sentence",
        strict=strictly("8 fields", "8 prefix", "8 blank"),
        run=(*runs("8 fields", "8 prefix", "8 unknown"), f"{HERE}::test_a_gold_pair_that_stands_twice_counts_once"),
        imported=(CORPORA,),
    ),
    9: Item(
        "QA predictions that are no object of texts",
        score=refused("9 null", "9 list", "9 not JSON"),
        strict=strictly("9 unasked", "9 twice"),
    ),
    10: Item(
        "QA labels: no answer, a repeated id, an answer that is not at its offset",
        score=refused("10 no answers", "10 not SQuAD"),
        strict=strictly("10 id", "10 offset"),
        run=runs("10 no answers", "10 id", "10 offset", "10 not SQuAD"),
        imported=(QUESTIONS,),
    ),
    11: Item(
        "labels that were removed",
        score=refused("11", "11 neutral", "11 zeros", "11 outside", "11 X", "11 constant"),
        run=runs("11", "11 neutral", "11 zeros", "11 outside", "11 X", "11 constant", "11 rows"),
        imported=(QUESTIONS, f"{PAIR}::test_labels_that_were_removed_are_refused"),
    ),
    12: Item(
        "an MLQA language outside the seven",
        strict=strictly("12"),
        run=runs("12"),
        imported=(f"{QA}::test_a_language_outside_mlqa_s_seven_is_refused",),
    ),
    13: Item(
        "scores or embeddings that are not finite, zero vectors, widths or numbers that differ",
        run=(
            *runs("13 NaN", "13 zero", "13 diverged"),
            "tests/kinds/test_mine.py::test_widths_must_agree",
            "tests/kinds/test_mine.py::test_a_ratio_to_nothing_is_refused",
            "tests/kinds/test_nearest.py::test_widths_must_agree",
            "tests/kinds/test_nearest.py::test_embeddings_must_be_as_many_as_texts",
        ),
    ),
    14: Item(
        "candidates without two ids and a score (they are our own units here); a sentence without an id",
        run=("tests/scoring/test_pairs.py::test_scores_that_are_no_numbers_are_refused", *runs("14 sentence")),
        imported=(CORPORA,),
    ),
    15: Item(
        "a threshold without gold, or with gold of no sentence",
        run=(
            *runs("15 no gold", "15 unknown"),
            "tests/end_to_end/test_mining.py::test_a_missing_dev_part_is_missing_data",
        ),
        imported=(CORPORA,),
    ),
    16: Item("unsound CoNLL-U", imported=(CONLLU,)),
    17: Item("unsound raw PAN-X", imported=(RAW,)),
    18: Item(
        "a pair file with another number of columns; empty sentences stay",
        run=runs("18 train", "18 test"),
        imported=(XNLI_LINES, PAWSX_LINES, f"{PAIR}::test_pawsx_is_written_as_the_downloader_writes_it"),
    ),
    19: Item(
        "a byte order mark, bytes that are not UTF-8, NUL characters",
        score=refused("19 encoding", "19 mark in JSON"),
        strict=strictly("19 mark", "19 NUL"),
        run=runs("19 mark", "19 encoding", "19 NUL", "19 mark in JSON"),
        imported=(
            SENTENCES,
            CORPORA,
            QUESTIONS,
            XNLI_LINES,
            *(f"{one}::test_what_is_no_text_is_refused" for one in (UD, PANX)),
        ),
    ),
    20: Item(
        "a hub set that is unfit",
        run=("tests/test_plan.py::test_unofficial_data_are_refused_unless_asked_for",),
        imported=(
            f"{PAIR}::test_google_xtreme_s_pawsx_is_unfit_and_its_joined_rows_stay_on_a_line",
            f"{HUB}::test_udpos_from_the_hub_is_unfit_and_says_why",
            f"{BUCC}::test_google_xtreme_s_bucc_is_unfit_for_want_of_distractors",
            "tests/cli/test_data.py::test_an_unfit_set_is_refused_without_asking_for_it",
            "tests/end_to_end/test_data.py::test_an_unfit_set_is_never_taken_for_the_benchmark",
        ),
    ),
    21: Item(
        "another release of UD than 2.5",
        run=("tests/test_plan.py::test_unofficial_data_are_refused_unless_asked_for",),
        imported=(f"{UD}::test_another_release_is_refused_unless_unofficial",),
    ),
    22: Item(
        "unknown names of tasks or languages, a language given twice",
        score=refused("no shared task"),
        strict=(
            *strictly("22 task", "22 language"),
            f"{SCORE}::test_strict_refuses_a_language_that_is_given_twice",
        ),
        run=runs("22 task", "22 language", "22 twice"),
    ),
    23: Item(
        "selection on target languages, on test labels, on TyDiQA's test file",
        run=(
            *runs("23 rule", "23 TyDiQA"),
            "tests/data/test_access.py::test_labels_of_other_languages_and_of_tests_are_closed",
        ),
    ),
    24: Item("fused tokens that overlap another range", imported=(CONLLU,)),
}


def test_the_table_has_all_items() -> None:
    assert list(TABLE) == list(range(1, 25))
    assert all(item.score or item.strict or item.run or item.imported for item in TABLE.values())


@pytest.mark.parametrize("number", TABLE)
def test_every_test_of_the_table_exists(number: int, is_test: Callable[[str], bool]) -> None:
    _, *places = TABLE[number]
    assert [name for names in places for name in names if not is_test(name)] == []


# A data folder in XTREME's layout: one example of each task, all sentences invented.

NLI = {
    "en": [("The shop is open .", "It is closed .", "contradiction"), ("A man reads .", "He eats .", "neutral")] * 2,
    "de": [
        ("Der Laden ist offen .", "Er ist zu .", "contradiction"),
        ("Ein Mann liest .", "Er isst .", "neutral"),
        ("Ein Kind schläft .", "Es schläft .", "entailment"),
    ],
}
PAIRS = {
    "en": [("Anna saw Bari .", "Bari was seen by Anna .", "1"), ("Anna saw Bari .", "Bari saw Anna .", "0")],
    "de": [("Anna sah Bari .", "Bari sah Anna .", "0"), ("Es regnet .", "Regen fällt .", "1"), ("Ja .", "Nein .", "0")],
}
WORDS = {
    "panx": ([("Amina", "B-PER"), ("sings", "O")], [("Oslo", "B-LOC")]),
    "udpos": ([("Amina", "PROPN"), ("sings", "VERB")], [("Here", "ADV")]),
}
LINES = ["Wir singen.", "Es regnet.", "Anna liest."]
ENGLISH = ["Anna reads.", "It rains.", "We sing."]
ROWS = ["2", "1", "0"]


def pair_lines(rows: list[tuple[str, ...]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def tag_lines(sentences: Any, *columns: int) -> str:
    return "\n".join("".join("\t".join(row[one] for one in columns) + "\n" for row in rows) for rows in sentences)


def squad(answer: str = "Oslo", start: int | None = None, ids: tuple[str, ...] = ("q1", "q2"), answers: int = 1) -> str:
    context = "Amina lives in Oslo today."
    gold = [{"text": answer, "answer_start": context.index(answer) if start is None else start}] * answers
    questions = [{"id": one, "question": f"Where does Amina live ({one})?", "answers": gold} for one in ids]
    return json.dumps(
        {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": context, "qas": questions}]}]}
    )


def corpus(code: str, lines: list[str]) -> str:
    return "".join(f"{code}-{number:09}\t{line}\n" for number, line in enumerate(lines, start=1))


def download() -> dict[str, str]:
    """File by file, relative to the data folder."""
    files: dict[str, str] = {}
    for name, rows in (("xnli", NLI), ("pawsx", PAIRS)):
        files |= {f"{name}/{split}-en.tsv": pair_lines(rows["en"] * 2) for split in ("train", "dev")}
        files[f"{name}/test-de.tsv"] = pair_lines([row[:2] for row in rows["de"]])
        files[f"labels/{name}/test-de.tsv"] = pair_lines([row[2:] for row in rows["de"]])
    for name, sentences in WORDS.items():
        files |= {f"{name}/{split}-en.tsv": tag_lines(sentences, 0, 1) for split in ("train", "dev")}
        files |= {f"{name}/test-de.tsv": tag_lines(sentences, 0), f"labels/{name}/test-de.tsv": tag_lines(sentences, 1)}
    files |= {
        "squad/train-v1.1.json": squad(),
        "xquad/xquad.de.json": squad("", 0),
        "labels/xquad/test-de.json": squad(),
    }
    files |= {"tatoeba/de-en.de": "\n".join(LINES) + "\n", "tatoeba/de-en.en": "\n".join(ENGLISH) + "\n"}
    files["labels/tatoeba/test-de.tsv"] = "\n".join(ROWS) + "\n"
    for split in ("dev", "test"):
        files |= {
            f"bucc2018/de-en.{split}.de": corpus("de", LINES),
            f"bucc2018/de-en.{split}.en": corpus("en", ENGLISH),
        }
    gold = "de-000000001\ten-000000003\nde-000000002\ten-000000002\n"
    return {**files, "bucc2018/de-en.dev.gold": gold, "labels/bucc2018/test-de.tsv": gold}


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


class Case(NamedTuple):
    """One wrong input of a run: the file it is in with what stands there instead, or options; and what is told."""

    task: str
    told: str
    file: str = ""
    content: str | bytes = ""
    options: tuple[str, ...] = ()
    code: int = 5
    model: str = ""


XNLI, TEST = "labels/xnli/test-de.tsv", "xnli/test-de.tsv"
UDPOS, NER = "labels/udpos/test-de.tsv", "labels/panx/test-de.tsv"
ROW_LABELS, GOLD, DEV = "labels/tatoeba/test-de.tsv", "labels/bucc2018/test-de.tsv", "bucc2018/de-en.dev.gold"
ANSWERS = "labels/xquad/test-de.json"
PAIR = "de-000000001\ten-000000003\n"

CASES = {
    "2 lines": Case("xnli", "test-de.tsv: holds 2 gold items for 3 examples", XNLI, "neutral\nentailment\n"),
    "2 sentences": Case("panx", "holds 1 gold items for 2 examples", NER, "B-PER\nO\n"),
    "2 rows": Case("tatoeba", "holds 2 gold items for 3 examples", ROW_LABELS, "1\n0\n"),
    "3": Case("udpos", "sentence 2 (id 1) has 2 gold tags for 1 words", UDPOS, "PROPN\nVERB\n\nADV\nX\n"),
    "4 data": Case("xnli", "xnli/test-de.tsv: holds no example at all", TEST, ""),
    "4 labels": Case("xnli", "labels/xnli/test-de.tsv: holds no example at all", XNLI, ""),
    "4 questions": Case("xquad", "xquad.de.json: holds no example at all", "xquad/xquad.de.json", '{"data": []}'),
    "4 side": Case("tatoeba", "there is no candidate text at all", "tatoeba/de-en.de", ""),
    "5 case": Case("xnli", "line 1: label 'Neutral' is not one of", XNLI, "Neutral\nneutral\nentailment\n"),
    "5 name": Case("xnli", "label 'contradictory' is not one of", XNLI, "contradictory\nneutral\nentailment\n"),
    "5 column": Case("pawsx", "label '0\\t1' is not one of 0, 1", "labels/pawsx/test-de.tsv", "0\t1\n1\n0\n"),
    "6 words": Case("udpos", "a label file has tags only, no words", UDPOS, "Amina\tPROPN\nsings\tVERB\n\nHere\tADV\n"),
    "6 other": Case("udpos", "line 2: tag 'O' is not one of ADJ, ADP", UDPOS, "PROPN\nO\n\nADV\n"),
    "6 not IOB": Case("panx", "line 1: tag 'PER' is not one of B-LOC", NER, "PER\nO\n\nB-LOC\n"),
    "7 brackets": Case("tatoeba", "line 1: holds '[2]', expected a row number", ROW_LABELS, "[2]\n[1]\n[0]\n"),
    "7 no number": Case("tatoeba", "line 2: holds '-1', expected a row number", ROW_LABELS, "2\n-1\n0\n"),
    "7 too far": Case("tatoeba", "names row 3, but the 3 rows are counted from 0", ROW_LABELS, "3\n1\n2\n"),
    "8 fields": Case("bucc2018", "line 1: has 1 tab-separated fields, expected 2", GOLD, "de-000000001 en-000000003\n"),
    "8 prefix": Case("bucc2018", "holds the id 'fr-000000001', expected de-", GOLD, "fr-000000001\ten-000000003\n"),
    "8 unknown": Case("bucc2018", "'en-000000009' is not among the candidate", GOLD, "de-000000001\ten-000000009\n"),
    "10 no answers": Case("xquad", "it has no answer", ANSWERS, squad(answers=0)),
    "10 id": Case("xquad", "the id 'q1' is there twice", ANSWERS, squad(ids=("q1", "q1"))),
    "10 offset": Case("xquad", "answer 'Oslo' does not stand at 14", ANSWERS, squad(start=14)),
    "10 not SQuAD": Case("xquad", "is not SQuAD JSON", ANSWERS, '{"data": [{}]}'),
    "11": Case("xquad", "labels were removed, cannot score", ANSWERS, squad("", 0)),
    "11 neutral": Case("xnli", "is 'neutral' on every line: labels were removed", XNLI, "neutral\n" * 3),
    "11 zeros": Case("pawsx", "is '0' on every line: labels were removed", "labels/pawsx/test-de.tsv", "0\n" * 3),
    "11 outside": Case("panx", "every gold tag is 'O': the labels were taken out", NER, "O\nO\n\nO\n"),
    "11 X": Case("udpos", "every gold tag is 'X': the labels were taken out", UDPOS, "X\nX\n\nX\n"),
    "11 constant": Case("xnli", "is 'entailment' on every line, as no part of", XNLI, "entailment\n" * 3),
    "11 rows": Case("tatoeba", "all 3 gold labels are 'de-0': the labels were taken out", ROW_LABELS, "0\n0\n0\n"),
    "12": Case("mlqa", "Unknown language 'ru'", options=("--language", "ru"), code=2),
    "13 NaN": Case("tatoeba", "the embedding of text 1 is zero or not finite", model="nan"),
    "13 zero": Case("tatoeba", "the embedding of text 1 is zero or not finite", model="zero"),
    "13 diverged": Case("xnli", "The model's outputs are not finite: training diverged", model="nan", code=4),
    "14 sentence": Case("bucc2018", "has 1 tab-separated fields", "bucc2018/de-en.test.de", "Wir singen.\n"),
    "15 no gold": Case("bucc2018", "de-en.dev.gold: holds no gold pair", DEV, ""),
    "15 unknown": Case("bucc2018", "'de-000000077' is not among the query", DEV, "de-000000077\ten-000000003\n"),
    "18 train": Case("xnli", "has 2 tab-separated columns, expected 3", "xnli/train-en.tsv", "a\tneutral\n"),
    "18 test": Case("xnli", "line 1: has 3 tab-separated columns, expected 2", TEST, "a\tb\tneutral\n"),
    "19 mark": Case("xnli", "line 1: begins with a byte order mark", TEST, "\ufeffa\tb\nc\td\ne\tf\n"),
    "19 encoding": Case("xnli", "line 2: is not UTF-8", TEST, b"a\tb\nc\t\xff\ne\tf\n"),
    "19 NUL": Case("xnli", "line 1: holds a NUL character", XNLI, "neutral\0\nneutral\nentailment\n"),
    "19 mark in JSON": Case("xquad", "begins with a byte order mark", ANSWERS, "\ufeff" + squad()),
    "22 task": Case("xnly", "Unknown task 'xnly'. Did you mean xnli", code=2),
    "22 language": Case("xnli", "Unknown language 'dee'", options=("--language", "dee"), code=2),
    "22 twice": Case("xnli", "--language de is given twice.", options=("--language", "de"), code=2),
    "23 rule": Case("xnli", "must be one of english-dev", options=("--set", "xnli.selection=target-dev"), code=2),
    "23 TyDiQA": Case(
        "xquad", "no English dev part to select on", options=("--set", "xquad.selection=english-dev"), code=2
    ),
}


@pytest.fixture(scope="module")
def models(tiny_xlmr: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sound checkpoint, one whose weights are not finite, one that gives zeros."""
    from safetensors.torch import load_file, save_file

    made = {"": tiny_xlmr}
    for name, factor in (("nan", float("nan")), ("zero", 0.0)):
        made[name] = tmp_path_factory.mktemp("models") / name
        shutil.copytree(tiny_xlmr, made[name])
        tensors = load_file(tiny_xlmr / "model.safetensors")
        last = {key: value * factor for key, value in tensors.items() if "layer.1.output.LayerNorm" in key}
        assert len(last) == 2
        save_file({**tensors, **last}, made[name] / "model.safetensors", metadata={"format": "pt"})
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cases share: the trainings that their wrong files do not touch are done once."""
    return tmp_path_factory.mktemp("store")


def exit_code(arguments: list[str]) -> int:
    """What the process ends with; a run that ended with failed cells leaves by SystemExit."""
    try:
        return command(arguments)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        return ended.code


Runs = Callable[[Case], tuple[int, str, list[Any]]]


@pytest.fixture
def run_case(
    tmp_path: Path,
    models: dict[str, Path],
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Runs]:
    """Runs the task of a case in German: exit code, all that was printed, records."""
    monkeypatch.chdir(tmp_path)

    def call(case: Case) -> tuple[int, str, list[Any]]:
        write(Path("data"), {**download(), **({case.file: case.content} if case.file else {})})
        layer = ("--set", f"{case.task}.layer=2") if case.task in ("tatoeba", "bucc2018") else ()
        quick = ("--set", f"{case.task}.epochs=1", *layer) if case.code != 2 else ()
        language = () if "--language" in case.options and case.options[1] != "de" else ("--language", "de")
        words = ["--task", case.task, *language, "--data", "data", "--recipe", "mini", *quick, *case.options]
        place = ["--device", "cpu", "--dtype", "float32", "--threads", "1", "--store", str(store), "--out", "out"]
        code = exit_code(["run", "--model", str(models[case.model]), *words, "--keep", "all", *place])
        path = Path("out/records.jsonl")
        return code, "".join(capsys.readouterr()), read_records(path) if path.is_file() else []

    yield call
    assert not list(tmp_path.glob("xtreme-harness-*.txt"))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_run_refuses(case: Case, run_case: Runs) -> None:
    code, told, records = run_case(case)
    assert code == case.code, told
    assert case.told in told
    assert "a bug of ours" not in told
    assert all(record["state"] == "failed" and record["metrics"] == {} for record in records)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.file])
def test_data_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a check of the data folder, and by an import of a pack that somebody made of it."""
    monkeypatch.chdir(tmp_path)
    case = CASES[name]
    told = {"15 no gold": "holds no gold pair; a threshold cannot be tuned"}.get(name, case.told)
    write(Path("data"), {**download(), case.file: case.content})
    words = ["--task", case.task, "--data", "data"]
    assert exit_code(["data", "status", "--check", *words]) == 5
    assert told in capsys.readouterr().out
    assert exit_code(["data", "pack", *words, "--out", "pack.tar.gz"]) == 4  # German alone is there
    assert exit_code(["data", "import", "pack.tar.gz", "--task", case.task, "--data", "new"]) == 5
    assert told.removeprefix("labels/") in "".join(capsys.readouterr())
    assert not (Path("new") / case.task).exists()


@pytest.mark.slow
@pytest.mark.parametrize("task", ["xnli", "pawsx", "panx", "udpos", "xquad", "tatoeba", "bucc2018"])
def test_run_takes_what_nothing_is_wrong_with(task: str, run_case: Runs) -> None:
    code, told, records = run_case(Case(task, ""))
    assert code == 0, told
    assert [record["state"] for record in records] == ["ok"]


def test_a_gold_pair_that_stands_twice_counts_once(run_case: Runs) -> None:
    """Item 8: the original reads sets."""
    code, told, (record,) = run_case(Case("bucc2018", "", GOLD, PAIR * 2))
    assert (code, record["n"]) == (0, 1), told
