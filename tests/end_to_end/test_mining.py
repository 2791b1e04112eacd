"""`run --task bucc2018` on a folder in XTREME's layout with a tiny checkpoint, and the submission made from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

import pytest

from xtreme_harness.files import sha256_file
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.records import read_records, write_records
from xtreme_harness.scoring.pairs import above, pair_counts, pair_scores
from xtreme_harness.testing import FIRST_NAMES, TOWNS

Command = Callable[..., "CompletedProcess[str]"]
SIZES = {"dev": (0, 16), "test": (16, 40)}
ROW = "none.plain.srecipe"
COUNTS = ("hits", "predicted", "gold")


def sentences(split: str, language: str) -> list[tuple[str, str]]:
    pairs = [(name, town) for name in FIRST_NAMES for town in TOWNS]
    first, last = SIZES[split]
    return [(f"{name} lives in {town}.", f"{name} ({language}) {town}.") for name, town in pairs[first:last]]


def write_bucc(folder: Path, languages: tuple[str, ...] = ("de", "fr")) -> Path:
    """Both corpora with their pairs in opposite orders, one pair in four without a translation on the other side."""
    (folder / "bucc2018").mkdir(parents=True)
    (folder / "labels" / "bucc2018").mkdir(parents=True)
    for language in languages:
        for split in SIZES:
            stem = folder / "bucc2018" / f"{language}-en.{split}"
            pairs = list(enumerate(sentences(split, language), start=1))
            foreign = [f"{language}-{n:09}\t{text}\n" for n, (_, text) in pairs if n % 8 != 1]
            english = [f"en-{n:09}\t{text}\n" for n, (text, _) in reversed(pairs) if n % 8 != 5]
            gold = [f"{language}-{n:09}\ten-{n:09}\n" for n, _ in pairs if n % 4 != 1]
            stem.with_name(f"{stem.name}.{language}").write_text("".join(foreign), encoding="utf-8")
            stem.with_name(f"{stem.name}.en").write_text("".join(english), encoding="utf-8")
            labels = folder / "labels" / "bucc2018" / f"test-{language}.tsv"
            place = stem.with_name(f"{stem.name}.gold") if split == "dev" else labels
            place.write_text("".join(gold), encoding="utf-8")
    return folder


class Shared(NamedTuple):
    folder: Path
    command: Command
    arguments: list[str]
    done: CompletedProcess[str]

    @property
    def run(self) -> Path:
        return self.folder / "run"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path) -> Shared:
    folder = tmp_path_factory.mktemp("mining")
    write_bucc(folder / "data")
    command = command_in(folder)
    arguments = ["run", "--model", str(tiny_xlmr), "--task", "bucc2018"]
    done = command(*arguments, "--language", "de", "--language", "fr", "--data", "data", "--out", "run")
    assert done.returncode == 0, done.stderr
    return Shared(folder, command, arguments, done)


def rows(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_jsonl(path)]


def gold_pairs(data: Path, language: str) -> list[tuple[str, str]]:
    lines = (data / "labels" / "bucc2018" / f"test-{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def test_every_language_is_mined_with_a_threshold_of_its_own(shared: Shared) -> None:
    german, french = read_records(shared.run / "records.jsonl")
    for record in (german, french):
        assert (record["state"], record["headline"], record["n"], record["groups"]) == ("ok", ["f1"], 18, 18)
        assert {"margin": "ratio", "k": 4, "retrieval": "max", "layer": 1, "pooling": "mean"}.items() <= (
            record["options"].items()
        )
        assert record["options"]["threshold"] > 0
        assert set(record["data"]) == {"dev", "gold", "test"}
        assert record["metrics"]["f1"] > 3 * 100 / 18
    assert german["options"]["threshold"] != french["options"]["threshold"]


def test_predictions_are_all_pairs_and_the_threshold_cuts_them(shared: Shared) -> None:
    for record in read_records(shared.run / "records.jsonl"):
        language = record["language"]
        mined = rows(shared.run / "predictions" / ROW / "bucc2018" / f"{language}.jsonl")
        assert all(set(row) == {"source", "target", "score"} for row in mined)
        assert all(row["source"].startswith(f"{language}-") and row["target"].startswith("en-") for row in mined)
        kept = [(row["source"], row["target"]) for row in mined if row["score"] >= record["options"]["threshold"]]
        assert len(kept) < len(mined)
        assert record["metrics"] == pytest.approx(pair_scores(kept, gold_pairs(shared.folder / "data", language)))


def test_per_source_counts_give_the_figures(shared: Shared) -> None:
    for record in read_records(shared.run / "records.jsonl"):
        path = shared.run / "predictions" / ROW / "bucc2018" / f"{record['language']}.scores.jsonl"
        counted = rows(path)
        assert all(set(row) == {"id", *COUNTS} for row in counted)
        hits, predicted, gold = (sum(row[name] for row in counted) for name in COUNTS)
        assert gold == 18
        assert record["metrics"]["f1"] == pytest.approx(100 * 2 * hits / (predicted + gold))


def test_the_submission_holds_what_the_records_scored(shared: Shared) -> None:
    done = shared.command("submission", "run", "--out", "sent")
    assert (done.returncode, done.stdout) == (0, "2 files in sent\n")
    for record in read_records(shared.run / "records.jsonl"):
        text = (shared.folder / "sent" / "bucc2018" / f"test-{record['language']}.tsv").read_text(encoding="utf-8")
        written = [tuple(line.split("\t")) for line in text.splitlines()]
        gold = gold_pairs(shared.folder / "data", record["language"])
        assert record["metrics"] == pytest.approx(pair_scores(written, gold))


def test_the_official_score_of_the_submission_is_the_records_own(shared: Shared) -> None:
    assert shared.command("submission", "run", "--out", "scored").returncode == 0
    done = shared.command("score", "scored", "data/labels", "--partial", "--json")
    assert done.returncode == 0, done.stderr
    scored = json.loads(done.stdout)["languages"]["bucc2018"]
    for record in read_records(shared.run / "records.jsonl"):
        assert scored[record["language"]] == pytest.approx(record["metrics"], abs=1e-9)


def test_another_margin_encodes_nothing_again(shared: Shared) -> None:
    more = ["--language", "de", "--data", "data", "--set", "bucc2018.margin=distance", "--out", "distance"]
    done = shared.command(*shared.arguments, *more)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("4 units computed")  # search and score of dev and test
    (record,) = read_records(shared.folder / "distance" / "records.jsonl")
    assert record["options"]["margin"] == "distance"


@pytest.fixture
def forged(shared: Shared, tmp_path: Path) -> Path:
    """A copy of the run whose German threshold and figures are those that suit the test part best, values to match."""
    run = Path(shutil.copytree(shared.run, tmp_path / "forged"))
    records, place = read_records(run / "records.jsonl"), run / "predictions" / ROW / "bucc2018"
    gold = gold_pairs(shared.folder / "data", "de")
    candidates = [(row["source"], row["target"], row["score"]) for row in rows(place / "de.jsonl")]
    best = max((score for _, _, score in candidates), key=lambda cut: pair_scores(above(candidates, cut), gold)["f1"])
    kept = above(candidates, best)
    counted = pair_counts(kept, gold).items()
    write_jsonl(place / "de.scores.jsonl", [dict(zip(("id", *COUNTS), (one, *of), strict=True)) for one, of in counted])
    records[0]["scores"] = f"sha256:{sha256_file(place / 'de.scores.jsonl')}"
    records[0]["metrics"] = pair_scores(kept, gold)
    records[0]["options"]["threshold"] = best
    write_records(run / "records.jsonl", records)
    return run


def verified(shared: Shared, run: Path | str, *options: str) -> Any:
    """What `leaderboard verify` says, without what it says of the manifest and of the page."""
    told = json.loads(shared.command("leaderboard", "verify", run, *options, "--json").stdout)["runs"][0]
    edited = ("manifest.json: ", "records.jsonl: ", "leaderboard.md: ", "predictions/")
    return told | {"problems": [one for one in told["problems"] if not one.startswith(edited)]}


def test_a_threshold_is_verified_from_dev_predictions_and_gold(shared: Shared) -> None:
    told = verified(shared, "run", "--data", "data")
    assert (told["problems"], told["notes"]) == ([], [])
    assert told["cells"] == {"from predictions and gold": 2}


def test_a_threshold_that_was_chosen_on_test_is_named(shared: Shared, forged: Path) -> None:
    ours, theirs = (read_records(run / "records.jsonl")[0]["options"]["threshold"] for run in (shared.run, forged))
    assert verified(shared, forged, "--data", "data")["problems"] == [
        f"{ROW} bucc2018 de: threshold is {theirs} in the record and {ours} from dev predictions and gold"
    ]


def test_an_edited_dev_prediction_is_named(shared: Shared, tmp_path: Path) -> None:
    run = Path(shutil.copytree(shared.run, tmp_path / "edited"))
    name = f"predictions/{ROW}/bucc2018/fr.dev.jsonl"
    (run / name).write_bytes((run / name).read_bytes().replace(b"1", b"2", 1))
    problem = f"{ROW} bucc2018 fr: {name} is not the file whose hash the record gives"
    assert problem in verified(shared, run, "--data", "data")["problems"]


def test_a_threshold_that_cannot_be_chosen_again_is_remarked(shared: Shared, forged: Path) -> None:
    """Without dev predictions the forgery passes: the note says what was trusted."""
    records = read_records(forged / "records.jsonl")
    del records[0]["dev_predictions"]
    write_records(forged / "records.jsonl", records)
    (forged / "predictions" / ROW / "bucc2018" / "de.dev.jsonl").unlink()
    told = verified(shared, forged, "--data", "data")
    assert told["problems"] == []
    assert told["notes"] == [
        "what dev gold chose for bucc2018 is taken as recorded: dev predictions or data are not at hand"
    ]


@pytest.fixture
def data(shared: Shared, tmp_path: Path) -> Path:
    """A copy of the data to spoil; units are kept in the shared store."""
    return Path(shutil.copytree(shared.folder / "data", tmp_path / "data"))


def test_without_test_labels_the_threshold_is_still_tuned_and_the_submission_written(
    shared: Shared, data: Path, tmp_path: Path
) -> None:
    shutil.rmtree(data / "labels")
    more = ["--language", "de", "--data", str(data), "--out", str(tmp_path / "unlabelled")]
    assert shared.command(*shared.arguments, *more).returncode == 4
    (record,) = read_records(tmp_path / "unlabelled" / "records.jsonl")
    scored = read_records(shared.run / "records.jsonl")[0]
    assert (record["state"], record["metrics"]) == ("unlabelled", {})
    assert record["options"] == scored["options"]
    assert shared.command("submission", tmp_path / "unlabelled", "--out", tmp_path / "sent").returncode == 0
    assert len((tmp_path / "sent" / "bucc2018" / "test-de.tsv").read_text(encoding="utf-8").splitlines()) > 3


@pytest.mark.parametrize("name", ["de-en.dev.de", "de-en.dev.en", "de-en.dev.gold"])
def test_a_missing_dev_part_is_missing_data(name: str, shared: Shared, data: Path, tmp_path: Path) -> None:
    (data / "bucc2018" / name).unlink()
    more = ["--language", "de", "--language", "fr", "--data", str(data), "--out", str(tmp_path / "run")]
    done = shared.command(*shared.arguments, *more)
    assert done.returncode == 4
    german, french = read_records(tmp_path / "run" / "records.jsonl")
    assert (german["state"], french["state"]) == ("missing-data", "ok")
    assert name in german["why"] and "bucc2018 needs this file" in german["why"]
    sent = shared.command("submission", tmp_path / "run", "--out", tmp_path / "sent")
    assert sent.returncode == 4
    assert "bucc2018 de has no predictions (missing-data)" in sent.stderr
    assert [path.name for path in (tmp_path / "sent" / "bucc2018").iterdir()] == ["test-fr.tsv"]


@pytest.mark.parametrize(
    ("name", "line", "told"),
    [
        ("bucc2018/de-en.dev.gold", "de-000000001\ten-000000077\n", "gold id 'de-000000001' is not among the query"),
        (
            "bucc2018/de-en.dev.gold",
            "de-000000002\ten-000000077\n",
            "gold id 'en-000000077' is not among the candidate",
        ),
        (
            "labels/bucc2018/test-de.tsv",
            "de-000000099\ten-000000002\n",
            "gold id 'de-000000099' is not among the query",
        ),
        ("bucc2018/de-en.dev.gold", "de-2\ten-000000002\n", "holds the id 'de-2', expected de- and nine digits"),
        ("bucc2018/de-en.test.de", "fr-000000002\tIci.\n", "holds the id 'fr-000000002', expected de- and nine digits"),
        ("bucc2018/de-en.test.en", "en-000000500\n", "has 1 tab-separated fields, expected 2"),
        ("bucc2018/de-en.test.en", "en-000000002\tAgain.\n", "the id 'en-000000002' is there twice"),
    ],
)
@pytest.mark.slow
def test_wrong_ids_are_refused(name: str, line: str, told: str, shared: Shared, data: Path, tmp_path: Path) -> None:
    with (data / name).open("a", encoding="utf-8") as stream:
        stream.write(line)
    more = ["--language", "de", "--data", str(data), "--out", str(tmp_path / "run")]
    done = shared.command(*shared.arguments, *more)
    assert (done.returncode, told in done.stderr) == (5, True), done.stderr


def test_an_unknown_margin_starts_nothing(shared: Shared) -> None:
    done = shared.command(*shared.arguments, "--data", "data", "--set", "bucc2018.margin=cosine")
    assert done.returncode == 2
    assert "margin must be one of ratio, distance, absolute, not 'cosine'" in done.stderr


def test_the_plan_says_what_will_be_done(shared: Shared) -> None:
    done = shared.command(*shared.arguments, "--language", "de", "--data", "data", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
