"""Kind `nearest` put together: prepare both sides, embed them in one pass, search, score. Nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from xtreme_harness.data.access import read_gold, read_inputs
from xtreme_harness.data.encoded import load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment, Cell
from xtreme_harness.kinds.layout import prepare_unit, score_unit
from xtreme_harness.kinds.nearest.encode import SIDES, distinct_rows, encode_sentences, gold_problem, text_problem
from xtreme_harness.kinds.retrieval import embed_unit, retrieval_layer
from xtreme_harness.unit import Unit

MODULES = tuple(f"xtreme_harness.kinds.nearest.{name}" for name in ("encode", "decode", "kind"))


class Nearest:
    """Normal form: `side` = query (English) or candidate {id, text}, and gold {query, candidate}."""

    gold_fields: ClassVar[tuple[str, ...]] = ()

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        return {language: self._cell(assignment, language) for language in assignment.languages}

    def _cell(self, assignment: Assignment, language: str) -> Cell:
        task, model = assignment.task, assignment.model
        encoding = {"prefix": model.prefix, "max_length": assignment.recipe["max_length"]}
        layer, source = retrieval_layer(model, task.name, assignment.encoder.depth)
        texts = prepare_unit(assignment, task, "test", language, {**task.options, **encoding}, MODULES)
        embed = embed_unit(assignment, texts, layer, MODULES)
        predict = Unit(
            type="predict",
            label=f"search {task.name} {language}",
            modules=MODULES,
            kind=task.kind,
            task=task.name,
            task_version=task.version,
            inputs={"embeddings": embed, "texts": texts},
            parameters={"layer": layer},
        )
        options = {**task.options, **encoding, "layer": layer, "layer_source": source, "pooling": model.pooling}
        return Cell(predict=predict, score=score_unit(assignment, language, predict, MODULES), options=options)

    def prepare(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.load import load_tokenizer

        examples = read_inputs(job, self.gold_fields, text_problem)
        for side in SIDES:
            if not any(example["side"] == side for example in examples):
                raise DataError(job.unit.details["files"][0], None, f"there is no {side} text at all")
        tokenizer = load_tokenizer(job.checkpoint("tokenizer"), job.unit.details["remote_code"])
        parameters = job.unit.parameters
        columns = encode_sentences(tokenizer, examples, parameters["prefix"], parameters["max_length"])
        places, back = distinct_rows(columns["input_ids"])
        kept = {name: [rows[place] for place in places] for name, rows in columns.items()}
        items: list[Example] = [
            {"id": example["id"], "side": example["side"], "row": row}
            for example, row in zip(examples, back, strict=True)
        ]
        save_encoded(job.folder, kept, items)
        tokens = sum(len(row) for row in kept["input_ids"])
        return {"examples": len(examples), "windows": len(places), "tokens": tokens}

    def embed(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.embed import embed

        return embed(job)

    def predict(self, job: Job) -> dict[str, Any]:
        import numpy as np

        from xtreme_harness.kinds.nearest.decode import decode_neighbours, nearest

        embeddings = job.inputs["embeddings"]
        vectors = np.load(embeddings.file("layer.npy"), mmap_mode="r")
        items = load_encoded(job.inputs["texts"].folder).items
        sides = {side: [item for item in items if item["side"] == side] for side in SIDES}
        queries, candidates = (vectors[[item["row"] for item in sides[side]]] for side in SIDES)
        rows, similarities = nearest(queries, candidates)
        ids = ([str(item["id"]) for item in sides[side]] for side in SIDES)
        write_jsonl(job.folder / "predictions.jsonl", decode_neighbours(rows, similarities, *ids))
        return {"device": embeddings.result["device"], "layer": embeddings.result["layer"], "tokens": 0}

    def score(self, job: Job) -> dict[str, Any]:
        file = job.unit.details["files"][0]
        gold: list[Mapping[str, Any]] = [
            {**row, "id": row["query"]} for row in read_gold(job, self.gold_fields, gold_problem)
        ]
        predicted = (row for _, row in read_jsonl(job.inputs["predictions"].file("predictions.jsonl")))
        rows = results.matched(predicted, [dict(row) for row in gold], file)
        metrics = [job.registry.metric(name) for name in job.unit.parameters["metrics"]]
        scored = results.compute(metrics, [row["prediction"] for row in rows], [row["candidate"] for row in gold])
        return results.write_scores(job, scored, [dict(row) for row in gold], [row["id"] for row in gold])
