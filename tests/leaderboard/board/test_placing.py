"""Standings: which rows are one row, which are apart, what may be averaged, and how rows are ranked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from board_runs import Right, records_of, write_run

from xtreme_harness.definitions import Board, Suite
from xtreme_harness.errors import DataError
from xtreme_harness.leaderboard.board.placing import standings_of
from xtreme_harness.leaderboard.standings import Standing, Standings

SUITE = Suite(name="two", groups={"pair": ("nli",), "tagging": ("pos",)})
TRACKS = ("zero-shot", "translate-train", "target-tuned", "oracle")
BOARD = Board(name="board", title="The Board", suite="two", runs=("runs/*",), tracks=TRACKS)
PLACES = (("nli", "en"), ("nli", "sw"), ("pos", "en"), ("pos", "eu"))
ITEMS = 200


def answers(share: float, seed: int = 0) -> Right:
    """Of `share` of the items right. Two systems with the same seed find the same items hard."""
    hardness = np.random.default_rng(seed).random((len(PLACES), ITEMS))
    return {place: (100.0 * (row < share)).tolist() for place, row in zip(PLACES, hardness, strict=True)}


def add(folder: Path, name: str, right: Right, with_values: bool = True, **fields: Any) -> None:
    """A run of one row."""
    records = records_of(right, model=fields.pop("model", name), **fields)
    write_run(folder / "runs" / name, (records, right if with_values else None))


def placed(folder: Path, **changes: Any) -> Standings:
    board = Board(**{**vars(BOARD), **changes})
    return standings_of(board, SUITE, folder)


def row_of(standings: Standings, name: str) -> Standing:
    (found,) = [row for row in standings.rows if row.name == name]
    return found


# --- which rows are one


def test_rows_that_differ_in_their_seed_alone_are_one(tmp_path: Path) -> None:
    rights = [answers(0.6, seed=1), answers(0.7, seed=2)]
    rows = [
        (records_of(right, row=f"none.plain.s{seed}", seed=seed), right)
        for seed, right in zip((1, 2), rights, strict=True)
    ]
    write_run(tmp_path / "runs" / "a", *rows)
    (row,) = placed(tmp_path).rows
    figures = [sum(right["nli", "sw"]) / ITEMS for right in rights]
    shown = row.languages["nli"]["sw"]
    assert shown.value == pytest.approx(sum(figures) / 2) == shown.metrics["accuracy"]
    assert shown.deviation == pytest.approx(abs(figures[0] - figures[1]) / 2**0.5)
    assert row.average.deviation is not None and row.average.low is not None
    assert row.average.low < (row.average.value or 0.0) < (row.average.high or 0.0)
    assert row.seeds == (1, 2) and "| seeds 1,2 |" in row.signature
    assert row.command.endswith("--seed 1 --seed 2") and row.run == "runs/a" and row.records == "runs/a/records.jsonl"


def test_a_seed_without_a_figure_leaves_no_mean(tmp_path: Path) -> None:
    right = answers(0.6)
    first = records_of(right)
    second = records_of(right, row="none.plain.s2", seed=2)
    second[0] |= {"state": "failed", "why": "out of memory", "metrics": {}}
    write_run(tmp_path / "runs" / "a", (first, right), (second, right))
    standings = placed(tmp_path)
    (row,) = standings.rows
    assert row.languages["nli"]["en"].text() == row.tasks["nli"].text() == row.average.text() == "failed"
    assert row.rank is None and row.languages["nli"]["sw"].value is not None
    assert standings.remarks == ("failed: nli en: out of memory",)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"phases": [{"method": {"name": "adv", "eps": 0.2}, "role": "target"}]}, "tiny, adv, eps=0.2"),
        ({"recipe": "other"}, "tiny, adv, recipe other"),
        ({"dtype": "bfloat16"}, "tiny, adv, bfloat16"),
        ({"options": {"max_length": 64}}, "tiny, adv, runs/b"),
        ({"model": "tiny", "options": {"max_length": 128, "learning_rate": 1.0}}, "tiny, adv, runs/b"),
    ],
)
def test_rows_that_differ_in_anything_else_are_apart(tmp_path: Path, fields: dict[str, Any], name: str) -> None:
    """Boards once took the cells of both for one row, where they did not overlap."""
    plain = {"method": "adv", "phases": [{"method": {"name": "adv", "eps": 0.1}, "role": "target"}]}
    right = answers(0.6)
    halves = [{place: right[place] for place in PLACES if place[0] == task} for task in ("nli", "pos")]
    add(tmp_path, "a", halves[0], **{"model": "tiny", **plain})
    add(tmp_path, "b", halves[1], **{"model": "tiny", **plain, **fields})
    rows = placed(tmp_path).rows
    assert len(rows) == 2 and len({row.id for row in rows}) == 2 and len({row.name for row in rows}) == 2
    assert name in [row.name for row in rows]
    assert all(row.average.text() == "skipped" for row in rows)


def test_a_threshold_that_each_seed_chose_does_not_tell_seeds_apart(tmp_path: Path) -> None:
    right = answers(0.6)
    rows = [
        (records_of(right, row=f"none.plain.s{seed}", seed=seed, options={"threshold": seed / 10}), right)
        for seed in (1, 2)
    ]
    write_run(tmp_path / "runs" / "a", *rows)
    assert [row.seeds for row in placed(tmp_path).rows] == [(1, 2)]


def test_tracks_are_apart(tmp_path: Path) -> None:
    """Of one run even: under the same label. What was chosen on the targets' own dev parts is an oracle."""
    for number, fields in enumerate([{}, {"protocol": "translate-train"}, {"options": {"selection": "target-dev"}}]):
        add(tmp_path, f"r{number}", answers(0.6 + number / 10), model="tiny", **fields)
    standings = placed(tmp_path)
    assert [(row.track, row.rank, row.average.is_best) for row in standings.rows] == [
        ("zero-shot", 1, True),
        ("translate-train", 1, True),
        ("oracle", 1, True),
    ]
    assert [row.track for row in placed(tmp_path, tracks=("oracle",)).rows] == ["oracle"]


def test_a_run_of_another_seed_is_a_row_of_its_own_and_a_copy_is_refused(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.6), model="tiny")
    add(tmp_path, "b", answers(0.6), model="tiny", row="none.plain.s2", seed=2)
    assert [row.name for row in placed(tmp_path).rows] == ["tiny, runs/a", "tiny, runs/b"]
    add(tmp_path, "c", answers(0.6), model="tiny")
    with pytest.raises(DataError, match=r"the board has tiny none\.plain\.s1 nli en already, from runs/a"):
        placed(tmp_path)


def test_packs_and_runs_give_the_same(tmp_path: Path) -> None:
    import gzip
    import json

    right = answers(0.7)
    add(tmp_path, "a", right)
    (before,) = placed(tmp_path).rows
    for (task, language), values in right.items():
        path = tmp_path / "runs" / "a" / "scores" / task / f"{language}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = {"none.plain.s1": {"accuracy": values}}
        packed = {"ids": [f"i{place}" for place in range(ITEMS)], "groups": None, "rows": rows}
        path.write_bytes(gzip.compress(json.dumps(packed).encode()))
    (tmp_path / "runs" / "a" / "predictions").rename(tmp_path / "gone")
    assert placed(tmp_path).rows == (before,)


def test_a_row_shows_the_root_hash_of_its_run(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.7))
    manifest = tmp_path / "runs" / "a" / "manifest.json"
    for text, root in (('{"files": {}, "root": "ab"}', "ab"), ('{"files": {}, "root": "ab", "run": "cd"}', "cd")):
        manifest.write_text(text, encoding="utf-8")
        assert [row.root for row in placed(tmp_path).rows] == [root]
    for text in ("{", "[]", "{}"):
        manifest.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"manifest\.json: "):
            placed(tmp_path)


def test_the_longest_name_is_still_one_of_a_file(tmp_path: Path) -> None:
    for run in ("a", "b"):
        add(tmp_path, run, answers(0.7), model="m" * 300, recipe=run)
    ids = {row.id for row in placed(tmp_path).rows}
    assert len(ids) == 2 and all(len(f"{one}.eval_results.yaml") < 255 for one in ids)


def test_a_row_whose_name_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    right = answers(0.7)
    add(tmp_path, "a", right)
    write_run(tmp_path / "runs" / "b", (records_of(right, model="b", row="../../a/predictions/none.plain.s1"), None))
    with pytest.raises(DataError, match=r"b/records\.jsonl, line 1: the field row holds '\.\./\.\./a"):
        placed(tmp_path)


# --- what may be averaged


def test_other_data_are_refused_and_named(tmp_path: Path) -> None:
    for number in range(3):
        add(tmp_path, f"r{number}", answers(0.6 + number / 10))
    other = records_of(answers(0.9), model="odd")
    other[1] = {**other[1], "data": {**other[1]["data"], "gold": "sha256:" + "ee" * 32}}
    write_run(tmp_path / "runs" / "odd", (other, answers(0.9)))
    standings = placed(tmp_path)
    odd = row_of(standings, "odd")
    assert odd.languages["nli"]["sw"].text() == odd.tasks["nli"].text() == odd.average.text() == "mixed-data"
    assert odd.rank is None and odd.tasks["pos"].value is not None
    why = "mixed-data: nli sw: gold sha256:eeeeeeee where the column has sha256:22222222"
    assert why in odd.notes and f"odd: {why}" in standings.remarks
    assert [row.rank for row in standings.rows] == [1, 2, 3, None]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"task_version": "2"}, "task version 2 where the column has 1"),
        ({"headline": ["f1"], "metrics": {"f1": 50.0}}, "the mean of f1 where the column has accuracy"),
        ({"data": {"test": "sha256:" + "ab" * 32}}, "test data sha256:abababab where the column has sha256:11111111"),
        ({"n": 7}, "7 examples where the column has 200"),
    ],
)
def test_what_a_column_must_share(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    add(tmp_path, "a", answers(0.6))
    add(tmp_path, "b", answers(0.7))
    add(tmp_path, "c", answers(0.8), with_values=False, **fields)
    (note, *_) = row_of(placed(tmp_path), "c").notes
    assert note.startswith("mixed-data: nli en, sw; pos en, eu: ") and told in note


def test_where_no_version_has_most_rows_none_counts(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.6))
    add(tmp_path, "b", answers(0.7), task_version="2")
    standings = placed(tmp_path)
    assert [row.average.text() for row in standings.rows] == ["mixed-data", "mixed-data"]
    assert "no version of the data has most of the column's rows" in standings.remarks[0]


def test_a_missing_task_leaves_no_average(tmp_path: Path) -> None:
    right = answers(0.6)
    add(tmp_path, "a", right)
    add(tmp_path, "b", {place: right[place] for place in PLACES if place[0] == "nli"})
    row = row_of(placed(tmp_path), "b")
    assert row.tasks["nli"].value is not None
    assert row.tasks["pos"].text() == row.average.text() == "skipped" and row.rank is None


# --- ranks


def test_rows_that_do_not_differ_share_a_rank(tmp_path: Path) -> None:
    good, worse = answers(0.8, seed=3), answers(0.5, seed=3)
    nearly = {place: [0.0, *values[1:]] for place, values in good.items()}
    for name, right in (("worse", worse), ("nearly", nearly), ("good", good)):
        add(tmp_path, name, right)
    standings = placed(tmp_path)
    assert [(row.name, row.rank, row.average.is_best) for row in standings.rows] == [
        ("good", 1, True),
        ("nearly", 1, True),
        ("worse", 3, False),
    ]
    assert [row.tasks["nli"].is_best for row in standings.rows] == [True, True, False]
    assert [row.groups["tagging"].is_best for row in standings.rows] == [True, True, False]


def test_without_values_there_is_no_interval_and_no_tie(tmp_path: Path) -> None:
    good = answers(0.8, seed=3)
    nearly = {place: [0.0, *values[1:]] for place, values in good.items()}
    add(tmp_path, "good", good)
    add(tmp_path, "nearly", nearly, with_values=False)
    first, second = placed(tmp_path).rows
    assert (first.rank, second.rank) == (1, 2) and not first.notes
    assert second.average.low is None and not second.tasks["nli"].is_best
    assert second.notes == ("no per-example values at hand: no interval, and no rank shared",)


def test_equal_figures_share_a_rank_without_any_test(tmp_path: Path) -> None:
    for name in ("a", "b"):
        add(tmp_path, name, answers(0.8), with_values=False)
    assert [row.rank for row in placed(tmp_path).rows] == [1, 1]


def test_rows_on_other_items_are_not_compared(tmp_path: Path) -> None:
    """The same number of examples with other ids: a test would be unpaired."""
    good = answers(0.8, seed=3)
    add(tmp_path, "good", good)
    add(tmp_path, "nearly", {place: [0.0, *values[1:]] for place, values in good.items()})
    for path in (tmp_path / "runs" / "nearly").rglob("*.scores.jsonl"):
        path.write_text(
            path.read_text(encoding="utf-8").replace('"id": "i', '"id": "j'), encoding="utf-8", newline="\n"
        )
    assert [row.rank for row in placed(tmp_path).rows] == [1, 2]


def test_systems_with_other_numbers_of_seeds_are_compared(tmp_path: Path) -> None:
    rights = [answers(0.8, seed=number) for number in range(3)]
    rows = [(records_of(right, row=f"none.plain.s{number}", seed=number), right) for number, right in enumerate(rights)]
    write_run(tmp_path / "runs" / "three", *rows)
    add(tmp_path, "two", rights[0], model="other")
    add(tmp_path, "low", answers(0.4))
    assert [row.rank for row in placed(tmp_path).rows] == [1, 1, 3]


def test_intervals_are_of_items_and_wider_for_a_language_than_for_the_average(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.7))
    (row,) = placed(tmp_path).rows
    shown = row.languages["pos"]["eu"]
    assert shown.low is not None and shown.high is not None and row.average.low is not None
    error = 1.96 * np.std(answers(0.7)["pos", "eu"], ddof=1) / ITEMS**0.5
    assert shown.high - shown.low == pytest.approx(2 * error, rel=0.1)
    assert (row.average.high or 0.0) - row.average.low < shown.high - shown.low
    for one in (row.groups["pair"], row.without_english, row.gap, row.tasks["nli"]):
        assert one.low is not None and one.low < (one.value or 0.0) < (one.high or 0.0)


def test_values_that_do_not_give_the_record_s_figure_are_refused(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.7))
    path = next((tmp_path / "runs" / "a").rglob("nli/sw.scores.jsonl"))
    path.write_text(path.read_text(encoding="utf-8").replace("100.0", "0.0", 1), encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=r"runs.a: none\.plain\.s1 nli sw: the record says .* `leaderboard verify`"):
        placed(tmp_path)


@pytest.mark.parametrize("value", ['"right"', "null", "[1]", "9" * 400])
def test_values_that_are_none_are_damaged(tmp_path: Path, value: str) -> None:
    add(tmp_path, "a", answers(0.7))
    path = next((tmp_path / "runs" / "a").rglob("nli/sw.scores.jsonl"))
    path.write_text(path.read_text(encoding="utf-8").replace("100.0", value, 1), encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=r"none\.plain\.s1 nli sw: the (per-example values are damaged|record says)"):
        placed(tmp_path)


# --- the cache


def test_a_board_is_the_same_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, share in (("a", 0.8), ("b", 0.6)):
        add(tmp_path, name, answers(share))
    cold = standings_of(BOARD, SUITE, tmp_path, tmp_path / "cache")
    assert cold == placed(tmp_path)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("computed again")

    for name in ("stats.sample", "stats.compare", "leaderboard.board.condensed.read_records"):
        monkeypatch.setattr(f"xtreme_harness.{name}", never)
    assert standings_of(BOARD, SUITE, tmp_path, tmp_path / "cache") == cold


def test_the_cache_follows_the_records_and_knows_nothing_that_is_not_at_hand(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    add(tmp_path, "a", answers(0.8))
    assert standings_of(BOARD, SUITE, tmp_path, cache).rows[0].average.low is not None
    values = tmp_path / "runs" / "a" / "predictions"
    values.rename(tmp_path / "away")
    assert standings_of(BOARD, SUITE, tmp_path, cache) == placed(tmp_path)
    (tmp_path / "away").rename(values)
    records = tmp_path / "runs" / "a" / "records.jsonl"
    records.write_text(records.read_text(encoding="utf-8").replace('"tiny"', '"other"').replace('"a"', '"other"'))
    assert standings_of(BOARD, SUITE, tmp_path, cache) == placed(tmp_path)


def test_a_damaged_cache_is_no_cache(tmp_path: Path) -> None:
    add(tmp_path, "a", answers(0.8))
    cold = standings_of(BOARD, SUITE, tmp_path, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    for text in ("", "[]", '{"version": "another", "values": {}}', kept.read_text(encoding="utf-8")[:-9]):
        kept.write_text(text, encoding="utf-8")
        assert standings_of(BOARD, SUITE, tmp_path, tmp_path / "cache") == cold
