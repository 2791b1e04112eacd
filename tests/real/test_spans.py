"""QA on slices of the real data: offsets, counts, and gold spans through tokenizer, windows and decoder, by language.

A head on tokens can only answer with whole tokens, so an answer whose edge lies inside one (Korean and Telugu endings,
`118)` cut as `11 8)`) cannot come back exactly, whatever the decoder does. Every other answer must, and what cannot
must come back as the smallest run of tokens around it.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness.data.access import checked
from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.kinds.span.decode import decode_spans
from xtreme_harness.kinds.span.encode import answers_problem, encode_spans
from xtreme_harness.kinds.span.pieces import cut_pieces
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.scoring.answers import exact_match, mlqa_exact_match
from xtreme_tasks.squad.document import read_squad
from xtreme_tasks.tydiqa import NAMES, SIZES, language_name

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the slices of real data in ../shared")

OPTIONS: dict[str, Any] = {
    "split": "dev",
    "max_length": 384,
    "max_query_length": 64,
    "doc_stride": 128,
    "max_answer_length": 256,
    "null_threshold": None,
    "legacy_word_extension": False,
}
XQUAD = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
MLQA = ("en", "es", "de", "ar", "hi", "vi", "zh")
SLICES = {
    **{f"xquad-{code}": f"xquad/xquad.{code}.json.gz" for code in XQUAD},
    **{f"mlqa-{code}": f"mlqa/MLQA_V1/dev/dev-context-{code}-question-{code}.json.gz" for code in MLQA},
    **{
        f"tydiqa-{code}": f"tydiqa/tydiqa-goldp-v1.1-dev/tydiqa-goldp-dev-{name}.json.gz"
        for code, name in NAMES.items()
    },
}
MORE = {"mlqa-hi": 1, "tydiqa-bn": -137}  # how many questions more than the other slices

# The best exact match that any head on XLM-R's tokens can have on a slice, where it is not 100.
CEILINGS = {
    "xquad-de": 99.7,
    "xquad-tr": 99.7,
    "xquad-ar": 99.7,
    "xquad-zh": 98.4,
    "mlqa-en": 99.6,
    "mlqa-es": 99.2,
    "mlqa-de": 98.8,
    "mlqa-ar": 94.4,
    "mlqa-vi": 98.8,
    "mlqa-zh": 98.8,
    "tydiqa-en": 99.6,
    "tydiqa-ar": 99.2,
    "tydiqa-bn": 96.5,
    "tydiqa-fi": 97.6,
    "tydiqa-id": 98.8,
    "tydiqa-ko": 89.6,
    "tydiqa-ru": 99.6,
    "tydiqa-sw": 98.8,
    "tydiqa-te": 81.2,
}


def unzipped(name: str, folder: Path) -> Path:
    path = folder / Path(name).stem
    path.write_bytes(gzip.decompress((DATA / name).read_bytes()))
    return path


def sound(path: Path) -> list[Example]:
    return list(checked(read_squad(path), (path,), answers_problem))


def encoded_of(tokenizer: Any, examples: list[Example], folder: Path) -> Encoded:
    save_encoded(folder, encode_spans(tokenizer, examples, OPTIONS), [dict(one) for one in examples])
    return load_encoded(folder)


def gold_logits(encoded: Encoded) -> Iterator[Any]:
    """What a perfect model would say: high where the label is, in every window."""
    for row, length in enumerate(encoded.lengths):
        logits = np.zeros((int(length), 2), dtype=np.float32)
        start, end = encoded.columns["labels"][row]
        logits[start, 0] = logits[end, 1] = 9.0
        yield logits


def came_back(tokenizer: Any, examples: list[Example], folder: Path) -> list[tuple[Example, str, bool]]:
    """Each example, the text that came back, and whether its first answer begins and ends with a token."""
    encoded = encoded_of(tokenizer, examples, folder)
    rows = decode_spans(list(gold_logits(encoded)), encoded, OPTIONS)
    texts = list(dict.fromkeys(one["context"] for one in examples))
    pieces = dict(zip(texts, cut_pieces(tokenizer, texts), strict=True))
    edges = {text: (set(one.starts), set(one.ends)) for text, one in pieces.items()}
    found = []
    for one, row in zip(examples, rows, strict=True):
        start, stop = trimmed(one)
        begins, ends = edges[one["context"]]
        text = one["context"][row["start"] : row["end"]]
        assert row["start"] <= start and stop <= row["end"], (one["id"], text)
        inside = [b for b in begins if row["start"] < b <= start] + [e for e in ends if stop <= e < row["end"]]
        assert not inside, f"{one['id']}: {text!r} is not the smallest run of tokens"
        found.append((one, text, start in begins and stop in ends))
    return found


def trimmed(example: Example) -> tuple[int, int]:
    """The first answer without its outer white space, which some answers have."""
    answer = example["answers"][0]
    left = len(answer["text"]) - len(answer["text"].lstrip())
    return answer["start"] + left, answer["start"] + len(answer["text"].rstrip())


def ceiling(name: str, found: list[tuple[Example, str, bool]]) -> float:
    """Exact match of what came back, by the task's own rules."""
    kind, language = name.split("-")
    values = []
    for one, text, _ in found:
        answers = [answer["text"] for answer in one["answers"]]
        values.append(mlqa_exact_match(text, answers, language) if kind == "mlqa" else exact_match(text, answers))
    return sum(values) / len(values)


@pytest.mark.parametrize("name", SLICES)
def test_answers_stand_at_their_offsets(name: str, tmp_path: Path) -> None:
    examples = sound(unzipped(SLICES[name], tmp_path))
    assert len(examples) == {"xquad": 322, "mlqa": 250, "tydiqa": 250}[name.split("-")[0]] + MORE.get(name, 0)
    assert len({one["context"] for one in examples}) == len({one["group"] for one in examples})


def test_the_english_part_of_tydiqa_is_whole(tmp_path: Path) -> None:
    examples = sound(unzipped("tydiqa/goldp_en_train.json.gz", tmp_path))
    assert len(examples) == SIZES["train"]["en"]
    assert {language_name(one["id"]) for one in examples} == {"english"}


def test_squad_v2_has_impossible_questions(tmp_path: Path) -> None:
    examples = sound(unzipped("squad/train-v2.0.json.gz", tmp_path))
    assert len(examples) == 1500
    assert sum(one.get("impossible", False) for one in examples) == 348


def test_emptied_and_dirty_files_are_refused_as_gold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="labels were removed"):
        sound(unzipped("tydiqa/xtreme_processed/tydiqa.goldp.te.dev.json.gz", tmp_path))
    with pytest.raises(DataError, match=r"does not stand at|is there twice"):
        sound(unzipped("squad/dev-v1.1_slice.json.gz", tmp_path))


@pytest.mark.parametrize("name", [name for name in SLICES if name.startswith("xquad")])
def test_gold_comes_back_through_a_tiny_tokenizer(name: str, tmp_path: Path, tiny_xlmr: Path) -> None:
    """It knows few characters, and a run of unknown ones is one token: few answers begin and end with a token."""
    found = came_back(load_tokenizer(tiny_xlmr), sound(unzipped(SLICES[name], tmp_path))[:60], tmp_path)
    for one, text, at_edges in found:
        start, stop = trimmed(one)
        assert not at_edges or text == one["context"][start:stop]


@pytest.mark.slow
@pytest.mark.encoder
@pytest.mark.parametrize("name", SLICES)
def test_gold_comes_back_exactly(name: str, tmp_path: Path, mini_tokenizer: Any) -> None:
    found = came_back(mini_tokenizer, sound(unzipped(SLICES[name], tmp_path)), tmp_path)
    at_edges = [(one, text, True) for one, text, exact in found if exact]
    for one, text, _ in at_edges:
        start, stop = trimmed(one)
        assert text == one["context"][start:stop]
    assert ceiling(name, at_edges) == 100.0
    assert ceiling(name, found) == pytest.approx(CEILINGS.get(name, 100.0), abs=0.05)
