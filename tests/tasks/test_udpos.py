"""UDPOS from CoNLL-U to XTREME's files: the original converter's vectors, what is refused, and the way back to 100."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import Folders
from xtreme_harness.errors import DataError, MissingData
from xtreme_tasks.tagged import read_tag_labels, read_tagged, sentences, write_sentences
from xtreme_tasks.udpos import LABELS, LANGUAGES
from xtreme_tasks.udpos.convert import Word, ancestors, convert, converted, has_text, read_conllu
from xtreme_tasks.udpos.treebanks import import_treebanks, label_tests

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tagging.json").read_text(encoding="utf-8"))["vectors"]
UD_CONVERT = [vector for vector in GOLDEN if vector["scorer"] == "ud_convert"]


def conllu(*rows: str) -> str:
    """A sentence of rows "id form tag head [enhanced]", in CoNLL-U's ten columns."""
    lines = []
    for row in rows:
        id, form, tag, head, *deps = row.split(" ")
        lines.append("\t".join([id, form, "_", tag, "_", "_", head, "_", deps[0] if deps else "_", "_"]))
    return "".join(f"{line}\n" for line in lines) + "\n"


def fused(span: str, form: str) -> str:
    return f"{span} {form} _ _"


def wrote(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("vector", UD_CONVERT, ids=lambda vector: vector["id"])
def test_files_are_those_of_the_original(vector: dict[str, Any], tmp_path: Path) -> None:
    given, expected = vector["input"], vector["expected"]
    path = wrote(tmp_path / "treebank.conllu", given["conllu"])
    if vector["id"] == "ud_convert-019":  # two tags that are not in the list: the original loses the whole file (fixed)
        assert list(converted(path, given["language"])) == [[("Ve", "VERB"), ("ab", "NOUN")]]
        return
    rows = list(converted(path, given["language"]))
    assert write_sentences(rows, tmp_path / "train.tsv") == len(rows)
    assert (tmp_path / "train.tsv").read_text(encoding="utf-8") == expected["train_tsv"]
    write_sentences(rows, tmp_path / "test.tsv", tmp_path / "labels.tsv")
    assert (tmp_path / "test.tsv").read_text(encoding="utf-8") == expected["test_tsv"]
    tags = [[line.split("\t")[1] for _, line in block] for block in sentences(tmp_path / "train.tsv")]
    assert [[line for _, line in block] for block in sentences(tmp_path / "labels.tsv")] == tags


def test_the_last_sentence_needs_no_blank_line(tmp_path: Path) -> None:
    path = wrote(tmp_path / "a.conllu", conllu("1 a NOUN 0").rstrip("\n"))
    assert list(converted(path, "en")) == [[("a", "NOUN")]]


@pytest.mark.parametrize(
    ("rows", "line", "told"),
    [
        ("1\ta\ta\tNOUN\t_\t_\t0\tdep\t_\n\n", 1, "has 9 tab-separated columns, expected 10"),
        (conllu("1 a NOUN 0", "two b NOUN 1"), 2, "id 'two' is no number, range (3-4) or empty node (3.1)"),
        (conllu("1 a NOUN 0", "3 b NOUN 1"), 2, "word 3 stands where word 2 should"),
        (conllu("2 a NOUN 0"), 1, "word 2 stands where word 1 should"),
        (conllu("1 a NOUN 2"), 1, "head 2 does not exist in a sentence of 1 words"),
        (conllu("1 a NOUN 0 7:dep"), 1, "head 7 does not exist in a sentence of 1 words"),
        (conllu("1 a NOUN _"), 1, "head '_' is no number of a word"),
        (conllu(fused("1-3", "ab"), "1 a NOUN 0", "2 b NOUN 1"), 1, "range 1-3 reaches beyond the 2 words"),
        (conllu(fused("2-1", "ab"), "1 a NOUN 0", "2 b NOUN 1"), 1, "range 2-1 runs backwards"),
        (
            conllu(fused("1-2", "ab"), "1 a NOUN 0", fused("2-3", "bc"), "2 b NOUN 1", "3 c NOUN 1"),
            *(3, "range 2-3 overlaps 1-2"),
        ),
        (conllu("1.1 a NOUN _"), 1, "begins a sentence without words"),
    ],
)
def test_unsound_conllu_is_refused_with_its_line(rows: str, line: int, told: str, tmp_path: Path) -> None:
    path = wrote(tmp_path / "xx.conllu", conllu("1 before NOUN 0") + rows)
    with pytest.raises(DataError) as caught:
        list(read_conllu(path))
    assert f"xx.conllu, line {line + 2}: {told}" in str(caught.value)


def test_enhanced_edges_and_cycles_count_as_ancestors() -> None:
    """A head's head is an ancestor; the root is one; a word in a cycle is none of its own."""
    chain = [Word("a", "X", (2,)), Word("b", "X", (3,)), Word("c", "X", (0,))]
    assert [ancestors(chain, number) for number in (1, 2, 3)] == [3, 2, 1]
    cycle = [Word("a", "X", (2,)), Word("b", "X", (0, 1))]
    assert [ancestors(cycle, number) for number in (1, 2)] == [2, 2]


def test_textless_sentences_go() -> None:
    row, none = ("a", "NOUN"), ("_", "NOUN")
    kept = [has_text(rows) for rows in ([row], [none], [row, none], [row, none, none], [row, row, none])]
    assert kept == [True, False, False, False, True]


def treebank(*words: str) -> str:
    """A treebank of one-word sentences."""
    return "".join(conllu(f"1 {word} NOUN 0") for word in words) + conllu(
        fused("1-2", "zum"), "1 zu ADP 3", "2 dem DET 3", "2.1 leer VERB _", "3 Haus NOUN 0", "4 10\u00a0000 NUM 3"
    )


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "ud-treebanks-v2.5"
    wrote(folder / "UD_German-PUD" / "de_pud-ud-test.conllu", treebank("drei", "vier"))
    wrote(folder / "UD_German-GSD" / "de_gsd-ud-test.conllu", treebank("eins", "zwei"))
    wrote(folder / "UD_German-GSD" / "de_gsd-ud-train.conllu", treebank("lernen"))
    wrote(folder / "UD_Russian-GSD" / "ru_gsd-ud-dev.conllu", treebank("раз"))
    wrote(folder / "UD_Ancient_Greek-PROIEL" / "grc_proiel-ud-test.conllu", treebank("ἄνθρωπος"))
    wrote(folder / "UD_Old_French-SRCMF" / "fro_srcmf-ud-test.conllu", "not even CoNLL-U\n")
    return tmp_path / "source"


def test_treebanks_of_a_language_follow_each_other_by_file_name(
    release: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    counts = import_treebanks(places(originals=release, data=tmp_path))
    assert counts == {("de", "test"): 6, ("de", "train"): 2, ("ru", "dev"): 2}  # no Ancient Greek, no Old French
    test, gold = tmp_path / "udpos/test-de.tsv", tmp_path / "labels/udpos/test-de.tsv"
    words = [row["tokens"] for row in read_tagged(LABELS)("test", "de", (test,))]
    fused_sentence = ["zum", "Haus", "10\u00a0000"]
    assert words == [["eins"], ["zwei"], fused_sentence, ["drei"], ["vier"], fused_sentence]
    tags = [row["tags"] for row in read_tag_labels(LABELS)("test", "de", (gold,))]
    assert tags == [["NOUN"], ["NOUN"], ["ADP", "NOUN", "NUM"]] * 2
    assert sorted(path.name for path in (tmp_path / "udpos").iterdir()) == ["dev-ru.tsv", "test-de.tsv", "train-de.tsv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels", "source", "udpos"]


def packed(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)


def test_a_packed_release_gives_the_same_files(release: Path, tmp_path: Path, places: Callable[..., Folders]) -> None:
    (tmp_path / "packed").mkdir()
    packed(release / "ud-treebanks-v2.5", tmp_path / "packed" / "ud-treebanks-v2.5.tgz")
    for source, out in ((release, tmp_path / "a"), (tmp_path / "packed", tmp_path / "b")):
        import_treebanks(places(originals=source, data=out, labels=out / "labels"))
    written = [
        {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.tsv")}
        for out in (tmp_path / "a", tmp_path / "b")
    ]
    assert written[0] == written[1] and len(written[0]) == 4


def test_nothing_of_an_archive_lands_outside(tmp_path: Path, places: Callable[..., Folders]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with tarfile.open(source / "ud-treebanks-v2.5.tgz", "w:gz") as tar:
        for name in ("../../de_gsd-ud-test.conllu", "x/ru_gsd-ud-dev.conllu"):
            content = treebank("a").encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("x/en_gum-ud-test.conllu")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    counts = import_treebanks(places(originals=source, data=tmp_path / "out", labels=tmp_path / "out" / "labels"))
    assert counts == {("de", "test"): 2, ("ru", "dev"): 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_a_damaged_archive_is_told(release: Path, tmp_path: Path, places: Callable[..., Folders]) -> None:
    (tmp_path / "packed").mkdir()
    archive = tmp_path / "packed" / "ud-treebanks-v2.5.tgz"
    packed(release / "ud-treebanks-v2.5", archive)
    archive.write_bytes(archive.read_bytes()[:300])
    with pytest.raises(DataError, match=r"ud-treebanks-v2\.5\.tgz: is damaged .*download it again"):
        import_treebanks(places(originals=tmp_path / "packed"))


@pytest.mark.parametrize("name", ["ud-treebanks-v2.7", "ud-treebanks-v2.4"])
def test_another_release_is_refused_unless_unofficial(
    name: str, release: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    (release / "ud-treebanks-v2.5").rename(release / name)
    with pytest.raises(DataError, match=f"is of UD release {name[-3:]}, XTREME's udpos is 2.5"):
        import_treebanks(places(originals=release, data=tmp_path, official=True))
    assert not (tmp_path / "udpos").exists()
    assert import_treebanks(places(originals=release, data=tmp_path))


def test_other_sizes_than_the_release_s_are_refused_and_nothing_is_written(
    release: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    with pytest.raises(DataError, match="6 test examples of de are here, the benchmark has 22358: a file is missing"):
        import_treebanks(places(originals=release, data=tmp_path, official=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_treebank_must_not_be_there_twice(release: Path, tmp_path: Path, places: Callable[..., Folders]) -> None:
    wrote(release / "copy" / "de_gsd-ud-test.conllu", treebank("eins"))
    with pytest.raises(DataError, match=r"de_gsd-ud-test\.conllu: is there twice"):
        import_treebanks(places(originals=release, data=tmp_path))


def test_no_treebank_and_unknown_tags_are_refused(tmp_path: Path, places: Callable[..., Folders]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match="holds no UD treebanks"):
        import_treebanks(places(originals=tmp_path / "empty", data=tmp_path, official=True))
    wrote(tmp_path / "odd" / "de_gsd-ud-test.conllu", conllu("1 a NOUN 0", "2 b _ 1"))
    with pytest.raises(DataError, match="converted sentence 1: tag '_' is not one of ADJ"):
        import_treebanks(places(originals=tmp_path / "odd", data=tmp_path))


def test_treebanks_without_text_leave_no_file(tmp_path: Path, places: Callable[..., Folders]) -> None:
    """Their words are `_`; a part that has no others is not there, and a release of such alone is none."""
    textless = conllu("1 _ NOUN 0", "2 _ VERB 1", "3 _ ADJ 1")
    wrote(tmp_path / "source" / "ja_bccwj-ud-test.conllu", textless)
    with pytest.raises(DataError, match="source: holds no sentence with text in any of its treebanks"):
        import_treebanks(places(originals=tmp_path / "source"))
    wrote(tmp_path / "source" / "ja_gsd-ud-dev.conllu", treebank("一"))
    assert import_treebanks(places(originals=tmp_path / "source")) == {("ja", "dev"): 2}
    assert [path.name for path in (tmp_path / "data" / "udpos").iterdir()] == ["dev-ja.tsv"]
    assert not (tmp_path / "labels").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xef\xbb\xbf# text\n", "line 1: begins with a byte order mark"),
        (b"# text\n1\t\xfc\n", "line 2: is not UTF-8"),
        (b"# text\n\n1\t\0\n", "line 3: holds a NUL character"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, told: str, release: Path, places: Callable[..., Folders]) -> None:
    (release / "el_gdt-ud-test.conllu").write_bytes(content)
    with pytest.raises(DataError, match=rf"el_gdt-ud-test\.conllu.*{told}"):
        import_treebanks(places(originals=release))
    assert not list(places().data.iterdir())


def test_a_word_of_white_space_alone_is_refused(tmp_path: Path, places: Callable[..., Folders]) -> None:
    """Deleting spaces and U+200C leaves nothing of it, which in a file would be a false sentence break."""
    rows = conllu("1 a NOUN 0", "2 \u200c NOUN 1")
    wrote(tmp_path / "source" / "fa_seraji-ud-test.conllu", rows)
    with pytest.raises(DataError, match=r"fa_seraji-ud-test\.conllu: a word of .* is white space only"):
        import_treebanks(places(originals=tmp_path / "source"))


def test_labels_follow_a_download_in_another_order(
    release: Path, tmp_path: Path, places: Callable[..., Folders]
) -> None:
    """Treebank order changed in August 2020: labels are found by the words (docs/traps.md, 35)."""
    test = wrote(tmp_path / "udpos" / "test-de.tsv", "vier\n\nzum\nHaus\n10\u00a0000\n\neins\n")
    label_tests(places(originals=release, data=tmp_path))
    gold = tmp_path / "labels/udpos/test-de.tsv"
    assert gold.read_text(encoding="utf-8") == "NOUN\n\nADP\nNOUN\nNUM\n\nNOUN\n"
    assert [path.name for path in gold.parent.iterdir()] == ["test-de.tsv"]
    test.write_text("vier\n\nfremd\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"test-de\.tsv, line 3: begins a sentence that the labelled files do not have"):
        label_tests(places(originals=release, data=tmp_path))


Drawn = list[tuple[int, str, int, bool]]  # length of a token in words, tag, head, whether an empty node follows
TOKENS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(LABELS), st.integers(0, 30), st.booleans()), min_size=1, max_size=8
)


@given(st.lists(TOKENS, min_size=1, max_size=5), st.sampled_from(LANGUAGES))
def test_every_surface_token_is_one_row(
    tmp_path_factory: pytest.TempPathFactory, drawn: Sequence[Drawn], language: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.conllu"
    path.write_text("".join(map(drawn_sentence, drawn)), encoding="utf-8")
    rows = [convert(sentence, language) for sentence in read_conllu(path)]
    assert [len(sentence) for sentence in rows] == [len(tokens) for tokens in drawn]
    for sentence, tokens in zip(rows, drawn, strict=True):
        assert [form for form, _ in sentence] == [f"t{place}" for place in range(len(tokens))]
        assert [tag for _, tag in sentence] == [tag for _, tag, _, _ in tokens]  # members of a token share their tag


def drawn_sentence(tokens: Drawn) -> str:
    total, number, rows = sum(length for length, *_ in tokens), 1, []
    for place, (length, tag, head, has_empty_node) in enumerate(tokens):
        if length > 1:
            rows.append(fused(f"{number}-{number + length - 1}", f"t{place}"))
        for member in range(length):
            form = f"t{place}" if length == 1 else f"part{member}"
            rows.append(f"{number} {form} {tag} {head % (total + 1)} {head % total}:x|3.1:y")
            number += 1
        if has_empty_node:
            rows.append(f"{number - 1}.1 empty VERB _")
    return conllu(*rows)
