"""UDPOS and PAN-X on slices of the real data: what the conversion makes of them, and gold back through a tokenizer."""

from __future__ import annotations

import gzip
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.real import download
from xtreme_harness import Folders
from xtreme_harness.data.encoded import Encoded, Ragged
from xtreme_harness.definitions import Example
from xtreme_harness.kinds.tag.decode import decode_tags
from xtreme_harness.kinds.tag.encode import encode_sentences
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.scoring.chunks import chunk_f1
from xtreme_tasks import panx, udpos
from xtreme_tasks.tagged import read_tag_labels, read_tagged, sentences
from xtreme_tasks.udpos.convert import read_conllu
from xtreme_tasks.udpos.treebanks import import_treebanks

DATA = download.DATA
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=download.WITHOUT_DATA)

# sentences of each slice; English lacks the sentences with an e-mail address
COUNTS = {
    **dict.fromkeys(
        [(code, "test") for code in ("ar", "eu", "hi", "ja", "kk", "ko", "ru", "th", "tr", "vi", "zh")], 500
    ),
    ("en", "train"): 12449,
    ("en", "dev"): 1976,
    ("en", "test"): 2048,
    ("de", "test"): 1000,
    ("mr", "test"): 47,
    ("ta", "test"): 120,
    ("te", "test"): 146,
    ("tl", "test"): 55,
    ("yo", "test"): 100,
}


def unzipped(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.decompress(source.read_bytes()))
    return target


@pytest.fixture(scope="module")
def treebanks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The treebanks of release 2.5 (Tagalog-Ugnayan came later), unpacked."""
    return download.write_treebanks(tmp_path_factory.mktemp("treebanks"))


@pytest.fixture(scope="module")
def converted(treebanks: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str], int]]:
    folder = tmp_path_factory.mktemp("converted")
    return folder, import_treebanks(Folders(originals=treebanks, data=folder, labels=folder / "labels", official=False))


Converted = tuple[Path, dict[tuple[str, str], int]]


def test_no_sentence_is_lost(converted: Converted) -> None:
    assert converted[1] == COUNTS


def test_every_surface_token_is_there_once(treebanks: Path, converted: Converted) -> None:
    """Words less the members of ranges, plus the ranges: empty nodes are dropped."""
    for language in ("de", "ta", "tr", "mr", "kk"):
        expected = 0
        for path in treebanks.rglob(f"{language}_*-test.conllu"):
            for sentence in read_conllu(path):
                spared = sum(one.last - one.first for one in sentence.fused)
                expected += len(sentence.words) - spared
        words = [line for block in sentences(converted[0] / "udpos" / f"test-{language}.tsv") for line in block]
        assert len(words) == expected
        assert not any(" " in line for _, line in words)


def test_basque_is_xtreme_s_own_file(converted: Converted, tmp_path: Path) -> None:
    theirs = unzipped(DATA / "udpos" / "xtreme_processed" / "test-eu.tsv.gz", tmp_path / "eu.tsv")
    ours = list(sentences(converted[0] / "udpos" / "test-eu.tsv"))
    assert ours[:200] == list(sentences(theirs))


@pytest.fixture(params=["tiny_xlmr", "tiny_bert"])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return load_tokenizer(request.getfixturevalue(request.param))


def round_trip(tokenizer: Any, gold: list[Example], labels: tuple[str, ...], first_content_subword: bool) -> float:
    """F1 of what comes back when the logits say the gold at every labelled subword."""
    options = {"labels": labels, "max_length": 128, "first_content_subword": first_content_subword}
    columns = {}
    for name, rows in encode_sentences(tokenizer, gold, options).items():
        flat = np.fromiter((value for row in rows for value in row), dtype=np.int32)
        columns[name] = Ragged(flat, np.array([0, *accumulate(map(len, rows))]))
    windows = Encoded(columns, [{"id": row["id"]} for row in gold])
    outputs = []
    for window, length in enumerate(windows.lengths):
        logits = np.zeros((length, len(labels)), dtype=np.float32)
        logits[columns["places"][window], columns["labels"][window]] = 1.0
        outputs.append(logits)
    assert windows.lengths.max() <= 128
    predictions = decode_tags(outputs, windows, labels)
    return chunk_f1([row["prediction"] for row in predictions], [row["tags"] for row in gold]).figure


@pytest.mark.slow
def test_gold_of_udpos_scores_100(converted: Converted, tokenizer: Any) -> None:
    folder, counts = converted
    for language in sorted({language for language, split in counts if split == "test"}):
        texts, tags = folder / "udpos" / f"test-{language}.tsv", folder / "labels/udpos" / f"test-{language}.tsv"
        rows = list(read_tagged(udpos.LABELS)("test", language, (texts,)))
        gold = list(read_tag_labels(udpos.LABELS)("test", language, (tags,)))
        examples = [{**row, **one} for row, one in zip(rows, gold, strict=True)]
        assert all(len(row["tokens"]) == len(row["tags"]) for row in examples)
        assert round_trip(tokenizer, examples, udpos.LABELS, language == "zh") == pytest.approx(100)


@pytest.mark.slow
def test_gold_of_panx_scores_100(tokenizer: Any, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for path in sorted((DATA / "panx" / "xtreme_processed").glob("dev-*.tsv.gz")):
        language = path.name[4:6]
        file = unzipped(path, tmp_path / path.name.removesuffix(".gz"))
        gold = list(read_tagged(panx.LABELS)("dev", language, (file,)))
        seen[language] = len(gold)
        assert round_trip(tokenizer, gold, panx.LABELS, False) == pytest.approx(100)
    assert len(seen) == 19
    assert {code: count for code, count in seen.items() if count != 500} == {"en": 1000, "yo": 100}


def test_xtreme_s_test_files_are_read_whole(tmp_path: Path) -> None:
    for path in sorted((DATA / "panx" / "xtreme_processed").glob("test-*.tsv.gz")):
        file = unzipped(path, tmp_path / path.name.removesuffix(".gz"))
        rows = list(read_tagged(panx.LABELS)("test", path.name[5:7], (file,)))
        assert len(rows) == (100 if "yo" in path.name else 500)
