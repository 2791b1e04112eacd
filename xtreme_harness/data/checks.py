"""Reads data through the tasks' own readers and says what is wrong, before a run or an import relies on it.

This is for people who look after data; a run opens labels through `data/access.py` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xtreme_harness.data.access import checked
from xtreme_harness.data.parts import Part
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.registry import Registry

if TYPE_CHECKING:
    from xtreme_harness.kinds.interface import KindWork


@dataclass(frozen=True)
class Finding:
    """What is wrong with a part. `is_size`: it is sound, but not as large as the benchmark's."""

    part: Part
    error: DataError
    is_size: bool = False

    def __str__(self) -> str:
        return f"{self.part}: {self.error}"

    def as_json(self) -> dict[str, Any]:
        place = {"task": self.part.task.name, "split": self.part.split, "language": self.part.language}
        wrong = {"file": self.error.file, "line": self.error.line, "what": self.error.what}
        return {**place, **wrong, "kind": "size" if self.is_size else "refused"}


def check_parts(parts: Sequence[Part], registry: Registry) -> Iterator[Finding]:
    """What is wrong with the parts that are there: the first fault of each, and sizes other than the benchmark's.

    Gold is compared with the test part of its language where both are there.
    """
    present = [part for part in parts if not part.missing]
    gold = {(part.task.name, part.language): part for part in present if part.split == "gold"}
    for part in present:
        kind: KindWork = registry.kind(part.task.kind).load()
        if part.split != "gold":
            own_gold = gold.pop((part.task.name, part.language), None) if part.split == "test" else None
            yield from _check(part, own_gold, kind)
    for part in gold.values():
        yield from _check_gold_alone(part, registry.kind(part.task.kind).load())


def _check(part: Part, gold_part: Part | None, kind: KindWork) -> Iterator[Finding]:
    has_gold = part.split != "test" or part.task.gold_files is None
    try:
        examples = list(_examples(part, kind, has_gold))
        inputs = [example for example in examples if example.get("side") != "gold"]
        if told := kind.part_problem(inputs):
            raise DataError(" and ".join(map(str, part.files)), None, told)
        gold = [example for example in examples if example.get("side", "gold") == "gold"] if has_gold else []
        if has_gold:
            kind.check_gold(inputs, gold, str(part.files[-1]))
    except DataError as error:
        yield Finding(part, error)
        return
    if gold_part:
        try:
            gold = list(_gold(gold_part, kind))
            kind.check_gold(inputs, gold, str(gold_part.files[-1]))
        except DataError as error:
            yield Finding(gold_part, error)
            gold = []
    yield from _check_size(part, (inputs, gold), kind)


def _check_gold_alone(part: Part, kind: KindWork) -> Iterator[Finding]:
    try:
        yield from _check_size(part, ([], list(_gold(part, kind))), kind)
    except DataError as error:
        yield Finding(part, error)


def _examples(part: Part, kind: KindWork, has_gold: bool) -> Iterator[Example]:
    def problem(example: Example) -> str | None:
        return kind.input_problem(example) or (kind.gold_problem(example, part.task.options) if has_gold else None)

    return checked(part.task.read(part.split, part.language, part.files), part.files, problem)


def _gold(part: Part, kind: KindWork) -> Iterator[Example]:
    assert part.task.read_gold is not None  # a task that names gold files reads them
    read = part.task.read_gold("test", part.language, part.files)
    return checked(read, part.files, lambda example: kind.gold_problem(example, part.task.options))


def _check_size(part: Part, sides: Iterable[list[Example]], kind: KindWork) -> Iterator[Finding]:
    """Items stand in the inputs or, where the kind counts pairs, in the gold."""
    counts = [sum(map(kind.is_item, examples)) for examples in sides]
    found = next((count for count in counts if count), None)
    expected = part.task.sizes.get("test" if part.split == "gold" else part.split, {}).get(part.language)
    if found is not None and expected not in (None, found):
        what = f"holds {found} examples, the benchmark has {expected}"
        yield Finding(part, DataError(part.files[0], None, what), is_size=True)
