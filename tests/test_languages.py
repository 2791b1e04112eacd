"""The language table: complete, typed, and enough for every built-in task."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import xtreme_harness.languages
from xtreme_harness.errors import UnknownName
from xtreme_harness.languages import language, languages
from xtreme_harness.registry import load_registry

TABLE = Path(xtreme_harness.languages.__file__).with_suffix(".json")
BUCKETS = ["<50k", "50k-100k", "100k-250k", "250k-1M", ">=1M"]


def test_there_are_40_languages_in_the_order_of_their_codes() -> None:
    codes = [one.code for one in languages()]
    assert len(codes) == len(set(codes)) == 40
    assert codes == sorted(codes)


def test_every_field_is_filled_and_of_its_type() -> None:
    for one in languages():
        assert all(isinstance(text, str) and text for text in (one.iso639_3, one.name, one.family, one.script))
        assert len(one.iso639_3) == 3 and one.joshi_class in range(6)
        assert one.in_xlmr_pretraining == (one.cc100_gib > 0)
        assert isinstance(one.in_mbert_wikipedia, bool) and isinstance(one.xtreme_up_under_represented, bool)


def test_wikipedia_buckets_follow_from_the_article_counts() -> None:
    edges = json.loads(TABLE.read_text(encoding="utf-8"))["meta"]["wikipedia_bucket_edges"]
    for one in languages():
        assert one.wikipedia_articles_2020 is not None
        assert one.wikipedia_bucket == BUCKETS[sum(one.wikipedia_articles_2020 >= edge for edge in edges)]


def test_some_facts_that_studies_lean_on() -> None:
    assert (language("en").joshi_class, language("sw").joshi_class, language("yo").joshi_class) == (5, 2, 2)
    assert (language("eu").family, language("eu").script) == ("Basque (isolate)", "Latin")
    assert not language("yo").in_xlmr_pretraining and language("yo").in_mbert_wikipedia
    assert not language("en").xtreme_up_under_represented


def test_each_field_names_its_source() -> None:
    meta = json.loads(TABLE.read_text(encoding="utf-8"))["meta"]
    assert set(meta["field_sources"]) == set(languages()[0].__dataclass_fields__)
    assert {source.split()[-1] for source in meta["field_sources"].values()} <= set(meta["sources"])


def test_an_unknown_code_is_a_wrong_request() -> None:
    with pytest.raises(UnknownName, match="Unknown language 'xx'") as caught:
        language("xx")
    assert caught.value.exit_code == 2
    assert "sw" in str(caught.value)


def test_built_in_tasks_use_these_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XTREME_HARNESS_LOAD_PLUGINS", "")
    known = {one.code for one in languages()}
    registry = load_registry()
    for name in registry.names("task", "target"):
        codes = {code for language in registry.task(name).languages for code in language.split("-")}  # pairs: en-sw
        assert codes <= known, name


def test_the_table_is_read_when_it_is_first_asked_for() -> None:
    code = (
        "import xtreme_harness.languages as l; assert not l._table.cache_info().currsize; print(l.language('sw').name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "Swahili\n"
