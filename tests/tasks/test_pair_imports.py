"""XNLI and PAWS-X from the original archives and from the hub to the files of XTREME's downloader."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.definitions import Folders, HubSet
from xtreme_harness.errors import DataError, MissingData
from xtreme_harness.registry import Registry
from xtreme_tasks import pawsx, xnli

Texts = dict[str, str]  # by path
Scores = Callable[[str, Folders], dict[str, dict[str, float]]]

TEST_HEADER = "language gold_label b1 b2 p1 p2 sentence1 sentence2 promptID pairID match".replace(" ", "\t")
TRAIN_HEADER = "premise\thypo\tlabel"
PAWS_HEADER = "id\tsentence1\tsentence2\tlabel"


def xnli_row(language: str, label: str, first: str, second: str) -> str:
    return "\t".join([language, label, "", "", "", "", first, second, "1", "1", "True"])


def table(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def xnli_texts(language: str) -> Texts:
    """Three pairs in `language`, one of each label, with quotes where they matter."""
    rows = [
        xnli_row(language, label, f'She said "{language} {label}" .', f"'{label}' \u2028 she said")
        for label in ("entailment", "neutral", "contradictory")
    ]
    return {"dev": table(*rows), "test": table(*reversed(rows))}


@pytest.fixture
def xnli_files() -> Texts:
    """Both archives' files, with three pairs a part in all 15 languages."""
    parts = {language: xnli_texts(language) for language in xnli.LANGUAGES}
    train = table(TRAIN_HEADER, '"Quote" me\tHe is quoted\tentailment', "a\tb\tneutral", "c\td\tcontradictory")
    files = {f"XNLI-1.0/xnli.{split}.tsv": table(TEST_HEADER) for split in ("dev", "test")}
    for split in ("dev", "test"):
        files[f"XNLI-1.0/xnli.{split}.tsv"] += "".join(parts[language][split] for language in xnli.LANGUAGES)
    return {"XNLI-MT-1.0/multinli/multinli.train.en.tsv": train, **files}


@pytest.fixture
def pawsx_files() -> Texts:
    """The archive's files, with three pairs a part."""
    files = {"x-final/en/train.tsv": table(PAWS_HEADER, '1\ta "b" c\td\t0', "2\te\tf\t1", "3\tg\th\t1")}
    for language in pawsx.LANGUAGES:
        rows = [
            f"{place}\tone {language} {place}\t{other}\t{place % 2}" for place, other in enumerate(["two", "NS", ""])
        ]
        files[f"x-final/{language}/dev_2k.tsv"] = table(PAWS_HEADER, *rows)
        files[f"x-final/{language}/test_2k.tsv"] = table(PAWS_HEADER, *reversed(rows))
        files[f"x-final/{language}/translated_train.tsv"] = "not even a table"
    return files


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark's sizes are three examples a part."""
    for module, name in ((xnli, "XNLI"), (pawsx, "PAWSX")):
        pairs = getattr(module, name)
        sizes = {split: dict.fromkeys(languages, 3) for split, languages in pairs.sizes.items()}
        monkeypatch.setattr(module, name, replace(pairs, sizes=sizes))


@pytest.fixture
def folders(places: Callable[..., Folders]) -> Folders:
    return places(official=True)


def unofficial(folders: Folders) -> Folders:
    return replace(folders, official=False)


def lay(folders: Folders, files: Mapping[str, str]) -> Folders:
    for name, text in files.items():
        path = folders.originals / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return folders


def written(folders: Folders) -> dict[str, bytes]:
    """All files in the data and in the label folder."""
    found = {}
    for root in (folders.data, folders.labels):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            found[f"{root.name}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return found


def test_xnli_is_written_as_the_downloader_writes_it(folders: Folders, xnli_files: Texts) -> None:
    """Quotes doubled, for the reader to take off again (docs/traps.md, 10); CRLF; no labels in tests."""
    xnli.import_files(lay(folders, xnli_files))
    files = written(folders)
    assert set(files) == {
        "data/xnli/train-en.tsv",
        *(f"data/xnli/{split}-{language}.tsv" for split in ("dev", "test") for language in xnli.LANGUAGES),
        *(f"labels/xnli/test-{language}.tsv" for language in xnli.LANGUAGES),
    }
    assert files["data/xnli/train-en.tsv"] == (
        b'"""Quote"" me"\tHe is quoted\tentailment\r\na\tb\tneutral\r\nc\td\tcontradiction\r\n'
    )
    cells = {
        label: f'"She said ""sw {spelt}"" ."\t\'{spelt}\' \u2028 she said'
        for label, spelt in (("entailment",) * 2, ("neutral",) * 2, ("contradiction", "contradictory"))
    }
    assert files["data/xnli/dev-sw.tsv"].decode() == "".join(f"{cell}\t{label}\r\n" for label, cell in cells.items())
    assert files["data/xnli/test-sw.tsv"].decode() == "".join(f"{cell}\r\n" for cell in reversed(cells.values()))
    assert files["labels/xnli/test-sw.tsv"] == b"contradiction\nneutral\nentailment\n"


def test_pawsx_is_written_as_the_downloader_writes_it(folders: Folders, pawsx_files: Texts) -> None:
    """`NS` and empty sentences stay: the hidden labels cover all rows."""
    pawsx.import_files(lay(folders, pawsx_files))
    files = written(folders)
    assert len(files) == 1 + 2 * 7 + 7
    assert files["data/pawsx/train-en.tsv"] == b'"a ""b"" c"\td\t0\r\ne\tf\t1\r\ng\th\t1\r\n'
    assert files["data/pawsx/dev-ko.tsv"] == b"one ko 0\ttwo\t0\r\none ko 1\tNS\t1\r\none ko 2\t\t0\r\n"
    assert files["data/pawsx/test-ko.tsv"] == b"one ko 2\t\r\none ko 1\tNS\r\none ko 0\ttwo\r\n"
    assert files["labels/pawsx/test-ko.tsv"] == b"0\n1\n0\n"


@pytest.mark.golden("pair_convert")
def test_files_are_those_of_the_original(vector: dict[str, Any], folders: Folders) -> None:
    """From the archives as from the hub."""
    given, expected = vector["input"], vector["expected"]["file_text"].encode()
    split, language = given["split"], given.get("language", "en")
    if given["task"] == "pawsx":
        name = {"train": "train", "dev": "dev_2k", "test": "test_2k"}[split]
        lay(folders, {f"x-final/{language}/{name}.tsv": table(PAWS_HEADER, given["raw_line"])})
        pawsx.import_files(unofficial(folders))
    elif split == "train":
        row = "\t".join([given["sentence1"], given["sentence2"], given["label"]])
        lay(folders, {"multinli.train.en.tsv": table(TRAIN_HEADER, row)})
        xnli.import_files(unofficial(folders))
    else:
        row = xnli_row(language, given["label"], given["sentence1"], given["sentence2"])
        lay(folders, {f"xnli.{split}.tsv": table(TEST_HEADER, row)})
        xnli.import_files(unofficial(folders))
    assert written(folders)[f"data/{given['task']}/{split}-{language}.tsv"] == expected


def packed_xnli(folders: Folders, files: Texts) -> None:
    folders.originals.mkdir()
    for name in ("XNLI-1.0", "XNLI-MT-1.0"):
        with zipfile.ZipFile(folders.originals / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in files.items():
                if path.startswith(f"{name}/"):
                    archive.writestr(path, text.encode())
            archive.writestr(f"__MACOSX/{name}/._xnli.dev.tsv", b"\0\x05\x16\x07")
            archive.writestr(f"{name}/xnli/xnli.dev.en.tsv", b"another file")


def packed_pawsx(folders: Folders, files: Texts) -> None:
    lay(replace(folders, originals=folders.originals / "to pack"), files)
    with tarfile.open(folders.originals / "x-final.tar.gz", "w:gz") as archive:
        archive.add(folders.originals / "to pack" / "x-final", "x-final")
    (folders.originals / "to pack").rename(folders.originals.parent / "packed")


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_packed_and_unpacked_archives_give_the_same(
    task: str, folders: Folders, tmp_path: Path, request: pytest.FixtureRequest, registry: Registry
) -> None:
    files = request.getfixturevalue(f"{task}_files")
    import_files = registry.task(task).import_files
    assert import_files is not None
    import_files(lay(folders, files))
    other = Folders(originals=tmp_path / "o", data=tmp_path / "other" / "data", labels=tmp_path / "other" / "labels")
    {"xnli": packed_xnli, "pawsx": packed_pawsx}[task](other, files)
    import_files(other)
    assert written(other) == written(folders)
    assert [path.name for path in other.data.iterdir()] == [task]  # what was unpacked is gone


def test_the_archive_s_folder_itself_may_be_the_folder_of_originals(folders: Folders, pawsx_files: Texts) -> None:
    lay(folders, pawsx_files)
    pawsx.import_files(replace(folders, originals=folders.originals / "x-final"))
    assert len(written(folders)) == 22


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_gold_sent_in_scores_100(
    task: str, folders: Folders, request: pytest.FixtureRequest, registry: Registry, score_gold: Scores
) -> None:
    import_files = registry.task(task).import_files
    assert import_files is not None
    import_files(lay(folders, request.getfixturevalue(f"{task}_files")))
    figures = score_gold(task, folders)
    assert figures == {language: {"accuracy": 100.0} for language in registry.task(task).languages}


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_no_row_is_lost_and_texts_are_those_of_the_authors(
    task: str, folders: Folders, request: pytest.FixtureRequest, registry: Registry
) -> None:
    """The first row too, which readers of before 2021 took for a header (docs/traps.md, 17)."""
    definition = registry.task(task)
    assert definition.import_files is not None
    definition.import_files(lay(folders, request.getfixturevalue(f"{task}_files")))
    for split in ("train", "dev", "test"):
        (name,) = definition.files(split, "en")
        rows = list(definition.read(split, "en", (folders.data / name,)))
        assert [row["id"] for row in rows] == ["0", "1", "2"]
    (name,) = definition.files("train", "en")
    first = next(iter(definition.read("train", "en", (folders.data / name,))))
    assert first["text_a"] == {"xnli": '"Quote" me', "pawsx": 'a "b" c'}[task]


def test_a_language_alone_is_enough_for_an_unofficial_import(folders: Folders) -> None:
    lay(folders, {"xnli.test.tsv": table(TEST_HEADER) + xnli_texts("sw")["test"]})
    xnli.import_files(unofficial(folders))
    assert sorted(written(folders)) == ["data/xnli/test-sw.tsv", "labels/xnli/test-sw.tsv"]


def without(text: str, line: int) -> str:
    lines = text.split("\n")
    return "\n".join(lines[:line] + lines[line + 1 :])


@pytest.mark.parametrize(
    ("name", "cut", "told"),
    [
        ("XNLI-MT-1.0/multinli/multinli.train.en.tsv", None, "0 train examples of en are here, the benchmark has 3"),
        ("XNLI-1.0/xnli.test.tsv", None, "0 test examples of ar are here"),
        ("XNLI-MT-1.0/multinli/multinli.train.en.tsv", 2, "2 train examples of en are here, the benchmark has 3"),
        ("XNLI-1.0/xnli.dev.tsv", 4, "2 dev examples of bg are here, the benchmark has 3"),
        ("XNLI-1.0/xnli.test.tsv", 45, "2 test examples of zh are here, the benchmark has 3"),
    ],
)
def test_an_official_xnli_is_whole(name: str, cut: int | None, told: str, folders: Folders, xnli_files: Texts) -> None:
    text = xnli_files.pop(name)
    lay(folders, xnli_files if cut is None else {**xnli_files, name: without(text, cut)})
    with pytest.raises(DataError, match=told):
        xnli.import_files(folders)
    assert written(folders) == {}
    xnli.import_files(unofficial(folders))
    assert written(folders)


@pytest.mark.parametrize(
    ("name", "cut", "told"),
    [
        ("x-final/en/train.tsv", None, "0 train examples of en are here, the benchmark has 3"),
        ("x-final/fr/dev_2k.tsv", None, "0 dev examples of fr are here, the benchmark has 3"),
        ("x-final/ko/test_2k.tsv", 1, "2 test examples of ko are here, the benchmark has 3"),
    ],
)
def test_an_official_pawsx_is_whole(
    name: str, cut: int | None, told: str, folders: Folders, pawsx_files: Texts
) -> None:
    text = pawsx_files.pop(name)
    lay(folders, pawsx_files if cut is None else {**pawsx_files, name: without(text, cut)})
    with pytest.raises(DataError, match=told):
        pawsx.import_files(folders)
    assert written(folders) == {}
    pawsx.import_files(unofficial(folders))
    assert written(folders)


def test_no_original_at_all_is_missing_data(folders: Folders) -> None:
    folders.originals.mkdir()
    for some in (folders, unofficial(folders)):
        with pytest.raises(MissingData, match=r"holds neither XNLI-MT-1\.0\.zip nor XNLI-1\.0\.zip"):
            xnli.import_files(some)
        with pytest.raises(MissingData, match=r"holds no x-final\.tar\.gz"):
            pawsx.import_files(some)
    (folders.originals / "x-final").mkdir()
    with pytest.raises(MissingData, match="holds no file of pawsx"):
        pawsx.import_files(unofficial(folders))
    assert written(folders) == {}


GOOD = xnli_row("en", "neutral", "a", "b")
XNLI_LINES = [
    (xnli_row("xx", "neutral", "a", "b"), "line 3: language 'xx' is not one of ar, bg"),
    (xnli_row("en", "-", "a", "b"), "line 3: label '-' is not one of contradiction, entailment, neutral"),
    (xnli_row("en", "Neutral", "a", "b"), "line 3: label 'Neutral' is not one of"),
    ("en\tneutral\t\t\t\t\ta", "line 3: has 7 tab-separated columns, expected 11"),
    (GOOD.replace("\ta\t", "\ta\ta\t"), "line 3: has 12 tab-separated columns, expected 11"),
    ("", "line 3: has 1 tab-separated columns, expected 11"),
    (xnli_row("en", "neutral", "a\rb", "c"), "line 3: a tab, line break or NUL stands inside the sentence 'a\\rb'"),
    (xnli_row("en", "neutral", "a\0b", "c"), "line 3: holds a NUL character"),
]


@pytest.mark.parametrize(("line", "told"), XNLI_LINES)
def test_unsound_lines_of_xnli_are_named(line: str, told: str, folders: Folders) -> None:
    """Items 5, 18 and 19 of test_refusals."""
    lay(folders, {"XNLI-1.0/xnli.dev.tsv": table(TEST_HEADER, GOOD, line, GOOD)})
    with pytest.raises(DataError, match=re.escape(f"xnli.dev.tsv, {told}")):
        xnli.import_files(unofficial(folders))
    assert written(folders) == {}


def test_a_line_of_a_packed_file_is_named_with_its_archive(folders: Folders, xnli_files: Texts) -> None:
    xnli_files["XNLI-1.0/xnli.test.tsv"] += "cut off\n"
    packed_xnli(folders, xnli_files)
    with pytest.raises(DataError, match=r"XNLI-1\.0\.zip/xnli\.test\.tsv, line 47: has 1 tab-separated columns"):
        xnli.import_files(folders)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("3\ta\tb", "line 3: has 3 tab-separated columns, expected 4"),
        ("3\ta\tb\tc\t1", "line 3: label 'c' is not one of 0, 1"),
        ("3\ta\tb\t2", "line 3: label '2' is not one of 0, 1"),
        ("3\ta\tb\t", "line 3: label '' is not one of 0, 1"),
        ("3\ta\tb\t01", "line 3: label '01' is not one of 0, 1"),
        ("\ta\tb", "line 3: has 3 tab-separated columns, expected 4"),
    ],
)
def test_unsound_lines_of_pawsx_are_named(line: str, told: str, folders: Folders) -> None:
    """Items 5 and 18 of test_refusals."""
    lay(folders, {"x-final/en/dev_2k.tsv": table(PAWS_HEADER, "1\ta\tb\t0", line)})
    with pytest.raises(DataError, match=re.escape(f"dev_2k.tsv, {told}")):
        pawsx.import_files(unofficial(folders))
    assert written(folders) == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xef\xbb\xbf", "line 1: begins with a byte order mark"),
        (b"1\ta\tb\t0\n", "line 1: is not the header, with sentence1, sentence2, label"),
        (b"id\tsentence1\n", "line 1: is not the header"),
        (b"id\tsentence1\tsentence2\tlabel\n1\t\xff\tb\t0\n", "line 2: is not UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\n", "line 1: is a Git LFS pointer"),
        (b"id\tsentence1\tsentence2\tlabel\n", "holds no test pair of de"),
        (b"", "holds no test pair of de"),
    ],
)
def test_files_that_are_none_are_refused(content: bytes, told: str, folders: Folders) -> None:
    """A byte order mark would be part of the first label (docs/traps.md, 40)."""
    (folders.originals / "x-final" / "de").mkdir(parents=True)
    (folders.originals / "x-final" / "de" / "test_2k.tsv").write_bytes(content)
    with pytest.raises(DataError, match=re.escape(told)):
        pawsx.import_files(unofficial(folders))
    assert written(folders) == {}


def test_labels_that_were_removed_are_refused(folders: Folders, xnli_files: Texts, pawsx_files: Texts) -> None:
    """All-neutral XNLI, all-0 PAWS-X, and any other label everywhere."""
    for label, told in (("neutral", "labels were removed, nothing to score"), ("entailment", "as no part of the data")):
        texts = {name: re.sub("neutral|entailment|contradictory", label, text) for name, text in xnli_files.items()}
        lay(folders, texts)
        with pytest.raises(DataError, match=rf"is '{label}' on every line.*{told}"):
            xnli.import_files(folders)
    test = table(PAWS_HEADER, *(f"{place}\ta\tb\t0" for place in range(3)))
    lay(folders, {**pawsx_files, "x-final/zh/test_2k.tsv": test})
    with pytest.raises(DataError, match="test part of pawsx zh: is '0' on every line: labels were removed"):
        pawsx.import_files(folders)
    assert written(folders) == {}


def test_the_first_lines_of_a_dev_part_may_be_alike(folders: Folders) -> None:
    for label in ("1", "0"):
        rows = [f"{place}\ta\tb\t{label}" for place in range(3)]
        lay(folders, {"x-final/en/dev_2k.tsv": table(PAWS_HEADER, *rows)})
        if label == pawsx.PAWSX.placeholder:
            with pytest.raises(DataError, match="dev part of pawsx en: is '0' on every line: labels were removed"):
                pawsx.import_files(unofficial(folders))
        else:
            pawsx.import_files(unofficial(folders))


@pytest.mark.parametrize(("task", "label"), [("xnli", "neutral"), ("pawsx", "0"), ("xnli", "entailment")])
def test_a_label_file_of_one_label_is_no_gold(task: str, label: str, tmp_path: Path, registry: Registry) -> None:
    """Two equal labels may be chance, unless they are the placeholder."""
    read_gold, path = registry.task(task).read_gold, tmp_path / "test-en.tsv"
    assert read_gold is not None
    path.write_text(f"{label}\n" * 3)
    with pytest.raises(DataError, match=rf"test-en\.tsv: is '{label}' on every line"):
        list(read_gold("test", "en", (path,)))
    for count in (1, 2) if label == "entailment" else (1,):
        path.write_text(f"{label}\n" * count)
        assert len(list(read_gold("test", "en", (path,)))) == count


def test_a_file_must_not_be_there_twice(folders: Folders, pawsx_files: Texts, xnli_files: Texts) -> None:
    lay(folders, {**pawsx_files, "old/x-final/fr/dev_2k.tsv": pawsx_files["x-final/fr/dev_2k.tsv"]})
    with pytest.raises(DataError, match=r"dev_2k\.tsv: is there twice: also as "):
        pawsx.import_files(folders)
    lay(folders, {**xnli_files, "xnli.dev.tsv": xnli_files["XNLI-1.0/xnli.dev.tsv"]})
    with pytest.raises(DataError, match=r"xnli\.dev\.tsv: is there twice: also as "):
        xnli.import_files(folders)
    assert written(folders) == {}


def test_an_import_replaces_what_was_there_only_when_it_succeeds(folders: Folders, pawsx_files: Texts) -> None:
    pawsx.import_files(lay(folders, pawsx_files))
    before = written(folders)
    lay(folders, {"x-final/zh/test_2k.tsv": table(PAWS_HEADER, "1\ta\tb\tmaybe")})
    with pytest.raises(DataError, match="label 'maybe'"):
        pawsx.import_files(folders)
    assert written(folders) == before
    lay(folders, {"x-final/zh/test_2k.tsv": pawsx_files["x-final/zh/test_2k.tsv"].replace("two", "three")})
    pawsx.import_files(folders)
    assert {name for name in before if before[name] != written(folders)[name]} == {"data/pawsx/test-zh.tsv"}


Rows = dict[tuple[str, str], list[dict[str, Any]]]


def hub_set(registry: Registry, task: str, id: str) -> HubSet:
    return next(one for one in registry.task(task).hub if one.id == id)


def serve(rows: Rows) -> Callable[[str, str], Iterator[dict[str, Any]]]:
    return lambda configuration, split: iter(rows[configuration, split])


def facebook_rows(files: Texts) -> Rows:
    """The rows of facebook/xnli: what its loader reads from the raw files, label names as it has them."""
    spelt = {"contradictory": "contradiction"}
    rows: Rows = {}
    for split, name in (("validation", "xnli.dev.tsv"), ("test", "xnli.test.tsv")):
        for line in files[f"XNLI-1.0/{name}"].split("\n")[1:-1]:
            cells = dict(zip(TEST_HEADER.split("\t"), line.split("\t"), strict=True))
            row = {"premise": cells["sentence1"], "hypothesis": cells["sentence2"], "label": cells["gold_label"]}
            rows.setdefault((cells["language"], split), []).append(
                {**row, "label": spelt.get(row["label"], row["label"])}
            )
    for line in files["XNLI-MT-1.0/multinli/multinli.train.en.tsv"].split("\n")[1:-1]:
        premise, hypothesis, label = line.split("\t")
        row = {"premise": premise, "hypothesis": hypothesis, "label": spelt.get(label, label)}
        rows.setdefault(("en", "train"), []).append(row)
    return rows


def pawsx_rows(files: Texts, configuration: str) -> Rows:
    rows: Rows = {}
    for split, name in (("train", "train"), ("validation", "dev_2k"), ("test", "test_2k")):
        for language in pawsx.LANGUAGES:
            text = files.get(f"x-final/{language}/{name}.tsv", "\n")
            cells = [line.split("\t") for line in text.split("\n")[1:-1]]
            rows[configuration.format(language), split] = [
                {"id": int(id), "sentence1": first, "sentence2": second, "label": label}
                for id, first, second, label in cells
            ]
    return rows


def test_facebook_xnli_gives_the_same_files(
    folders: Folders, tmp_path: Path, xnli_files: Texts, registry: Registry
) -> None:
    """Labels go by name: their numbers are in another order."""
    chosen = hub_set(registry, "xnli", "facebook/xnli")
    assert chosen.unfit == ""
    xnli.import_files(lay(folders, xnli_files))
    other = replace(folders, data=tmp_path / "hub" / "data", labels=tmp_path / "hub" / "labels")
    chosen.write(serve(facebook_rows(xnli_files)), other)
    assert written(other) == written(folders)


def test_paws_x_gives_the_same_files(folders: Folders, tmp_path: Path, pawsx_files: Texts, registry: Registry) -> None:
    chosen = hub_set(registry, "pawsx", "google-research-datasets/paws-x")
    assert chosen.unfit == ""
    pawsx.import_files(lay(folders, pawsx_files))
    other = replace(folders, data=tmp_path / "hub" / "data", labels=tmp_path / "hub" / "labels")
    chosen.write(serve(pawsx_rows(pawsx_files, "{}")), other)
    assert written(other) == written(folders)


def test_google_xtreme_s_xnli_has_all_languages_in_one_configuration(
    folders: Folders, xnli_files: Texts, registry: Registry
) -> None:
    """Quotes altered, no training part: unfit."""
    chosen = hub_set(registry, "xnli", "google/xtreme")
    assert "quotes" in chosen.unfit and "training" in chosen.unfit
    rows: Rows = {("XNLI", "validation"): [], ("XNLI", "test"): []}
    for (language, split), some in facebook_rows(xnli_files).items():
        if split != "train":
            rows["XNLI", split] += [
                {
                    "language": language,
                    "sentence1": row["premise"].replace('"', ""),
                    "sentence2": row["hypothesis"],
                    "gold_label": row["label"],
                }
                for row in some
            ]
    chosen.write(serve(rows), unofficial(folders))
    files = written(folders)
    assert len(files) == 3 * 15 and "data/xnli/train-en.tsv" not in files
    assert files["data/xnli/test-th.tsv"].decode().startswith("She said th contradictory .\t'contradictory' \u2028")
    assert files["labels/xnli/test-th.tsv"] == b"contradiction\nneutral\nentailment\n"


def test_google_xtreme_s_pawsx_is_unfit_and_its_joined_rows_stay_on_a_line(
    folders: Folders, pawsx_files: Texts, registry: Registry
) -> None:
    """Other counts pass where the import is unofficial."""
    chosen = hub_set(registry, "pawsx", "google/xtreme")
    assert "rows were lost" in chosen.unfit
    rows = pawsx_rows(pawsx_files, "PAWS-X.{}")
    rows["PAWS-X.ko", "test"][1:] = [{"sentence1": "one\tko\n2", "sentence2": "two", "label": "1"}]
    chosen.write(serve(rows), unofficial(folders))
    assert written(folders)["data/pawsx/test-ko.tsv"] == b"one ko 2\t\r\none ko 2\ttwo\r\n"
    with pytest.raises(DataError, match="2 test examples of ko are here, the benchmark has 3"):
        chosen.write(serve(rows), folders)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"label": None}, "facebook/xnli (fr, test), row 2: has no text in a column 'label'"),
        ({"label": "yes"}, "facebook/xnli (fr, test), row 2: label 'yes' is not one of"),
        ({"label": 1}, "row 2: has no text in a column 'label'"),
        ({"premise": "a\tb"}, "row 2: a tab, line break or NUL stands inside the sentence 'a\\tb'"),
        ({"hypothesis": "a\nb"}, "row 2: a tab, line break or NUL stands inside"),
        ({"hypothesis": "a\0b"}, "row 2: a tab, line break or NUL stands inside"),
    ],
)
def test_unsound_rows_of_the_hub_are_named(
    changed: dict[str, Any], told: str, folders: Folders, xnli_files: Texts, registry: Registry
) -> None:
    rows = facebook_rows(xnli_files)
    rows["fr", "test"][1].update(changed)
    with pytest.raises(DataError, match=re.escape(told)):
        hub_set(registry, "xnli", "facebook/xnli").write(serve(rows), folders)
    assert written(folders) == {}


@pytest.mark.parametrize("task", ["xnli", "pawsx"])
def test_sources_and_sizes_are_those_of_the_benchmark(task: str, registry: Registry) -> None:
    definition = registry.task(task)
    assert definition.sizes["train"] == {"en": {"xnli": 392_702, "pawsx": 49_401}[task]}
    sizes = {"xnli": (2_490, 5_010), "pawsx": (2_000, 2_000)}[task]
    for split, size in zip(("dev", "test"), sizes, strict=True):
        assert definition.sizes[split] == dict.fromkeys(definition.languages, size)
    archives = {"xnli": {"XNLI-1.0.zip", "XNLI-MT-1.0.zip"}, "pawsx": {"x-final.tar.gz"}}
    assert {source.file for source in definition.sources} == archives[task]
    assert all(source.address.endswith(f"/{source.file}") and source.licence for source in definition.sources)
