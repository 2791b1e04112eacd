"""Records: what fits the schema is read, what does not is named with its line; numbers and signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.errors import DataError
from xtreme_harness.jsonl import dump_line
from xtreme_harness.records import (
    FIELDS,
    STATES,
    VARYING,
    Record,
    problem_of,
    read_records,
    row_label,
    signature,
    task_number,
    without_varying,
    write_records,
)

RecordOf = Callable[..., Record]


def test_a_record_fits(record_of: RecordOf) -> None:
    assert problem_of(record_of()) is None
    assert set(record_of()) == set(FIELDS)


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "schema"])
def test_every_field_must_be_there(field: str, record_of: RecordOf) -> None:
    record = record_of()
    del record[field]
    assert problem_of(record) == f"the field {field} is missing"


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "schema"])
def test_every_field_has_its_type(field: str, record_of: RecordOf) -> None:
    wrong: Any = {"text": 1} if FIELDS[field] is str else "text" if FIELDS[field] is not dict else []
    if FIELDS[field] == (str, type(None)):
        wrong = 7
    assert problem_of(record_of(**{field: wrong})) == f"the field {field} holds {wrong!r}"


@pytest.mark.parametrize(
    "field",
    [name for name, kind in FIELDS.items() if isinstance(kind, tuple) and type(None) in kind],
)
def test_what_may_be_nothing(field: str, record_of: RecordOf) -> None:
    assert problem_of(record_of(**{field: None})) is None


@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_other_schemas_are_not_read(schema: Any, record_of: RecordOf) -> None:
    assert problem_of(record_of(schema=schema)) == f"schema {schema!r}; this version reads schema 1"


@pytest.mark.parametrize("field", ["schema", "n", "seed", "seconds"])
def test_truth_is_no_number(field: str, record_of: RecordOf) -> None:
    assert problem_of(record_of(**{field: True})) == f"the field {field} holds True"


def test_unknown_states(record_of: RecordOf) -> None:
    assert problem_of(record_of(state="fine")) == "unknown state 'fine'"
    for state in STATES:
        assert problem_of(record_of(state=state)) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metrics": {}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"f1": 1.0}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"accuracy": "71"}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"accuracy": None}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"accuracy": True}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"accuracy": float("nan")}}, "an ok record has no accuracy among its metrics"),
        ({"headline": []}, "an ok record names no headline metric"),
        ({"metrics": {"accuracy": 10**400}}, "an ok record has no accuracy among its metrics"),
        ({"metrics": {"accuracy": 1.0, "f1": "x"}}, "its f1 is 'x', no figure"),
    ],
)
def test_an_ok_record_has_its_figures(change: dict[str, Any], told: str, record_of: RecordOf) -> None:
    assert problem_of(record_of(**change)) == told
    assert problem_of(record_of(**change, state="failed")) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("headline", [["accuracy"]]),
        ("options", {"clip": float("inf")}),
        ("phases", ["target"]),
        ("phases", [{}]),
        ("phases", [{"role": "target", "method": "plain"}]),
        ("phases", [{"role": "target", "dev": {"f1": float("nan")}}]),
        ("data", {"test": 1}),
        ("code", {"torch": 2.0}),
        ("created", "yesterday"),
        ("created", "2026-01-01T00:00:00"),
        ("seconds", float("nan")),
        ("seconds", -1),
    ],
)
def test_what_stands_inside_a_field_is_sound(field: str, value: Any, record_of: RecordOf) -> None:
    assert problem_of(record_of(**{field: value})) == f"the field {field} holds {value!r}"


@pytest.mark.parametrize("field", ["row", "task", "language", "intermediate", "control", "method", "recipe", "dtype"])
@pytest.mark.parametrize("name", ["two\nlines", "\u202eback", "nothing\x00"])
def test_a_name_is_one_line_that_can_be_shown(field: str, name: str, record_of: RecordOf) -> None:
    assert problem_of(record_of(**{field: name})) == f"the field {field} holds {name!r}"


@pytest.mark.parametrize("field", ["row", "task", "language"])
@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\\b"])
def test_what_names_files_leads_nowhere_else(field: str, name: str, record_of: RecordOf) -> None:
    assert problem_of(record_of(**{field: name})) == f"the field {field} holds {name!r}"


@pytest.mark.parametrize("change", [{"name": "two\nlines"}, {"name": None}, {"weights": 1}])
def test_a_model_is_named_in_text(change: dict[str, Any], record_of: RecordOf) -> None:
    model = {**record_of()["model"], **change}
    assert problem_of(record_of(model=model)) == f"the field model holds {model!r}"


@pytest.mark.parametrize("field", ["name", "weights", "tokenizer", "revision"])
def test_a_record_says_whose_it_is(field: str, record_of: RecordOf) -> None:
    model = {name: value for name, value in record_of()["model"].items() if name != field}
    assert problem_of(record_of(model=model)) == f"the field model lacks {field}"


def test_records_are_read_back(tmp_path: Path, record_of: RecordOf) -> None:
    records = [record_of(language=code) for code in ("en", "sw")]
    write_records(tmp_path / "records.jsonl", records)
    assert read_records(tmp_path / "records.jsonl") == records


def test_a_record_that_does_not_fit_is_named_with_its_line(tmp_path: Path, record_of: RecordOf) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(dump_line(record_of()) + "\n" + dump_line(record_of(state="fine")), encoding="utf-8")
    with pytest.raises(DataError, match=r"records\.jsonl, line 3: unknown state 'fine'"):
        read_records(path)


def test_torn_records_are_named(tmp_path: Path, record_of: RecordOf) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text((dump_line(record_of()) * 2)[:-20], encoding="utf-8")
    with pytest.raises(DataError, match=r"records\.jsonl, line 2: is not JSON"):
        read_records(path)


def test_a_task_s_number_is_the_mean_of_its_headline_metrics(record_of: RecordOf) -> None:
    assert task_number(record_of()) == 71.25
    both = record_of(metrics={"exact_match": 40.0, "f1": 61.0, "loss": 9.0}, headline=["exact_match", "f1"])
    assert task_number(both) == 50.5


def test_two_runs_may_differ_in_what_varies_alone(record_of: RecordOf) -> None:
    first = record_of()
    second = record_of(seconds=99.0, created="2027-01-01T00:00:00Z", device="other", code={"torch": "3"})
    assert first != second and without_varying(first) == without_varying(second)
    assert set(VARYING) == {"seconds", "created", "device", "code"}
    assert without_varying(first) != without_varying(record_of(metrics={"accuracy": 71.26}))


def test_the_signature_says_how_a_row_came_about(record_of: RecordOf) -> None:
    records = [record_of(seed=seed, language=code) for seed in (2, 1) for code in ("en", "sw")]
    assert signature(records, "full.1") == (
        "xtreme-harness 0.1.0 | suite full.1 | model sha256:ab12cd34 | recipe xtreme | method plain | via mnli | "
        "control none | seeds 1,2 | zero-shot"
    )


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        (("none", None, "plain", 1), "none.plain.s1"),
        (("none", None, "plain", None), "none.plain.srecipe"),
        (("mnli+qqp", "shuffled-labels", "adv", 2), "mnli+qqp~shuffled-labels.adv.s2"),
    ],
)
def test_a_row_is_called_after_what_made_it(fields: tuple[str, str | None, str, int | None], label: str) -> None:
    assert row_label(*fields) == label


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"name": "same", "weights": "sha256:" + "f" * 64, "tokenizer": None, "revision": None}},
        {"recipe": "mini"},
        {"method": "adv"},
        {"intermediate": "none"},
        {"control": "shuffled-labels"},
        {"seed": 3},
        {"protocol": "translate-train"},
        {"code": {"xtreme-harness": "0.2.0"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_rows_that_may_not_be_compared_have_other_signatures(change: dict[str, Any], record_of: RecordOf) -> None:
    assert signature([record_of(**change)], "full.1") != signature([record_of()], "full.1")
    assert signature([record_of()], "mini.1") != signature([record_of()], "full.1")
