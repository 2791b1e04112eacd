"""Slices of the real data through the imports: what is written, and gold handed back as a submission scores 100.

The slices are cut, so that they pass as unofficial imports only.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Folders
from xtreme_harness.registry import Registry
from xtreme_harness.scoring.folders.score import Report
from xtreme_tasks.squad.document import questions
from xtreme_tasks.squad.rows import document_of
from xtreme_tasks.tagged import read_tag_labels, read_tagged
from xtreme_tasks.tydiqa import NAMES

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the slices of real data in ../shared")

Places = Callable[..., Folders]
Score = Callable[[Path], Report]


def unzipped(source: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.decompress((DATA / source).read_bytes()))
    return target


def bring(registry: Registry, task: str, folders: Folders) -> None:
    import_files = registry.task(task).import_files
    assert import_files is not None
    import_files(folders)


def figures(report: Report, task: str) -> dict[str, float]:
    """The task's number in each language."""
    return {code: sum(values.values()) / len(values) for code, values in report.languages[task].items()}


def counts(registry: Registry, task: str, folders: Folders) -> dict[str, int]:
    """Test examples by language that data and label folder both have, in one order."""
    found, numbers = registry.task(task), {}
    assert found.read_gold is not None and found.gold_files is not None
    for code in found.languages:
        (data,), (gold,) = found.files("test", code), found.gold_files("test", code)
        if (folders.data / data).is_file():
            inputs = [row["id"] for row in found.read("test", code, (folders.data / data,))]
            assert inputs == [row["id"] for row in found.read_gold("test", code, (folders.labels / gold,))]
            numbers[code] = len(inputs)
    return numbers


# --- QA --------------------------------------------------------------------------------------------------------------


def xquad_slices(folder: Path) -> None:
    for path in sorted((DATA / "xquad").glob("*.gz")):
        unzipped(f"xquad/{path.name}", folder / path.stem)


def mlqa_slices(folder: Path) -> None:
    """The dev files of same-language pairs, once more as test files, whose gold is not public in this form."""
    for path in sorted((DATA / "mlqa" / "MLQA_V1" / "dev").glob("*.gz")):
        for name in (path.stem, path.stem.replace("dev-", "test-")):
            unzipped(f"mlqa/MLQA_V1/dev/{path.name}", folder / "MLQA_V1" / name)


def tydiqa_slices(folder: Path) -> None:
    unzipped("tydiqa/goldp_en_train.json.gz", folder / "tydiqa-goldp-v1.1-train.json")
    for path in sorted((DATA / "tydiqa" / "tydiqa-goldp-v1.1-dev").glob("*.gz")):
        unzipped(f"tydiqa/tydiqa-goldp-v1.1-dev/{path.name}", folder / path.stem)


QA: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "xquad": (xquad_slices, dict.fromkeys(("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi"), 322)),
    "mlqa": (mlqa_slices, {**dict.fromkeys(("en", "es", "de", "ar", "hi", "vi", "zh"), 250), "hi": 251}),
    "tydiqa": (tydiqa_slices, {**dict.fromkeys(NAMES, 250), "bn": 113}),
}


@pytest.mark.parametrize("task", QA)
def test_gold_of_qa_scores_100(task: str, registry: Registry, places: Places, score_returned: Score) -> None:
    slices, expected = QA[task]
    folders = places()
    slices(folders.originals)
    bring(registry, task, folders)
    assert counts(registry, task, folders) == expected
    assert figures(score_returned(folders.labels), task) == dict.fromkeys(expected, 100.0)


def test_emptied_tydiqa_files_are_xtreme_s_own(registry: Registry, places: Places, tmp_path: Path) -> None:
    """Up to the version, which the language files at hand have lost."""
    folders = places()
    tydiqa_slices(folders.originals)
    bring(registry, "tydiqa", folders)
    for code in ("sw", "te"):
        name = f"tydiqa.goldp.{code}.dev.json"
        theirs = unzipped(f"tydiqa/xtreme_processed/{name}.gz", tmp_path / name).read_text(encoding="utf-8")
        ours = json.loads((folders.data / "tydiqa" / "tydiqa-goldp-v1.1-dev" / name).read_bytes())["data"][:60]
        assert theirs == json.dumps({"data": ours, "version": json.loads(theirs)["version"]})


def test_tydiqa_s_english_training_part_is_whole(registry: Registry, places: Places) -> None:
    folders = places()
    tydiqa_slices(folders.originals)
    bring(registry, "tydiqa", folders)
    task = registry.task("tydiqa")
    rows = list(task.read("train", "en", tuple(folders.data / name for name in task.files("train", "en"))))
    split = folders.data / "tydiqa" / "tydiqa-goldp-v1.1-train" / "tydiqa.goldp.en.train.json"
    assert [row["id"] for row in questions(split, json.loads(split.read_bytes()))] == [row["id"] for row in rows]
    assert len(rows) == task.sizes["train"]["en"]


def test_emptied_mlqa_files_are_no_originals(registry: Registry, places: Places) -> None:
    folders = places()
    name = "test-context-de-question-{}.json"
    unzipped(f"mlqa/MLQA_V1/test/{name.format('es')}.gz", folders.originals / name.format("de"))
    with pytest.raises(DataError, match="has an empty answer: its label was removed"):
        bring(registry, "mlqa", folders)


def test_squad_is_copied_and_only_as_unofficial(registry: Registry, places: Places) -> None:
    folders = places()
    source = unzipped("squad/standin_train-v1.1.json.gz", folders.originals / "train-v1.1.json")
    xquad_slices(folders.originals)
    with pytest.raises(DataError, match="2068 train examples of en are here, the benchmark has 87599"):
        bring(registry, "squad_v1", places(official=True))
    bring(registry, "squad_v1", folders)
    assert (folders.data / "squad" / "train-v1.1.json").read_bytes() == source.read_bytes()


def test_a_dirty_squad_file_is_refused(registry: Registry, places: Places) -> None:
    folders = places()
    unzipped("squad/dev-v1.1_slice.json.gz", folders.originals / "train-v1.1.json")
    with pytest.raises(
        DataError, match=r"train-v1\.1\.json: question '\w{24}' (has the answer .* not at|stands there)"
    ):
        bring(registry, "squad_v1", folders)
    assert not list(folders.data.rglob("*.json"))


def stripped_rows(path: Path) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Rows as the hub's loaders make them, contexts and answers stripped and starts left, with the true starts."""
    for row in questions(path, json.loads(path.read_bytes())):
        texts, starts = [one["text"].strip() for one in row["answers"]], [one["start"] for one in row["answers"]]
        lost = len(row["context"]) - len(row["context"].lstrip())
        gained = [len(one["text"]) - len(one["text"].lstrip()) for one in row["answers"]]
        true = [start - lost + gain for start, gain in zip(starts, gained, strict=True)]
        yield {**row, "context": row["context"].strip(), "answers": {"text": texts, "answer_start": starts}}, true


@pytest.mark.parametrize("task", QA)
def test_offsets_that_stripping_moved_are_set_right(task: str, tmp_path: Path) -> None:
    """Every context loses its white space and every answer comes to stand where it did."""
    QA[task][0](tmp_path)
    moved = 0
    for path in sorted(tmp_path.rglob("*.json")):
        pairs = list(stripped_rows(path))
        found = questions(path, document_of(path.name, (row for row, _ in pairs)))
        for (row, true), repaired in zip(pairs, found, strict=True):
            assert [answer["start"] for answer in repaired["answers"]] == true, row["id"]
            moved += true != row["answers"]["answer_start"]
    assert moved == {"xquad": 31, "mlqa": 0, "tydiqa": 512}[task]


# --- Tagging ---------------------------------------------------------------------------------------------------------


def test_gold_of_udpos_scores_100(registry: Registry, places: Places, score_returned: Score) -> None:
    """Fused words, empty nodes and words with inner spaces among them; the slices of release 2.5."""
    folders = places()
    for path in sorted((DATA / "udpos").glob("UD_*/*-test.conllu.gz")):
        unzipped(f"udpos/{path.parent.name}/{path.name}", folders.originals / path.parent.name / path.stem)
    bring(registry, "udpos", folders)
    numbers = counts(registry, "udpos", folders)
    assert len(numbers) == 18 and sum(numbers.values()) == 9_110
    assert figures(score_returned(folders.labels), "udpos") == dict.fromkeys(numbers, 100.0)


def test_gold_of_panx_scores_100(registry: Registry, places: Places, score_returned: Score) -> None:
    """XTREME's dev files, turned back to raw ones, come out as they were: no-break spaces, U+FEFF alone, ZWNJ."""
    folders, labels = places(), registry.task("panx").options["labels"]
    dev = read_tagged(labels)
    for path in sorted((DATA / "panx" / "xtreme_processed").glob("dev-*.gz")):
        code = path.name[4:6]
        source = unzipped(f"panx/xtreme_processed/{path.name}", folders.originals / "dev" / path.stem)
        lines = source.read_text(encoding="utf-8").split("\n")
        raw = folders.originals / code / "test"
        raw.parent.mkdir()
        raw.write_text("\n".join(f"{code}:{line}" if line else "" for line in lines), encoding="utf-8", newline="\n")
    bring(registry, "panx", folders)
    numbers = counts(registry, "panx", folders)
    assert len(numbers) == 19 and sum(numbers.values()) == 9_600
    for code in numbers:
        inputs = dev("test", code, (folders.data / "panx" / f"test-{code}.tsv",))
        gold = read_tag_labels(labels)("test", code, (folders.labels / "panx" / f"test-{code}.tsv",))
        theirs = list(dev("dev", code, (folders.originals / "dev" / f"dev-{code}.tsv",)))
        assert [{**row, **one} for row, one in zip(inputs, gold, strict=True)] == theirs
    assert figures(score_returned(folders.labels), "panx") == dict.fromkeys(numbers, 100.0)


def test_the_archives_of_all_40_languages_are_read(
    registry: Registry, places: Places, score_returned: Score, layouts: Path
) -> None:
    """One to three real sentences a file, in the layout of the authors' archives."""
    folders = places()
    for path in sorted(path for path in layouts.rglob("*") if "wikiann" in path.parts and path.is_file()):
        target = folders.originals / path.parts[-3] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    bring(registry, "panx", folders)
    assert list(counts(registry, "panx", folders)) == list(registry.task("panx").languages)
    assert set(figures(score_returned(folders.labels), "panx").values()) == {100.0}
