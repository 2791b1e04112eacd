"""Chunk F1 of tag sequences as seqeval 0.0.12 counts it, and token accuracy beside it.

XTREME applies the entity F1 to raw UPOS tags too: a chunk is then a maximal run of equal tags, and tags that begin with
`S` (SCONJ, SYM) are chunks of one token. seqeval 1.x cuts the first letter off such tags, which gives other figures, so
the rule is written out here. All figures are percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xtreme_harness.definitions import Scored

Chunk = tuple[str, int, int]  # type, first and last index
Counts = tuple[int, int, int]  # hits, predicted, gold

OUTSIDE = ("O", ".")


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of one sentence, in order; a stray `I-X` opens one. Tags are not empty."""
    found = []
    letter, type_, begin = "O", "", 0
    for index, tag in enumerate([*tags, "O"]):
        next_letter, next_type = tag[0], tag.split("-")[-1]
        if _closes(letter, type_, next_letter, next_type):
            found.append((type_, begin, index - 1))
        if _opens(letter, type_, next_letter, next_type):
            begin = index
        letter, type_ = next_letter, next_type
    return found


def _closes(letter: str, type_: str, next_letter: str, next_type: str) -> bool:
    if letter in "ES" or (letter in "BI" and next_letter in "BSO"):
        return True
    return letter not in OUTSIDE and type_ != next_type


def _opens(letter: str, type_: str, next_letter: str, next_type: str) -> bool:
    if next_letter in "BS" or (letter in "ESO" and next_letter in "EI"):
        return True
    return next_letter not in OUTSIDE and type_ != next_type


def chunk_counts(predicted: Sequence[str], gold: Sequence[str]) -> Counts:
    """(hits, predicted, gold) chunks of one sentence; a hit agrees in type, start and end.

    Raises ValueError when the numbers of tokens differ: the original shifts all later spans without a word
    (docs/traps.md, 7).
    """
    if len(predicted) != len(gold):
        raise ValueError(f"{len(predicted)} predicted tags for {len(gold)} tokens")
    ours, theirs = set(chunks(predicted)), set(chunks(gold))
    return len(ours & theirs), len(ours), len(theirs)


def f1_scores(counts: Iterable[Counts]) -> dict[str, float]:
    """`f1`, `precision` and `recall` (percent) over all sentences together; 0 where a denominator is 0."""
    hits = predicted = gold = 0
    for one_hits, one_predicted, one_gold in counts:
        hits, predicted, gold = hits + one_hits, predicted + one_predicted, gold + one_gold
    precision = 100 * hits / predicted if predicted else 0.0
    recall = 100 * hits / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {"f1": f1, "precision": precision, "recall": recall}


def token_counts(predicted: Sequence[str], gold: Sequence[str]) -> tuple[int, int]:
    """(right, all) tokens of one sentence."""
    if len(predicted) != len(gold):
        raise ValueError(f"{len(predicted)} predicted tags for {len(gold)} tokens")
    return sum(ours == theirs for ours, theirs in zip(predicted, gold, strict=True)), len(gold)


def _scored(name: str, predictions: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Scored:
    if not gold:
        raise ValueError("nothing to score")
    rows = [chunk_counts(ours, theirs) for ours, theirs in zip(predictions, gold, strict=True)]
    columns = zip(("hits", "predicted", "gold"), zip(*rows, strict=True), strict=True)
    return Scored(figure=f1_scores(rows)[name], values={column: list(values) for column, values in columns})


def chunk_f1(predictions: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Scored:
    """Micro F1 over sentences of tags; per sentence `hits`, `predicted`, `gold`."""
    return _scored("f1", predictions, gold)


def chunk_precision(predictions: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Scored:
    return _scored("precision", predictions, gold)


def chunk_recall(predictions: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Scored:
    return _scored("recall", predictions, gold)


def token_accuracy(predictions: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> Scored:
    """Share of tokens with the right tag; per sentence `right` and `tokens`. An extra column, never in averages."""
    rows = [token_counts(ours, theirs) for ours, theirs in zip(predictions, gold, strict=True)]
    right, tokens = [row[0] for row in rows], [row[1] for row in rows]
    if not sum(tokens):
        raise ValueError("nothing to score")
    return Scored(figure=100 * sum(right) / sum(tokens), values={"right": right, "tokens": tokens})
