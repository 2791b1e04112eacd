"""`rs_da`: the released recipe, seeded; and through a run, that only the training part is rewritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.plan import Plan
from xtreme_harness.store import Store
from xtreme_harness.training.synonyms import augmented, read_neighbours, replaced
from xtreme_harness.work import Outcome

TABLE = {"team": ["side", "crew"], "won": ["triumphed"], "rare": [], "the": ["el"]}
PAIR = {"id": "7", "text_a": "the team won  again, Team won.", "text_b": "a rare team", "label": "yes", "group": "g"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "neighbours.json").write_text(json.dumps(TABLE), encoding="utf-8")
    return tmp_path / "neighbours.json"


def copies_of(table: Path, seed: int = 5, examples: Any = (PAIR,), **changes: Any) -> list[dict[str, Any]]:
    values = {"table": str(table), "copies": 3, "keep_original": False, **changes}
    return augmented(examples, ("text_a", "text_b"), seed, **values)


def test_the_recipe_on_a_fixed_seed(table: Path) -> None:
    """Written out: blanks part the words, a word with neighbours is one of itself and them, text_a before text_b."""
    random = np.random.Generator(np.random.PCG64([5, 0]))
    expected = []
    for number in (1, 2, 3):
        the, team, won = (int(random.integers(size)) for size in (2, 3, 2))
        other = int(random.integers(3))
        first = [["the", "el"][the], ["team", "side", "crew"][team], ["won", "triumphed"][won], "", "again,", "Team"]
        second = f"a rare {['team', 'side', 'crew'][other]}"
        texts = {"text_a": " ".join([*first, "won."]), "text_b": second}
        expected.append({**PAIR, **texts, "id": f"7~{number}"})
    assert copies_of(table) == expected
    assert copies_of(table, keep_original=True) == [PAIR, *expected]


def test_copies_depend_on_the_seed_and_an_examples_place_alone(table: Path) -> None:
    other = {"id": "8", "text_a": "team team team team", "label": "no"}
    assert copies_of(table, examples=(PAIR, other))[:3] == copies_of(table, examples=(PAIR,))
    assert len({row["text_a"] for seed in range(9) for row in copies_of(table, seed)}) > 6
    assert all("text_b" not in row for row in copies_of(table, examples=(other,)))


def test_a_word_and_its_neighbours_are_drawn_evenly() -> None:
    drawn = replaced(" ".join(["team"] * 9000), TABLE, np.random.default_rng(1)).split(" ")
    assert [drawn.count(word) / 9000 for word in ("team", "side", "crew")] == pytest.approx([1 / 3] * 3, abs=0.02)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON in UTF-8"),
        ("[]", "expected a JSON object"),
        ('{"a": "b"}', "the neighbours of 'a' must be a list of words"),
        ('{"a": [1]}', "the neighbours of 'a' must be a list of words"),
    ],
)
def test_wrong_tables(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_neighbours(tmp_path / "t.json")


PlanOf = Callable[..., Plan]


def planned(plan_of: PlanOf, model: Path, table: Path | str, *settings: tuple[str, str, Any], **fields: Any) -> Plan:
    chosen = (("rs_da", "table", str(table)), ("topics", "epochs", 1), *settings)
    return plan_of(model, "topics", methods=("rs_da",), settings=chosen, **fields)


def test_the_training_part_alone_is_rewritten(
    table: Path, tiny_bert: Path, plan_of: PlanOf, perform_all: Callable[..., list[Outcome]], store: Store
) -> None:
    plan = planned(plan_of, tiny_bert, table, ("rs_da", "copies", 2))
    assert not [outcome.error for outcome in perform_all(plan.units()) if outcome.error]
    plain = plan_of(tiny_bert, "topics", settings=(("topics", "epochs", 1),))
    prepared = {unit.label: unit for unit in plan.units() if unit.type == "prepare"}
    usual = {unit.label: unit for unit in plain.units() if unit.type == "prepare"}
    assert [label for label in usual if usual[label].key != prepared[label].key] == ["prepare topics train en"]
    found = store.find(prepared["prepare topics train en"].key)
    assert found is not None
    ids = [row["id"] for _, row in read_jsonl(found.file("items.jsonl"))]
    assert len(ids) == len(set(ids)) == 48 and ids[0].endswith("~1") and ids[1].endswith("~2")


def test_table_and_seed_decide_the_key_and_the_tables_place_does_not(
    table: Path, tiny_bert: Path, plan_of: PlanOf, tmp_path: Path
) -> None:
    (tmp_path / "same.json").write_text(table.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    first = planned(plan_of, tiny_bert, table).id
    assert planned(plan_of, tiny_bert, tmp_path / "same.json").id == first
    assert planned(plan_of, tiny_bert, tmp_path / "other.json").id != first
    assert planned(plan_of, tiny_bert, table, seeds=(9,)).id != first


def test_what_rs_da_refuses(table: Path, tiny_bert: Path, plan_of: PlanOf) -> None:
    with pytest.raises(RequestError, match=r"Method rs_da needs a file \(none is named\): --set rs_da\.table=FILE\."):
        planned(plan_of, tiny_bert, "")
    with pytest.raises(RequestError, match=r"needs a file \(no/such\.json\)"):
        planned(plan_of, tiny_bert, "no/such.json")
    with pytest.raises(RequestError, match=r"cannot rewrite the texts of every task: mini\.ner is of kind tag\."):
        plan_of(tiny_bert, "mini.ner", methods=("rs_da",), settings=(("rs_da", "table", str(table)),))
    with pytest.raises(RequestError, match="must be at least 1"):
        copies_of(table, copies=0)
