"""Rows of a run as plain values for the cache: a tenth of its records, and read in a twentieth of the time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from xtreme_harness.leaderboard.averages import Figure
from xtreme_harness.leaderboard.board.cache import Cache
from xtreme_harness.leaderboard.board.series import Cell, Place, Series, Version, series_of
from xtreme_harness.leaderboard.remarks import Told
from xtreme_harness.records import read_records


def read_series(path: Path, cache: Cache) -> list[Series]:
    """The rows of a records.jsonl; raises DataError for one that does not fit the schema.

    What the cache holds goes by the hash of the whole file: an edited digit is another file.
    """
    key = hashlib.sha256(path.read_bytes()).hexdigest()
    made: list[Series] = []

    def make() -> list[Any]:
        made.extend(series_of(read_records(path), path))
        return [_plain(one) for one in made]

    kept = cache.get(key, make)
    return made or [_series(one) for one in kept]


def _plain(series: Series) -> dict[str, Any]:
    versions = list(dict.fromkeys(cell.version for cells in series.cells.values() for cell in cells.values()))
    numbers = {version: number for number, version in enumerate(versions)}
    cells = {
        label: [[*place, *_plain_cell(cell, numbers)] for place, cell in members.items()]
        for label, members in series.cells.items()
    }
    return {**vars(series), "cells": cells, "versions": [_plain_version(version) for version in versions]}


def _plain_version(version: Version) -> list[Any]:
    return [version.task_version, version.headline, version.test, version.gold, version.examples]


def _plain_cell(cell: Cell, numbers: dict[Version, int]) -> list[Any]:
    figure = cell.figure
    return [figure.value, figure.state, cell.metrics, numbers[cell.version], cell.seed, cell.scores, cell.told]


def _series(plain: dict[str, Any]) -> Series:
    versions = [Version(one[0], tuple(one[1]), *one[2:]) for one in plain["versions"]]
    cells = {label: dict(_cell(one, versions) for one in members) for label, members in plain["cells"].items()}
    same = {name: plain[name] for name in ("about", "configurations", "trainings", "created")}
    return Series(cells=cells, **same)


def _cell(plain: list[Any], versions: list[Version]) -> tuple[Place, Cell]:
    task, language, value, state, metrics, version, seed, scores, told = plain
    known = None if told is None else _told(*told)
    return (task, language), Cell(Figure(value, state), metrics, versions[version], seed, scores, known)


def _told(task: str, language: str, because: str, lengths: list[int] | None, state: str, why: str) -> Told:
    return Told(task, language, because, (lengths[0], lengths[1]) if lengths else None, state, why)
