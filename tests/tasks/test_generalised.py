"""Pairs of languages: which there are, how two parallel parts are joined, and the runs that they are part of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import DataError, Task, unit
from xtreme_harness.cli.main import run
from xtreme_harness.data.parts import chosen_tasks
from xtreme_harness.errors import UnknownName
from xtreme_harness.plan import Plan, reader_version
from xtreme_harness.records import read_records
from xtreme_harness.registry import Registry
from xtreme_harness.store import Store
from xtreme_tasks.generalised import Untranslated, joined
from xtreme_tasks.mini import NLI

PlanOf = Callable[..., Plan]
Rows = list[dict[str, Any]]

PARENTS = ("xnli", "pawsx", "mini.nli", "mini.paraphrase")
NAMES = tuple(f"{name}.generalised" for name in PARENTS)
ENGLISH: Rows = [
    {"id": "a", "text_a": "It rains.", "text_b": "The street is wet.", "label": "neutral"},
    {"id": "b", "text_a": "A dog sleeps.", "text_b": "An animal rests.", "label": "entailment"},
]
SWAHILI: Rows = [
    {"id": "b", "text_a": "Mbwa analala.", "text_b": "Mnyama anapumzika.", "label": "entailment"},
    {"id": "a", "text_a": "Mvua inanyesha.", "text_b": "Barabara ina maji.", "label": "neutral"},
]
FILES = (Path("test-en.tsv"), Path("test-sw.tsv"))


def without(name: str, rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if key != name} for row in rows]


def test_the_premise_is_the_first_language_s_and_the_hypothesis_the_second_s() -> None:
    assert list(joined(ENGLISH, SWAHILI, FILES)) == [
        {"id": "a", "text_a": "It rains.", "text_b": "Barabara ina maji.", "label": "neutral"},
        {"id": "b", "text_a": "A dog sleeps.", "text_b": "Mnyama anapumzika.", "label": "entailment"},
    ]
    assert [row["text_a"] for row in joined(SWAHILI, ENGLISH, FILES)] == ["Mbwa analala.", "Mvua inanyesha."]
    assert [row["text_b"] for row in joined(SWAHILI, ENGLISH, FILES)] == ["An animal rests.", "The street is wet."]


def test_texts_and_gold_that_are_kept_apart_are_joined_alike() -> None:
    texts = list(joined(without("label", ENGLISH), without("label", SWAHILI), FILES))
    assert texts == without("label", list(joined(ENGLISH, SWAHILI, FILES)))
    gold = [[{"id": row["id"], "label": row["label"]} for row in rows] for rows in (ENGLISH, SWAHILI)]
    assert list(joined(*gold, FILES)) == gold[0]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (ENGLISH, SWAHILI[:1], r"test-sw\.tsv: is not parallel to test-en\.tsv: it has no example 'a'"),
        (ENGLISH[:1], SWAHILI, r"test-en\.tsv: is not parallel to test-sw\.tsv: it has no example 'b'"),
        (
            ENGLISH,
            [SWAHILI[0], {**SWAHILI[1], "label": "contradiction"}],
            r"test-sw\.tsv: is not parallel .*: the label of example 'a' is 'contradiction', not 'neutral'",
        ),
        (ENGLISH, [*SWAHILI, SWAHILI[0]], r"test-sw\.tsv: the id 'b' is there twice"),
    ],
)
def test_parts_that_are_not_parallel_are_refused(first: Rows, second: Rows, told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(joined(first, second, FILES))


PAWS = Untranslated(text="NS", label="0")


def numbered(*rows: tuple[str, str, str]) -> Rows:
    return [{"id": str(n), "text_a": a, "text_b": b, "label": label} for n, (a, b, label) in enumerate(rows)]


def test_what_one_language_has_not_translated_is_no_pair() -> None:
    """PAWS-X labels rows with `NS` as no paraphrase: texts and gold are told apart, and still say the same."""
    alike = [("x", "y", "1")] * 20
    english = numbered(("one", "two", "1"), ("three", "four", "1"), ("five", "six", "0"), *alike)
    german = numbered(("eins", "NS", "0"), ("NS", "vier", "0"), ("NS", "sechs", "0"), *alike)
    pairs = list(joined(english, german, FILES, PAWS))[:3]
    assert [row["label"] for row in pairs] == ["0", "0", "0"]
    assert [row["text_b"] for row in pairs] == ["NS", "NS", "NS"]
    assert [row["text_a"] for row in joined(german, english, FILES, PAWS)][:3] == ["eins", "NS", "NS"]
    for first, second in ((english, german), (german, english)):
        whole = list(joined(first, second, FILES, PAWS))
        apart = list(joined(without("label", first), without("label", second), FILES, PAWS))
        gold = [[{"id": row["id"], "label": row["label"]} for row in rows] for rows in (first, second)]
        labels = list(joined(*gold, FILES, PAWS))
        assert [{**texts, **label} for texts, label in zip(apart, labels, strict=True)] == whole


def test_labels_that_differ_too_often_are_those_of_other_lines() -> None:
    first, second = numbered(*[("a", "b", str(n % 2)) for n in range(20)]), numbered(*[("a", "b", "1")] * 20)
    with pytest.raises(DataError, match="10 of 20 labels differ"):
        list(joined(first, second, FILES, PAWS))


@pytest.mark.parametrize("name", PARENTS)
def test_every_ordered_pair_is_a_language(name: str, registry: Registry) -> None:
    parent, task = registry.task(name), registry.task(f"{name}.generalised")
    codes = parent.languages
    assert len(task.languages) == len(codes) ** 2 == {"xnli": 225, "pawsx": 49}.get(name, 100)
    assert set(codes) <= set(task.languages)
    assert {f"{one}-{two}" for one in codes for two in codes if one != two} == set(task.languages) - set(codes)
    assert task.train_on == name and task.metrics == parent.metrics and task.options == parent.options
    assert task.comparable is parent.comparable
    assert not any(task.name in registry.suite(suite).tasks for suite in registry.names("suite"))
    if parent.sizes:
        assert task.sizes["test"] == dict.fromkeys(task.languages, parent.sizes["test"]["en"])


def written(folder: Path, language: str, rows: Rows) -> None:
    for place, name in ((folder, "text"), (folder / "labels", "label")):
        file = place / "xnli" / f"test-{language}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{row['text_a']}\t{row['text_b']}" if name == "text" else row["label"] for row in rows]
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def files_of(task: Task, names: Any, folder: Path, language: str) -> tuple[Path, ...]:
    return tuple(folder / name for name in names("test", language))


def test_xtreme_s_files_are_joined_by_line(tmp_path: Path, registry: Registry) -> None:
    task, swahili = registry.task("xnli.generalised"), list(reversed(SWAHILI))
    written(tmp_path, "en", ENGLISH)
    written(tmp_path, "sw", swahili)

    def read(language: str) -> Rows:
        return list(task.read("test", language, files_of(task, task.files, tmp_path, language)))

    assert read("en-sw") == [
        {"id": "0", "text_a": "It rains.", "text_b": "Barabara ina maji."},
        {"id": "1", "text_a": "A dog sleeps.", "text_b": "Mnyama anapumzika."},
    ]
    parent = registry.task("xnli")
    assert read("sw") == list(parent.read("test", "sw", files_of(parent, parent.files, tmp_path, "sw")))
    assert task.read_gold is not None
    gold = files_of(task, task.gold_files, tmp_path / "labels", "en-sw")
    assert [row["label"] for row in task.read_gold("test", "en-sw", gold)] == ["neutral", "entailment"]
    written(tmp_path, "sw", SWAHILI)  # another order: the labels tell
    with pytest.raises(DataError, match="not parallel"):
        list(task.read_gold("test", "en-sw", gold))


def test_the_bundled_tests_are_parallel(registry: Registry) -> None:
    for name in ("mini.nli", "mini.paraphrase"):
        task = registry.task(f"{name}.generalised")
        for pair in ("en-sw", "te-eu", "zh-ar"):
            rows = list(task.read("test", pair, tuple(map(Path, task.files("test", pair)))))
            assert len(rows) > 100 and len({row["id"] for row in rows}) == len(rows)


def test_its_readers_are_its_parent_s_too(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edited reader of the parent makes new keys."""
    from xtreme_tasks import pairs

    task = registry.task("xnli.generalised")
    before = reader_version(task)
    assert before != reader_version(registry.task("xnli"))
    true_version = unit.file_version
    monkeypatch.setattr(unit, "file_version", lambda path: "edited" if path == pairs.__file__ else true_version(path))
    assert reader_version(task) != before


@pytest.mark.parametrize("recipe", ["xtreme", "jiant", "mini"])
@pytest.mark.parametrize("name", PARENTS)
def test_recipes_treat_it_as_its_parent(recipe: str, name: str, registry: Registry) -> None:
    found = registry.recipe(recipe)
    assert found.values("classify", f"{name}.generalised") == found.values("classify", name)


@pytest.mark.parametrize("name", ["mini.nli", "mini.paraphrase"])
def test_it_shares_its_parent_s_training(name: str, tiny_xlmr: Path, plan_of: PlanOf) -> None:
    plan = plan_of(tiny_xlmr, name, f"{name}.generalised", languages=("sw", "en-sw", "sw-en"))
    assert plan.recipe.name == "mini"
    assert [(cell.task.name, cell.language) for cell in plan.cells] == [
        (name, "sw"),
        *((f"{name}.generalised", pair) for pair in ("en-sw", "sw-en", "sw")),
    ]
    assert sum(unit.type == "train" for unit in plan.units()) == 1
    alone = plan_of(tiny_xlmr, f"{name}.generalised", languages=("en-sw",))
    assert alone.recipe.name == "mini" and alone.cells[0].train == plan.cells[0].train


@pytest.mark.slow
def test_a_run_shows_the_pairs_and_the_gap_to_english(
    tiny_xlmr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = ("--task", "mini.nli", "--task", "mini.nli.generalised")
    languages = [word for code in ("en", "sw", "en-sw", "sw-en") for word in ("--language", code)]
    values = [f"--set={name}.updates=2" for name in ("mini.nli", "mini.nli.generalised")]
    machine = ("--device", "cpu", "--dtype", "float32", "--out", str(tmp_path / "out"))
    assert run(("run", "--json", "--model", str(tiny_xlmr), *tasks, *languages, *values, *machine)) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    parent, pairs = (row["tasks"][name]["languages"] for name in ("mini.nli", "mini.nli.generalised"))
    assert list(pairs) == ["en", "en-sw", "sw-en", "sw"] and {"en": pairs["en"], "sw": pairs["sw"]} == parent
    page = (tmp_path / "out" / "leaderboard.md").read_text(encoding="utf-8")
    table = page[page.index("### mini.nli.generalised") :].splitlines()[2]
    assert [title.strip() for title in table.strip("|").split("|")] == [
        *("row", "en", "en-sw", "sw-en", "sw", "mean", "without en", "gap"),
    ]
    records = {one["language"]: one for one in read_records(tmp_path / "out" / "records.jsonl") if "gen" in one["task"]}
    others = [records[code]["metrics"]["accuracy"] for code in ("en-sw", "sw-en", "sw")]
    gap = records["en"]["metrics"]["accuracy"] - sum(others) / 3
    assert f"{gap:.1f}" in page[page.index("### mini.nli.generalised") :]
    assert records["en-sw"]["n"] == records["sw"]["n"] > 100
    assert (tmp_path / "out" / "predictions" / records["en"]["row"] / "mini.nli.generalised" / "en-sw.jsonl").is_file()


def test_a_part_that_is_not_there_is_named(tiny_xlmr: Path, tmp_path: Path, plan_of: PlanOf) -> None:
    for language in ("en", "sw"):
        written(tmp_path, language, ENGLISH)
    for split in ("train", "dev"):
        (tmp_path / "xnli" / f"{split}-en.tsv").write_text("It rains.\tIt is wet.\tneutral\n", encoding="utf-8")
    plan = plan_of(tiny_xlmr, "xnli.generalised", languages=("en-sw", "sw-th"), data=str(tmp_path))
    missing = {cell.language: cell.missing for cell in plan.cells}
    assert missing["en-sw"] is None and "xnli/test-th.tsv" in (missing["sw-th"] or "")


def test_an_unknown_pair_is_refused_without_a_list_of_all(tiny_xlmr: Path, plan_of: PlanOf) -> None:
    with pytest.raises(UnknownName, match=r"Unknown language 'en-xx'\. Did you mean .* and 185 more\."):
        plan_of(tiny_xlmr, "xnli.generalised", languages=("en-xx",))


def test_data_commands_look_after_the_parent_s_files_once(registry: Registry) -> None:
    assert not {task.name for task in chosen_tasks(registry, None, ())} & set(NAMES)
    assert [task.name for task in chosen_tasks(registry, None, ("xnli.generalised",))] == ["xnli", "xnli.generalised"]


def test_show_tells_the_size_of_all_pairs_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(("show", "xnli.generalised")) == 0
    page = capsys.readouterr().out
    assert "5010 (each of 225)" in page and len(page.splitlines()) < 30


def test_the_limit_of_a_study_keeps_the_same_items_in_every_pair(
    tiny_xlmr: Path, plan_of: PlanOf, perform_all: Callable[..., Any], store: Store
) -> None:
    plan = plan_of(tiny_xlmr, "mini.nli.generalised", languages=("en-sw", "te-eu"), limit={"test": 5})
    texts = [unit for unit in plan.units() if unit.type == "prepare" and unit.parameters["split"] == "test"]
    perform_all(texts)
    items = [store.find(unit.key).file("items.jsonl").read_text(encoding="utf-8") for unit in texts]  # type: ignore[union-attr]
    assert items[0] == items[1] and len(items[0].splitlines()) == 5


def test_the_parent_s_own_definition_stays_as_it_is(registry: Registry) -> None:
    assert registry.task("mini.nli").languages == NLI.languages and registry.task("mini.nli").train_on is None
