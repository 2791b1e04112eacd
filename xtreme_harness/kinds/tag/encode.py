"""Sentences of words to windows of token ids: words tokenised one by one, long sentences cut between words.

As XTREME does it, but on the words themselves: the original cuts lines at any
white space, so that a word with a no-break space loses its label (docs/traps.md, 12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from xtreme_harness.definitions import Example
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.frame import ends_of
from xtreme_harness.kinds.tag.decode import IGNORED

Pieces = dict[str, list[int]]  # a word's subword ids
LONE_SPACE = "▁"  # U+2581, which SentencePiece puts where a word begins


@dataclass(frozen=True)
class Wrapping:
    """What a tokenizer puts around one segment, and whether it gives segment ids."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    has_segments: bool

    @property
    def specials(self) -> int:
        return len(self.before) + len(self.after)


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    tokens = example.get("tokens")
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, str) for token in tokens):
        return "tokens must be a list of texts, at least one"
    return None


def gold_problem(example: Example, options: Mapping[str, Any]) -> str | None:
    """What is wrong with an example's tags; a tag outside the label set is named with its place.

    With `open_labels` a dev or test part may have tags that training never saw; they are never predicted.
    """
    tags = example.get("tags")
    if not isinstance(tags, list) or not tags:
        return "it has no tags"
    if "tokens" in example and len(tags) != len(example["tokens"]):
        return f"it has {len(tags)} tags for {len(example['tokens'])} tokens"
    labels = list(options["labels"])
    for place, tag in enumerate(tags, start=1):
        if options["open_labels"] and not (isinstance(tag, str) and tag):
            return f"tag {place} is {tag!r}, not a text"
        if not options["open_labels"] and tag not in labels:
            return f"tag {place} is {tag!r}, not one of {', '.join(labels)}"
    return None


def wrapping(tokenizer: Any) -> Wrapping:
    """The special tokens around one segment, found by encoding one letter alone and with itself as a pair.

    Where a pair has a doubled separator between its segments (XLM-R, RoBERTa), one segment ends with it too: XTREME's
    tagging scripts do that, and published figures include it (docs/traps.md, 15).
    """
    ends, pair = ends_of(tokenizer), tokenizer("a", "a")["input_ids"]
    letter = tokenizer("a", add_special_tokens=False)["input_ids"]
    between = pair[len(ends.before) + len(letter) : len(pair) - len(ends.after) - len(letter)]
    is_doubled = len(between) == 2 and between[0] == between[1]
    return Wrapping(tuple(ends.before), tuple(between if is_doubled else ends.after), ends.has_segments)


def word_pieces(tokenizer: Any, sentences: Sequence[Sequence[str]], budget: int) -> Pieces:
    """The subword ids of every distinct word; the unknown token for words with none, or with more than `budget`."""
    words = list(dict.fromkeys(word for words in sentences for word in words))
    ids = tokenizer(words, add_special_tokens=False)["input_ids"]
    unknown = next(
        one for one in (tokenizer.unk_token_id, tokenizer.mask_token_id, tokenizer.pad_token_id, 0) if one is not None
    )
    pairs = zip(words, ids, strict=True)
    return {word: list(pieces) if 0 < len(pieces) <= budget else [unknown] for word, pieces in pairs}


def cut(lengths: Sequence[int], budget: int) -> list[tuple[int, int]]:
    """Windows [first, last) of words: a new one starts before the word that would pass the budget."""
    starts, used = [0], 0
    for word, length in enumerate(lengths):
        if used + length > budget:
            starts.append(word)
            used = 0
        used += length
    return list(pairwise([*starts, len(lengths)]))


def labelled_piece(pieces: Sequence[int], lone_space: int | None) -> int:
    """Which subword of a word carries its label: the first, or the first that is not a lone U+2581.

    Given word by word, a word of a script without spaces is often cut into a lone U+2581 and its characters; the label
    on the former, as in XTREME's code, is a label on nothing (Chinese POS: 27 instead of over 60 %).
    """
    return next((place for place, piece in enumerate(pieces) if piece != lone_space), 0)


def lone_space_id(tokenizer: Any, first_content_subword: bool) -> int | None:
    """The id of U+2581 as a piece of its own; None where the option is off or the vocabulary has none."""
    found = tokenizer.convert_tokens_to_ids(LONE_SPACE) if first_content_subword else None
    return None if found == tokenizer.unk_token_id else found


def encode_sentences(
    tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]
) -> dict[str, list[list[int]]]:
    """One row a window: input_ids (and token_type_ids), `item` [1] the number of its sentence, `places` [words] where
    each word's labelled subword stands, and `labels` [words] where the examples have tags.

    Raises RequestError when `max_length` has no room for a word.
    """
    around = wrapping(tokenizer)
    budget = options["max_length"] - around.specials
    if budget < 1:
        raise RequestError(
            f"max_length {options['max_length']} leaves no room beside {around.specials} special tokens."
        )
    pieces = word_pieces(tokenizer, [example["tokens"] for example in examples], budget)
    lone_space = lone_space_id(tokenizer, options["first_content_subword"])
    index = {label: place for place, label in enumerate(options["labels"])}
    columns: dict[str, list[list[int]]] = {name: [] for name in ("input_ids", "item", "places")}
    labels = []
    for number, example in enumerate(examples):
        words = [pieces[word] for word in example["tokens"]]
        for first, last in cut([len(word) for word in words], budget):
            ids, places = _window(words[first:last], around, lone_space)
            columns["input_ids"].append(ids)
            columns["item"].append([number])
            columns["places"].append(places)
            labels.append([index.get(tag, IGNORED) for tag in example.get("tags", ())[first:last]])
    if around.has_segments:
        columns["token_type_ids"] = [[0] * len(ids) for ids in columns["input_ids"]]
    return {**columns, **({"labels": labels} if "tags" in examples[0] else {})}


def _window(words: Sequence[list[int]], around: Wrapping, lone_space: int | None) -> tuple[list[int], list[int]]:
    """The ids of one window and the place of each word's labelled subword."""
    ids, places = list(around.before), []
    for pieces in words:
        places.append(len(ids) + labelled_piece(pieces, lone_space))
        ids += pieces
    return [*ids, *around.after], places
