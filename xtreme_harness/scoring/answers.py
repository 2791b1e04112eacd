"""Exact match and F1 of answers to questions: SQuAD's rules and MLQA's. All figures are percent.

XQuAD and TyDiQA-GoldP use the SQuAD v1 rules, which know English only, in every language; MLQA has rules by language;
SQuAD v2 has questions without an answer, whose right answer is the empty text.
Sources: SQuAD evaluation v1.1 and v2.0 (Rajpurkar et al. 2016, 2018), MLQA evaluation v1 (Lewis et al. 2020).
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial

from xtreme_harness.definitions import Scored

ASCII_PUNCTUATION = frozenset(string.punctuation)
ENGLISH_ARTICLES = re.compile(r"\b(a|an|the)\b")
MLQA_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": ENGLISH_ARTICLES,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile("ال"),  # anywhere in a word, though the original means the prefix (docs/traps.md, 6)
    "zh": None,
}
IDEOGRAPH = re.compile(r"([\u4e00-\u9fa5])")

Rule = Callable[[str, Sequence[str]], float]


def normalised(text: str) -> str:
    """SQuAD's form of an answer: lower case, no ASCII punctuation, no English article, single spaces."""
    bare = "".join(char for char in text.lower() if char not in ASCII_PUNCTUATION)
    return " ".join(ENGLISH_ARTICLES.sub(" ", bare).split())


def mlqa_normalised(text: str, language: str) -> str:
    """MLQA's form of an answer in the language of its context; ValueError for a language that MLQA has not."""
    if language not in MLQA_ARTICLES:
        raise ValueError(f"MLQA has no rules for {language!r}; it has {', '.join(MLQA_ARTICLES)}")
    bare = "".join(char for char in text.lower() if not _is_punctuation(char))
    if articles := MLQA_ARTICLES[language]:
        bare = articles.sub(" ", bare)
    return " ".join((IDEOGRAPH.sub(r" \1 ", bare) if language == "zh" else bare).split())


@cache
def _is_punctuation(char: str) -> bool:
    return char in ASCII_PUNCTUATION or unicodedata.category(char).startswith("P")


def _same(prediction: str, answer: str) -> float:
    return 100.0 if prediction == answer else 0.0


def _overlap(prediction: str, answer: str) -> float:
    """F1 of two bags of words; 0 when nothing is shared, also when both are empty (where exact match is 100)."""
    ours, theirs = prediction.split(), answer.split()
    shared = sum((Counter(ours) & Counter(theirs)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 100 * (2 * precision * recall) / (precision + recall)


def _best(
    compare: Callable[[str, str], float], normalise: Callable[[str], str], prediction: str, answers: Sequence[str]
) -> float:
    if not answers:
        raise ValueError("a question without gold answers")
    form = normalise(prediction)
    return max(compare(form, normalise(answer)) for answer in answers)


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """100 if the prediction equals one of the gold answers after SQuAD normalisation, else 0."""
    return _best(_same, normalised, prediction, answers)


def f1(prediction: str, answers: Sequence[str]) -> float:
    """The best F1 (0 to 100) over the gold answers after SQuAD normalisation."""
    return _best(_overlap, normalised, prediction, answers)


def squad_v2_exact_match(prediction: str, answers: Sequence[str]) -> float:
    return exact_match(prediction, _something(answers))


def squad_v2_f1(prediction: str, answers: Sequence[str]) -> float:
    """As `f1`, but 100 for nothing where nothing is right, which is 0 by the rules of v1."""
    kept = _something(answers)
    return f1(prediction, kept) if kept != [""] else exact_match(prediction, kept)


def _something(answers: Sequence[str]) -> list[str]:
    """The answers that normalisation leaves something of; without one, no answer is the right one."""
    return [answer for answer in answers if normalised(answer)] or [""]


def mlqa_exact_match(prediction: str, answers: Sequence[str], language: str) -> float:
    return _best(_same, partial(mlqa_normalised, language=language), prediction, answers)


def mlqa_f1(prediction: str, answers: Sequence[str], language: str) -> float:
    return _best(_overlap, partial(mlqa_normalised, language=language), prediction, answers)


def _mean(name: str, rule: Rule, predictions: Sequence[str], gold: Sequence[Sequence[str]]) -> Scored:
    """The mean of `rule` over questions, `gold` holding the answers of each; per question under `name`."""
    if not gold:
        raise ValueError("nothing to score")
    values = [rule(ours, answers) for ours, answers in zip(predictions, gold, strict=True)]
    return Scored(figure=sum(values) / len(values), values={name: values})


def mean_exact_match(predictions: Sequence[str], gold: Sequence[Sequence[str]]) -> Scored:
    return _mean("exact_match", exact_match, predictions, gold)


def mean_f1(predictions: Sequence[str], gold: Sequence[Sequence[str]]) -> Scored:
    return _mean("f1", f1, predictions, gold)


def mean_squad_v2_exact_match(predictions: Sequence[str], gold: Sequence[Sequence[str]]) -> Scored:
    return _mean("exact_match", squad_v2_exact_match, predictions, gold)


def mean_squad_v2_f1(predictions: Sequence[str], gold: Sequence[Sequence[str]]) -> Scored:
    return _mean("f1", squad_v2_f1, predictions, gold)


def mean_mlqa_exact_match(predictions: Sequence[str], gold: Sequence[Sequence[str]], language: str) -> Scored:
    return _mean("exact_match", partial(mlqa_exact_match, language=language), predictions, gold)


def mean_mlqa_f1(predictions: Sequence[str], gold: Sequence[Sequence[str]], language: str) -> Scored:
    return _mean("f1", partial(mlqa_f1, language=language), predictions, gold)
