"""Questions and choices to token ids, as jiant has it: a window a choice, which holds question, separators, choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xtreme_harness.definitions import Example
from xtreme_harness.errors import RequestError
from xtreme_harness.kinds.frame import frame_of

Columns = dict[str, list[Sequence[int]]]


def input_problem(example: Example) -> str | None:
    if not isinstance(example.get("id"), str):
        return "id must be text"
    if not isinstance(example.get("question"), str):
        return "question must be text"
    choices = example.get("choices")
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(choice, str) for choice in choices):
        return "choices must be a list of texts, at least two"
    return None


def label_problem(example: Example) -> str | None:
    """What is wrong with an example's label, the number of the right choice from 0."""
    label = example.get("label")
    if label is None:
        return "it has no label"
    if not isinstance(label, int) or isinstance(label, bool) or label < 0:
        return f"label {label!r} is not the number of a choice, counted from 0"
    if label >= len(example.get("choices", range(label + 1))):  # label files have no choices
        return f"label {label} is beyond its {len(example['choices'])} choices"
    return None


def cut_fronts(question: Sequence[int], choice: Sequence[int], room: int) -> tuple[Sequence[int], Sequence[int]]:
    """Both sides within `room` (at least 2) tokens: the longer one loses its first ones, so that a context's end stays.

    When both are equally long the question is cut. No side is cut to nothing.
    """
    choice_size = min(len(choice), max(room - len(question), room - room // 2))
    question_size = min(len(question), room - choice_size)
    # a slice by -size would keep everything of a side of size 0 (a trap of jiant's)
    return question[len(question) - question_size :], choice[len(choice) - choice_size :]


def encode_choices(tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
    """One row a choice, a question's choices in order and one after the other.

    `input_ids` (and `token_type_ids`); `together` [1] the number of the question; `labels` [1] 1 for the right choice,
    else 0, where the examples have labels. Raises RequestError when `max_length` has no room for two tokens.
    """
    frame = frame_of(tokenizer)
    room = options["max_length"] - frame.size
    if room < 2:
        raise RequestError(f"max_length {options['max_length']} leaves no room beside {frame.size} special tokens.")
    numbers = [number for number, example in enumerate(examples) for _ in example["choices"]]
    texts = [choice for example in examples for choice in example["choices"]]
    questions = tokenizer([example["question"] for example in examples], add_special_tokens=False)["input_ids"]
    choices = tokenizer(texts, add_special_tokens=False)["input_ids"]
    pairs = [cut_fronts(questions[number], choice, room) for number, choice in zip(numbers, choices, strict=True)]
    columns: Columns = {"input_ids": [frame.ids(*pair) for pair in pairs], "together": [[one] for one in numbers]}
    if frame.segments:
        columns["token_type_ids"] = [frame.segment_ids(len(question), len(choice)) for question, choice in pairs]
    if "label" in examples[0]:
        columns["labels"] = [
            [int(place == example["label"])] for example in examples for place in range(len(example["choices"]))
        ]
    return columns
