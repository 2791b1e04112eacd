"""`submission`: what each kind's predictions become, and what is left out or refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.jsonl import write_jsonl
from xtreme_plugins import submission as module
from xtreme_plugins.submission import FORMS, KINDS, submission
from xtreme_tasks.tatoeba import read

Cells = dict[tuple[str, str], list[dict[str, Any]]]

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "mining.json").read_text(encoding="utf-8"))["vectors"]
SHUFFLES = [vector for vector in VECTORS if vector["scorer"] == "tatoeba_shuffle"]


def write_run(folder: Path, cells: Cells, row: str = "none.plain.s42", **fields: Any) -> Path:
    """A run's folder with the predictions of some cells; `fields` go into every record."""
    records = []
    for (task, language), rows in cells.items():
        file = folder / "predictions" / row / task / f"{language}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_jsonl(file, rows)
        digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        record = {"row": row, "task": task, "language": language, "state": "ok", "options": {}, "predictions": digest}
        records.append({**record, **fields})
    known = (folder / "records.jsonl").read_text(encoding="utf-8") if (folder / "records.jsonl").is_file() else ""
    write_jsonl(folder / "records.jsonl", records)
    (folder / "records.jsonl").write_text(known + (folder / "records.jsonl").read_text(encoding="utf-8"), "utf-8")
    return folder


def send(run: Path, *options: str) -> Result:
    result = CliRunner().invoke(submission, [str(run), "--out", str(run / "sent"), *options])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def sent(run: Path, place: str) -> str:
    assert send(run).exit_code == 0
    return (run / "sent" / place).read_bytes().decode("utf-8")


def test_there_is_a_form_for_every_task() -> None:
    assert len(KINDS) == 9
    assert set(KINDS.values()) == set(FORMS)


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_classification_is_one_label_a_line(task: str, tmp_path: Path) -> None:
    rows = [{"id": str(place), "prediction": label, "scores": [0.5]} for place, label in enumerate("010")]
    assert sent(write_run(tmp_path, {(task, "de"): rows}), f"{task}/test-de.tsv") == "0\n1\n0\n"


@pytest.mark.parametrize("task", ["udpos", "panx"])
def test_tags_stand_alone_with_a_blank_line_between_sentences(task: str, tmp_path: Path) -> None:
    rows = [{"id": "1", "prediction": ["O", "B-PER"]}, {"id": "2", "prediction": ["O"]}]
    assert sent(write_run(tmp_path, {(task, "de"): rows}), f"{task}/test-de.tsv") == "O\nB-PER\n\nO\n"


@pytest.mark.parametrize("vector", SHUFFLES, ids=[vector["id"] for vector in SHUFFLES])
def test_row_numbers_are_bare_and_in_the_order_of_the_sorted_english_file(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    """Gold as predictions: what is written is the gold of the golden vector."""
    gold, english = vector["expected"]["gold"], vector["expected"]["released_english_lines"]
    files = tmp_path / "en", tmp_path / "de"
    files[0].write_text("".join(f"{line}\n" for line in english), encoding="utf-8", newline="\n")
    files[1].write_text("".join(f"{place}\n" for place in range(len(gold))), encoding="utf-8")
    queries = [row["id"] for row in read("test", "de", files) if row["side"] == "query"]
    rows = [{"id": query, "prediction": f"de-{row}"} for query, row in zip(queries, gold, strict=True)]
    written = sent(write_run(tmp_path / "run", {("tatoeba", "de"): rows}), "tatoeba/test-de.tsv")
    assert written == "".join(f"{row}\n" for row in gold)


def test_mined_pairs_are_cut_at_the_record_s_threshold(tmp_path: Path) -> None:
    scores = {"de-000000001": 1.2, "de-000000002": 1.1, "de-000000003": 1.0999}
    rows = [{"source": source, "target": "en-000000001", "score": score} for source, score in scores.items()]
    run = write_run(tmp_path, {("bucc2018", "de"): rows}, options={"threshold": 1.1})
    assert sent(run, "bucc2018/test-de.tsv") == "de-000000001\ten-000000001\nde-000000002\ten-000000001\n"


def test_mined_pairs_without_a_threshold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no threshold"):
        send(write_run(tmp_path, {("bucc2018", "de"): [{"source": "a", "target": "b", "score": 1.0}]}))


ANSWERS = [{"id": "q1", "start": 4, "end": 6, "score": 1.0}, {"id": "q2", "start": 0, "end": 0, "score": 0.5}]


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_task", lambda name: FakeTask())


class FakeTask:
    def files(self, split: str, language: str) -> tuple[str, ...]:
        return (f"xquad.{language}.json",)

    def read(self, split: str, language: str, files: tuple[Path, ...]) -> list[dict[str, Any]]:
        assert (split, language, files[0].name) == ("test", "th", "xquad.th.json")
        return [{"id": name, "context": 'ab "\U0001f600é" cd', "question": "?"} for name in ("q1", "q2")]


@pytest.mark.usefixtures("contexts")
@pytest.mark.parametrize("task", ["xquad", "mlqa", "tydiqa"])
def test_answers_are_cut_from_the_contexts_by_code_points(task: str, tmp_path: Path) -> None:
    run = write_run(tmp_path, {(task, "th"): ANSWERS})
    assert send(run, "--data", str(tmp_path)).exit_code == 0
    written = (run / "sent" / task / "test-th.json").read_text(encoding="utf-8")
    assert json.loads(written) == {"q1": "\U0001f600é", "q2": ""}


@pytest.mark.usefixtures("contexts")
def test_answers_need_the_data_they_were_found_in(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match="say where they are with --data DIR"):
        send(write_run(tmp_path / "a", {("xquad", "th"): ANSWERS}))
    run = write_run(tmp_path / "b", {("xquad", "th"): [{"id": "q3", "start": 0, "end": 1, "score": 1.0}]})
    with pytest.raises(DataError, match="the data holds no question 'q3'"):
        send(run, "--data", str(tmp_path))


LABELS = [{"id": "0", "prediction": "1"}]


def test_other_tasks_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    done = send(write_run(tmp_path, {("pawsx", "de"): LABELS, ("mini.nli", "de"): LABELS, ("mini.nli", "sw"): LABELS}))
    assert (done.exit_code, done.stdout) == (0, f"1 files in {tmp_path / 'sent'}\n")
    assert done.stderr == "xtreme-harness: mini.nli is none of XTREME's nine tasks; it is left out\n"


def test_a_run_with_nothing_to_send_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds none of XTREME's tasks"):
        send(write_run(tmp_path, {("mini.nli", "de"): LABELS}))


def test_cells_without_predictions_are_named(tmp_path: Path) -> None:
    write_run(tmp_path, {("pawsx", "de"): LABELS})
    done = send(write_run(tmp_path, {("pawsx", "fr"): LABELS}, predictions=None, state="failed"))
    assert done.exit_code == 4
    assert "pawsx fr has no predictions (failed)" in done.stderr
    assert [path.name for path in (tmp_path / "sent" / "pawsx").iterdir()] == ["test-de.tsv"]


def test_one_of_several_rows_is_chosen(tmp_path: Path) -> None:
    write_run(tmp_path, {("pawsx", "de"): LABELS}, row="none.plain.s1")
    run = write_run(tmp_path, {("pawsx", "de"): [{"id": "0", "prediction": "0"}]}, row="none.plain.s2")
    assert send(run).exit_code == send(run, "--row", "other").exit_code == 2
    assert "choose one with --row: none.plain.s1, none.plain.s2" in send(run).stderr
    assert send(run, "--row", "none.plain.s2").exit_code == 0
    assert (run / "sent" / "pawsx" / "test-de.tsv").read_text(encoding="utf-8") == "0\n"


def test_changed_and_lost_predictions_are_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path, {("pawsx", "de"): LABELS})
    file = run / "predictions" / "none.plain.s42" / "pawsx" / "de.jsonl"
    file.write_text('{"id": "0", "prediction": "0"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="it was changed after the run"):
        send(run)
    file.unlink()
    with pytest.raises(MissingData, match="the record's predictions are not there"):
        send(run)


@pytest.mark.parametrize(("row", "language"), [("..", "de"), ("a/b", "de"), ("a", "../x"), ("a", "deu")])
def test_names_in_records_never_become_other_paths(row: str, language: str, tmp_path: Path) -> None:
    run = write_run(tmp_path, {("pawsx", "de"): LABELS}, row="a")
    (record,) = [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    write_jsonl(run / "records.jsonl", [{**record, "row": row, "language": language}])
    with pytest.raises(DataError, match="cannot be the name of a file"):
        send(run)


def test_files_of_an_earlier_submission_do_not_stay(tmp_path: Path) -> None:
    run = write_run(tmp_path, {("pawsx", "de"): LABELS})
    (run / "sent" / "xnli").mkdir(parents=True)
    (run / "sent" / "xnli" / "test-de.tsv").write_text("neutral\n", encoding="utf-8")
    (run / "sent" / "notes.txt").write_text("mine\n", encoding="utf-8")
    assert send(run).exit_code == 0
    assert sorted(path.name for path in (run / "sent").rglob("*.t*")) == ["notes.txt", "test-de.tsv"]
    assert not list((run / "sent" / "xnli").iterdir())
