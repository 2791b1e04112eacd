"""A tagging task through the real command, on both tiny families and on a folder laid out like an XTREME download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.records import read_records
from xtreme_harness.testing import make_tiny_bert, write_names

Command = Callable[..., "CompletedProcess[str]"]
QUICK = ("--recipe", "mini", "--set", "names.epochs=2", "--set", "names.batch_size=8")


@pytest.mark.parametrize("family", ["xlmr", "bert"])
@pytest.mark.slow
def test_run_gives_a_tag_for_every_word(family: str, tiny_xlmr: Path, tmp_path: Path, command: Command) -> None:
    model = tiny_xlmr if family == "xlmr" else make_tiny_bert(tmp_path / "tiny-bert")
    plugin = write_names(tmp_path / "names")
    arguments = ["run", "--model", model, "--task", "names", "--plugin", plugin, *QUICK, "--out", "out"]
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    assert "### names (f1)" in done.stdout
    records = read_records(tmp_path / "out" / "records.jsonl")
    assert [record["language"] for record in records] == ["en", "sw"]
    for record in records:
        assert (record["headline"], record["state"], record["n"]) == (["f1"], "ok", 8)
        assert set(record["metrics"]) == {"f1", "precision", "recall", "token_accuracy"}
        assert record["options"]["first_content_subword"] is False
        path = tmp_path / "out" / "predictions" / record["row"] / "names" / f"{record['language']}.jsonl"
        gold = [row for _, row in read_jsonl(plugin.parent / "data" / f"test.{record['language']}.jsonl")]
        rows = [row for _, row in read_jsonl(path)]
        assert [(row["id"], len(row["prediction"])) for row in rows] == [
            (one["id"], len(one["tokens"])) for one in gold
        ]
        assert "tokens" not in rows[0]


def write_download(folder: Path) -> None:
    """PAN-X in English and Swahili, as XTREME's downloader leaves it, and its label folder beside it."""
    sentences = [("Amina", "B-PER", "Oslo", "B-LOC"), ("Juma", "B-PER", "Lima", "B-LOC")] * 4
    for split, language in (("train", "en"), ("dev", "en"), ("test", "en"), ("test", "sw")):
        words = [[first, "10\u00a0000", second] for first, _, second, _ in sentences]
        tags = [[one, "O", two] for _, one, _, two in sentences]
        lines = [
            [word if split == "test" else f"{word}\t{tag}" for word, tag in zip(*both, strict=True)]
            for both in zip(words, tags, strict=True)
        ]
        for place, blocks in (("panx", lines), *([("labels/panx", tags)] if split == "test" else [])):
            (folder / place).mkdir(parents=True, exist_ok=True)
            text = "\n".join("".join(f"{line}\n" for line in block) for block in blocks)
            (folder / place / f"{split}-{language}.tsv").write_text(text, encoding="utf-8")


PANX = ("--recipe", "mini", "--language", "en", "--language", "sw", "--set", "panx.epochs=1", "--data", "data")


@pytest.fixture(scope="module")
def download(
    tmp_path_factory: pytest.TempPathFactory, command_in: Callable[[Path], Command], tiny_xlmr: Path
) -> tuple[Path, Callable[[str], CompletedProcess[str]]]:
    """A folder with a download in `data`, and the command that runs it there, whose argument is `--out`."""
    folder = tmp_path_factory.mktemp("download")
    write_download(folder / "data")
    command = command_in(folder)
    return folder, lambda out: command("run", "--model", tiny_xlmr, "--task", "panx", *PANX, "--out", out)


Download = tuple[Path, Callable[[str], "CompletedProcess[str]"]]


@pytest.mark.slow
def test_an_xtreme_download_with_its_labels_is_scored(download: Download) -> None:
    folder, run = download
    done = run("whole")
    assert done.returncode == 0, done.stderr
    assert [record["state"] for record in read_records(folder / "whole" / "records.jsonl")] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("O\nO\nO\n\n" * 8, "test-sw.tsv: every gold tag is 'O': the labels were taken out"),
        ("B-PER\nO\nO\n\n" * 7, "test-sw.tsv: holds 7 gold items for 8 examples"),
        ("B-PER\nO\nO\n\n" * 7 + "O\nO\n", "sentence 8 (id 7) has 2 gold tags for 3 words"),
        ("B-PER\nO\nPERSON\n\n" * 8, "test-sw.tsv, line 3: tag 'PERSON' is not one of B-LOC"),
    ],
)
def test_labels_that_do_not_fit_are_told(labels: str, told: str, download: Download) -> None:
    folder, run = download
    path = folder / "data" / "labels" / "panx" / "test-sw.tsv"
    kept = path.read_text(encoding="utf-8")
    path.write_text(labels, encoding="utf-8")
    try:
        done = run(f"labels-{len(labels)}")
    finally:
        path.write_text(kept, encoding="utf-8")
    assert done.returncode in (4, 5), done.stderr
    assert told in done.stderr
