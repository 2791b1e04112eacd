"""The rows of runs and packs, and which of two are to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xtreme_harness import stats
from xtreme_harness.errors import DataError, RequestError, UnknownName
from xtreme_harness.leaderboard.comparison.differences import Place
from xtreme_harness.records import Record, read_records
from xtreme_harness.scores import read_scores


@dataclass(frozen=True)
class Row:
    """A row of a run or pack, with its records by task and language."""

    folder: Path
    label: str
    records: Mapping[Place, Record]

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same arm as a row of another run; the label is never parsed."""
        first = next(iter(self.records.values()))
        seeds = sorted({record["seed"] for record in self.records.values()})
        return first["intermediate"], first["control"], first["method"], *seeds

    def values(self, place: Place) -> stats.Values | None:
        """Of one ok cell; None where they are not at hand. RequestError where the metric gives none."""
        record = self.records[place]
        rows = read_scores(self.folder, record)
        try:
            return None if rows is None else stats.values_of(rows, record["headline"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DataError(self.folder, None, f"the per-example values of {' '.join(place)}: {error}") from None


def read_rows(folder: Path) -> list[Row]:
    """The rows of a run or pack in the order of its records.

    Raises RequestError where there is no such folder, DataError where a cell stands twice.
    """
    if not folder.is_dir():
        raise RequestError(f"{folder}: there is no such folder. Name a run, or what `leaderboard pack` made of one.")
    found: dict[str, dict[Place, Record]] = {}
    path = folder / "records.jsonl"
    for record in read_records(path):
        row, place = found.setdefault(record["row"], {}), (record["task"], record["language"])
        if row.setdefault(place, record) is not record:
            raise DataError(path, None, f"holds {record['row']} {' '.join(place)} twice")
    return [Row(folder, label, records) for label, records in found.items()]


def matched(ours: Sequence[Row], theirs: Sequence[Row], named: tuple[str, str] | None) -> list[tuple[Row, Row]]:
    """The pairs of rows to compare: as named; else those of the same arm; else the only row of each.

    Raises RequestError where that leaves none, or leaves open which.
    """
    if named is not None:
        return [(_named(ours, named[0]), _named(theirs, named[1]))]
    known = _by_key(theirs)
    pairs = [(row, known[key]) for key, row in _by_key(ours).items() if key in known]
    if pairs:
        return pairs
    if len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    known_rows = "; ".join(
        f"{side} has {', '.join(row.label for row in rows) or 'none'}" for side, rows in (("A", ours), ("B", theirs))
    )
    raise RequestError(f"No row of A is of the same arm as one of B: name two with --row ROW_A ROW_B.\n{known_rows}.")


def _named(rows: Sequence[Row], label: str) -> Row:
    for row in rows:
        if row.label == label:
            return row
    raise UnknownName("row", label, [row.label for row in rows])


def _by_key(rows: Sequence[Row]) -> dict[tuple[object, ...], Row]:
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        if (other := found.setdefault(row.key, row)) is not row:
            raise RequestError(
                f"{row.folder}: {other.label} and {row.label} have the same intermediate, control, method and seed. "
                "Name the two rows to compare: --row ROW_A ROW_B."
            )
    return found
