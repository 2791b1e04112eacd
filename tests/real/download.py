"""A folder laid out as an XTREME download, labels beside it, built from slices of real data.

`python tests/real/download.py OUT` writes what the slices allow, the same bytes every time. What is not the
benchmark's:

- train: XNLI's and PAWS-X's are rows of the English dev sets that are not in the dev parts here; SQuAD's are answerable
  questions of SQuAD 2.0; UDPOS has EWT alone; PAN-X half of its sentences. TyDiQA's English part is whole.
- dev: the first published sentences; for PAN-X the first half of them, as the second half is the English test part.
- test: the first published examples. PAN-X and MLQA have dev parts there, as PAN-X's test tags and MLQA's same-language
  test questions are not at hand; Thai PAN-X has its test words and no labels. UDPOS lacks many treebanks.
- PAWS-X's labels are the German ones in every language: 1 to 2 % of them are wrong for the others.
- BUCC 2018 is NTREX-128: news translated by people. Of eight lines two have no partner. French is missing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import tarfile
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from xtreme_harness import Folders
from xtreme_tasks import mlqa, pawsx, squad, tatoeba, tydiqa, udpos, xnli, xquad
from xtreme_tasks.squad.document import by_question, with_articles
from xtreme_tasks.tagged import Row, write_sentences

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
WITHOUT_DATA = "needs the slices of real data in ../shared"

PAIRS = {"xnli": xnli.LANGUAGES, "pawsx": pawsx.LANGUAGES}
NOT_IN_RELEASE = "UD_Tagalog-Ugnayan"  # came after UD 2.5
PANX = ("ar", "de", "eu", "fa", "hi", "ja", "ka", "kk", "ko", "mr", "ru", "sw", "ta", "te", "tl", "tr", "yo", "zh")
PANX_WITHOUT_TAGS = "th"
QUESTIONS = {  # original files of the QA tasks, and the slices that they are made of
    squad.SOURCE.file: "squad/standin_train-v1.1.json.gz",
    tydiqa.TRAIN.file: "tydiqa/goldp_en_train.json.gz",
    **{f"xquad.{code}.json": f"xquad/xquad.{code}.json.gz" for code in xquad.LANGUAGES},
    **{mlqa.original("test", code): f"mlqa/MLQA_V1/dev/{mlqa.original('dev', code)}.gz" for code in mlqa.LANGUAGES},
    **{
        name: f"tydiqa/tydiqa-goldp-v1.1-dev/{name}.gz"
        for name in (f"tydiqa-goldp-dev-{language}.json" for language in tydiqa.CODES)
    },
}
NTREX = {"de": "ref.deu", "ru": "ref.rus", "zh": "ref.zho-CN", "en": "src.eng"}
MINING_DEV_LINES = 600


def build(folder: Path, train: int | None = None, test: int | None = None) -> Path:
    """Writes the download to `folder` and its labels to `folder / "labels"`; returns `folder`.

    `train` and `test` keep that many examples of each training file, and of each dev and test file (UDPOS: of each
    treebank). The task `tydiqa` refuses a training file that is not whole.
    """
    for task, languages in PAIRS.items():
        write_pairs(folder, task, languages, train, test)
    write_udpos(folder, train, test)
    write_panx(folder, train, test)
    write_questions(folder, train, test)
    write_tatoeba(folder, test)
    write_mining(folder, test)
    return folder


def text_of(name: str) -> str:
    return gzip.decompress((DATA / name).read_bytes()).decode("utf-8")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def first(text: str, count: int | None, separator: str = "\n") -> str:
    """The first `count` parts of `text`, all of them by default, the last one ended by one line end."""
    return separator.join(text.rstrip("\n").split(separator)[:count]) + "\n"


def write_pairs(
    folder: Path, task: str, languages: Sequence[str], train: int | None = None, test: int | None = None
) -> None:
    """One label file for all languages, which are parallel."""
    labels = first(text_of(f"{task}/test.labels.txt.gz"), test)
    written(folder / task / "train-en.tsv", first(text_of(f"{task}/standin_train-en.tsv.gz"), train))
    for name in ("dev-en.tsv", *(f"test-{language}.tsv" for language in languages)):
        written(folder / task / name, first(text_of(f"{task}/xtreme_processed/{name}.gz"), test))
    for language in languages:
        written(folder / "labels" / task / f"test-{language}.tsv", labels)


def write_treebanks(folder: Path, train: int | None = None, test: int | None = None) -> Path:
    """The treebanks of UD 2.5, each cut to its first sentences; returns `folder`."""
    for path in sorted((DATA / "udpos").glob("UD_*/*.conllu.gz")):
        if path.parent.name != NOT_IN_RELEASE:
            count = train if "-train" in path.name else test
            sentences = first(gzip.decompress(path.read_bytes()).decode("utf-8"), count, "\n\n")
            written(folder / path.parent.name / path.name.removesuffix(".gz"), sentences)
    return folder


def write_udpos(folder: Path, train: int | None, test: int | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        udpos.import_files(unofficial(write_treebanks(Path(place), train, test), folder))


def unofficial(originals: Path, folder: Path) -> Folders:
    return Folders(originals=originals, data=folder, labels=folder / "labels", official=False)


def tagged(name: str) -> list[list[Row]]:
    """The sentences of a file of `word<TAB>tag` lines."""
    blocks = text_of(f"panx/xtreme_processed/{name}.tsv.gz").rstrip("\n").split("\n\n")
    return [[(word, tag) for word, tag in (line.split("\t") for line in block.split("\n"))] for block in blocks]


def write_panx(folder: Path, train: int | None, test: int | None) -> None:
    place, english = folder / "panx", tagged("dev-en")
    half = len(english) // 2
    tests = {"en": english[half:], **{language: tagged(f"dev-{language}") for language in PANX}}
    place.mkdir(parents=True, exist_ok=True)
    write_sentences(tagged("train-en")[:train], place / "train-en.tsv")
    write_sentences(english[:half][:test], place / "dev-en.tsv")
    for language, sentences in tests.items():
        name = f"test-{language}.tsv"
        write_sentences(sentences[:test], place / name, folder / "labels" / "panx" / name)
    name = f"test-{PANX_WITHOUT_TAGS}.tsv"
    written(place / name, first(text_of(f"panx/xtreme_processed/{name}.gz"), test, "\n\n"))


def questions(name: str, count: int | None) -> dict[str, Any]:
    """A SQuAD JSON document; one that is cut to its first questions has each of them as an article."""
    document: dict[str, Any] = json.loads(text_of(name))
    return document if count is None else with_articles(document, list(islice(by_question(document), count)))


def write_questions(folder: Path, train: int | None, test: int | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name, source in QUESTIONS.items():
            document = questions(source, train if "train" in name else test)
            written(Path(place) / name, json.dumps(document, ensure_ascii=False) + "\n")
        for task in (squad, xquad, mlqa, tydiqa):
            task.import_files(unofficial(Path(place), folder))


def write_tatoeba(folder: Path, count: int | None = None) -> None:
    packed = DATA / "tatoeba" / "tatoeba-v1-xtreme36.tar.gz"
    with tarfile.open(packed) as archive, tempfile.TemporaryDirectory() as place:
        for member in archive:
            if (stream := archive.extractfile(member)) is not None:
                written(Path(place) / Path(member.name).name, first(stream.read().decode("utf-8"), count))
        tatoeba.import_files(unofficial(Path(place), folder))


def write_mining(folder: Path, count: int | None = None) -> None:
    """NTREX in BUCC's layout: the first lines as dev, the others as test, each side with sentences of its own."""
    for language in (code for code in NTREX if code != "en"):
        texts = {code: news(code) for code in (language, "en")}
        parts = {"dev": range(MINING_DEV_LINES), "test": range(MINING_DEV_LINES, len(texts["en"]))}
        for split, part in parts.items():
            stem = f"bucc2018/{language}-en.{split}"
            sides = {code: ids_by_line(part[:count], code, f"{language} {split}") for code in texts}
            for code, ids in sides.items():
                lines = [f"{name}\t{texts[code][line]}\n" for line, name in ids.items()]
                written(folder / f"{stem}.{code}", "".join(lines))
            pairs = [(name, sides["en"].get(line)) for line, name in sides[language].items()]
            gold = folder / (f"{stem}.gold" if split == "dev" else f"labels/bucc2018/test-{language}.tsv")
            written(gold, "".join(f"{name}\t{english}\n" for name, english in pairs if english))


def news(language: str) -> list[str]:
    return text_of(f"ntrex/newstest2019-{NTREX[language]}.txt.gz").removesuffix("\r\n").split("\r\n")


def ids_by_line(part: Sequence[int], code: str, seed: str) -> dict[int, str]:
    """Ids by line of NTREX, in the file's order; English is shuffled. Of eight lines one is on the other side only."""
    kept = [line for line in part if line % 8 != (5 if code == "en" else 1)]
    if code == "en":
        random.Random(seed).shuffle(kept)
    return {line: f"{code}-{number:09}" for number, line in enumerate(kept, start=1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds an XTREME download from the slices of real data.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--train", type=int, help="examples of each training file")
    parser.add_argument("--test", type=int, help="examples of each dev and test file")
    chosen = parser.parse_args()
    if not DATA.is_dir():
        parser.error(f"{WITHOUT_DATA}: there is no {DATA}")
    build(chosen.out, chosen.train, chosen.test)


if __name__ == "__main__":
    main()
