"""Masked language modelling and cloze on real text, with XLM-R's vocabulary."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.real.conftest import Unzipped
from tests.real.download import DATA, WITHOUT_DATA
from xtreme_harness import Task
from xtreme_harness.data.access import checked, data_files
from xtreme_harness.data.encoded import load_encoded, save_encoded
from xtreme_harness.kinds.cloze.encode import encode_gaps
from xtreme_harness.kinds.cloze.kind import Cloze
from xtreme_harness.kinds.mask.encode import encode_texts
from xtreme_harness.kinds.mask.masking import masked_windows
from xtreme_harness.registry import Registry

pytestmark = [pytest.mark.skipif(not DATA.is_dir(), reason=WITHOUT_DATA), pytest.mark.encoder]

NTREX = {"en": "src.eng", "sw": "ref.swa", "te": "ref.tel", "zh": "ref.zho-CN", "ar": "ref.arb"}


def lines_of(language: str) -> list[str]:
    (path,) = (DATA / "ntrex").glob(f"*{NTREX[language]}*")
    return gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()


@pytest.fixture
def task_with_text(tmp_path: Path, registry: Registry) -> Callable[[str], tuple[Task, Path]]:
    """`task_with_text("sw")`: the task `mlm.sw` and a data folder that has its text."""

    def make(language: str) -> tuple[Task, Path]:
        (tmp_path / "intermediate" / "mlm").mkdir(parents=True)
        text = "\n".join(lines_of(language))
        (tmp_path / "intermediate" / "mlm" / f"{language}.txt").write_text(text, encoding="utf-8")
        return registry.task(f"mlm.{language}"), tmp_path

    return make


@pytest.mark.parametrize("language", NTREX)
def test_text_in_any_script_is_masked(
    language: str, task_with_text: Callable[[str], tuple[Task, Path]], mini_tokenizer: Any, tmp_path: Path
) -> None:
    task, folder = task_with_text(language)
    parts = {
        split: list(task.read(split, language, data_files(task, split, language, folder))) for split in ("train", "dev")
    }
    distinct = {line.strip() for line in lines_of(language) if line.strip()}
    assert sum(map(len, parts.values())) == len(distinct) and len(parts["dev"]) == -(-len(distinct) // 50)
    columns = encode_texts(mini_tokenizer, parts["train"][:600], {"max_length": 64, "split": "train"})
    save_encoded(tmp_path, columns, parts["train"][:600])
    whole = load_encoded(tmp_path)
    seen = masked_windows(whole, seed=1, epoch=0)
    pieces = len(seen.columns["masked"].values)
    assert pieces / len(whole.columns["maskable"].values) == pytest.approx(0.15, abs=0.01)
    shown = (seen.columns["input_ids"].values == mini_tokenizer.mask_token_id).sum() / pieces
    assert shown == pytest.approx(0.8, abs=0.02)
    unmasked = np.array(seen.columns["input_ids"].values)
    for row in range(len(whole)):
        unmasked[whole.columns["input_ids"].offsets[row] + seen.columns["places"][row]] = seen.columns["masked"][row]
    assert np.array_equal(unmasked, whole.columns["input_ids"].values)


def test_gaps_in_real_code(mini_tokenizer: Any, unzipped: Unzipped, registry: Registry, tmp_path: Path) -> None:
    """Functions of CoSQA that call max or min, laid out as CodeXGLUE's tests, which are not among the slices."""
    tests = []
    for row in json.loads(unzipped("code/cosqa/cosqa-dev.json.gz").read_text(encoding="utf-8")):
        code = row["code_tokens"].split()
        if place := next((place for place, token in enumerate(code) if token in ("max", "min")), 0):
            code[place] = "<mask>"
            tests.append({"idx": row["idx"], "nl_tokens": row["doc"].split(), "pl_tokens": code})
    assert len(tests) == 17
    folder = tmp_path / "cloze-maxmin"
    for code in ("ruby", "javascript", "go", "python", "java", "php"):
        (folder / code).mkdir(parents=True)
        (folder / code / "clozeTest.json").write_text(json.dumps(tests if code == "python" else []), encoding="utf-8")
    (folder / "cloze_test_words.txt").write_text("max\nmin\n", encoding="utf-8")
    task = registry.task("cloze_maxmin")
    files = tuple(tmp_path / name.removeprefix("intermediate/") for name in task.files("test", "en"))
    examples = list(checked(task.read("test", "en", files), files, Cloze().input_problem))
    columns, words = encode_gaps(mini_tokenizer, examples, {"max_length": 128})
    assert {word: len(pieces) for word, pieces in words.items()} == {"max": 1, "min": 1}
    assert len(columns["item"]) == len(tests) and max(map(len, columns["input_ids"])) <= 128
    for ids, places in zip(columns["input_ids"], columns["places"], strict=True):
        assert [place for place, id in enumerate(ids) if id == mini_tokenizer.mask_token_id] == places
