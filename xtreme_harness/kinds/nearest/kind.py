"""Kind `nearest` put together: prepare both sides, embed them in one pass, search, score. Nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment, Cell
from xtreme_harness.kinds.layout import score_unit
from xtreme_harness.kinds.retrieval import SIDES, Retrieval


class Nearest(Retrieval):
    """Normal form: `side` = query (English) or candidate {id, text}, and gold {query, candidate}."""

    language_side: ClassVar[str] = "candidate"
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.retrieval",
        "xtreme_harness.kinds.nearest.decode",
        "xtreme_harness.kinds.nearest.kind",
    )

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        return {language: self._cell(assignment, language) for language in assignment.languages}

    def _cell(self, assignment: Assignment, language: str) -> Cell:
        predict, options = self.search(assignment, "test", language)
        return Cell(predict=predict, score=score_unit(assignment, language, predict, self.modules), options=options)

    def is_item(self, example: Example) -> bool:
        return example.get("side") == "query"

    def check_gold(self, inputs: Sequence[Mapping[str, Any]], gold: Sequence[Example], file: str) -> None:
        """Besides, raises DataError unless every query has its gold, and not all the same."""
        super().check_gold(inputs, gold, file)
        queries = (dict(example) for example in inputs if example["side"] == "query")
        results.matched(queries, [{**row, "id": row["query"]} for row in gold], file)
        if told := results.constant_gold([row["candidate"] for row in gold]):
            raise DataError(file, None, told)

    def predict(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.kinds.nearest.decode import decode_neighbours, nearest

        vectors, sides = self.vectors(job), self.sides(job)
        queries, candidates = (vectors[[item["row"] for item in sides[side]]] for side in SIDES)
        rows, similarities = nearest(queries, candidates)
        ids = ([str(item["id"]) for item in sides[side]] for side in SIDES)
        write_jsonl(job.folder / "predictions.jsonl", decode_neighbours(rows, similarities, *ids))
        return self.searched(job)

    def score(self, job: Job) -> dict[str, Any]:
        file = job.unit.details["files"][0]
        predicted = [row for _, row in read_jsonl(job.inputs["predictions"].file("predictions.jsonl"))]
        gold = [{**row, "id": row["query"]} for row in self.gold(job, {row["id"] for row in predicted})]
        rows = results.matched(predicted, gold, file)
        if told := results.constant_gold([row["candidate"] for row in gold]):
            raise DataError(file, None, told)
        metrics = [job.registry.metric(name) for name in job.unit.parameters["metrics"]]
        scored = results.compute(metrics, [row["prediction"] for row in rows], [row["candidate"] for row in gold])
        return results.write_scores(job, scored, gold, [row["id"] for row in gold])
