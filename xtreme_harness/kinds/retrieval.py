"""What the retrieval kinds share: both sides as token ids and as vectors of length 1, the layer, their units.

Nothing is trained: a `prepare` unit encodes the texts, an `embed` unit makes one vector a distinct text, and the kind's
`predict` unit searches.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from xtreme_harness.data.access import read_gold, read_inputs
from xtreme_harness.data.encoded import load_encoded, save_encoded
from xtreme_harness.definitions import Example, Model
from xtreme_harness.errors import DataError, RequestError
from xtreme_harness.job import Job
from xtreme_harness.kinds.interface import Assignment
from xtreme_harness.kinds.layout import FORWARD, encoder_details, encoder_inputs, prepare_unit
from xtreme_harness.unit import Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

NOT_PUBLISHED = "default, not published"
SIDES = ("query", "candidate")
TEXTS_AT_ONCE = 20_000  # handed to the tokenizer, whose own objects are far larger than the ids


def retrieval_layer(model: Model, task: str, depth: int | None) -> tuple[int | None, str]:
    """(hidden state to use, where that comes from). None: two thirds of the depth, known once the model is loaded.

    Raises RequestError for a layer that a model of known depth has not.
    """
    layer = model.layers.get(task) if isinstance(model.layers, Mapping) else model.layers
    if layer is not None and depth is not None and layer > depth:
        raise RequestError(f"Layer {layer} was asked for, but the model has hidden states 0 to {depth}.")
    if layer is not None:
        return layer, f"model {model.name}"
    return (two_thirds(depth) if depth else None), NOT_PUBLISHED


def two_thirds(depth: int) -> int:
    """The hidden state at two thirds of the depth: 8 of 12, 16 of 24."""
    return round(depth * 2 / 3)


def embed_unit(assignment: Assignment, texts: Unit, layer: int | None, modules: tuple[str, ...]) -> Unit:
    """One forward pass over the distinct texts of both sides, pooled at one hidden state."""
    task, encoder = assignment.task, assignment.encoder
    return Unit(
        type="embed",
        label=f"embed {place_of(texts)}{encoder.after}",
        modules=(
            *FORWARD,
            "xtreme_harness.models.embed",
            "xtreme_harness.models.heads",
            "xtreme_harness.models.inputs",
            *modules,
        ),
        kind=task.kind,
        task=task.name,
        task_version=task.version,
        inputs={**encoder_inputs(encoder), "texts": texts},
        fingerprints=encoder.weight_prints(),
        parameters={"layer": layer, "pooling": assignment.model.pooling},
        dtype=assignment.dtype,
        details=encoder_details(encoder),
    )


def place_of(texts: Unit) -> str:
    """Task, part and language of a `prepare` unit, for the labels of the units behind it."""
    return texts.label.removeprefix("prepare ")


def text_problem(example: Example) -> str | None:
    if example.get("side") == "gold":
        return None
    if example.get("side") not in SIDES:
        return f"side {example.get('side')!r} is not query, candidate or gold"
    if not isinstance(example.get("id"), str) or not isinstance(example.get("text"), str):
        return "id and text must be text"
    return None


def gold_problem(example: Example) -> str | None:
    if example.get("side") != "gold":
        return None
    if not isinstance(example.get("query"), str) or not isinstance(example.get("candidate"), str):
        return "query and candidate must be ids"
    return None


def encode_sentences(
    tokenizer: Any, examples: Sequence[Example], prefix: str, max_length: int
) -> dict[str, list[list[int]]]:
    """Columns input_ids and, where the tokenizer gives them, token_type_ids; cut to `max_length` with specials."""
    texts = [prefix + example["text"] for example in examples]
    encoded = tokenizer(texts, truncation=True, max_length=max_length, return_attention_mask=False)
    return {name: [list(row) for row in encoded[name]] for name in ("input_ids", "token_type_ids") if name in encoded}


def distinct_rows(rows: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    """(first place of each distinct row, number of the distinct row for every row): equal texts are encoded once."""
    number: dict[bytes, int] = {}
    places: list[int] = []
    back = []
    for place, row in enumerate(rows):
        key = array("i", row).tobytes()
        if key not in number:
            number[key] = len(places)
            places.append(place)
        back.append(number[key])
    return places, back


def normalised(vectors: Vectors, name: str) -> Vectors:
    """[n, width] rows of length 1. Raises DataError for a row that is zero, NaN or infinite."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    wrong = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(name, None, f"the embedding of text {row + 1} is zero or not finite; nothing can be retrieved")
    out: Vectors = np.ascontiguousarray(vectors / lengths, dtype=np.float32)
    return out


def check_widths(queries: Vectors, candidates: Vectors) -> None:
    if queries.shape[1] != candidates.shape[1]:
        raise DataError("embeddings", None, f"queries are {queries.shape[1]} wide, candidates {candidates.shape[1]}")


class Retrieval:
    """Normal form: `side` = query or candidate {id, text}, and gold {query, candidate}. Subclasses search and score."""

    gold_fields: ClassVar[tuple[str, ...]] = ()
    modules: ClassVar[tuple[str, ...]]
    language_side: ClassVar[str]  # the side that is in the part's language; the other one is English

    def search(self, assignment: Assignment, split: str, language: str) -> tuple[Unit, dict[str, Any]]:
        """The `predict` unit of one part in one language, and every value that decides its result."""
        task, model = assignment.task, assignment.model
        encoding = {"prefix": model.prefix, "max_length": assignment.recipe["max_length"]}
        layer, source = retrieval_layer(model, task.name, assignment.encoder.depth)
        texts = prepare_unit(assignment, task, split, language, encoding, self.modules)
        predict = Unit(
            type="predict",
            label=f"search {place_of(texts)}{assignment.encoder.after}",
            modules=self.modules,
            kind=task.kind,
            task=task.name,
            task_version=task.version,
            inputs={"embeddings": embed_unit(assignment, texts, layer, self.modules), "texts": texts},
            parameters={"layer": layer, **task.options},
        )
        return predict, {**task.options, **encoding, "layer": layer, "layer_source": source, "pooling": model.pooling}

    def input_problem(self, example: Example) -> str | None:
        return text_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return gold_problem(example)

    def part_problem(self, inputs: Sequence[Example]) -> str | None:
        missing = next((side for side in SIDES if not any(one["side"] == side for one in inputs)), None)
        return f"there is no {missing} text at all" if missing else None

    def check_gold(self, inputs: Sequence[Mapping[str, Any]], gold: Sequence[Example], file: str) -> None:
        """Raises DataError for a gold line whose ids no corpus has, or where there is none."""
        if not gold:
            raise DataError(file, None, "holds no gold pair; a threshold cannot be tuned and nothing be scored")
        for side in SIDES:
            known = {example["id"] for example in inputs if example["side"] == side}
            unknown = next((row[side] for row in gold if row[side] not in known), None)
            if unknown is not None:
                raise DataError(file, None, f"the gold id {unknown!r} is not among the {side} sentences")

    def prepare(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.inputs import open_tokenizer

        examples = read_inputs(job, self.gold_fields, text_problem)
        if problem := self.part_problem(examples):
            raise DataError(" and ".join(job.unit.details["files"]), None, problem)
        tokenizer, parameters, told = open_tokenizer(job)
        columns = _encode_in_turn(tokenizer, examples, parameters)
        places, back = distinct_rows(columns["input_ids"])
        kept = {name: [rows[place] for place in places] for name, rows in columns.items()}
        rows = zip(examples, back, strict=True)
        items = [{"id": example["id"], "side": example["side"], "row": row} for example, row in rows]
        save_encoded(job.folder, kept, self.described(items, examples))
        tokens = sum(len(row) for row in kept["input_ids"])
        return {"examples": len(examples), "windows": len(places), "tokens": tokens, **told}

    def described(self, items: list[Example], examples: Sequence[Example]) -> list[Example]:
        """The items {id, side, row} with what else the search must know of each text."""
        return items

    def embed(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.embed import embed

        return embed(job)

    def sides(self, job: Job) -> dict[str, list[Mapping[str, Any]]]:
        """The items of each side, in the order of the data."""
        items = load_encoded(job.inputs["texts"].folder).items
        return {side: [item for item in items if item["side"] == side] for side in SIDES}

    def vectors(self, job: Job) -> Vectors:
        """[distinct texts, width], memory-mapped; an item's `row` says which is its own.

        Raises DataError unless there is one for each distinct text.
        """
        import numpy as np

        opened: Vectors = np.load(job.inputs["embeddings"].file("layer.npy"), mmap_mode="r")
        texts = job.inputs["texts"].result["windows"]
        if len(opened) != texts:
            raise DataError(job.unit.label, None, f"there are {len(opened)} embeddings for {texts} texts")
        return opened

    def searched(self, job: Job) -> dict[str, Any]:
        """What a finished search says of the texts and embeddings it used."""
        embeddings, texts = job.inputs["embeddings"].result, job.inputs["texts"].result
        return {
            **{name: embeddings[name] for name in ("device", "layer", "handover")},
            "max_length": texts["max_length"],
            "tokens": 0,
        }

    def gold(self, job: Job, queries: Collection[str]) -> list[Example]:
        """The gold lines {query, candidate}; score units only. Where queries were cut, of those that are left."""
        lines = read_gold(job, self.gold_fields, gold_problem)
        return [line for line in lines if line["query"] in queries] if "limit" in job.unit.parameters else lines


def _encode_in_turn(
    tokenizer: Any, examples: Sequence[Example], parameters: Mapping[str, Any]
) -> dict[str, list[Sequence[int]]]:
    """`encode_sentences` a part at a time, ids packed: hundreds of thousands of texts fit into memory."""
    columns: dict[str, list[Sequence[int]]] = {}
    for start in range(0, len(examples), TEXTS_AT_ONCE):
        part = examples[start : start + TEXTS_AT_ONCE]
        for name, rows in encode_sentences(tokenizer, part, parameters["prefix"], parameters["max_length"]).items():
            columns.setdefault(name, []).extend(array("i", row) for row in rows)
    return columns
