"""A context's tokens with the code points they cover.

XTREME cuts contexts at white space and recovers answers by aligning detokenised text, which returns whole clauses for
Chinese and Thai. Here the fast tokenizer's character offsets do it: every answer is an exact part of the context. That
is a documented deviation.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xtreme_harness.errors import CheckpointError

WORD_MARK = "▁"  # SentencePiece's mark of a word's begin; alone it is a token without a character of its own


@dataclass(frozen=True)
class Pieces:
    """A context's tokens. Token i covers the code points starts[i] to ends[i], white space at its edges left out.

    Both rise or stay. A token that is all white space, or a lone word mark, covers nothing: it starts at the next
    character and ends where the token before it ends.
    """

    ids: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]

    def covering(self, first: int, stop: int) -> tuple[int, int] | None:
        """The first and last token of the smallest run that covers the code points `first` to `stop`."""
        begin, end = bisect_right(self.ends, first), bisect_left(self.starts, stop) - 1
        return (begin, end) if begin <= end else None


def cut_pieces(tokenizer: Any, contexts: Sequence[str]) -> list[Pieces]:
    """Every context's tokens, without special ones, with what they cover.

    Raises CheckpointError for a tokenizer that knows no character offsets (no fast one).
    """
    if not getattr(tokenizer, "is_fast", False):
        raise CheckpointError("Span tasks need a fast tokenizer (tokenizer.json): this one knows no character offsets.")
    encoded = tokenizer(
        list(contexts), add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False
    )
    mark = tokenizer.convert_tokens_to_ids(WORD_MARK)
    mark = None if mark == tokenizer.unk_token_id else mark
    return [
        Pieces(array("i", ids), *covered(context, offsets, [one == mark for one in ids]))
        for context, ids, offsets in zip(contexts, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]


def covered(
    context: str, offsets: Sequence[tuple[int, int]], is_mark: Sequence[bool]
) -> tuple[Sequence[int], Sequence[int]]:
    """Starts and ends of Pieces, from the tokenizer's offsets, which count in a piece's leading space or mark.

    A character that tokenizers drop (ZWNJ, ZWSP) belongs to the token before it: gold answers end with it.
    """
    starts, ends = array("i"), array("i")
    for (begin, end), is_empty in zip(offsets, is_mark, strict=True):
        if ends:
            ends[-1] = _stretched(context, ends[-1], begin)
        piece = context[begin:end]
        start = begin + len(piece) - len(piece.lstrip())
        stop = begin + len(piece.rstrip())
        if is_empty or stop <= start:
            stop = ends[-1] if ends else start
        starts.append(start)
        ends.append(stop)
    if ends:
        ends[-1] = _stretched(context, ends[-1], len(context))
    return starts, ends


def _stretched(context: str, stop: int, next_begin: int) -> int:
    """`stop` moved over what no token covers, up to white space or the next token."""
    while stop < next_begin and not context[stop].isspace():
        stop += 1
    return stop
