"""Robust training by augmentation: `rs_da` trains on copies of the texts, words replaced by their neighbours.

Huang et al. 2021, as in their released code, but seeded. Needs no torch: it is part of a `prepare` unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError, RequestError

Neighbours = Mapping[str, Sequence[str]]


def augmented(
    examples: Sequence[Example], fields: Sequence[str], seed: int, *, table: str, copies: int, keep_original: bool
) -> list[Example]:
    """Each example's `copies`, in place of it or after it; those of an example depend on seed and its place alone.

    Raises RequestError without copies, DataError for a table that is none.
    """
    if copies < 1:
        raise RequestError("--set rs_da.copies: must be at least 1.")
    neighbours = read_neighbours(Path(table))
    rows = []
    for place, example in enumerate(examples):
        random = np.random.Generator(np.random.PCG64([seed, place]))
        rows += [example] if keep_original else []
        for number in range(1, copies + 1):
            texts = {name: replaced(example[name], neighbours, random) for name in fields if name in example}
            rows.append({**example, **texts, "id": f"{example['id']}~{number}"})
    return rows


def replaced(text: str, neighbours: Neighbours, random: np.random.Generator) -> str:
    """`text` with each word that has neighbours drawn from itself and them, evenly.

    Words are what single blanks part, looked up as they stand: with a capital or a comma they are other words.
    """
    return " ".join(_drawn(word, neighbours.get(word, ()), random) for word in text.split(" "))


def _drawn(word: str, neighbours: Sequence[str], random: np.random.Generator) -> str:
    return [word, *neighbours][random.integers(len(neighbours) + 1)] if neighbours else word


def read_neighbours(path: Path) -> dict[str, list[str]]:
    """A JSON object from words to lists of words."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(path, None, f"is no JSON in UTF-8 ({error})") from error
    if not isinstance(table, dict):
        raise DataError(path, None, 'expected a JSON object such as {"good": ["fine", "nice"]}')
    for word, neighbours in table.items():
        if not isinstance(neighbours, list) or not all(isinstance(one, str) for one in neighbours):
            raise DataError(path, None, f"the neighbours of {word!r} must be a list of words")
    return table
