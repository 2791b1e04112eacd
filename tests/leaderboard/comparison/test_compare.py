"""Comparing two rows: paired or not at all, the right test, every difference of the records, every flip."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness import stats
from xtreme_harness.errors import DataError, RequestError, UnknownName
from xtreme_harness.jsonl import write_jsonl
from xtreme_harness.leaderboard.comparison.compare import MCNEMAR, RANDOMISATION, Comparison, Delta, compare
from xtreme_harness.leaderboard.comparison.differences import differences
from xtreme_harness.leaderboard.comparison.matching import Row, matched, read_rows
from xtreme_harness.leaderboard.comparison.text import as_json, delta_text, document, remarks
from xtreme_harness.records import Record, read_records, write_records

RecordOf = Callable[..., Record]
Values = list[dict[str, Any]]
Cells = Mapping[tuple[str, str], Values]
RIGHT, WRONG = 100.0, 0.0


def accuracies(right: Sequence[bool], groups: Sequence[str] | None = None) -> Values:
    rows: Values = [{"id": f"i{place}", "accuracy": RIGHT if one else WRONG} for place, one in enumerate(right)]
    return rows if groups is None else [{**row, "group": group} for row, group in zip(rows, groups, strict=True)]


@pytest.fixture
def write_run(tmp_path: Path, record_of: RecordOf) -> Callable[..., Path]:
    """`write_run(name, cells, **fields)`: a run's folder with one row; figures are those of the values."""

    def write(name: str, cells: Cells, **fields: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        records = []
        for (task, language), rows in cells.items():
            headline = fields.get("headline", ["accuracy"])
            figures = {one: stats.figure(stats.values_of(rows, [one])) for one in headline} if rows else {}
            given = {"task": task, "language": language, "metrics": figures, **fields}
            record = record_of(**given)
            records.append(record)
            scores = folder / "predictions" / record["row"] / task / f"{language}.scores.jsonl"
            scores.parent.mkdir(parents=True, exist_ok=True)
            write_jsonl(scores, rows)
        write_records(folder / "records.jsonl", records)
        return folder

    return write


def only_row(folder: Path) -> Row:
    (row,) = read_rows(folder)
    return row


def compared(a: Path, b: Path, flips: int = 5) -> Comparison:
    return compare(only_row(a), only_row(b), flips)


def cell(found: Comparison, task: str, language: str) -> Delta:
    (one,) = [one for one in found.cells if (one.task, one.language) == (task, language)]
    return one


MOSTLY_WRONG = accuracies([place < 10 for place in range(60)])
MOSTLY_RIGHT = accuracies([place < 55 for place in range(60)])


def test_a_difference_is_b_less_a_with_an_interval_around_it(write_run: Callable[..., Path]) -> None:
    found = compared(write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT}))
    delta = cell(found, "xnli", "sw")
    assert delta.difference == pytest.approx(75.0)
    assert delta.low is not None and delta.high is not None and 50 < delta.low < 75 < delta.high < 95
    assert delta.is_significant
    assert found.average is None  # of one task


def test_independent_right_or_wrong_items_are_tested_by_mcnemar(write_run: Callable[..., Path]) -> None:
    """45 won and none lost: 2 / 2^45."""
    found = compared(write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT}))
    delta = cell(found, "xnli", "sw")
    assert (delta.test, delta.p_value) == (MCNEMAR, 2 / 2**45)
    assert found.tasks[0].test == RANDOMISATION


@pytest.mark.parametrize("kind", ["grouped", "graded"])
def test_other_items_are_tested_by_randomisation(write_run: Callable[..., Path], kind: str) -> None:
    if kind == "grouped":
        groups = [f"g{place // 3}" for place in range(60)]
        first, second = (accuracies([place < most for place in range(60)], groups) for most in (10, 55))
    else:
        first, second = ([{**row, "accuracy": row["accuracy"] / 2} for row in rows] for rows in (MOSTLY_WRONG,) * 2)
    found = compared(write_run("a", {("xnli", "sw"): first}), write_run("b", {("xnli", "sw"): second}))
    assert cell(found, "xnli", "sw").test == RANDOMISATION


def test_cells_are_corrected_together_and_tasks_together(write_run: Callable[..., Path]) -> None:
    flipped = accuracies([place not in range(10, 16) for place in range(60)])
    same = accuracies([True] * 60)
    cells = {("xnli", "sw"): flipped, ("xnli", "te"): flipped, ("pawsx", "de"): same}
    found = compared(write_run("a", cells), write_run("b", dict.fromkeys(cells, same)))
    raw = 2 / 2**6
    assert [one.p_value for one in found.cells] == [raw, raw, 1.0]
    assert [one.corrected for one in found.cells] == [3 * raw, 3 * raw, 1.0]
    assert [one.task for one in found.tasks] == ["xnli", "pawsx"]
    corrected, alone = found.tasks[0].corrected, found.tasks[0].p_value
    assert corrected is not None and alone is not None and corrected == pytest.approx(2 * alone)


def test_the_average_is_over_tasks_and_one_test_of_its_own(write_run: Callable[..., Path]) -> None:
    cells = {("xnli", "sw"): MOSTLY_WRONG, ("xnli", "te"): MOSTLY_WRONG, ("pawsx", "de"): MOSTLY_RIGHT}
    found = compared(write_run("a", cells), write_run("b", dict.fromkeys(cells, MOSTLY_RIGHT)))
    average = found.average
    assert average is not None and average.difference == pytest.approx(75 / 2)
    assert average.corrected == average.p_value


def test_a_run_against_itself_differs_in_nothing(write_run: Callable[..., Path]) -> None:
    run = write_run("a", {("xnli", "sw"): MOSTLY_RIGHT})
    found = compared(run, run)
    assert (found.differences, found.only_a, found.only_b) == ([], [], [])
    assert [(one.low, one.high, one.corrected) for one in (*found.cells, *found.tasks)] == [(0.0, 0.0, 1.0)] * 2
    assert [(one.better_in_a, one.better_in_b, one.same) for one in found.flips] == [(0, 0, 60)]


def test_the_order_of_items_changes_nothing(write_run: Callable[..., Path]) -> None:
    a = write_run("a", {("xnli", "sw"): MOSTLY_WRONG})
    b, turned = (
        write_run(name, {("xnli", "sw"): rows}) for name, rows in (("b", MOSTLY_RIGHT), ("c", MOSTLY_RIGHT[::-1]))
    )
    straight, other = (cell(compared(a, side), "xnli", "sw") for side in (b, turned))
    assert (straight.difference, straight.p_value) == (other.difference, other.p_value)
    assert straight.low == pytest.approx(other.low, abs=1.0)  # other clusters are drawn


class TestNeverUnpaired:
    """Where the two sides were not asked the same, the difference stands without an interval, and why."""

    def check(self, a: Path, b: Path, why: str) -> None:
        found = compared(a, b)
        delta = cell(found, "xnli", "sw")
        assert delta.difference is not None
        assert (delta.low, delta.p_value, delta.corrected) == (None, None, None)
        assert why in delta.why and why in found.tasks[0].why
        assert f"no interval for everywhere: {delta.why}" in remarks(found)
        assert not found.flips

    def test_other_items(self, write_run: Callable[..., Path]) -> None:
        a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT[:40]})
        self.check(a, b, "other items: 40 of 60 are in both")

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"data": {"test": "sha256:99"}}, "other data (test)"),
            ({"data": {"test": "sha256:11", "gold": "sha256:99"}}, "other data (gold)"),
            ({"task_version": "2"}, "another version of the task"),
        ],
    )
    def test_other_data(self, write_run: Callable[..., Path], fields: dict[str, Any], why: str) -> None:
        a = write_run("a", {("xnli", "sw"): MOSTLY_WRONG})
        self.check(a, write_run("b", {("xnli", "sw"): MOSTLY_RIGHT}, **fields), why)

    def test_other_metrics(self, write_run: Callable[..., Path]) -> None:
        a = write_run("a", {("xnli", "sw"): MOSTLY_WRONG})
        renamed = [{"id": row["id"], "hit_rate": row["accuracy"]} for row in MOSTLY_RIGHT]
        self.check(a, write_run("b", {("xnli", "sw"): renamed}, headline=["hit_rate"]), "other metrics")

    def test_no_values_at_hand(self, write_run: Callable[..., Path]) -> None:
        a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT})
        (b / "predictions" / "mnli.plain.s1" / "xnli" / "sw.scores.jsonl").unlink()
        self.check(a, b, "B has no per-example values at hand")

    def test_values_that_are_not_the_records(self, write_run: Callable[..., Path]) -> None:
        a = write_run("a", {("xnli", "sw"): MOSTLY_WRONG})
        b = write_run("b", {("xnli", "sw"): MOSTLY_RIGHT}, metrics={"accuracy": 99.0})
        self.check(a, b, "B's per-example values give 91.67 and its record 99.00")

    def test_a_metric_without_values(self, write_run: Callable[..., Path], record_of: RecordOf) -> None:
        a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT})
        for folder in (a, b):
            write_records(folder / "records.jsonl", [record_of(metrics={"bleu": 7.0}, headline=["bleu"])])
        self.check(a, b, "No interval for bleu")

    def test_no_items(self, write_run: Callable[..., Path]) -> None:
        a, b = (write_run(name, {("xnli", "sw"): []}, metrics={"accuracy": 1.0}) for name in "ab")
        self.check(a, b, "no items")

    def test_one_cell_without_an_interval_leaves_the_means_none(self, write_run: Callable[..., Path]) -> None:
        cells = {("xnli", "sw"): MOSTLY_WRONG, ("xnli", "te"): MOSTLY_WRONG, ("pawsx", "de"): MOSTLY_WRONG}
        a, b = write_run("a", cells), write_run("b", {**cells, ("xnli", "te"): MOSTLY_RIGHT[:50]})
        found = compared(a, b)
        assert cell(found, "xnli", "sw").low is not None and cell(found, "xnli", "te").low is None
        assert found.average is not None
        assert [(one.difference is not None, one.low) for one in (found.tasks[0], found.average)] == [(True, None)] * 2
        assert found.tasks[1].low is not None


def test_sources_that_only_one_side_mined_are_flips(write_run: Callable[..., Path]) -> None:
    gold: Values = [{"id": f"s{place}", "hits": 1, "predicted": 1, "gold": 1} for place in range(9)]
    own: list[Values] = [[{"id": name, "hits": 0, "predicted": 1, "gold": 0}] for name in ("x", "y")]
    a, b = (
        write_run(name, {("mining", "de"): [*gold, *rows]}, headline=["f1"])
        for name, rows in zip("ab", own, strict=True)
    )
    found = compared(a, b)
    (flips,) = found.flips
    assert (flips.ids_a, flips.ids_b, flips.same) == (("y",), ("x",), 9)
    assert cell(found, "mining", "de").low is not None


@pytest.mark.parametrize("value", ["high", 10**400])
def test_damaged_values_are_named(write_run: Callable[..., Path], value: Any) -> None:
    a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT})
    damaged = [{"id": "i0", "accuracy": value}]
    write_jsonl(b / "predictions" / "mnli.plain.s1" / "xnli" / "sw.scores.jsonl", damaged)
    with pytest.raises(DataError, match=r"b: the per-example values of xnli sw"):
        compared(a, b)


def test_a_cell_that_stands_twice_is_refused(write_run: Callable[..., Path]) -> None:
    """Else the last one would be compared, and nobody would know of the first."""
    folder = write_run("a", {("xnli", "en"): MOSTLY_RIGHT})
    records = read_records(folder / "records.jsonl")
    write_records(folder / "records.jsonl", records * 2)
    with pytest.raises(DataError, match=r"records\.jsonl: holds .* xnli en twice"):
        read_rows(folder)


def test_ids_and_values_stay_in_their_line(write_run: Callable[..., Path]) -> None:
    values = [{**one, "id": f"{one['id']}\n\x1b[2J"} for one in MOSTLY_RIGHT]
    lost = [{**one, "accuracy": WRONG} for one in values]
    found = compared(
        write_run("a", {("xnli", "en"): values}, options={"prefix": "\x1b"}), write_run("b", {("xnli", "en"): lost})
    )
    assert document(found).replace("\n", "").isprintable()


def test_states_stand_in_the_place_of_figures(write_run: Callable[..., Path]) -> None:
    cells = {("xnli", "sw"): MOSTLY_WRONG, ("pawsx", "de"): MOSTLY_WRONG}
    a = write_run("a", cells)
    b = write_run("b", cells, state="failed", why="out of memory", metrics={})
    found = compared(a, b)
    assert [delta_text(one) for one in (*found.cells, *found.tasks)] == ["–"] * 4
    assert found.average is not None and found.average.b.state == "failed"
    assert "| failed |" in document(found)


def test_cells_of_one_side_are_named_and_count_nowhere(write_run: Callable[..., Path]) -> None:
    a = write_run("a", {("xnli", "sw"): MOSTLY_WRONG, ("xnli", "te"): MOSTLY_RIGHT})
    b = write_run("b", {("xnli", "sw"): MOSTLY_RIGHT, ("pawsx", "de"): MOSTLY_RIGHT})
    found = compared(a, b)
    assert found.tasks[0].difference == pytest.approx(75.0)
    assert remarks(found) == ["only in A, left out: xnli (te)", "only in B, left out: pawsx (de)"]


def test_rows_without_a_common_cell_are_refused(write_run: Callable[..., Path]) -> None:
    a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "te"): MOSTLY_WRONG})
    with pytest.raises(RequestError, match="no task and language in common"):
        compared(a, b)


class TestFlips:
    def test_right_and_wrong(self, write_run: Callable[..., Path]) -> None:
        a = write_run("a", {("xnli", "sw"): accuracies([True, True, True, False, False])})
        b = write_run("b", {("xnli", "sw"): accuracies([True, False, False, True, False])})
        (flips,) = compared(a, b, flips=1).flips
        assert flips.is_right_or_wrong
        assert (flips.better_in_a, flips.better_in_b, flips.same) == (2, 1, 2)
        assert (flips.ids_a, flips.ids_b) == (("i1",), ("i3",))

    def test_answers_by_the_mean_of_their_metrics(self, write_run: Callable[..., Path]) -> None:
        first = [{"id": "q1", "exact_match": 0.0, "f1": 80.0}, {"id": "q2", "exact_match": 100.0, "f1": 100.0}]
        second = [{"id": "q1", "exact_match": 0.0, "f1": 40.0}, {"id": "q2", "exact_match": 100.0, "f1": 100.0}]
        runs = [
            write_run(n, {("xquad", "sw"): r}, headline=["exact_match", "f1"]) for n, r in (("a", first), ("b", second))
        ]
        (flips,) = compared(*runs).flips
        assert not flips.is_right_or_wrong
        assert (flips.ids_a, flips.ids_b, flips.same) == (("q1",), (), 1)

    def test_counts_by_the_example_and_nothing_for_nothing_is_right(self, write_run: Callable[..., Path]) -> None:
        """No entity and none found is right: finding one there is a loss, though both F1 are 0 by the formula."""
        first = [{"id": "s1", "hits": 0, "predicted": 0, "gold": 0}, {"id": "s2", "hits": 1, "predicted": 1, "gold": 2}]
        second = [
            {"id": "s1", "hits": 0, "predicted": 1, "gold": 0},
            {"id": "s2", "hits": 2, "predicted": 2, "gold": 2},
        ]
        runs = [
            write_run(name, {("panx", "sw"): rows}, headline=["f1"]) for name, rows in (("a", first), ("b", second))
        ]
        (flips,) = compared(*runs).flips
        assert (flips.ids_a, flips.ids_b) == (("s1",), ("s2",))


class TestDifferences:
    def of(self, record_of: RecordOf, **fields: Any) -> list[tuple[str, str, Any, Any]]:
        place = ("xnli", "sw")
        found = differences({place: record_of()}, {place: record_of(**fields)})
        assert all(one.places == (place,) for one in found)
        return [(one.part, one.what, one.a, one.b) for one in found]

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"options": {"max_length": 64}}, ("configuration", "options.max_length", 128, 64)),
            ({"options": {"max_length": 128, "k": None, "j": 1}}, ("configuration", "options.j", None, 1)),
            ({"control": "shuffled-labels"}, ("configuration", "control", None, "shuffled-labels")),
            ({"seed": 2}, ("configuration", "seed", 1, 2)),
            (
                {"code": {"xtreme-harness": "0.2.0", "torch": "2"}},
                ("versions", "code.xtreme-harness", "0.1.0", "0.2.0"),
            ),
            ({"device": "cuda"}, ("versions", "device", "cpu", "cuda")),
            ({"data": {"test": "sha256:12"}}, ("data", "data.test", "sha256:11", "sha256:12")),
            ({"n": 10}, ("data", "n", 5010, 10)),
        ],
    )
    def test_each_part(self, record_of: RecordOf, fields: dict[str, Any], expected: tuple[Any, ...]) -> None:
        assert self.of(record_of, **fields) == [expected]

    def test_fingerprints_of_weights_and_tokenizer(self, record_of: RecordOf) -> None:
        model = {**record_of()["model"], "weights": "sha256:1", "tokenizer": "sha256:2"}
        found = self.of(record_of, model=model)
        assert [(part, what) for part, what, *_ in found] == [("model", "model.weights"), ("model", "model.tokenizer")]

    def test_phases_go_by_their_role_and_their_outcome_is_none(self, record_of: RecordOf) -> None:
        phase = {
            "tasks": ["mnli"],
            "role": "target",
            "seed": 1,
            "unit": "1",
            "dev": {"accuracy": 1.0},
            "data": {"train": "1"},
        }
        place = ("xnli", "sw")
        other = {**phase, "seed": 2, "unit": "2", "dev": {"accuracy": 2.0}, "data": {"train": "2"}}
        found = differences({place: record_of(phases=[phase])}, {place: record_of(phases=[other])})
        assert [(one.part, one.what, one.a, one.b) for one in found] == [
            ("configuration", "phase target.seed", 1, 2),
            ("data", "phase target.train", "1", "2"),
        ]

    def test_figures_times_and_paths_are_no_differences(self, record_of: RecordOf) -> None:
        results = {
            "metrics": {"accuracy": 1.0},
            "seconds": 1.0,
            "created": "x",
            "unit": "1",
            "predictions": "1",
            "scores": "2",
        }
        assert self.of(record_of, row="other", **results) == []

    def test_cells_with_the_same_values_are_gathered(self, record_of: RecordOf) -> None:
        places = [("xnli", "sw"), ("xnli", "te"), ("pawsx", "de")]
        ours = {place: record_of() for place in places}
        theirs = {place: record_of(dtype="float32" if place[0] == "xnli" else "bfloat16") for place in places}
        (found,) = differences(ours, theirs)
        assert (found.what, found.places) == ("dtype", (("xnli", "sw"), ("xnli", "te")))


class TestRows:
    @pytest.fixture
    def row_of(self, record_of: RecordOf) -> Callable[..., Row]:
        return lambda label, **fields: Row(Path("run"), label, {("xnli", "sw"): record_of(row=label, **fields)})

    def test_rows_of_the_same_arm_belong_together_whatever_their_label(self, row_of: Callable[..., Row]) -> None:
        ours = [row_of("x", intermediate="none"), row_of("y", seed=2), row_of("only", method="adv")]
        theirs = [row_of("z", seed=2), row_of("w", intermediate="none")]
        assert [(one.label, other.label) for one, other in matched(ours, theirs, None)] == [("x", "w"), ("y", "z")]

    def test_the_only_rows_belong_together(self, row_of: Callable[..., Row]) -> None:
        ((one, other),) = matched([row_of("x")], [row_of("y", control="shuffled-labels")], None)
        assert (one.label, other.label) == ("x", "y")

    def test_named_rows(self, row_of: Callable[..., Row]) -> None:
        rows = [row_of("x", intermediate="none"), row_of("y", seed=2)]
        ((one, other),) = matched(rows, rows, ("x", "y"))
        assert (one.label, other.label) == ("x", "y")
        with pytest.raises(UnknownName, match=r"Unknown row 'z'. Known: x, y"):
            matched(rows, rows, ("x", "z"))

    def test_no_common_arm_asks_for_names(self, row_of: Callable[..., Row]) -> None:
        ours = [row_of("x", intermediate="none"), row_of("y", seed=2)]
        with pytest.raises(RequestError, match=r"--row ROW_A ROW_B\.\nA has x, y; B has z"):
            matched(ours, [row_of("z", seed=3)], None)

    def test_two_rows_of_one_arm_ask_for_names(self, row_of: Callable[..., Row]) -> None:
        with pytest.raises(RequestError, match=r"x and y have the same .* --row ROW_A ROW_B"):
            matched([row_of("x"), row_of("y")], [row_of("x")], None)


def test_a_pack_is_read_as_the_run_it_is_from(write_run: Callable[..., Path], tmp_path: Path) -> None:
    a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT})
    packed = tmp_path / "pack"
    (packed / "scores" / "xnli").mkdir(parents=True)
    (packed / "records.jsonl").write_bytes((b / "records.jsonl").read_bytes())
    rows = {"mnli.plain.s1": {"accuracy": [row["accuracy"] for row in MOSTLY_RIGHT]}}
    held = {"ids": [row["id"] for row in MOSTLY_RIGHT], "groups": None, "rows": rows}
    (packed / "scores" / "xnli" / "sw.json.gz").write_bytes(gzip.compress(json.dumps(held).encode()))
    assert compared(a, packed).cells == compared(a, b).cells


class TestText:
    @pytest.fixture
    def text(self, write_run: Callable[..., Path]) -> str:
        cells = {("xnli", "sw"): MOSTLY_WRONG, ("xnli", "te"): MOSTLY_RIGHT}
        a = write_run("a", cells)
        b = write_run("b", {**cells, ("xnli", "sw"): MOSTLY_RIGHT}, dtype="float32", options={"note": "a | b " * 30})
        return document(compared(a, b, flips=2))

    def lines(self, text: str, *begin: str) -> list[list[str]]:
        cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]
        return [line for line in cells if line[: len(begin)] == list(begin)]

    def test_both_rows_are_named(self, text: str) -> None:
        assert text.startswith("A: ") and "/a `mnli.plain.s1`\nB: " in text

    def test_differences_say_where(self, text: str) -> None:
        assert self.lines(text, "configuration", "dtype")[0][2:] == ["bfloat16", "float32", "everywhere"]
        assert max(len(line) for line in text.splitlines() if "options.note" in line) < 200

    def test_significant_differences_stand_out(self, text: str) -> None:
        (swahili,), (telugu,) = (self.lines(text, "xnli", code)[:1] for code in ("sw", "te"))
        assert swahili[4].startswith("**+75.0** [+") and swahili[4].endswith("▲") and swahili[5] == "<0.001 m"
        assert telugu[4:] == ["+0.0 [+0.0, +0.0]", "1.000 m"]

    def test_flips_are_counted_and_named(self, text: str) -> None:
        assert self.lines(text, "xnli", "sw")[1] == ["xnli", "sw", "i10 i11", "–", "45", "0", "15"]

    def test_where_nothing_flipped_it_says_so(self, write_run: Callable[..., Path]) -> None:
        run = write_run("c", {("xnli", "sw"): MOSTLY_RIGHT})
        assert document(compared(run, run)).endswith("## Examples that flipped\n\nNone.")

    def test_plain_values_hold_everything(self, write_run: Callable[..., Path]) -> None:
        a, b = write_run("a", {("xnli", "sw"): MOSTLY_WRONG}), write_run("b", {("xnli", "sw"): MOSTLY_RIGHT}, seed=2)
        plain = json.loads(json.dumps(as_json(compared(a, b))))
        assert plain["a"] == {"path": str(a), "row": "mnli.plain.s1"}
        assert plain["differences"][0]["what"] == "seed" and plain["average"] is None
        (language,) = plain["languages"]
        assert (language["a"], language["b"], language["a_state"]) == (
            pytest.approx(100 / 6),
            pytest.approx(550 / 6),
            "ok",
        )
        assert language["significant"] is True and language["test"] == MCNEMAR
        assert plain["flips"][0]["ids_b"] == ["i10", "i11", "i12", "i13", "i14"]
