"""NTREX-128 in BUCC's layout, mined by the bundled encoder: the whole way on sentences that people translated."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xtreme_harness.plan import Plan
from xtreme_harness.registry import load_registry
from xtreme_harness.store import Store
from xtreme_harness.work import Outcome

DATA = Path(os.environ.get("XTREME_HARNESS_SHARED") or Path(__file__).parents[3] / "shared") / "data"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="needs the slices of real data in ../shared"),
    pytest.mark.encoder,
    pytest.mark.slow,
]

NAMES = {"de": "ref.deu", "ru": "ref.rus", "zh": "ref.zho-CN", "en": "src.eng"}
PARTS = {"dev": range(160), "test": range(160, 400)}  # lines: the test of the tests is quick, not large


def lines(language: str) -> list[str]:
    packed = (DATA / "ntrex" / f"newstest2019-{NAMES[language]}.txt.gz").read_bytes()
    return gzip.decompress(packed).decode("utf-8").removesuffix("\r\n").split("\r\n")


def lines_of(part: range, code: str, without: int) -> Iterator[tuple[str, int]]:
    """(id, line) of one side: every fourth line is on the other side only."""
    yield from ((f"{code}-{line:09}", line) for line in part if line % 8 != without)


def write_as_bucc(folder: Path, languages: tuple[str, ...]) -> Path:
    for place in ("bucc2018", "labels/bucc2018"):
        (folder / place).mkdir(parents=True)
    for language in languages:
        for split, part in PARTS.items():
            stem, sides = f"bucc2018/{language}-en.{split}", []
            for code, without in ((language, 1), ("en", 5)):
                texts, side = lines(code), dict(lines_of(part, code, without))
                rows = [f"{name}\t{texts[line]}\n" for name, line in side.items()]
                (folder / f"{stem}.{code}").write_text("".join(rows), encoding="utf-8")
                sides.append({line: name for name, line in side.items()})
            gold = [f"{sides[0][line]}\t{sides[1][line]}\n" for line in sides[0] if line in sides[1]]
            place = f"{stem}.gold" if split == "dev" else f"labels/bucc2018/test-{language}.tsv"
            (folder / place).write_text("".join(gold), encoding="utf-8")
    return folder


def test_translations_are_mined_from_news(
    tmp_path: Path, plan_of: Callable[..., Plan], perform_all: Callable[..., list[Outcome]], store: Store
) -> None:
    """Three languages stand where XTREME has four; French is missing data."""
    data, registry = write_as_bucc(tmp_path / "data", ("de", "ru", "zh")), load_registry()
    plan = plan_of("mini", "bucc2018", registry=registry, data=str(data), recipe="xtreme")
    states = {cell.language: cell.missing for cell in plan.cells}
    assert "fr-en.dev.fr" in str(states.pop("fr")) and set(states.values()) == {None}
    perform_all(plan.units(), registry=registry)
    for cell in plan.cells:
        if cell.score is not None and cell.tuning is not None:
            scored, tuned = (found(store, unit.key) for unit in (cell.score, cell.tuning))
            assert scored["n"] == 180
            assert tuned["metrics"]["f1"] > 95 and scored["metrics"]["f1"] > 90, (cell.language, tuned, scored)


def found(store: Store, key: str) -> dict[str, Any]:
    unit = store.find(key)
    assert unit is not None
    return dict(unit.result)
