"""Log-probabilities of words at a gap to the best word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from xtreme_harness.definitions import Example

SCORE_DIGITS = 4  # of a log-probability in the predictions file; more digits are rounding noise between batch shapes

Words = Mapping[str, Sequence[int]]
Floats = np.ndarray[Any, Any]


def distinct_pieces(words: Words) -> list[int]:
    """The ids whose log-probabilities `decode_words` needs, ascending."""
    return sorted({id for pieces in words.values() for id in pieces})


def decode_words(
    windows: Iterable[tuple[int, Floats]],
    items: Sequence[Mapping[str, Any]],
    choices: Sequence[Sequence[str]],
    words: Words,
) -> list[Example]:
    """One {id, prediction, score} an item, the first of the best words.

    A word's score is the mean of its pieces' log-probabilities, each at its own mask, in the window with as many masks
    as it has pieces: a sum would prefer short words. `windows` yields (number of the item, [masks, distinct pieces]).
    """
    column = {id: place for place, id in enumerate(distinct_pieces(words))}

    @cache
    def fitting(number: int, masks: int) -> tuple[list[int], Floats]:
        """The places of the choices with so many pieces, and the columns of these [words, masks]."""
        places = [place for place, word in enumerate(choices[number]) if len(words[word]) == masks]
        return places, np.array([[column[id] for id in words[choices[number][place]]] for place in places])

    best = [(-np.inf, 0)] * len(items)  # score, and minus the place: the larger pair is the earlier of equal words
    for number, log_probabilities in windows:
        places, columns = fitting(items[number]["choices"], len(log_probabilities))
        means = log_probabilities[np.arange(len(log_probabilities)), columns].mean(axis=1).round(SCORE_DIGITS)
        first = int(np.argmax(means))
        best[number] = max(best[number], (float(means[first]), -places[first]))
    return [
        {"id": item["id"], "prediction": choices[item["choices"]][-place], "score": round(score, SCORE_DIGITS)}
        for item, (score, place) in zip(items, best, strict=True)
    ]
