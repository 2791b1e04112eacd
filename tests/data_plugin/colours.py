"""Two small tasks with originals, sets on the hub and labels apart, for the tests of the data commands.

`colours`: is the colour in a text warm or cold? `tones` asks the same of other texts, is trained on `colours`, and
builds labels for test files in any order. An original file is `colours-sw.txt`: a first line that names its release,
then `split<TAB>text<TAB>label`.
"""

import os

from xtreme_harness import DataError, HubSet, MissingData, Source, Task, hookimpl, read_text_lines

SERVER = os.environ.get("COLOURS_SERVER", "http://127.0.0.1:9")
LANGUAGES = ("en", "sw", "de")
LABELS = ("cold", "warm")
RELEASE = "release 2"
SIZES = {"train": {"en": 4}, "dev": {"en": 2}, "test": {"en": 3, "sw": 3, "de": 3}}


def files_of(name):
    return lambda split, language: (f"{name}/{split}-{language}.tsv",)


def read(split, language, files):
    for number, line in read_text_lines(files[0]):
        text, tab, label = line.partition("\t")
        if bool(tab) == (split == "test"):
            raise DataError(files[0], number, "has the wrong number of columns")
        yield {"id": str(number), "text_a": text, **({"label": label} if tab else {})}


def read_gold(split, language, files):
    for number, line in read_text_lines(files[0]):
        yield {"id": str(number), "label": line}


def original(folders, name, language):
    """(split, text, label) of one original file."""
    path = folders.originals / f"{name}-{language}.txt"
    lines = list(read_text_lines(path))
    if folders.official and lines[0][1] != RELEASE:
        raise DataError(path, 1, f"is {lines[0][1]}, not {RELEASE}")
    for number, line in lines[1:]:
        if line.count("\t") != 2:
            raise DataError(path, number, "is no row of three columns")
        yield line.split("\t")


def write(folders, name, language, rows):
    """A line for each of the rows (split, text, label), appended; the labels of tests to the label folder."""
    for split, text, label in rows:
        line = text if split == "test" else f"{text}\t{label}"
        append(folders.data / name / f"{split}-{language}.tsv", line)
        if split == "test":
            append(folders.labels / name / f"test-{language}.tsv", label)


def append(path, line):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def importer(name):
    def import_files(folders):
        for language in LANGUAGES:
            if not (folders.originals / f"{name}-{language}.txt").is_file():
                if folders.official or language == "en":
                    raise MissingData(folders.originals, None, f"holds no {name}-{language}.txt")
                continue
            write(folders, name, language, original(folders, name, language))

    return import_files


def import_tones(folders):
    """Test texts must not be training texts of `colours`, where these are there."""
    train = folders.data / "colours" / "train-en.tsv"
    seen = {line.split("\t")[0] for _, line in read_text_lines(train)} if train.is_file() else set()
    for language in LANGUAGES:
        rows = list(original(folders, "tones", language))
        if common := seen & {text for _, text, _ in rows}:
            raise DataError(train, None, f"holds a test text: {min(common)}")
        write(folders, "tones", language, rows)


def build_labels(folders):
    """By text, whatever the order of the test file."""
    for language in LANGUAGES:
        test = folders.data / "tones" / f"test-{language}.tsv"
        if test.is_file():
            labels = {text: label for _, text, label in original(folders, "tones", language)}
            for number, line in read_text_lines(test):
                if line not in labels:
                    raise DataError(test, number, "is no sentence of the originals")
                append(folders.labels / "tones" / test.name, labels[line])


def write_from_hub(rows, folders):
    for language in LANGUAGES:
        for split, name in (("train", "train"), ("dev", "validation"), ("test", "test")):
            if split == "test" or language == "en":
                found = rows(language, name)
                write(folders, "colours", language, ((split, row["text"], row["label"]) for row in found))


def write_tests_from_hub(rows, folders):
    for language in LANGUAGES:
        write(folders, "colours", language, (("test", row["text"], row["label"]) for row in rows(language, "test")))


def sources(name, **fields):
    return tuple(
        Source(file=f"{name}-{code}.txt", address=f"{SERVER}/{name}-{code}.txt", licence="CC0", **fields)
        for code in LANGUAGES
    )


COMMON = {"kind": "classify", "languages": LANGUAGES, "options": {"labels": LABELS}, "read": read}


@hookimpl
def register_target_tasks(register):
    register(
        Task(
            name="colours",
            files=files_of("colours"),
            read_gold=read_gold,
            gold_files=files_of("colours"),
            sources=sources("colours"),
            hub=(
                HubSet(id="org/lossy", write=write_from_hub, unfit="rows are lost there"),
                HubSet(id="org/colours", write=write_from_hub),
                HubSet(id="org/tests", write=write_tests_from_hub),
            ),
            import_files=importer("colours"),
            sizes=SIZES,
            licence="CC0",
            **COMMON,
        )
    )
    register(
        Task(
            name="tones",
            files=files_of("tones"),
            read_gold=read_gold,
            gold_files=files_of("tones"),
            train_on="colours",
            sources=sources("tones", steps="by hand: ask the choir"),
            import_files=import_tones,
            build_labels=build_labels,
            sizes={"test": dict.fromkeys(LANGUAGES, 2)},
            **COMMON,
        )
    )
