"""Questions and contexts to windows of token ids with their targets, as the original cuts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.frame import Frame, frame_of
from xtreme_harness.kinds.span.pieces import Pieces, cut_pieces

NOWHERE = (0, 0)  # start = end = the first position (CLS): the target of a window without the answer

Columns = dict[str, list[Sequence[int]]]


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    for name in ("context", "question"):
        if not isinstance(example.get(name), str):
            return f"{name} must be text"
    return None if example["context"].strip() else "the context is empty"


def answers_problem(example: Example) -> str | None:
    """Why the answers cannot be gold: none, emptied ones, or one that does not stand where it says."""
    answers, context = example.get("answers"), example.get("context", "")
    if not isinstance(answers, list):
        return "it has no answers"
    if not answers:
        return None if example.get("impossible") else "it has no answer"
    for answer in answers:
        text, start = answer.get("text"), answer.get("start")
        if not isinstance(text, str) or not isinstance(start, int) or start < 0:
            return "an answer must have text and start"
        if not text:
            return "its answer is the empty placeholder: labels were removed, cannot score or train"
        if context[start : start + len(text)] != text:
            return f"answer {text!r} does not stand at {start} (offsets count code points)"
    return None


def window_begins(tokens: int, room: int, doc_stride: int) -> list[int]:
    """Where windows of `room` context tokens begin: each `doc_stride` after the one before, until the end is in.

    Tokenizers call "stride" the overlap, `room - doc_stride`. A stride above the room would leave tokens out.
    """
    begins = [0]
    while begins[-1] + room < tokens:
        begins.append(begins[-1] + min(doc_stride, room))
    return begins


def max_context(tokens: int, begins: Sequence[int], room: int) -> list[list[int]]:
    """For every window, 1 for each of its tokens that has most context in it, else 0.

    Most context: the largest min(tokens to the left, tokens to the right) + 0.01 * window length, the first window on
    ties. A token near a window's edge is read better in the neighbour; starts are taken only where they are read best.
    """
    lengths = [min(room, tokens - begin) for begin in begins]
    flags = [[1] * length for length in lengths]
    best = [(-1.0, 0)] * tokens
    for window, (begin, length) in enumerate(zip(begins, lengths, strict=True)):
        for place in range(length):
            score = min(place, length - 1 - place) + 0.01 * length
            held, holder = best[begin + place]
            if score > held:
                best[begin + place] = (score, window)
                if held >= 0:
                    flags[holder][begin + place - begins[holder]] = 0
            else:
                flags[window][place] = 0
    return flags


def encode_spans(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
    """Columns of all windows of all examples in order.

    `input_ids` (and `token_type_ids`); `labels` [start, end] positions in the window where examples carry answers; and
    for what is predicted `window` [number of the example, position of the first context token] with `starts`, `ends`
    and `is_best` over the context tokens of the window. Raises RequestError when no context fits beside a question.
    """
    frame = frame_of(tokenizer)
    texts = list(dict.fromkeys(example["context"] for example in examples))
    contexts = dict(zip(texts, cut_pieces(tokenizer, texts), strict=True))
    questions = tokenizer([example["question"] for example in examples], add_special_tokens=False)["input_ids"]
    names = ["input_ids", *(["token_type_ids"] if frame.segments else [])]
    names += ["labels"] if "answers" in examples[0] else []
    names += ["window", "starts", "ends", "is_best"] if options["split"] != "train" else []
    columns: Columns = {name: [] for name in names}
    for number, (example, question) in enumerate(zip(examples, questions, strict=True)):
        asked = question[: options["max_query_length"]]
        _add_windows(columns, frame, number, example, asked, contexts[example["context"]], options)
    return columns


def _add_windows(
    columns: Columns,
    frame: Frame,
    number: int,
    example: Example,
    question: list[int],
    pieces: Pieces,
    options: Mapping[str, Any],
) -> None:
    tokens, room = len(pieces.ids), options["max_length"] - len(question) - frame.size
    if room < 1:
        raise RequestError(
            f"max_length {options['max_length']} leaves no room for a context beside the question of "
            f"{example['id']} ({len(question)} tokens): raise max_length or lower max_query_length."
        )
    begins = window_begins(tokens, room, options["doc_stride"])
    first = len(frame.before) + len(question) + len(frame.between)
    answer = _answer_tokens(example, pieces) if "labels" in columns else None
    for begin in begins:
        inside = slice(begin, begin + room)
        context = pieces.ids[inside]
        columns["input_ids"].append(frame.ids(question, context))
        if frame.segments:
            columns["token_type_ids"].append(frame.segment_ids(len(question), len(context)))
        if "labels" in columns:
            columns["labels"].append(_target(answer, begin, len(context), first))
        if "window" in columns:
            columns["window"].append((number, first))
            columns["starts"].append(pieces.starts[inside])
            columns["ends"].append(pieces.ends[inside])
    if "window" in columns:
        columns["is_best"] += max_context(tokens, begins, room)


def _answer_tokens(example: Example, pieces: Pieces) -> tuple[int, int] | None:
    """The tokens of the first gold answer, as in the original; None for a question without one."""
    if not example["answers"]:
        return None
    answer = example["answers"][0]
    return pieces.covering(answer["start"], answer["start"] + len(answer["text"]))


def _target(answer: tuple[int, int] | None, begin: int, length: int, first: int) -> tuple[int, int]:
    """Positions of start and end in a window; NOWHERE unless the window holds the whole answer (it is kept then)."""
    if answer is None or answer[0] < begin or answer[1] >= begin + length:
        return NOWHERE
    return first + answer[0] - begin, first + answer[1] - begin
