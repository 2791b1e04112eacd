"""Kind `span`: questions and contexts to windows, logits to code points, and gold through both and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtreme_harness import testing
from xtreme_harness.data.encoded import Encoded, Ragged
from xtreme_harness.definitions import Example
from xtreme_harness.errors import CheckpointError, RequestError
from xtreme_harness.kinds.frame import frame_of
from xtreme_harness.kinds.span.decode import decode_spans, extended
from xtreme_harness.kinds.span.encode import (
    answers_problem,
    encode_spans,
    input_problem,
    max_context,
    window_begins,
)
from xtreme_harness.kinds.span.kind import Span
from xtreme_harness.kinds.span.pieces import covered, cut_pieces
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.registry import Registry
from xtreme_harness.settings import settings_by_name

Tokenizer = Any
RECIPE: dict[str, Any] = {"max_length": 64, "max_query_length": 16, "doc_stride": 16, "max_answer_length": 30}
OPTIONS: dict[str, Any] = {**RECIPE, "split": "dev", "null_threshold": None, "legacy_word_extension": False}


@pytest.fixture(scope="module", params=["tiny_xlmr", "tiny_bert"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    """SentencePiece without segments, WordPiece with segments."""
    return load_tokenizer(request.getfixturevalue(request.param))


def example(context: str, start: int, stop: int, question: str = "Who lives in Arusha?", id: str = "q") -> Example:
    answers = [{"text": context[start:stop], "start": start}]
    return {"id": id, "context": context, "question": question, "answers": answers}


def encoded_of(tokenizer: Tokenizer, examples: Sequence[Example], **options: Any) -> Encoded:
    columns = encode_spans(tokenizer, examples, {**OPTIONS, **options})
    return Encoded({name: ragged(rows) for name, rows in columns.items()}, [dict(one) for one in examples])


def ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    offsets = np.cumsum([0, *(len(row) for row in rows)])
    return Ragged(np.array([value for row in rows for value in row], dtype=np.int32), offsets)


def gold_logits(encoded: Encoded) -> list[Any]:
    """What a perfect model would say: high where the label is, in every window."""
    outputs = [np.zeros((int(length), 2), dtype=np.float32) for length in encoded.lengths]
    for row, logits in enumerate(outputs):
        start, end = encoded.columns["labels"][row]
        logits[start, 0] = logits[end, 1] = 9.0
    return outputs


def round_trip(tokenizer: Tokenizer, examples: Sequence[Example], **options: Any) -> list[str]:
    encoded = encoded_of(tokenizer, examples, **options)
    rows = decode_spans(gold_logits(encoded), encoded, {**OPTIONS, **options})
    return [one["context"][row["start"] : row["end"]] for one, row in zip(examples, rows, strict=True)]


# --- gold through tokenizer, windows and decoder ---------------------------------------------------------------------


@given(data=st.data())
def test_gold_comes_back(tokenizer: Tokenizer, data: st.DataObject) -> None:
    """Any run of tokens of any text, in windows that advance by any step: exactly its code points, whatever script."""
    context = " ".join(data.draw(st.lists(st.sampled_from(testing.SENTENCES), min_size=1, max_size=6)))
    (pieces,) = cut_pieces(tokenizer, [context])
    stride = data.draw(st.integers(1, 24), label="doc_stride")
    room = 64 - frame_of(tokenizer).size - len(tokenizer("Who?", add_special_tokens=False)["input_ids"])
    first = data.draw(st.integers(0, len(pieces.ids) - 1))
    last = min(first + data.draw(st.integers(0, max(0, (room - stride) // 2 - 1))), len(pieces.ids) - 1)
    start, stop = pieces.starts[first], pieces.ends[last]
    if stop > start:
        given = example(context, start, stop, question="Who?")
        assert round_trip(tokenizer, [given], doc_stride=stride) == [context[start:stop]]


@given(data=st.data())
def test_an_answer_that_cuts_tokens_comes_back_with_these_tokens_whole(
    tokenizer: Tokenizer, data: st.DataObject
) -> None:
    """No head on tokens can say less: what comes back is the smallest run of tokens that holds the answer."""
    context = data.draw(st.sampled_from(testing.SENTENCES))
    start = data.draw(st.integers(0, len(context) - 1))
    stop = data.draw(st.integers(start + 1, len(context)))
    answer = context[start:stop].strip()
    if answer:
        (found,) = round_trip(tokenizer, [example(context, start, stop)], max_length=128, max_answer_length=100)
        assert answer in found
        (pieces,) = cut_pieces(tokenizer, [context])
        inner = [(a, b) for a, b in zip(pieces.starts, pieces.ends, strict=True) if a < stop and b > start and b > a]
        assert found == context[min(a for a, _ in inner) : max(b for _, b in inner)]


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ("漫长的夜晚之后,医生给了孩子一片维生素。", "医生"),
        ("డాక్టర్ పిల్లవాడికి విటమిన్ ఇచ్చాడు.", "విటమిన్"),
        ("  The  bank \u3000moved\u00a0it.", "moved"),
    ],
)
def test_an_answer_is_an_exact_part_of_its_context(tokenizer: Tokenizer, context: str, answer: str) -> None:
    start = context.index(answer)
    assert round_trip(tokenizer, [example(context, start, start + len(answer))]) == [answer]


def test_code_points_beyond_the_basic_plane_count_once(tokenizer: Tokenizer) -> None:
    context = "𝄞𝄞 Amina lives 😀 in Lima."
    start = context.index("Lima")
    assert round_trip(tokenizer, [example(context, start, start + 4)]) == ["Lima"]


# --- windows ---------------------------------------------------------------------------------------------------------


@given(tokens=st.integers(0, 400), room=st.integers(1, 90), stride=st.integers(1, 120))
def test_windows_advance_by_the_stride_and_leave_no_token_out(tokens: int, room: int, stride: int) -> None:
    begins = window_begins(tokens, room, stride)
    assert [b - a for a, b in pairwise(begins)] == [min(stride, room)] * (len(begins) - 1)
    assert {place for begin in begins for place in range(begin, begin + room)} >= set(range(tokens))
    assert all(begin + room < tokens for begin in begins[:-1])  # the first that reaches the end is the last


def test_a_window_is_what_the_tokenizer_makes_of_the_pair(tokenizer: Tokenizer) -> None:
    """The tokenizer's own overflow, whose stride is the overlap, gives the same windows."""
    one = example(" ".join(testing.SENTENCES[:5]), 4, 10)
    encoded = encoded_of(tokenizer, [one])
    asked = len(tokenizer(one["question"], add_special_tokens=False)["input_ids"])
    room = 64 - asked - frame_of(tokenizer).size
    told = tokenizer(
        *(one["question"], one["context"]),
        truncation="only_second",
        max_length=64,
        stride=room - OPTIONS["doc_stride"],
        return_overflowing_tokens=True,
    )
    assert len(encoded) == len(told["input_ids"]) > 2
    for name in {"input_ids", "token_type_ids"} & set(told):
        assert [list(encoded.columns[name][row]) for row in range(len(encoded))] == told[name]


def test_a_long_question_is_cut(tokenizer: Tokenizer) -> None:
    one = example("Amina lives in Lima.", 0, 5, question="Who lives there? " * 20)
    encoded = encoded_of(tokenizer, [one])
    assert len(encoded) == 1
    assert int(encoded.columns["window"][0][1]) == 16 + frame_of(tokenizer).size - len(frame_of(tokenizer).after)


def test_a_question_that_leaves_no_room_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(RequestError, match="leaves no room for a context beside the question of q"):
        encoded_of(tokenizer, [example("Amina lives in Lima.", 0, 5)], max_length=6)


def test_a_slow_tokenizer_is_refused() -> None:
    with pytest.raises(CheckpointError, match="fast tokenizer"):
        cut_pieces(object(), ["Amina lives in Lima."])


def test_the_target_of_a_window_without_the_whole_answer_is_the_first_position(tokenizer: Tokenizer) -> None:
    context = " ".join(testing.SENTENCES[:5])
    start = context.index("football")
    encoded = encoded_of(tokenizer, [example(context, start, start + 8)])
    labels = [tuple(encoded.columns["labels"][row]) for row in range(len(encoded))]
    assert (0, 0) in labels
    for row, (begin, end) in enumerate(labels):
        if (begin, end) != (0, 0):
            first, ends = int(encoded.columns["window"][row][1]), encoded.columns["ends"][row]
            assert encoded.columns["starts"][row][begin - first] == start
            assert ends[end - first] == start + 8


def test_the_first_of_several_answers_is_trained_on(tokenizer: Tokenizer) -> None:
    one = example("Amina lives in Lima.", 0, 5)
    one["answers"].append({"text": "Lima", "start": 15})
    assert round_trip(tokenizer, [one]) == ["Amina"]


def test_training_windows_carry_no_columns_of_prediction(tokenizer: Tokenizer) -> None:
    columns = encode_spans(tokenizer, [example("Amina lives in Lima.", 0, 5)], {**OPTIONS, "split": "train"})
    assert set(columns) - {"token_type_ids"} == {"input_ids", "labels"}


def test_white_space_and_lone_marks_belong_to_no_token() -> None:
    offsets = [(0, 1), (0, 2), (2, 5), (5, 6), (5, 7), (7, 8)]
    starts, ends = covered("北京  在上海 ", offsets, [True, False, False, True, False, False])
    assert list(starts) == [0, 0, 4, 5, 5, 8]
    assert list(ends) == [0, 2, 5, 5, 7, 7]


def test_a_character_that_the_tokenizer_drops_belongs_to_the_token_before() -> None:
    starts, ends = covered("ab\u200c cd\u200b", [(0, 2), (4, 6)], [False, False])
    assert (list(starts), list(ends)) == ([0, 4], [3, 7])


@given(tokens=st.integers(1, 120), room=st.integers(2, 40), stride=st.integers(1, 40))
def test_every_token_has_most_context_in_one_window(tokens: int, room: int, stride: int) -> None:
    begins = window_begins(tokens, room, stride)
    flags = max_context(tokens, begins, room)
    for token in range(tokens):
        scores = []
        for begin in begins:
            length = min(room, tokens - begin)
            inside = begin <= token < begin + length
            scores.append(min(token - begin, begin + length - 1 - token) + 0.01 * length if inside else -1.0)
        chosen = [window for window, begin in enumerate(begins) if scores[window] >= 0 and flags[window][token - begin]]
        assert chosen == [scores.index(max(scores))]


# --- decoding --------------------------------------------------------------------------------------------------------


def window(
    *, starts: Sequence[int], ends: Sequence[int], is_best: Sequence[int] | None = None, tokens: int = 0, first: int = 2
) -> Encoded:
    """One window of one item: two tokens before the context, one after."""
    columns = {
        "input_ids": ragged([[0] * (len(starts) + 3)]),
        "window": ragged([[0, first]]),
        "starts": ragged([starts]),
        "ends": ragged([ends]),
        "is_best": ragged([is_best or [1] * len(starts)]),
    }
    return Encoded(columns, [{"id": "q", "context": "ab cd ef gh"}])


WORDS: dict[str, list[int]] = {"starts": [0, 3, 6, 9], "ends": [2, 5, 8, 11]}


def decoded(starts: Sequence[float], ends: Sequence[float], encoded: Encoded | None = None, **options: Any) -> Example:
    logits = np.array([starts, ends], dtype=np.float32).T
    (row,) = decode_spans([logits], encoded or window(**WORDS), {**OPTIONS, **options})
    return row


def test_the_best_sum_wins() -> None:
    row = decoded([0, 0, 0, 5, 0, 0, 0], [0, 0, 0, 0, 4, 0, 0])
    assert row == {"id": "q", "start": 3, "end": 8, "score": 9.0}


def test_what_lies_outside_the_context_is_no_answer() -> None:
    assert decoded([9, 0, 1, 0, 0, 0, 9], [9, 0, 0, 2, 0, 0, 9])["end"] == 5


def test_an_end_before_its_start_is_no_answer() -> None:
    row = decoded([0, 0, 0, 0, 5, 0, 0], [0, 0, 9, 0, 1, 0, 0])
    assert (row["start"], row["end"]) == (0, 2)  # 9, where the pair with the best start has 6


def test_a_long_answer_is_no_answer() -> None:
    row = decoded([0, 0, 5, 0, 0, 0, 0], [0, 0, 1, 2, 3, 4, 0], max_answer_length=2)
    assert (row["start"], row["end"]) == (0, 5)


def test_a_start_counts_only_where_it_has_most_context() -> None:
    row = decoded([0, 0, 5, 1, 0, 0, 0], [0, 0, 0, 2, 0, 0, 0], window(**WORDS, is_best=[0, 1, 1, 1]))
    assert (row["start"], row["end"]) == (3, 5)


def test_only_the_twenty_best_are_paired() -> None:
    many = {"starts": list(range(0, 60, 2)), "ends": list(range(1, 61, 2))}
    starts = [0.0] * 7 + [4.0] + [0.0] * 4 + [5.0] * 20 + [0.0]  # token 5 is the twenty-first best start
    ends = [0.0] * 7 + [100.0] + [0.0] * 5 + [1.0] * 19 + [0.0]  # and by far the best end
    row = decoded(starts, ends, window(**many), max_answer_length=1)
    assert (row["start"], row["score"]) == (many["starts"][11], 6.0)


def test_the_first_wins_on_ties() -> None:
    row = decoded([1] * 7, [1] * 7)
    assert (row["start"], row["end"]) == (0, 2)


def test_without_a_possible_span_the_answer_is_empty() -> None:
    row = decoded([1] * 7, [2] * 7, window(**WORDS, is_best=[0, 0, 0, 0]))
    assert row == {"id": "q", "start": 0, "end": 0, "score": 3.0}


def test_a_context_without_tokens_has_an_empty_answer() -> None:
    row = decoded([1] * 3, [2] * 3, window(starts=[], ends=[]))
    assert (row["start"], row["end"]) == (0, 0)


def test_the_best_window_wins(tokenizer: Tokenizer) -> None:
    encoded = encoded_of(tokenizer, [example(" ".join(testing.SENTENCES[:5]), 0, 3)])
    outputs = [np.zeros((int(length), 2), dtype=np.float32) for length in encoded.lengths]
    first, last = int(encoded.columns["window"][2][1]), len(encoded.columns["is_best"][2])
    place = next(i for i in range(last) if encoded.columns["is_best"][2][i] and encoded.columns["ends"][2][i] > 0)
    outputs[2][first + place] = 7.0
    (row,) = decode_spans(outputs, encoded, OPTIONS)
    assert row["start"] == encoded.columns["starts"][2][place]
    assert row["score"] == 14.0


def test_a_null_threshold_allows_no_answer() -> None:
    starts, ends = [3, 0, 2, 0, 0, 0, 0], [3, 0, 2, 0, 0, 0, 0]
    assert decoded(starts, ends, null_threshold=1.0) == {
        "id": "q",
        "start": 0,
        "end": 0,
        "score": 4.0,
        "null_score": 6.0,
    }
    assert decoded(starts, ends, null_threshold=2.0)["end"] == 2
    assert "null_score" not in decoded(starts, ends)


def test_legacy_word_extension_returns_whole_words() -> None:
    assert extended("in (1685), at", 4, 8) == (3, 10)
    assert extended("no\u00a0break\u202fhere", 3, 5) == (0, 8)  # the original cuts at U+202F, not at U+00A0
    assert extended("word", 0, 0) == (0, 0)
    encoded = window(starts=[0, 4, 6, 9], ends=[2, 5, 8, 11])
    row = decoded([0, 0, 0, 5, 0, 0, 0], [0, 0, 0, 5, 0, 0, 0], encoded, legacy_word_extension=True)
    assert (row["start"], row["end"]) == (3, 5)


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answers": [{"text": "", "start": 0}]}, "labels were removed"),
        ({"answers": [{"text": "Amina", "start": 0}, {"text": "", "start": 0}]}, "labels were removed"),
        ({"answers": [{"text": "Amina", "start": 1}]}, "does not stand at 1"),
        ({"answers": [{"text": "Amina", "start": -20}]}, "must have text and start"),
        ({"answers": [{"text": "Amina"}]}, "must have text and start"),
        ({"answers": []}, "it has no answer"),
        ({"answers": None}, "it has no answers"),
        ({"answers": [], "impossible": True}, None),
        ({}, None),
    ],
)
def test_gold_must_be_sound(changes: Example, told: str | None) -> None:
    found = answers_problem({**example("Amina lives in Lima.", 0, 5), **changes})
    assert found is None if told is None else told in str(found)


@pytest.mark.parametrize("changes", [{"id": 3}, {"context": None}, {"question": 1}, {"context": " \n"}])
def test_inputs_must_be_sound(changes: Example) -> None:
    assert input_problem(example("Amina lives in Lima.", 0, 5)) is None
    assert input_problem({**example("Amina lives in Lima.", 0, 5), **changes})


@pytest.mark.parametrize("key", ["doc_stride", "max_query_length", "max_answer_length"])
def test_counts_of_tokens_are_at_least_one(registry: Registry, key: str) -> None:
    with pytest.raises(RequestError, match="must be at least 1"):
        settings_by_name([("mini.qa", key, 0)], registry, [registry.task("mini.qa")])


# --- training --------------------------------------------------------------------------------------------------------


def test_padding_takes_no_part_in_the_loss() -> None:
    import torch

    from xtreme_harness.models.heads import SpanHead

    torch.manual_seed(0)
    head, hidden = SpanHead(8), torch.randn(2, 5, 8)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    targets = torch.tensor([[1, 2], [0, 2]])
    together = Span().loss(head(hidden, mask), targets)
    alone = [
        Span().loss(head(hidden[row : row + 1, :n], mask[row : row + 1, :n]), targets[row : row + 1])
        for row, n in ((0, 5), (1, 3))
    ]
    assert together.item() == pytest.approx(sum(one.item() for one in alone), abs=1e-5)


def test_targets_are_start_and_end(tiny_xlmr: Path) -> None:
    encoded = encoded_of(load_tokenizer(tiny_xlmr), [example("Amina lives in Lima.", 0, 5, id=id) for id in "ab"])
    targets = Span().targets(encoded.columns, [1, 0], 64)
    assert targets.shape == (2, 2)
    assert targets.tolist() == [list(encoded.columns["labels"][0])] * 2


def test_metrics_score_the_text(registry: Registry) -> None:
    gold = [{"id": "q", "context": "The Lima bridge", "answers": [{"text": "Lima", "start": 4}]}]
    metrics = [registry.metric(name) for name in ("exact_match", "answer_f1")]
    score: Callable[..., Any] = Span().figures
    assert score([{"id": "q", "start": 0, "end": 8}], gold, metrics) == {"exact_match": 100.0, "f1": 100.0}
    assert score([{"id": "q", "start": 4, "end": 15}], gold, metrics)["exact_match"] == 0.0
    assert score([{"id": "q", "start": 0, "end": 0}], [{**gold[0], "answers": []}], metrics)["exact_match"] == 100.0
